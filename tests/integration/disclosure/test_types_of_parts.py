"""Types of a query's parts: asked for together, each once, and the part that has none is still named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.benchmark.worlds import people

from saferoom.disclosure.queries.base import check_types, make_base, type_of, types_of
from saferoom.disclosure.queries.engine import Engine, Limits
from saferoom.disclosure.queries.model import parse_query
from saferoom.disclosure.queries.plan import Plan, make_plan
from saferoom.disclosure.queries.source import Source
from saferoom.errors import BadInputError

_QUERY = {"statistic": "mean", "measure": "pay", "by": ["region"], "where": "age > 30", "weight": "age + 1"}


class Counting(Engine):
    """An engine that keeps what it was asked for."""

    def __enter__(self) -> Counting:
        self.asked: list[str] = []
        super().__enter__()
        return self

    def types(self, sql: str) -> list[str]:
        self.asked.append(sql)
        return super().types(sql)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Counting]:
    path = tmp_path / "people.parquet"
    people(60, 1).to_parquet(path, index=False)
    with Counting([Source("people", path, ("person_id",))], Limits(threads=1)) as made:
        yield made


def planned(engine: Engine, **more: object) -> Plan:
    return make_plan(parse_query({**_QUERY, **more}), engine.relations)


def test_types_asked_for_together_are_those_of_each_by_itself(engine: Counting) -> None:
    plan = planned(engine)
    assert plan.where is not None
    assert plan.weight is not None
    trees = [plan.where, *plan.measures, plan.weight, plan.dimensions[0].tree, *plan.measures]
    together = types_of(plan, engine, trees)
    assert len(engine.asked) == 1
    engine.tidy()
    assert together == [type_of(plan, engine, tree) for tree in trees]
    assert len(set(together)) > 2, "types that are all alike would not show which is whose"


def test_base_asks_once_for_the_types_of_a_query(engine: Counting) -> None:
    plan = planned(engine)
    make_base(plan, engine, plan.measures)
    assert len([sql for sql in engine.asked if "_base" not in sql and "row_id" not in sql]) == 1


@pytest.mark.parametrize(
    ("more", "key"),
    [({"measure": "region"}, "measure"), ({"weight": "lower(region)"}, "weight"), ({"where": "age + 1"}, "where")],
)
def test_part_whose_type_does_not_fit_is_named(engine: Counting, more: dict[str, str], key: str) -> None:
    plan = planned(engine, **more)
    with pytest.raises(BadInputError, match=rf"^{key}: must be"):
        check_types(plan, engine, plan.measures)


def test_part_that_has_no_type_is_named_among_others_that_have_one(engine: Counting) -> None:
    plan = planned(engine, weight="region - 1")
    with pytest.raises(BadInputError, match=r"^weight: "):
        check_types(plan, engine, plan.measures)
