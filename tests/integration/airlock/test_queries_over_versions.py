"""Queries that name a version: computed on it, recorded with it, compared across versions; else refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from tests.support.airlock_world import MOBILITY, World, world
from tests.support.opened import frame

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.verdict import Verdict
from saferoom.errors import BadInputError, WrongStateError
from saferoom.hub.filecheck.screener import Screener
from saferoom.hub.store import tables
from saferoom.ids import Username
from saferoom.projects.airlock.naming import versions_named
from saferoom.projects.airlock.states import State
from saferoom.projects.airlock.uploads import Upload

ANA = Username("ana")
COUNT = {"from": "survey", "statistic": "frequency", "by": ["education"]}
OLD = {**COUNT, "versions": {"survey": "1"}}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[World]:
    """The world after a refresh: version 2 lacks one person of version 1."""
    with world(tmp_path) as made:
        source = made.home.sources / "survey.parquet"
        table = pq.read_table(source)
        pq.write_table(table.filter(pc.field("person_id") != 17), source)
        made.change(tables.DatasetRow, "survey", version="2")
        made.instance.extracts("system").provision(MOBILITY)
        yield made


def _count(evaluation: Evaluation) -> int:
    assert evaluation.table is not None
    return sum(int(str(row[1])) for row in evaluation.table.rows)


def _judged(place: World, query: dict[str, Any]) -> Evaluation:
    return place.instance.evaluator.evaluate(ANA, MOBILITY, query)


def test_query_is_computed_on_the_version_that_it_names(place: World) -> None:
    assert _count(_judged(place, COUNT)) == 599
    assert _count(_judged(place, OLD)) == 600
    assert _count(_judged(place, {**COUNT, "versions": {"SURVEY": "2"}})) == 599


def test_record_says_which_version_and_can_be_asked_for(place: World) -> None:
    evaluation = _judged(place, OLD)
    record = place.instance.airlock.record_evaluation(ANA, MOBILITY, evaluation)
    assert [(one.name, one.version) for one in record.datasets] == [("survey", "1")]
    request = place.instance.airlock.submit(ANA, MOBILITY, [record.id], "Education", "Context.", "Controls.")
    assert [(one.name, one.version) for one in request.datasets] == [("survey", "1")]
    newest = place.instance.airlock.record_evaluation(ANA, MOBILITY, _judged(place, COUNT))
    assert [one.version for one in newest.datasets] == ["2"]


def test_newest_is_stale_after_the_next_refresh_and_a_named_version_is_not(place: World) -> None:
    airlock = place.instance.airlock
    newest = airlock.record_evaluation(ANA, MOBILITY, _judged(place, COUNT))
    named = airlock.record_evaluation(ANA, MOBILITY, _judged(place, OLD))
    place.change(tables.DatasetRow, "survey", version="3")
    place.instance.extracts("system").provision(MOBILITY)
    with pytest.raises(WrongStateError, match="refreshed since"):
        airlock.submit(ANA, MOBILITY, [newest.id], "Education", "Context.", "Controls.")
    assert airlock.submit(ANA, MOBILITY, [named.id], "Education", "Context.", "Controls.").datasets


def test_difference_between_versions_is_one_person_and_fails(place: World) -> None:
    record = place.instance.airlock.record_evaluation(ANA, MOBILITY, _judged(place, OLD))
    request = place.instance.airlock.submit(ANA, MOBILITY, [record.id], "Education", "Context.", "Controls.")
    assert request.state is State.RELEASED  # the data owner lets what passes leave by itself
    judged = _judged(place, COUNT)
    assert judged.verdict is Verdict.FAIL
    assert "differencing" in {finding.rule for finding in judged.findings}


@pytest.mark.parametrize(
    ("versions", "said"),
    [
        ({"survey": "7"}, "no extract of survey in that version; it has: 2, 1"),
        ({"survey": "../../income/survey/1"}, "no extract of survey in that version"),
        ({"nothing": "1"}, "maps datasets that the query uses"),
        ({"survey": 1}, "maps datasets that the query uses"),
        (["survey"], "maps datasets that the query uses"),
        ("1", "maps datasets that the query uses"),
    ],
)
def test_version_that_there_is_not_is_refused_with_a_sentence(place: World, versions: Any, said: str) -> None:
    with pytest.raises(BadInputError, match=said):
        _judged(place, {**COUNT, "versions": versions})


def test_query_without_versions_names_none() -> None:
    assert versions_named(COUNT, []) == {}


def test_file_with_records_of_an_older_version_is_not_taken_for_safe(place: World) -> None:
    source = place.home.sources / "survey.parquet"
    pq.write_table(pq.read_table(source).filter(pc.field("person_id") > 300), source)
    place.change(tables.DatasetRow, "survey", version="3")
    place.instance.extracts("system").provision(MOBILITY)
    old = frame(place.home, MOBILITY, "survey", "1")
    gone = old[~old["person_id"].isin(frame(place.home, MOBILITY, "survey")["person_id"])]
    data = gone[["person_id", "region", "wage"]].to_csv(index=False).encode()
    screened = Screener(place.instance).screen(Upload(ANA, MOBILITY, "gone.csv", data))
    assert screened.report.verdict is Verdict.FAIL
    assert "unit-ids" in {finding.rule for finding in screened.report.findings}
