"""Values that the engine takes for equal though they are not written alike: what they do must not tell of a row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.support.privacy_world import context_of, drawn

from saferoom.disclosure.checker import Context
from saferoom.disclosure.queries.source import Source
from saferoom.errors import BadInputError
from saferoom.policies.models import RiskAppetite

EXACT = {"rho": 1000}


def _source(folder: Path, name: str, sql: str, **more: Any) -> Source:
    path = folder / f"{name}.parquet"
    duckdb.execute(f"COPY ({sql}) TO '{path}' (FORMAT parquet)")
    return Source(name, path, ("person_id",), **more)


@pytest.mark.parametrize("storage", ["DOUBLE", "FLOAT"])
def test_one_rows_negative_zero_does_not_name_the_cell_of_everybody(tmp_path: Path, storage: str) -> None:
    cells = []
    for first in (0, 5_000):
        sql = f"SELECT i AS person_id, CAST(CASE WHEN i = {first} THEN '-0.0' ELSE '0.0' END AS {storage}) AS hit"
        context = context_of(_source(tmp_path, "people", f"{sql} FROM range(2000) t(i)"))
        for derive in ({}, {"hit_": "hit * 2"}):
            by = ["hit_" if derive else "hit"]
            result = drawn(context, {**EXACT, "keys": "private", "delta": 1e-8}, by=by, derive=derive).table
            cells.append([repr(row[0]) for row in result.rows])
    assert cells == [cells[0]] * 4
    assert not cells[0][0].startswith("-")


BIG = 2**53


@pytest.mark.parametrize(
    ("ids", "others"),
    [
        (f"{BIG} + i", f"CAST({BIG} + i AS DOUBLE)"),
        ("i", "CAST(i AS VARCHAR)"),
        ("i", "'0' || i"),
        ("CAST(i AS FLOAT)", "CAST(i AS BIGINT)"),
    ],
)
@pytest.mark.parametrize("join", ["on a.person_id = b.person_id", "using (person_id)"])
def test_ids_that_become_equal_when_compared_join_nobody_with_somebody_else(
    tmp_path: Path, ids: str, others: str, join: str
) -> None:
    left = _source(
        tmp_path, "a", f"SELECT {ids} AS person_id, 'x' AS region FROM range(3) t(i)", codelists={"region": ("x", "y")}
    )
    right = _source(tmp_path, "b", f"SELECT {others} AS person_id, 1.0 AS pay FROM range(3) t(i)")
    view = f"select a.person_id, a.region, b.pay from a join b {join}"
    with pytest.raises(BadInputError, match="the ids person_id are of different types in a, b"):
        drawn(Context([left, right], RiskAppetite()), EXACT, views={"v": view}, from_="v", by=["region"])


def test_whole_numbers_of_several_sizes_are_compared_as_they_are(tmp_path: Path) -> None:
    left = _source(tmp_path, "a", "SELECT CAST(i AS INTEGER) AS person_id FROM range(9) t(i)")
    right = _source(tmp_path, "b", "SELECT CAST(i AS BIGINT) AS person_id, 1.0 AS pay FROM range(6) t(i)")
    view = "select a.person_id, b.pay from a join b using (person_id)"
    result = drawn(Context([left, right], RiskAppetite()), EXACT, views={"v": view}, from_="v")
    assert result.table.rows[0][0] == 6
