"""Rows of a unit are told apart for the memory of releases, and for nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.benchmark.worlds import people

from saferoom.disclosure.queries.base import make_base
from saferoom.disclosure.queries.engine import Engine, Limits
from saferoom.disclosure.queries.model import parse_query
from saferoom.disclosure.queries.plan import make_plan
from saferoom.disclosure.queries.source import Source


@pytest.mark.parametrize("rows_apart", [True, False])
def test_row_numbers_are_written_only_where_they_are_asked_for(rows_apart: bool, tmp_path: Path) -> None:
    path = tmp_path / "people.parquet"
    people(60, 1).to_parquet(path, index=False)
    query = parse_query({"statistic": "mean", "measure": "pay", "by": ["region"], "margins": True})
    source = Source("people", path, ("household_id",))
    with Engine([source], Limits(threads=1), rows_apart=rows_apart) as engine:
        plan = make_plan(query, engine.relations)
        base = make_base(plan, engine, plan.measures)
        assert ("row_id" in engine.columns(f"SELECT * FROM {base.sql} b LIMIT 0")) is rows_apart
