"""Checkers who disagree, cannot decide, or say that they are looking; and why a request waits."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.support.airlock_domain import ANA, BEN, CHECKED, CHRIS, CLEO, DEE, MOBILITY, NOW, RITA, Domain
from tests.support.naming import names

from saferoom.errors import BadInputError, ForbiddenError, NotFoundError, WrongStateError
from saferoom.projects.airlock.checking import CLAIM_HOLDS
from saferoom.projects.airlock.model import Choice, Request
from saferoom.projects.airlock.states import Party, State
from saferoom.projects.airlock.waiting import OVERDUE
from saferoom.projects.people.model import Role

YES, NO, UNDECIDED = Choice.APPROVED, Choice.CHANGES_REQUESTED, Choice.UNDECIDED


@pytest.fixture
def two(world: Domain) -> Domain:
    """Two checkers are needed."""
    world.route(checkers_declared=2)
    return world


def split(world: Domain) -> Request:
    request = world.submit(CHECKED)
    world.airlock.vote(BEN, request.id, request.outputs[0].id, YES)
    return world.airlock.vote(CLEO, request.id, request.outputs[0].id, NO, "round it")


def test_third_checker_is_asked_for_once_and_it_is_recorded(two: Domain) -> None:
    request = split(two)
    assert (request.state, request.third_asked) == (State.REVIEWED, True)
    assert request.reason.startswith("the output checkers disagree about output 1; one more has to look")
    assert two.actions().count("request.third_checker_asked") == 1
    assert [n.kind for n in two.told(DEE)][-1] == "request.third_checker_asked"
    two.airlock.vote(CLEO, request.id, request.outputs[0].id, NO, "still")
    assert two.actions().count("request.third_checker_asked") == 1


def test_majority_for_changes_waits_for_a_return_and_releases_nothing(two: Domain) -> None:
    request = split(two)
    after = two.airlock.vote(DEE, request.id, request.outputs[0].id, NO, "round it")
    assert (after.state, after.release) == (State.REVIEWED, None)
    assert after.reason.startswith("most output checkers ask for changes to output 1")
    assert two.airlock.return_to_author(DEE, request.id, "Round it.").state is State.RETURNED


def test_author_is_not_told_that_the_checkers_disagree(two: Domain) -> None:
    request = split(two)
    seen = two.airlock.request(ANA, request.id)
    assert "disagree" not in seen.reason
    assert not seen.third_asked
    (line,) = two.airlock.requests_page(ANA).items
    assert ("disagree" in line.reason, line.third_asked) == (False, False)


def test_third_checker_is_asked_for_anew_in_the_next_round(two: Domain) -> None:
    request = split(two)
    two.airlock.return_to_author(DEE, request.id, "Round it.")
    again = two.airlock.submit_draft(ANA, request.id, two.stored(request.id).version)
    assert not two.stored(again.id).third_asked


def test_undecided_checker_counts_for_nothing_and_says_why(two: Domain) -> None:
    request = two.submit(CHECKED)
    (output,) = request.outputs
    with pytest.raises(BadInputError, match="keeps you from deciding"):
        two.airlock.vote(BEN, request.id, output.id, UNDECIDED)
    two.airlock.vote(BEN, request.id, output.id, UNDECIDED, "I do not know this register.")
    two.airlock.vote(CLEO, request.id, output.id, YES)
    assert two.stored(request.id).state is State.PARTLY_REVIEWED
    assert two.airlock.vote(DEE, request.id, output.id, YES).state is State.RELEASED


def test_undecided_alone_never_releases(world: Domain) -> None:
    request = world.submit(CHECKED)
    for checker in (BEN, CLEO, DEE):
        world.airlock.vote(checker, request.id, request.outputs[0].id, UNDECIDED, "?")
    assert world.stored(request.id).state is State.SUBMITTED


def test_claim_is_seen_by_others_keeps_nobody_out_and_ends_by_itself(two: Domain) -> None:
    request = two.submit(CHECKED)
    two.airlock.claim(BEN, request.id)
    (line,) = two.airlock.queue_page(CLEO).items
    assert [(c.by, c.at) for c in line.claims] == [(BEN, NOW)]
    assert two.airlock.vote(CLEO, request.id, request.outputs[0].id, YES).state is State.PARTLY_REVIEWED
    two.clock.advance(CLAIM_HOLDS)
    (line,) = two.airlock.queue_page(CLEO).items
    assert line.claims == ()
    wait = two.airlock.wait(two.stored(request.id))
    assert wait is not None
    assert wait.claims == ()


def test_claim_is_renewed_and_given_up(world: Domain) -> None:
    request = world.submit(CHECKED)
    for _ in range(2):
        world.airlock.claim(BEN, request.id)
        world.clock.advance(timedelta(minutes=1))
    assert len(world.airlock.queue_page(CLEO).items[0].claims) == 1
    world.airlock.unclaim(BEN, request.id)
    assert world.airlock.queue_page(CLEO).items[0].claims == ()
    assert world.actions()[-1] == "request.claimed"


def test_claim_makes_nobody_elses_work_stale(world: Domain) -> None:
    request = world.submit(CHECKED)
    before = world.stored(request.id)
    world.airlock.claim(BEN, request.id)
    assert world.stored(request.id).version == before.version
    assert world.stored(request.id).updated_at == before.updated_at


def test_nobody_claims_a_request_of_the_own_project_or_one_that_does_not_wait(world: Domain) -> None:
    request = world.submit(CHECKED)
    for person in (ANA, CHRIS):
        with pytest.raises(ForbiddenError, match="independent"):
            world.airlock.claim(person, request.id)
    with pytest.raises(NotFoundError):
        world.airlock.claim(RITA, request.id)
    world.approve(request)
    for deed in (world.airlock.claim, world.airlock.unclaim):
        with pytest.raises(WrongStateError):
            deed(BEN, request.id)


def test_author_sees_that_somebody_looks_but_not_who(world: Domain) -> None:
    request = world.submit(CHECKED)
    world.airlock.claim(BEN, request.id)
    assert not names(repr(world.airlock.request(ANA, request.id)), "ben")
    assert not names(repr(world.airlock.requests_page(ANA).items), "ben")


def test_request_waits_with_an_owner_an_age_and_a_reason_in_every_state(two: Domain) -> None:
    request = two.submit(CHECKED)
    two.clock.advance(timedelta(hours=5))
    wait = two.airlock.wait(two.stored(request.id))
    assert wait is not None
    assert (wait.party, wait.age, wait.overdue) == (Party.CHECKERS, timedelta(hours=5), False)
    assert wait.why.startswith("an output checker has to look")
    two.airlock.comment(CLEO, request.id, "a comment is no progress")
    two.clock.advance(OVERDUE)
    wait = two.airlock.wait(two.stored(request.id))
    assert wait is not None
    assert (wait.age, wait.overdue) == (OVERDUE + timedelta(hours=5), True)
    two.approve(request, BEN)
    part = two.airlock.wait(two.stored(request.id))
    assert part is not None
    assert (part.age, part.why) == (timedelta(0), "one output checker has looked at every output; another has to")
    two.approve(request, CLEO)
    assert two.airlock.wait(two.stored(request.id)) is None


def test_request_that_no_checker_can_look_at_says_so(world: Domain) -> None:
    request = world.submit(CHECKED)
    for name in (BEN, CLEO, DEE):
        person = world.registry.persons[name]
        world.registry.persons[name] = person.model_copy(update={"roles": frozenset({Role.RESEARCHER})})
    wait = world.airlock.wait(world.stored(request.id))
    assert wait is not None
    assert "there is no output checker outside the project" in wait.why


def test_conflict_that_no_other_checker_can_settle_says_so(two: Domain) -> None:
    request = split(two)
    person = two.registry.persons[DEE]
    two.registry.persons[DEE] = person.model_copy(update={"active": False})
    wait = two.airlock.wait(two.stored(request.id))
    assert wait is not None
    assert "there is no other output checker" in wait.why


def test_attack_leaving_the_project_makes_nobody_its_independent_checker(world: Domain) -> None:
    world.registry.gone.add((MOBILITY, BEN))
    request = world.submit(CHECKED)
    with pytest.raises(NotFoundError, match="there is no such request"):
        world.airlock.vote(BEN, request.id, request.outputs[0].id, YES)
    assert world.airlock.queue_page(BEN).items == ()
    assert [line.id for line in world.airlock.queue_page(CLEO).items] == [request.id]
    assert world.recipients()[0] == ("request.submitted", (CLEO, DEE))
