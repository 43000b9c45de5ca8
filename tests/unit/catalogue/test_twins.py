"""The twin of a delivery has an extract's columns and nothing that only a few records have, or there is none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from tests.support.deliveries import ROWS, Row, delivery, pupils, written

from saferoom.digests import sha256
from saferoom.disclosure.microdata.synthetic import making
from saferoom.errors import BadInputError
from saferoom.hub import owner_files
from saferoom.hub.catalogue import twins
from saferoom.projects.catalogue.model import Dataset

SECRET = "Zebedee-Quux-77"
Spoil = Callable[[list[Row]], Any]


def made(folder: Path, spoil: Spoil | None = None, dataset: Dataset | None = None) -> twins.TwinMade:
    """Make a twin of a delivery in `folder`."""
    rows, described = delivery(), dataset or pupils()
    if spoil is not None:
        spoil(rows)
    file = written(folder, rows)
    with duckdb.connect() as connection:
        owner_files.read(connection, described, described.delivered, file)
        columns = {variable.name: f"v{place}" for place, variable in enumerate(described.delivered)}
        return twins.make_twin(connection, described, columns, folder)


def records(folder: Path) -> Any:
    """Return the twin in `folder`."""
    return pq.read_table(folder / twins.FILE)


def test_twin_has_the_columns_of_an_extract_and_no_direct_identifier(tmp_path: Path) -> None:
    found = made(tmp_path)
    assert found.sha256 == sha256((tmp_path / twins.FILE).read_bytes())
    table = records(tmp_path)
    assert table.column_names == ["person_id", "school", "sex", "points", "left_on", "meals", "remark"]
    assert table.num_rows == ROWS
    assert set(table["sex"].to_pylist()) == {"F", "M"}
    assert not set(table["person_id"].to_pylist()) & {row["pupil"] for row in delivery()}
    assert found.document["fidelity"] == "low"


@pytest.mark.parametrize("column", ["remark", "points", "left_on"])
def test_what_one_record_has_is_in_no_twin(tmp_path: Path, column: str) -> None:
    alone = {"remark": SECRET, "points": 987654.25, "left_on": "1901-01-01"}[column]

    def plant(rows: list[Row]) -> None:
        rows[7][column] = alone

    made(tmp_path, plant)
    values = records(tmp_path)[column].to_pylist()
    assert str(alone) not in {str(value) for value in values}
    if column == "points":
        assert max(value for value in values if value is not None) < 1000


def test_units_are_counted_and_not_rows(tmp_path: Path) -> None:
    def repeat(rows: list[Row]) -> None:
        for row in rows[:12]:
            row["pupil"], row["remark"] = "P000000", SECRET

    made(tmp_path, repeat, pupils(key=[]))
    assert SECRET not in records(tmp_path)["remark"].to_pylist()


def test_too_few_units_make_no_twin_and_say_why(tmp_path: Path) -> None:
    def few(rows: list[Row]) -> None:
        del rows[5:]

    found = made(tmp_path, few)
    assert found.sha256 is None
    assert "fewer statistical units than the threshold" in found.document["why"]
    assert not (tmp_path / twins.FILE).exists()


def test_a_twin_is_for_writing_code_and_stays_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(twins, "MOST_RECORDS", 50)
    monkeypatch.setattr(twins, "MOST_READ", 200)
    made(tmp_path)
    assert records(tmp_path).num_rows == 50


def test_shape_changes_with_what_a_twin_depends_on_and_with_nothing_else() -> None:
    before = pupils()
    assert twins.shape(before) == twins.shape(before.model_copy(update={"title": "Others", "version": "9"}))
    variables = [v.model_copy(update={"codelist": ("F", "M", "X")}) if v.name == "sex" else v for v in before.variables]
    assert twins.shape(before) != twins.shape(before.model_copy(update={"variables": tuple(variables)}))
    stricter = before.risk_appetite.model_copy(update={"threshold_units": 30})
    assert twins.shape(before) != twins.shape(before.model_copy(update={"risk_appetite": stricter}))


def test_what_tells_rows_apart_stands_for_the_unit_that_linking_brings(tmp_path: Path) -> None:
    described = pupils().model_dump(mode="json")
    described["units"].append("pupil")
    for one in described["variables"]:
        if one["name"] == "pupil":
            one |= {"role": "id", "identifies": None}
    made(tmp_path, dataset=Dataset.model_validate(described, strict=False))
    table = records(tmp_path)
    assert table.column_names[:3] == ["person_id", "pupil", "school"]
    assert len(set(table["person_id"].to_pylist())) == table.num_rows


@pytest.mark.parametrize(("broken", "there"), [(0, True), (3, True), (4, False)])
def test_another_is_drawn_where_one_comes_too_near_by_chance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: int, there: bool
) -> None:
    draw, left = making.low_fidelity, [broken]

    def drawn(*words: Any) -> Any:
        if left[0]:
            left[0] -= 1
            raise making.BrokenLimitsError("the limits do not hold of the twin")
        return draw(*words)

    monkeypatch.setattr(making, "low_fidelity", drawn)
    found = made(tmp_path)
    assert (found.sha256 is not None, (tmp_path / twins.FILE).exists()) == (there, there)
    if not there:
        assert found.document == {"why": "the limits do not hold of the twin"}


def test_what_cannot_be_drawn_is_tried_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tries = []

    def refused(*_: Any) -> Any:
        tries.append(1)
        raise BadInputError("the file has fewer units than the threshold")

    monkeypatch.setattr(making, "low_fidelity", refused)
    assert made(tmp_path).sha256 is None
    assert tries == [1]
