"""Break-glass: open, at work, ended by hand or by time, reviewed by somebody else; every step told and recorded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError
from tests.support.people_world import (
    ADA,
    ALAN,
    CARL,
    OLGA,
    OPERATOR,
    RAVI,
    REASON,
    ROSA,
    PeopleWorld,
    people_world,
)
from tests.support.registry_world import MOB, NOW, TODAY

from saferoom.errors import ForbiddenError, NotFoundError, StaleVersionError, WrongStateError
from saferoom.ids import Username
from saferoom.projects.paging import Cut
from saferoom.projects.people import emergencies
from saferoom.projects.people.emergencies import (
    LONGEST_HOURS,
    OWNER,
    TRANSITIONS,
    Emergency,
    EmergencyForm,
    Judgement,
    ReviewForm,
    State,
    Step,
)
from saferoom.projects.people.entitlement import may_check, may_enter, may_sign_in, signed_in
from saferoom.projects.people.model import Power, Role, Training
from saferoom.projects.people.permissions import Actor
from saferoom.projects.people.records import DeputyForm, EndForm, Ending

HOUR = timedelta(hours=1)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PeopleWorld]:
    with people_world(tmp_path) as made:
        yield made


def _lapse(world: PeopleWorld, who: Username = ROSA, days: int = 1) -> None:
    """Let somebody's accreditation have lapsed `days` ago."""
    world.apply(
        f"{{kind: person, username: {who}, display_name: R, roles: [researcher], "
        f"accreditation_expires: {TODAY - timedelta(days=days)}}}"
    )


def test_trained_person_checks_for_hours_and_no_longer(world: PeopleWorld) -> None:
    world.train()
    assert may_check(world.registry, ROSA, NOW).code == "not-an-output-checker"
    opened = world.break_glass(hours=4)
    assert opened.until == NOW + 4 * HOUR
    assert may_check(world.registry, ROSA, NOW)
    assert signed_in(world.registry, ROSA, NOW).roles == {Role.RESEARCHER, Role.OUTPUT_CHECKER}
    assert world.registry.person(ROSA).roles == {Role.RESEARCHER}
    assert may_check(world.registry, ROSA, opened.until - timedelta(seconds=1))
    assert may_check(world.registry, ROSA, opened.until).code == "not-an-output-checker"


def test_lapsed_person_is_back_for_hours_and_no_longer(world: PeopleWorld) -> None:
    _lapse(world)
    assert may_enter(world.registry, ROSA, MOB, NOW).code == "accreditation-expired"
    opened = world.break_glass(power=Power.REINSTATEMENT)
    assert may_enter(world.registry, ROSA, MOB, NOW)
    assert may_enter(world.registry, ROSA, MOB, opened.until).code == "accreditation-expired"


def test_emergency_ended_early_is_out_at_once(world: PeopleWorld) -> None:
    world.train()
    opened = world.break_glass()
    ended = world.people.end_emergency(ALAN, opened.id)
    assert (ended.state, ended.ended_by, ended.ended_at) == (State.ENDED, "alan", NOW)
    assert may_check(world.registry, ROSA, NOW).code == "not-an-output-checker"
    with pytest.raises(WrongStateError, match="ended already"):
        world.people.end_emergency(ADA, opened.id)


def test_emergency_goes_from_open_to_ended_to_reviewed_with_every_event(world: PeopleWorld) -> None:
    world.train()
    opened = world.break_glass()
    with pytest.raises(WrongStateError, match="still open"):
        world.review(opened)
    world.clock.advance(4 * HOUR)
    assert world.people.emergency(ADA, opened.id).state is State.ENDED
    assert [one.state for one in world.people.sweep()] == [State.ENDED]
    assert world.people.sweep() == ()
    reviewed = world.review(opened)
    assert (reviewed.state, reviewed.reviewed_by, reviewed.justified) == (State.REVIEWED, "alan", True)
    assert reviewed.ended_at == opened.until
    assert world.events()[-3:] == [
        ("ada", "break-glass.opened", "person:rosa"),
        ("system", "break-glass.lapsed", "person:rosa"),
        ("alan", "break-glass.reviewed", "person:rosa"),
    ]
    with pytest.raises(WrongStateError, match="reviewed already"):
        world.review(reviewed)


