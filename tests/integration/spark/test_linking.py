"""A link plan says the same with both engines: the same pairs, with the same weights."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.support.linkage import people as made_people
from tests.support.linkage import plan_of, write_csv

from saferoom.disclosure.queries.source import Source
from saferoom.disclosure.queries.spark import session as spark_session
from saferoom.errors import UnavailableError
from saferoom.projects.linkage import engine_duckdb, engine_spark
from saferoom.projects.linkage.linking import link
from saferoom.projects.linkage.plan import LinkPlan, read_plan

pytestmark = pytest.mark.spark


def test_plan_with_spark_links_what_duckdb_links(tmp_path: Path, people: Source) -> None:
    made = made_people(250, 3)
    write_csv(tmp_path / "a.csv", made.left)
    write_csv(tmp_path / "b.csv", made.right)
    found = [_linked(_plan(engine), tmp_path) for engine in ("duckdb", "spark")]
    pairs, counts = zip(*found, strict=True)
    assert len(pairs[0]) > 100
    assert pairs[0] == pairs[1]
    assert counts[0] == counts[1]


def _plan(engine: str) -> LinkPlan:
    fields = {"given": "given_name", "surname": "surname", "dob": "date", "postcode": "postcode"}
    return read_plan(json.dumps({**plan_of("a", "b", engine=engine), "fields": fields}), "plan.json")


def _linked(plan: LinkPlan, folder: Path) -> tuple[list[tuple[object, ...]], object]:
    opened = engine_spark.opened if plan.engine == "spark" else engine_duckdb.opened
    with opened(plan, folder) as (connection, records):
        made = link(connection, records, plan)
        return connection.execute(f"from {made.pairs} order by all").fetchall(), made.counts


def test_plan_with_spark_that_is_not_there_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spark_session, "java_version", lambda: 11)
    with pytest.raises(UnavailableError, match="apt-get install"), engine_spark.opened(_plan("spark"), tmp_path):
        pass
