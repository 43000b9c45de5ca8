"""Times of submission and decision as they are written down, and what people are told of."""

from __future__ import annotations

from datetime import timedelta

from tests.support.airlock_domain import (
    ANA,
    BEN,
    CHECKED,
    CLEO,
    DEE,
    DORA,
    MOBILITY,
    NOW,
    OTTO,
    SAFE,
    Domain,
)

from saferoom.projects.airlock.model import Cause, Lane
from saferoom.projects.airlock.screening import Words
from saferoom.projects.airlock.service_levels import Level
from saferoom.projects.airlock.states import State
from saferoom.projects.people.model import HeldPower, Power

LATER = timedelta(hours=3)


def level(world: Domain) -> Level:
    (found,) = world.airlock.levels(NOW)
    return found


def test_time_to_a_decision_counts_from_the_authors_submission(world: Domain) -> None:
    request = world.submit(CHECKED)
    world.clock.advance(LATER)
    world.approve(request)
    found = level(world)
    assert (found.month, found.lane, found.decisions, found.automatic) == ("2026-03", Lane.DECLARED, 1, 0)
    assert found.median_seconds == found.p95_seconds == LATER.total_seconds()


def test_time_goes_on_while_the_review_begins_again_and_while_the_owner_decides(world: Domain) -> None:
    request = world.submit(CHECKED)
    world.clock.advance(LATER)
    world.route(owner_signs=True)
    again = world.approve(request)
    assert (again.state, again.round) == (State.SUBMITTED, 2)
    world.clock.advance(LATER)
    world.approve(again)
    world.clock.advance(LATER)
    world.airlock.sign_off(OTTO, request.id)
    found = level(world)
    assert (found.decisions, found.median_seconds) == (1, 3 * LATER.total_seconds())


def test_return_is_a_decision_and_the_next_round_counts_anew(world: Domain) -> None:
    request = world.submit(CHECKED)
    world.clock.advance(LATER)
    world.airlock.return_to_author(BEN, request.id, "again")
    world.clock.advance(timedelta(days=5))
    again = world.airlock.submit_draft(ANA, request.id, world.stored(request.id).version)
    world.clock.advance(2 * LATER)
    world.approve(again)
    found = level(world)
    assert (found.decisions, found.median_seconds) == (2, 1.5 * LATER.total_seconds())


def test_what_its_author_took_back_is_no_decision(world: Domain) -> None:
    world.airlock.withdraw(ANA, world.submit(CHECKED).id)
    assert world.airlock.levels(NOW) == ()


def test_automatic_release_is_counted_and_takes_no_persons_time(world: Domain) -> None:
    world.submit(SAFE)
    found = level(world)
    assert (found.decisions, found.automatic, found.median_seconds) == (1, 1, None)


def test_decisions_before_the_asked_time_are_left_out(world: Domain) -> None:
    world.approve(world.submit(CHECKED))
    assert world.airlock.levels(NOW + timedelta(seconds=1)) == ()


def test_waiting_counts_what_waits_for_others_by_lane_and_age(world: Domain) -> None:
    world.submit(CHECKED)
    world.clock.advance(timedelta(days=2))
    world.ask([world.upload().id])
    world.airlock.draft(ANA, MOBILITY, [], Words("", "", ""))
    found = {(band.lane, band.from_seconds): band.requests for band in world.airlock.waiting() if band.requests}
    assert found == {(Lane.DECLARED, 86400.0): 1, (Lane.FILE, 0.0): 1}


def test_every_step_that_somebody_has_to_know_is_told_once_and_in_order(world: Domain) -> None:
    world.route(checkers_declared=2, owner_signs=True)
    request = world.submit(CHECKED, title="zebra title", context="zebra context")
    world.approve(request, BEN)
    world.approve(request, CLEO)
    world.airlock.sign_off(OTTO, request.id)
    world.airlock.withdraw_release(OTTO, request.id, Cause.OTHER, "zebra")
    assert [kind for kind, _ in world.recipients()] == [
        "request.submitted",
        "request.partly_reviewed",
        "request.reviewed",
        "request.sign_off_asked",
        "request.released",
        "release.withdrawn",
    ]
    assert "zebra" not in repr(world.told())
    assert [n.kind for n in world.told(OTTO)] == ["request.sign_off_asked"], "not of the own deed"


def test_recipients_are_those_of_the_moment(world: Domain) -> None:
    request = world.submit(CHECKED)
    told = ("request.submitted", (BEN, CLEO, DEE))
    assert world.recipients() == [told], "nobody of the own project"
    ben = world.registry.persons[BEN]
    world.registry.persons[BEN] = ben.model_copy(update={"active": False})
    world.airlock.return_to_author(CLEO, request.id, "again")
    world.airlock.submit_draft(ANA, request.id, world.stored(request.id).version)
    first, back, again = world.recipients()
    assert first == told, "what was told stays told"
    assert (back[1], again[1]) == ((ANA,), (CLEO, DEE))


def test_checker_in_an_emergency_is_told_as_long_as_it_lasts(world: Domain) -> None:
    dora = world.registry.persons[DORA]
    held = HeldPower(power=Power.OUTPUT_CHECKER, since=NOW, until=NOW + timedelta(hours=2))
    trained = {"powers": (held,), "trainings": world.registry.persons[BEN].trainings}
    world.registry.persons[DORA] = dora.model_copy(update=trained)
    request = world.submit(CHECKED)
    assert DORA in world.recipients()[0][1]
    world.clock.advance(timedelta(hours=2))
    world.airlock.return_to_author(CLEO, request.id, "again")
    world.airlock.submit_draft(ANA, request.id, world.stored(request.id).version)
    assert DORA not in world.recipients()[-1][1]


def test_checker_whose_training_lapsed_is_not_told(world: Domain) -> None:
    cleo = world.registry.persons[CLEO]
    world.registry.persons[CLEO] = cleo.model_copy(update={"trainings": {}})
    world.submit(CHECKED)
    assert world.recipients()[0][1] == (BEN, DEE)
