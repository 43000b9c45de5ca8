"""What is counted as it happens."""

from __future__ import annotations

import pytest
from tests.support.watching import counted

from saferoom.disclosure.verdict import Verdict
from saferoom.errors import BadInputError
from saferoom.hub.evaluator.turns import Taken, Turns
from saferoom.hub.watching import counts
from saferoom.hub.watching.checking import watched
from saferoom.hub.watching.counts import Check, Signal
from saferoom.ids import Username


@pytest.mark.parametrize(
    ("status", "known", "signal"),
    [
        (413, True, Signal.TOO_LARGE),
        (408, True, Signal.TOO_SLOW),
        (429, True, Signal.TOO_MANY),
        (404, False, Signal.UNKNOWN_ADDRESS),
    ],
)
def test_what_the_rooms_door_refuses_is_a_signal(status: int, known: bool, signal: Signal) -> None:
    before = {one: counted("saferoom_escape_signals_total", signal=one) for one in Signal}
    counts.answered("rooms", status, 0.1, known=known)
    after = {one: counted("saferoom_escape_signals_total", signal=one) for one in Signal}
    assert {one for one in Signal if after[one] > before[one]} == {signal}


def test_what_is_not_there_is_no_signal_where_it_might_be_and_none_at_the_pages() -> None:
    before = sum(counted("saferoom_escape_signals_total", signal=one) for one in Signal)
    counts.answered("rooms", 404, 0.1, known=True)
    counts.answered("rooms", 200, 0.1, known=True)
    for status in (404, 408, 413, 429):
        counts.answered("pages", status, 0.1, known=False)
    assert sum(counted("saferoom_escape_signals_total", signal=one) for one in Signal) == before


def test_every_signal_is_there_before_it_happens() -> None:
    for one in Signal:
        assert counts.REGISTRY.get_sample_value("saferoom_escape_signals_total", {"signal": one}) is not None


def test_a_check_counts_by_its_verdict_and_one_without_as_refused() -> None:
    def checks(verdict: str) -> float:
        return counted("saferoom_checks_total", kind="statistic", verdict=verdict)

    before, refused = checks("review"), checks("refused")
    took = counted("saferoom_check_seconds_count", kind="statistic")
    with watched(Check.STATISTIC) as check:
        check.verdict = Verdict.REVIEW
    with pytest.raises(BadInputError), watched(Check.STATISTIC):
        raise BadInputError("no")
    assert (checks("review"), checks("refused")) == (before + 1, refused + 1)
    assert counted("saferoom_check_seconds_count", kind="statistic") == took + 2


def test_turns_tell_how_many_run() -> None:
    turns = Turns(2, 2, 4)
    with turns.turn(Username("ana")):
        assert turns.counts() == Taken(1, 0)
        with turns.turn(Username("ana")):
            assert turns.counts() == Taken(2, 0)
    assert turns.counts() == Taken(0, 0)
