"""No request waits without somebody whose turn it is, an age and a reason; and every notice has its words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from saferoom.ids import ProjectSlug, RequestId, Username
from saferoom.projects.airlock import notices, waiting
from saferoom.projects.airlock.model import Claim, Request
from saferoom.projects.airlock.states import FINAL, OWNER, TRANSITIONS, Party, State
from saferoom.projects.airlock.waiting import OVERDUE, nobody, standing_of

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BEN = Username("ben")


def request(state: State) -> Request:
    return Request(
        id=RequestId("r"),
        author=Username("ana"),
        project=ProjectSlug("mobility"),
        state=state,
        round=1,
        title="t",
        automatic=False,
        checkers=1,
        created_at=AT,
        updated_at=AT,
        since=AT,
    )


@pytest.mark.parametrize("state", State)
def test_every_state_that_is_no_end_has_a_party_an_age_and_a_reason(state: State) -> None:
    wait = standing_of(request(state), AT + timedelta(hours=1))
    if state in FINAL:
        assert wait is None
        return
    assert wait is not None
    assert (wait.party, wait.since, wait.age) == (OWNER[state], AT, timedelta(hours=1))
    assert wait.why


@pytest.mark.parametrize("state", [state for state in State if state not in FINAL])
def test_what_waits_long_for_somebody_else_than_its_author_is_overdue(state: State) -> None:
    early = standing_of(request(state), AT + OVERDUE - timedelta(seconds=1))
    late = standing_of(request(state), AT + OVERDUE)
    assert early is not None
    assert late is not None
    assert (early.overdue, late.overdue) == (False, OWNER[state] is not Party.AUTHOR)


def test_block_is_the_reason_whatever_the_state_says() -> None:
    wait = standing_of(replace(request(State.APPROVED), blocked="a byte was changed", reason="approved"), AT)
    assert wait is not None
    assert wait.why == "something keeps it from leaving: a byte was changed"


def test_claim_counts_while_it_holds_and_not_before_or_after() -> None:
    claim = Claim(BEN, AT, AT + timedelta(hours=2))
    claimed = replace(request(State.SUBMITTED), claims=(claim,))
    for hours, held in ((-1, False), (0, True), (1, True), (2, False)):
        wait = standing_of(claimed, AT + timedelta(hours=hours))
        assert wait is not None
        assert bool(wait.claims) is held
        assert wait.age >= timedelta(0)


def test_party_of_which_nobody_is_left_is_told_to_the_administrator() -> None:
    assert nobody(Party.CHECKERS, [BEN]) == nobody(Party.OWNERS, [BEN]) == nobody(Party.AUTHOR, []) == ""
    assert all("administrator" in nobody(party, []) for party in (Party.CHECKERS, Party.OWNERS))


@pytest.mark.parametrize("row", [row for row in TRANSITIONS if row.notify is not None])
def test_notice_says_nothing_that_a_researcher_wrote(row: object) -> None:
    found = next(one for one in TRANSITIONS if one is row)
    told = notices.notice_to(replace(request(State.SUBMITTED), title="zebra", reason="zebra"), found, Party.AUTHOR, [])
    assert "zebra" not in repr(told)
    assert told.kind == found.audit


def test_usual_words_cover_every_state_that_waits() -> None:
    assert set(waiting._USUAL) == set(State) - FINAL