def test_review_of_one_whose_time_is_over_writes_its_end_first(world: PeopleWorld) -> None:
    world.train()
    opened = world.break_glass()
    world.clock.advance(5 * HOUR)
    form = ReviewForm(judgement=Judgement.NOT_JUSTIFIED, findings="It could have waited until tomorrow.")
    assert world.people.review_emergency(ALAN, opened.id, form).justified is False
    assert [action for _, action, _ in world.events()[-2:]] == ["break-glass.lapsed", "break-glass.reviewed"]


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("step", Step)
def test_steps_are_possible_exactly_where_the_table_has_them(state: State, step: Step) -> None:
    found = Emergency("e", ROSA, Power.OUTPUT_CHECKER, REASON, "ada", NOW, NOW + HOUR, state=state)
    expected = (state, step) in {(row.from_, row.step) for row in TRANSITIONS}
    decision = emergencies.can(found, step, NOW)
    assert decision.allowed == expected
    if not expected:
        with pytest.raises(WrongStateError):
            decision.enforce()


def test_every_state_has_an_owner_and_every_step_its_row() -> None:
    assert set(OWNER) == set(State)
    assert {row.step for row in TRANSITIONS} == set(Step)
    assert len({row.audit for row in TRANSITIONS}) == len(TRANSITIONS)


@pytest.mark.parametrize("hours", [0, -1, LONGEST_HOURS + 1, 1000])
def test_emergency_lasts_between_one_and_eight_hours(hours: int) -> None:
    with pytest.raises(ValidationError):
        EmergencyForm(username=ROSA, power=Power.OUTPUT_CHECKER, hours=hours, reason=REASON)


@pytest.mark.parametrize("reason", ["", "urgent", "x" * 2001, "A reason with a \x00 sign inside it."])
def test_emergency_needs_a_reason_in_words(reason: str) -> None:
    with pytest.raises(ValidationError):
        EmergencyForm(username=ROSA, power=Power.OUTPUT_CHECKER, hours=1, reason=reason)


def _refusal(world: PeopleWorld, power: Power, who: Username = ROSA) -> str:
    with pytest.raises(WrongStateError) as caught:
        world.break_glass(who, power)
    return caught.value.message


def test_power_to_check_goes_to_trained_people_in_good_standing_only(world: PeopleWorld) -> None:
    assert "valid output checker training" in _refusal(world, Power.OUTPUT_CHECKER)
    assert "output checker already" in _refusal(world, Power.OUTPUT_CHECKER, CARL)
    assert "no other role" in _refusal(world, Power.OUTPUT_CHECKER, Username("alan"))
    world.train(expires=TODAY)
    world.clock.advance(timedelta(days=1))
    assert "valid output checker training" in _refusal(world, Power.OUTPUT_CHECKER)
    _lapse(world)
    world.train()
    assert "good standing" in _refusal(world, Power.OUTPUT_CHECKER)


def test_reinstatement_bridges_a_short_lapse_only(world: PeopleWorld) -> None:
    assert "nothing to reinstate" in _refusal(world, Power.REINSTATEMENT)
    _lapse(world, days=31)
    assert "within the last 30 days" in _refusal(world, Power.REINSTATEMENT)
    _lapse(world, days=30)
    assert world.break_glass(power=Power.REINSTATEMENT).state is State.OPEN


def test_reinstatement_does_not_make_up_what_never_was(world: PeopleWorld) -> None:
    world.apply("{kind: person, username: eve, display_name: E, roles: [researcher]}")
    assert "was ever recorded" in _refusal(world, Power.REINSTATEMENT, Username("eve"))


def test_reinstatement_does_not_bring_back_what_was_withdrawn(world: PeopleWorld) -> None:
    late = world.accredit(expires=date(2029, 1, 1))
    _lapse(world, days=2)  # replaces, so an earlier last day is what the records say
    assert may_sign_in(world.registry, ROSA, NOW).code == "accreditation-expired"
    again = world.accredit(expires=date(2029, 1, 1))
    world.people.end_record(ADA, again.id, EndForm(ending=Ending.WITHDRAWN, reason="Misconduct found."))
    assert may_sign_in(world.registry, ROSA, NOW).code == "accreditation-expired"
    assert "was withdrawn" in _refusal(world, Power.REINSTATEMENT)
    assert late.ended_at is None


def test_closed_accounts_stay_closed(world: PeopleWorld) -> None:
    world.apply("{kind: person, username: rosa, display_name: R, roles: [researcher], active: false}")
    for power in Power:
        assert "does not open accounts" in _refusal(world, power)


def test_second_emergency_waits_for_the_review_of_the_first(world: PeopleWorld) -> None:
    world.train()
    opened = world.break_glass()
    assert "not reviewed yet" in _refusal(world, Power.OUTPUT_CHECKER)
    world.clock.advance(9 * HOUR)
    assert "not reviewed yet" in _refusal(world, Power.OUTPUT_CHECKER)
    world.review(opened)
    assert world.break_glass().state is State.OPEN


