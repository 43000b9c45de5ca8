"""Clerical review over a real store: blind turns, settling, undoing, and what comes of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from tests.support.review_world import LINK, PIA, RON, SUE, M, N, ReviewWorld, U, review_world

from saferoom.errors import BadInputError, ForbiddenError, NotFoundError, WrongStateError
from saferoom.hub.store.audit_log import AuditLinkRow
from saferoom.hub.store.linkage_tables import ClericalVoteRow
from saferoom.ids import Username
from saferoom.projects.linkage.clerical import Choice, State


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ReviewWorld]:
    with review_world(tmp_path) as made:
        yield made


def test_pair_with_two_alike_is_settled_and_with_two_apart_goes_to_a_third(world: ReviewWorld) -> None:
    assert world.decide(1, M, M) is State.MATCH
    assert world.decide(2, N, N) is State.NO_MATCH
    assert world.decide(3, M, N) is State.APART
    assert world.clerical.decide(SUE, LINK, 3, N) is State.NO_MATCH
    assert world.decide(4, U, U, U) is State.UNDECIDED
    assert world.clerical.settled(LINK) == ((1, True), (2, False), (3, False))


def test_reviewer_is_asked_for_every_pair_once_in_an_order_of_the_own(world: ReviewWorld) -> None:
    orders = {}
    for who in (PIA, RON):
        asked = []
        while (found := world.clerical.next(who)).number is not None:
            asked.append(found.number)
            world.around.clock.advance(timedelta(seconds=1))
            world.clerical.decide(who, LINK, found.number, M)
        orders[who] = asked
    assert sorted(orders[PIA]) == sorted(orders[RON]) == list(range(1, 13))
    assert orders[PIA] != orders[RON] != sorted(orders[RON])
    assert world.clerical.next(SUE).number is None


def test_progress_tells_the_own_work_only(world: ReviewWorld) -> None:
    world.decide(1, M, M)
    world.decide(2, M)
    progress = world.clerical.next(RON).progress
    assert progress is not None
    assert vars(progress) == {"own": 1, "waiting": 11}


def test_undo_takes_back_the_last_decision_until_the_other_decides(world: ReviewWorld) -> None:
    world.decide(1, M)
    world.decide(2, M)
    assert world.clerical.next(PIA).undo == 2
    with pytest.raises(WrongStateError, match="only the last"):
        world.clerical.undo(PIA, LINK, 1)
    world.clerical.undo(PIA, LINK, 2)
    world.clerical.decide(RON, LINK, 1, N)
    assert world.clerical.next(PIA).undo == 1, "that it is too late would tell that somebody else has decided"
    with pytest.raises(WrongStateError, match="Somebody else has decided"):
        world.clerical.undo(PIA, LINK, 1)
    assert world.clerical.decide(PIA, LINK, 2, N) is State.HALF


def test_decisions_are_in_the_trail_only_once_settled(world: ReviewWorld) -> None:
    world.decide(1, M, N)
    with world.around.database.reading() as session:
        said = [(row.action, row.payload) for row in session.scalars(select(AuditLinkRow).order_by(AuditLinkRow.seq))]
    mine = [event for event in said if event[0] in ("clerical.decided", "clerical.third_asked")]
    assert len(mine) == 2
    assert not any(word in str(event) for event in mine for word in ("no-match", "'match'", '"match"', "decisions"))
    world.clerical.decide(SUE, LINK, 1, M)
    assert ("sue", "clerical.settled", f"linkage:{LINK}") in world.around.events()


def test_review_of_a_later_version_closes_the_one_before(world: ReviewWorld) -> None:
    world.decide(1, M, M)
    world.clerical.open("system", "person@2", [(1, 2, True)])
    world.clerical.open("system", "household@1", [(7, 2, True)])
    with pytest.raises(WrongStateError, match="linked anew"):
        world.decide(2, M)
    assert world.clerical.settled(LINK) == ((1, True),)
    assert {world.clerical.next(PIA).link} <= {"person@2", "household@1"}


def test_summary_has_states_and_agreement(world: ReviewWorld) -> None:
    assert world.clerical.agreement(LINK) is None
    for number in range(1, 9):
        world.decide(number, M if number < 6 else N, M if number < 5 else N)
    summary = world.clerical.summary(LINK)
    assert summary["states"]["match"] == 4
    assert summary["states"]["apart"] == 1
    assert summary["agreement"]["pairs"] == 8
    assert summary["agreement"]["kappa"]["value"] == pytest.approx(0.75)
    with pytest.raises(NotFoundError):
        world.clerical.summary("person@9")


@pytest.mark.parametrize("who", ["ada", "olga", "rosa", "carl"])
def test_other_roles_are_refused_everything(world: ReviewWorld, who: str) -> None:
    name = Username(who)
    for deed in (
        lambda: world.clerical.next(name),
        lambda: world.clerical.shown(name, LINK, 1),
        lambda: world.clerical.decide(name, LINK, 1, Choice.MATCH),
        lambda: world.clerical.undo(name, LINK, 1),
        lambda: world.clerical.enforce(name),
    ):
        with pytest.raises(ForbiddenError, match="Only clerical reviewers"):
            deed()


def test_reviewer_with_a_second_role_cannot_be_registered(world: ReviewWorld) -> None:
    both = "{kind: person, username: tom, display_name: Tom, roles: [clerical-reviewer, data-owner]}"
    with pytest.raises(BadInputError, match="a clerical reviewer may hold no other role"):
        world.around.apply(both)


def test_reviewer_whose_account_is_closed_decides_nothing(world: ReviewWorld) -> None:
    world.around.apply(
        "{kind: person, username: pia, display_name: Pia Stern, roles: [clerical-reviewer], active: false}"
    )
    with pytest.raises(ForbiddenError, match="closed"):
        world.decide(1, M)


def test_pair_that_is_decided_by_the_own_hand_or_settled_is_not_shown(world: ReviewWorld) -> None:
    world.clerical.shown(PIA, LINK, 1)
    world.decide(1, M)
    with pytest.raises(WrongStateError, match="decided this pair already"):
        world.clerical.shown(PIA, LINK, 1)
    world.clerical.decide(RON, LINK, 1, M)
    with pytest.raises(WrongStateError, match="settled"):
        world.clerical.shown(SUE, LINK, 1)
    for number, link in ((99, LINK), (1, "person@7")):
        with pytest.raises(NotFoundError, match="no such pair"):
            world.clerical.shown(PIA, link, number)


def test_review_with_a_pair_twice_or_opened_twice_is_refused(world: ReviewWorld) -> None:
    with pytest.raises(BadInputError, match="twice"):
        world.clerical.open("system", "person@2", [(1, 2, True), (1, 2, True)])
    with pytest.raises(BadInputError, match="has a review already"):
        world.clerical.open("system", LINK, [])


def test_reviewer_who_votes_at_once_from_two_windows_has_one_vote(world: ReviewWorld) -> None:
    outcomes: list[object] = []

    def vote() -> None:
        try:
            outcomes.append(world.clerical.decide(PIA, LINK, 5, Choice.MATCH))
        except WrongStateError as error:
            outcomes.append(error)

    threads = [threading.Thread(target=vote) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert outcomes.count(State.HALF) == 1
    with world.around.database.reading() as session:
        assert len(session.scalars(select(ClericalVoteRow).where(ClericalVoteRow.number == 5)).all()) == 1
