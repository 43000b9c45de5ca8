"""A job crosses the pipe whole; anything else is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.queries.classification import Classification
from saferoom.disclosure.queries.source import Source
from saferoom.errors import BadInputError, IntegrityError, SaferoomError, UnavailableError, WrongStateError
from saferoom.hub.evaluator.job import Job, read_answer, write_answer
from saferoom.ids import Digest
from saferoom.policies.models import DominanceRule, ReleaseRoute, RiskAppetite

SOURCE = Source(
    name="survey",
    path=Path("/data/survey.parquet"),
    units=("person_id", "household_id"),
    codelists={"region": ("north", "south"), "grade": (1, 2), "member": (True, False)},
    columns_known=False,
    claimed=True,
    boundaries={"region": Path("/data/survey.2.geojson")},
    classifications={"grade": Classification({10: (1, 2), 100: (10,)})},
)
JOB = Job(
    query={"statistic": "mean", "measure": "wage", "by": ["region"], "options": {"quantiles": [0.5]}},
    policy=RiskAppetite(
        threshold_units=12,
        threshold_per_unit={"household_id": 5},
        dominance=(DominanceRule(n=1, share_fraction=0.4),),
        structural=frozenset({"region"}),
    ),
    route=ReleaseRoute(automatic=True, literals=3),
    sources=(SOURCE,),
    memory=Memory.empty(),
    crosswalks={},
)


def test_job_crosses_the_pipe_whole() -> None:
    read = Job.from_bytes(JOB.to_bytes())
    assert (read.query, read.policy, read.route, list(read.sources)) == (JOB.query, JOB.policy, JOB.route, [SOURCE])
    assert read.context().memory == Memory.empty()


@given(st.binary(max_size=200))
def test_bytes_that_are_no_job_are_refused(data: bytes) -> None:
    with pytest.raises(BadInputError):
        Job.from_bytes(data)


@given(st.binary(max_size=200))
def test_bytes_that_are_no_answer_are_never_an_evaluation(data: bytes) -> None:
    with pytest.raises(SaferoomError):
        read_answer(data)


def test_refusal_of_a_query_keeps_its_sentence_and_kind() -> None:
    with pytest.raises(BadInputError, match="by: no such column"):
        read_answer(write_answer(BadInputError("by: no such column")))


@pytest.mark.parametrize("error", [WrongStateError("odd"), IntegrityError("odd"), UnavailableError("odd")])
def test_other_refusals_mean_that_nothing_was_judged(error: SaferoomError) -> None:
    with pytest.raises(UnavailableError, match="odd"):
        read_answer(write_answer(error))


def test_plan_that_is_to_be_drawn_crosses_the_pipe() -> None:
    digest = Digest("a" * 64)
    assert Job.from_bytes(replace(JOB, draw=digest).to_bytes()).draw == digest
    assert Job.from_bytes(JOB.to_bytes()).draw is None
