"""Attempts to make an emergency out of nothing, to keep it, or to approve it oneself."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.support.airlock_domain import ANA, CHECKED, RITA, Domain, domain
from tests.support.people_world import ADA, ALAN, OLGA, OPERATOR, ROSA, PeopleWorld, people_world
from tests.support.registry_world import MOB, NOW, TODAY

from saferoom.errors import ForbiddenError, NotFoundError, SaferoomError, WrongStateError
from saferoom.ids import ProjectSlug, Username
from saferoom.projects.airlock.model import Choice
from saferoom.projects.people.emergencies import Emergency
from saferoom.projects.people.entitlement import may_check, may_enter, may_sign_in
from saferoom.projects.people.model import HeldPower, Person, Power, Role, Training
from saferoom.projects.people.permissions import Actor
from saferoom.projects.people.records import AccountForm, DeputyForm, PersonForm


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PeopleWorld]:
    with people_world(tmp_path) as made:
        made.train()
        yield made


@pytest.fixture
def airlock(tmp_path: Path) -> Iterator[Domain]:
    with domain(tmp_path) as made:
        yield made


def test_whoever_opened_it_does_not_review_it_under_another_name(world: PeopleWorld) -> None:
    opened = world.break_glass(by=Actor.operator("admin:ada"))
    world.people.end_emergency(ADA, opened.id)
    for again in (Actor.operator("admin:ada"), ADA):
        with pytest.raises(ForbiddenError, match="second administrator"):
            world.review(opened, again)
    assert world.review(opened, ALAN).reviewed_by == "alan"


def test_account_made_for_the_review_does_not_review(world: PeopleWorld) -> None:
    opened = world.break_glass(by=ADA)
    world.clock.advance(timedelta(minutes=1))
    puppet = PersonForm(username=Username("puppet"), display_name="P", roles=frozenset({Role.ADMINISTRATOR}))
    world.people.add(ADA, puppet)
    world.people.end_emergency(ADA, opened.id)
    with pytest.raises(ForbiddenError, match="before the glass was broken"):
        world.review(opened, Actor.person(puppet.username))
    assert world.review(opened, ALAN).reviewed_by == "alan"


def _at_once(*deeds: Callable[[], object]) -> list[object]:
    """Do everything at the same moment; return what came of each, errors too."""
    ready, came = threading.Barrier(len(deeds)), list[object]()

    def run(deed: Callable[[], object]) -> None:
        ready.wait()
        try:
            came.append(deed())
        except SaferoomError as error:
            came.append(error)

    threads = [threading.Thread(target=run, args=(deed,)) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return came


def test_glass_broken_by_many_at_once_for_one_person_is_broken_once(world: PeopleWorld) -> None:
    came = _at_once(*(lambda by=by: world.break_glass(by=by) for by in (ADA, ALAN, OPERATOR)))
    assert sum(isinstance(one, Emergency) for one in came) == 1
    assert world.people.emergencies(ADA).total == 1


def test_last_two_administrators_cannot_close_each_other_at_once(world: PeopleWorld) -> None:
    def close(by: Actor, who: str) -> object:
        form = AccountForm(reason="A quarrel.", version=1)
        return world.people.close(by, Username(who), form)

    _at_once(lambda: close(ADA, "alan"), lambda: close(ALAN, "ada"))
    assert len(world.registry.people_with(Role.ADMINISTRATOR)) == 1


def test_nobody_gives_a_power_to_oneself(world: PeopleWorld) -> None:
    world.people.name_deputy(ADA, DeputyForm(username=ROSA, until=TODAY))
    with pytest.raises(ForbiddenError, match="their own account"):
        world.break_glass(ROSA, by=Actor.person(ROSA))
    with pytest.raises(SaferoomError):
        world.break_glass(Username("ada"), by=ADA)


def test_person_with_a_power_cannot_use_it_to_become_more(world: PeopleWorld) -> None:
    world.break_glass()
    with pytest.raises(ForbiddenError):
        world.people.emergencies(Actor.person(ROSA))
    with pytest.raises((ForbiddenError, NotFoundError)):
        world.break_glass(Username("ravi"), by=Actor.person(ROSA))


def test_emergencies_cannot_be_chained_into_a_lasting_role(world: PeopleWorld) -> None:
    opened = world.break_glass(hours=8)
    for _ in range(3):
        world.clock.advance(timedelta(hours=8))
        with pytest.raises(WrongStateError, match="review it first"):
            world.break_glass(hours=8)
    world.review(opened)
    assert not may_check(world.registry, ROSA, world.clock.now())


def test_power_to_check_opens_no_room_and_no_other_project(world: PeopleWorld) -> None:
    world.people.end_emergency(ADA, world.break_glass().id)
    ravi = Username("ravi")
    world.train(ravi)
    world.break_glass(ravi)
    for project in (MOB, ProjectSlug("zzz")):
        assert may_enter(world.registry, ravi, project, NOW).code == "not-a-member"


def test_reinstatement_opens_nothing_that_a_valid_accreditation_would_not(world: PeopleWorld) -> None:
    ravi = Username("ravi")
    world.apply(
        f"{{kind: person, username: ravi, display_name: R, roles: [researcher], "
        f"accreditation_expires: {TODAY - timedelta(days=1)}}}"
    )
    world.break_glass(ravi, Power.REINSTATEMENT)
    assert may_sign_in(world.registry, ravi, NOW)
    assert may_enter(world.registry, ravi, MOB, NOW).code == "not-a-member"
    assert may_check(world.registry, ravi, NOW).code == "not-an-output-checker"


def test_document_cannot_write_a_power(world: PeopleWorld) -> None:
    with pytest.raises(SaferoomError, match="unknown key 'powers'"):
        world.apply("{kind: person, username: eve, display_name: E, roles: [researcher], powers: []}")


def test_document_applied_while_it_lasts_neither_ends_nor_extends_it(world: PeopleWorld) -> None:
    world.break_glass()
    world.apply("{kind: person, username: rosa, display_name: Rosa, roles: [researcher]}")
    assert may_check(world.registry, ROSA, NOW)
    assert world.registry.person(ROSA).roles == {Role.RESEARCHER}


def test_data_owner_who_is_deputy_sees_and_opens_and_does_not_judge(world: PeopleWorld) -> None:
    world.people.name_deputy(ADA, DeputyForm(username=OLGA, until=TODAY))
    opened = world.break_glass(by=Actor.person(OLGA))
    world.people.end_emergency(ADA, opened.id)
    with pytest.raises(ForbiddenError):
        world.review(opened, Actor.person(OLGA))


def _emergency_checker(airlock: Domain, who: Username, **more: Any) -> None:
    """Give `who` the power to check, as an open emergency does."""
    now = airlock.clock.now()
    held = HeldPower(power=Power.OUTPUT_CHECKER, since=now, until=now + timedelta(hours=2))
    person = airlock.registry.persons[who]
    trained = person.trainings | {Training.OUTPUT_CHECKER: person.trainings[Training.SAFE_RESEARCHER]}
    airlock.registry.persons[who] = person.model_copy(update={"powers": (held,), "trainings": trained, **more})


def test_emergency_checker_checks_no_request_of_the_own_project(airlock: Domain) -> None:
    request = airlock.submit(CHECKED)
    _emergency_checker(airlock, ANA)
    with pytest.raises(ForbiddenError, match="of their own project"):
        airlock.airlock.vote(ANA, request.id, request.outputs[0].id, Choice.APPROVED)
    assert airlock.airlock.queue_page(ANA).items == ()


def test_emergency_checker_checks_another_projects_request_while_it_lasts(airlock: Domain) -> None:
    request = airlock.submit(CHECKED)
    with pytest.raises(NotFoundError):
        airlock.airlock.request(RITA, request.id)
    _emergency_checker(airlock, RITA)
    assert [found.id for found in airlock.airlock.queue_page(RITA).items] == [request.id]
    airlock.clock.advance(timedelta(hours=2))
    with pytest.raises(ForbiddenError):
        airlock.airlock.queue_page(RITA)
    with pytest.raises(NotFoundError):
        airlock.airlock.vote(RITA, request.id, request.outputs[0].id, Choice.APPROVED)


def test_power_between_two_moments_counts_at_neither_end_too_long() -> None:
    held = HeldPower(power=Power.OUTPUT_CHECKER, since=NOW, until=NOW + timedelta(hours=1))
    person = Person(username=ROSA, display_name="R", roles=frozenset({Role.DATA_OWNER}), powers=(held,))
    second = timedelta(seconds=1)
    counted = [
        Role.OUTPUT_CHECKER in person.roles_at(at) for at in (NOW - second, NOW, held.until - second, held.until)
    ]
    assert counted == [False, True, True, False]
    assert not person.reinstated(NOW)