def test_two_people_break_the_glass_for_one_person_at_once_and_one_does(world: PeopleWorld) -> None:
    world.train()
    first = world.break_glass(by=ADA)
    with pytest.raises(WrongStateError, match="not reviewed yet"):
        world.break_glass(by=ALAN)
    with pytest.raises(StaleVersionError), world.people.store.transaction() as tx:
        tx.save_emergency(replace(first, version=first.version - 1))


def test_deputy_breaks_the_glass_and_does_nothing_else(world: PeopleWorld) -> None:
    world.train()
    deputy = Actor.person(OLGA)
    with pytest.raises(ForbiddenError, match="named deputy"):
        world.break_glass(by=deputy)
    world.people.name_deputy(ADA, DeputyForm(username=OLGA, until=TODAY))
    opened = world.break_glass(by=deputy)
    assert opened.opened_by == "olga"
    for attempt in (
        lambda: world.people.end_emergency(deputy, opened.id),
        lambda: world.review(opened, deputy),
        lambda: world.people.dossier(deputy, ROSA),
    ):
        with pytest.raises((ForbiddenError, NotFoundError)):
            attempt()
    world.people.end_deputy(ADA, OLGA)
    with pytest.raises(ForbiddenError):
        world.break_glass(RAVI, by=deputy)


def test_deputy_whose_last_day_is_over_breaks_nothing(world: PeopleWorld) -> None:
    world.train()
    world.people.name_deputy(ADA, DeputyForm(username=OLGA, until=TODAY))
    world.clock.advance(timedelta(days=1))
    with pytest.raises(ForbiddenError, match="named deputy"):
        world.break_glass(by=Actor.person(OLGA))


@pytest.mark.parametrize("who", [ROSA, CARL])
def test_others_neither_break_the_glass_nor_see_it(world: PeopleWorld, who: Username) -> None:
    world.train()
    for whom in (RAVI, who, Username("nobody")):
        with pytest.raises(ForbiddenError):
            world.break_glass(whom, by=Actor.person(who))
    opened = world.break_glass()
    actor = Actor.person(who)
    for attempt in (
        lambda: world.people.emergencies(actor),
        lambda: world.people.emergency(actor, opened.id),
        lambda: world.people.end_emergency(actor, opened.id),
        lambda: world.review(opened, actor),
        lambda: world.people.deputies(actor),
    ):
        with pytest.raises(ForbiddenError):
            attempt()


def test_banner_is_for_administrators_and_data_owners_while_it_lasts(world: PeopleWorld) -> None:
    world.train()
    everybody = ("ada", "alan", "olga", "rosa", "carl")
    people = [world.registry.person(Username(who)) for who in everybody]
    assert [world.people.banner(one) for one in people] == [()] * 5
    opened = world.break_glass()
    assert [one.username for one in people if world.people.banner(one)] == ["ada", "alan", "olga"]
    assert world.people.banner(people[2]) == (opened,)
    world.clock.advance(4 * HOUR)
    assert world.people.banner(people[2]) == ()


def test_person_concerned_sees_the_own_emergency(world: PeopleWorld) -> None:
    world.train()
    world.break_glass()
    world.clock.advance(4 * HOUR)
    assert [one.state for one in world.people.own(ROSA).emergencies] == [State.ENDED]


def test_list_of_emergencies_is_paged_newest_first(world: PeopleWorld) -> None:
    world.train()
    world.train(RAVI)
    first = world.break_glass()
    world.clock.advance(HOUR)
    second = world.break_glass(RAVI)
    assert [one.id for one in world.people.emergencies(ADA).items] == [second.id, first.id]
    page = world.people.emergencies(Actor.person(OLGA), Cut(2, 1))
    assert ([one.id for one in page.items], page.total) == ([first.id], 2)
    with pytest.raises(NotFoundError):
        world.people.emergency(ADA, "emergency-nothing")
    with pytest.raises(NotFoundError):
        world.people.end_emergency(ADA, "emergency-nothing")


def test_training_that_ends_meanwhile_ends_the_power(world: PeopleWorld) -> None:
    record = world.train(course=Training.OUTPUT_CHECKER)
    world.break_glass()
    world.people.end_record(ADA, record.id, EndForm(ending=Ending.MISTAKE, reason="It was another Rosa."))
    assert may_check(world.registry, ROSA, NOW).code == "training-missing"


def test_operator_may_break_the_glass_and_is_named(world: PeopleWorld) -> None:
    world.train()
    assert world.break_glass(by=OPERATOR).opened_by == "admin:root"
