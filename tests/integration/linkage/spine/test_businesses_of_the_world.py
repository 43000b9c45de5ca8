"""The world's employers: the tax office's are found in the business register by name and place, without a common id."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from saferoom.hub.demo.population.employers import REGISTER, TAX_EMPLOYERS, employers
from saferoom.hub.demo.population.places import Areas
from saferoom.projects.linkage import training
from saferoom.projects.linkage.linking import link
from saferoom.projects.linkage.plan import LinkPlan

_FIELDS = {"business_name": "organisation", "postcode": "postcode", "address": "address"}


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as made:
        tables = employers(20210321, 50_000, Areas.drawn(np.random.default_rng(1)))
        for name, source, key in (
            ("register", REGISTER, "business_id"),
            ("tax", TAX_EMPLOYERS, "employer_reference"),
            ("truth", "truth/employers", ""),
        ):
            made.register("rows", pa.table({column: list(values) for column, values in tables[source].items()}))
            made.execute(f"CREATE TABLE {name} AS SELECT *{f', {key} AS record_id' if key else ''} FROM rows")
        yield made


def _linked(connection: duckdb.DuckDBPyConnection, fields: dict[str, str]) -> tuple[float, float, dict[str, Any]]:
    """Return precision, recall and the model."""
    datasets = [{"name": name, "file": "-", "id": "record_id"} for name in ("register", "tax")]
    plan = LinkPlan.model_validate(
        {"datasets": datasets, "fields": fields, "one_to_one": True, "precision": 0.99}, strict=False
    )
    made = link(connection, {"register": "register", "tax": "tax"}, plan)
    right, links, true = connection.execute(f"""
        WITH same AS (SELECT business_id AS l, employer_reference AS r FROM truth
            WHERE business_id IS NOT NULL AND employer_reference IS NOT NULL),
        found AS (SELECT record_id_l AS l, record_id_r AS r FROM {made.pairs} WHERE linked AND source_l = 'register')
        SELECT (SELECT count(*) FROM found SEMI JOIN same USING (l, r)), (SELECT count(*) FROM found),
            (SELECT count(*) FROM same)
    """).fetchall()[0]
    return right / links, right / true, made.model


def test_employers_are_found_in_the_register_by_name_and_place(connection: duckdb.DuckDBPyConnection) -> None:
    precision, recall, model = _linked(connection, _FIELDS)
    assert model["trained"] is True
    assert precision >= 0.985
    assert recall >= 0.93


def test_codes_that_are_alike_and_never_the_same_do_not_stop_the_training(
    connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    # E08000025 and E08000026 are alike: a level that no match is on, whose probability sinks below every number.
    shorter, keep = [], training._shorter

    def counted(*given: Any) -> Any:
        shorter.append(given)
        return keep(*given)

    monkeypatch.setattr(training, "_shorter", counted)
    precision, recall, model = _linked(connection, {**_FIELDS, "authority_code": "text"})
    assert shorter
    assert model["trained"] is True
    assert precision >= 0.98
    assert recall >= 0.94
