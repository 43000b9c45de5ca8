"""A derived dataset's rows are looked at before they are kept: every value is one that its variable may have."""

from __future__ import annotations

import json
from typing import Any

import duckdb
import pytest

from saferoom.errors import BadInputError
from saferoom.hub.linkage.deriving_inside import checked
from saferoom.projects.catalogue.model import Dataset

_ID = "0123456789abcdef0123456789abcdef"
_COLUMNS = {
    "person_id": f"'{_ID}'",
    "band": "'low'",
    "grade": "3",
    "share": "0.5",
    "poor": "true",
    "day": "DATE '2021-03-21'",
    "more": "1",
}
_DATASET: dict[str, Any] = {
    "name": "bands",
    "title": "Bands",
    "owner": "olga",
    "source": "derived/bands.parquet",
    "units": ["person_id"],
    "linked_from": ["ranks"],
    "variables": [
        {"name": "person_id", "type": "text", "role": "id", "linked_through": "person"},
        {"name": "band", "type": "text", "role": "sensitive", "complete": True, "codelist": ["low", "high"]},
        {"name": "grade", "type": "integer", "codelist": [1, 2, 3]},
        {"name": "share", "type": "number"},
        {"name": "poor", "type": "boolean", "codelist": [True, False]},
        {"name": "day", "type": "date"},
    ],
    "derived": {"uses": {"ranks": "ranks"}, "make": [{"table": "made", "sql": "select * from ranks"}]},
}


def _check(changed: dict[str, str], where: str = "true") -> list[tuple[Any, ...]]:
    columns = ", ".join(f'{sql} AS "{name}"' for name, sql in {**_COLUMNS, **changed}.items() if sql)
    dataset = Dataset.model_validate_json(json.dumps(_DATASET))
    with duckdb.connect() as connection:
        connection.execute(f"create table made as select {columns} from range(3) t(i) where {where}")
        query = checked(connection, dataset, "made")
        return connection.execute(query).fetchall()


def test_rows_leave_with_the_described_columns_and_types_alone() -> None:
    rows = _check({"grade": "3.0::double", "share": "1", "band": "case i when 0 then 'low' else 'high' end"})
    assert [len(row) for row in rows] == [7, 7, 7]
    assert [row[0] for row in rows] == [f"{n:016x}" for n in (1, 2, 3)]
    assert {type(row[3]) for row in rows} == {int}
    assert {type(row[4]) for row in rows} == {float}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"person_id": "'Ada'"}, "3 rows have a value of person_id that is no id of the index person"),
        ({"person_id": f"case when i > 0 then '{_ID}' end"}, "1 row has a value of person_id that is no id"),
        ({"band": "case when i > 0 then 'low' end"}, "1 row has a value of band that is not in its codelist"),
        ({"band": "'Ada'"}, "3 rows have a value of band that is not in its codelist"),
        ({"grade": "2.5"}, "3 rows have a value of grade that is not in its codelist"),
        ({"grade": "'many'"}, "3 rows have a value of grade that is not in its codelist"),
        ({"share": "'half'"}, "3 rows have a value of share that is of another type"),
        ({"share": "1 / 0.0::double"}, "3 rows have a value of share that is of another type"),
        ({"day": "'soon'"}, "3 rows have a value of day that is of another type"),
        ({"poor": "'maybe'"}, "3 rows have a value of poor that is not in its codelist"),
        ({"poor": ""}, "the recipe makes no column called poor"),
    ],
)  # fmt: skip
def test_rows_that_are_not_as_described_are_refused_without_a_value(changed: dict[str, str], said: str) -> None:
    with pytest.raises(BadInputError) as refused:
        _check(changed)
    assert said in refused.value.message
    assert refused.value.message.startswith("bands: ")
    assert "Ada" not in refused.value.message


def test_recipe_without_a_row_is_refused() -> None:
    with pytest.raises(BadInputError, match="bands: the recipe makes no row"):
        _check({}, where="false")


def test_missing_values_are_allowed_where_the_description_says_nothing() -> None:
    assert (
        len(_check({"grade": "null::int", "share": "null::double", "poor": "null::boolean", "day": "null::date"})) == 3
    )
