"""Tables made in a room, through the real evaluator and sandbox: their bytes are hostile until proven otherwise."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from tests.support.airlock_world import MOBILITY, World, world
from tests.support.opened import frame as extract_frame

from saferoom.disclosure.verdict import Verdict
from saferoom.errors import BadInputError
from saferoom.hub.evaluator import runner
from saferoom.hub.evaluator.runner import Evaluator
from saferoom.ids import Username

ANA = Username("ana")
QUERY = {"from": "snapshot", "statistic": "frequency", "by": ["half"]}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("world")) as made:
        yield made


@pytest.fixture
def evaluator(place: World) -> Evaluator:
    return Evaluator(place.instance)


@pytest.fixture
def frame(place: World) -> pd.DataFrame:
    extract = extract_frame(place.home, MOBILITY, "survey")
    return extract[["person_id"]].assign(half=[n % 2 for n in range(len(extract))])


def parquet(frame: pd.DataFrame) -> bytes:
    data = io.BytesIO()
    frame.to_parquet(data)
    return data.getvalue()


def test_snapshot_is_judged_and_always_needs_a_person(evaluator: Evaluator, frame: pd.DataFrame) -> None:
    judged = evaluator.evaluate(ANA, MOBILITY, QUERY, parquet(frame))
    assert judged.verdict is Verdict.REVIEW
    assert [finding.rule for finding in judged.findings] == ["snapshot"]
    assert sum(int(row[1] or 0) for row in judged.table.rows) == len(frame)


def test_snapshot_may_be_joined_with_an_extract(evaluator: Evaluator, frame: pd.DataFrame) -> None:
    view = "select s.person_id, s.half, p.education from snapshot s join survey p using (person_id)"
    query = {"from": "v", "views": {"v": view}, "statistic": "frequency", "by": ["half"]}
    assert evaluator.evaluate(ANA, MOBILITY, query, parquet(frame)).verdict is Verdict.REVIEW


def test_few_people_fail_and_strangers_are_refused(evaluator: Evaluator, frame: pd.DataFrame) -> None:
    few = pd.concat([frame.head(3)] * 30)
    assert evaluator.evaluate(ANA, MOBILITY, QUERY, parquet(few)).verdict is Verdict.FAIL
    with pytest.raises(BadInputError, match="ids that the project's extract does not have"):
        evaluator.evaluate(ANA, MOBILITY, QUERY, parquet(frame.assign(person_id=range(len(frame)))))
    with pytest.raises(BadInputError, match="must carry a column of unit ids"):
        evaluator.evaluate(ANA, MOBILITY, QUERY, parquet(frame[["half"]]))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "not a Parquet file"),
        (b"half\n1\n", "not a Parquet file"),
        (b"PAR1", "damaged or not a Parquet file"),
        (b"PAR1" + b"\xff" * 5_000 + b"PAR1", "damaged or not a Parquet file"),
    ],
)
def test_other_bytes_are_refused_with_a_sentence(evaluator: Evaluator, data: bytes, says: str) -> None:
    with pytest.raises(BadInputError, match=says):
        evaluator.evaluate(ANA, MOBILITY, QUERY, data)


def test_damaged_snapshot_leaves_the_evaluator_working(evaluator: Evaluator, frame: pd.DataFrame) -> None:
    whole = parquet(frame)
    for cut in (len(whole) // 3, len(whole) - 6):
        with pytest.raises(BadInputError, match="damaged or not a Parquet file"):
            evaluator.evaluate(ANA, MOBILITY, QUERY, whole[:cut])
    assert evaluator.evaluate(ANA, MOBILITY, QUERY, whole).verdict is Verdict.REVIEW


def test_too_large_snapshot_is_refused_before_it_is_written(
    evaluator: Evaluator, frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "MOST_SNAPSHOT_BYTES", 1_000)
    with pytest.raises(BadInputError, match="larger than"):
        evaluator.evaluate(ANA, MOBILITY, QUERY, parquet(frame))


def test_query_cannot_name_a_snapshot_that_was_not_sent(evaluator: Evaluator) -> None:
    with pytest.raises(BadInputError):
        evaluator.evaluate(ANA, MOBILITY, QUERY)


def test_nothing_of_a_snapshot_stays_behind(place: World, evaluator: Evaluator, frame: pd.DataFrame) -> None:
    evaluator.evaluate(ANA, MOBILITY, QUERY, parquet(frame))
    assert not [path for path in Path(place.instance.home.run).iterdir() if path.name.startswith("snapshot-")]
