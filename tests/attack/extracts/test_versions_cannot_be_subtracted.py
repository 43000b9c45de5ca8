"""A small refresh: three people are new. One version's figures leave; then every way is tried to get the other's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.support.airlock_world import MOBILITY, World, world

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.verdict import Verdict
from saferoom.hub.store import tables
from saferoom.ids import Username
from saferoom.projects.airlock.states import State

ANA = Username("ana")
BY = {"from": "survey", "statistic": "frequency", "by": ["education"]}
OLD = {"versions": {"survey": "1"}}
NEW = 3


@pytest.fixture
def place(tmp_path: Path) -> Iterator[World]:
    """The world after a refresh: version 2 has three people more, who are like three that were there before."""
    with world(tmp_path) as made:
        source = made.home.sources / "survey.parquet"
        table = pq.read_table(source)
        more = table.slice(0, NEW)
        ids = pa.array([90_001 + n for n in range(NEW)], table.schema.field("person_id").type)
        more = more.set_column(table.schema.get_field_index("person_id"), table.schema.field("person_id"), ids)
        pq.write_table(pa.concat_tables([table, more]), source)
        made.change(tables.DatasetRow, "survey", version="2")
        made.instance.extracts("system").provision(MOBILITY)
        yield made


def judged(place: World, query: dict[str, Any]) -> Evaluation:
    return place.instance.evaluator.evaluate(ANA, MOBILITY, query)


def released(place: World, query: dict[str, Any]) -> None:
    record = place.instance.airlock.record_evaluation(ANA, MOBILITY, judged(place, query))
    request = place.instance.airlock.submit(ANA, MOBILITY, [record.id], "Education", "Context.", "Controls.")
    assert request.state is State.RELEASED


@pytest.mark.parametrize("first", [BY | OLD, BY])
def test_other_version_of_a_count_does_not_leave(place: World, first: dict[str, Any]) -> None:
    released(place, first)
    second = BY if "versions" in first else BY | OLD
    found = judged(place, second)
    assert found.verdict is Verdict.FAIL
    assert "differencing" in {finding.rule for finding in found.findings}


def test_mean_over_the_other_version_does_not_leave(place: World) -> None:
    mean = {"from": "survey", "statistic": "mean", "measure": "wage", "by": ["education"]}
    released(place, mean | OLD)
    found = judged(place, mean)
    assert found.verdict is Verdict.FAIL


def test_new_ids_do_not_make_strangers_of_those_who_stayed(place: World) -> None:
    released(place, BY | OLD)
    place.instance.extracts("system").rotate(MOBILITY, "a laptop was lost")
    assert judged(place, BY).verdict is Verdict.FAIL
    assert judged(place, BY | OLD).verdict is Verdict.PASS


def test_parts_of_the_other_version_do_not_add_up_to_it(place: World) -> None:
    """Region by region what was whole before: the sum would be the other version's whole."""
    released(place, BY | OLD)
    whole = judged(place, {"from": "survey", "statistic": "frequency", "by": ["education", "region"]})
    assert whole.verdict is not Verdict.PASS
