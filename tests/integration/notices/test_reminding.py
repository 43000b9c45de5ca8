"""Reminders and break-glass: told once, to those concerned, also after the service was off."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from tests.support.life_world import HTV, MOB, OLGA, ROSA, LifeWorld, life_world
from tests.support.people_world import ADA, ALAN, OPERATOR, PeopleWorld, people_world

from saferoom.errors import ForbiddenError, NotFoundError
from saferoom.hub.home import Home
from saferoom.hub.notices.loops import Telling
from saferoom.hub.store.notices import NoticesStore
from saferoom.hub.store.notices_rows import read_notice
from saferoom.hub.store.notices_tables import ToldRow
from saferoom.hub.store.vault import FileVault
from saferoom.hub.wiring import Instance
from saferoom.ids import Username
from saferoom.projects.notices.model import Category, Notice, Subject
from saferoom.projects.notices.service import Notices
from saferoom.projects.people.permissions import Actor


@pytest.fixture
def world(tmp_path: Path) -> Iterator[PeopleWorld]:
    with people_world(tmp_path) as made:
        yield made


@pytest.fixture
def notices(world: PeopleWorld) -> Notices:
    return Notices(NoticesStore(world.database, world.clock, world.administration.signing_key), world.clock)


def told(world: PeopleWorld | LifeWorld) -> list[Notice]:
    with world.database.reading() as session:
        return [read_notice(row) for row in session.scalars(select(ToldRow).order_by(ToldRow.id))]


def test_reminder_is_given_once_however_often_it_is_asked_for(world: PeopleWorld, notices: Notices) -> None:
    world.clock.advance(timedelta(days=190))  # the last month of everything but the approval, which has ended
    first = notices.remind(world.people.messages())
    assert first > 3
    assert notices.remind(world.people.messages()) == 0
    world.clock.advance(timedelta(hours=5))
    assert notices.remind(world.people.messages()) == 0
    about = {(one.to, one.about.subject) for one in told(world)}
    assert ("rosa", Subject.STANDING) in about
    assert {one.category for one in told(world)} == {Category.ENDS}


def test_reminder_of_the_last_week_reaches_administrators_too(world: PeopleWorld, notices: Notices) -> None:
    last = date(2027, 6, 30)
    world.clock.advance(timedelta(days=(last - world.clock.now().date()).days - 5))
    notices.remind(world.people.messages())
    watched = [one for one in told(world) if one.to == "ada" and one.about.id == "rosa"]
    assert watched
    assert {one.about.subject for one in watched} == {Subject.PERSON}


def test_service_that_was_off_gives_the_one_reminder_that_is_due(world: PeopleWorld, notices: Notices) -> None:
    """Sixty, thirty and seven days before all passed while it was off."""
    last = date(2027, 6, 30)
    world.clock.advance(timedelta(days=(last - world.clock.now().date()).days - 1))
    notices.remind(world.people.messages())
    mine = [one for one in told(world) if one.to == "rosa" and one.about.subject is Subject.STANDING]
    assert sorted(one.facts["title"] for one in mine) == [
        "The accreditation of rosa ends tomorrow",
        "The safe researcher training of rosa ends tomorrow",
    ]


def test_renewal_is_reminded_of_anew(world: PeopleWorld, notices: Notices) -> None:
    last = date(2027, 6, 30)
    world.clock.advance(timedelta(days=(last - world.clock.now().date()).days - 1))
    notices.remind(world.people.messages())
    world.accredit(expires=date(2027, 7, 20))
    assert notices.remind(world.people.messages()) >= 1
    assert any("2027-07-20" in one.facts["body"] for one in told(world))


def test_break_glass_is_told_in_its_own_transaction_to_all_it_concerns(world: PeopleWorld) -> None:
    world.train()
    made = world.break_glass()
    opened = [one for one in told(world) if one.kind == "break-glass.opened"]
    assert sorted(one.to for one in opened) == ["ada", "alan", "olga", "rosa"]
    assert {one.about.id for one in opened if one.to != "rosa"} == {made.id}
    assert {one.category for one in opened} == {Category.SECURITY}
    world.clock.advance(timedelta(hours=5))
    # Whoever becomes an administrator later was not told of what was before.
    world.apply("{kind: person, username: zoe, display_name: Zoe Zorn, roles: [administrator]}")
    world.people.sweep()
    world.people.sweep()
    world.review(world.people.emergency(ADA, made.id))
    kinds = [(one.kind, one.to) for one in told(world)]
    assert len(kinds) == len(set(kinds))
    assert ("break-glass.opened", "zoe") not in kinds
    assert {kind for kind, to in kinds if to == "zoe"} == {"break-glass.ended", "break-glass.reviewed"}


def test_break_glass_that_is_refused_is_told_to_nobody(world: PeopleWorld) -> None:
    with pytest.raises(ForbiddenError):
        world.break_glass(by=Actor.person(Username("rosa")))
    assert told(world) == []


def test_step_of_a_project_is_told_to_whoever_the_table_names(tmp_path: Path) -> None:
    world = life_world(tmp_path)
    world.active()
    world.lives.pause(OLGA, MOB, "A question about the data.")
    found = [(one.kind, one.to) for one in told(world)]
    assert ("project.submitted", "olga") in found
    assert ("project.submitted", "omar") in found
    assert ("project.dataset_approved", "rosa") in found
    assert ("project.decided", "ada") in found
    assert ("project.paused", "rosa") in found
    assert not [to for kind, to in found if kind == "project.paused" and to == "olga"], "nobody is told of own deeds"
    assert {one.about.id for one in told(world)} == {MOB}
    world.lives.lift(OLGA, MOB)
    world.lives.end_approval(OLGA, MOB, HTV, "It was a mistake.")
    world.lives.close(ROSA, MOB, "The work is done.")
    assert {"project.hold_lifted", "project.resumed", "project.approval_ended"} <= {one.kind for one in told(world)}
    world.database.dispose()


def test_own_notices_are_for_people_who_may_sign_in(world: PeopleWorld, notices: Notices) -> None:
    world.train()
    world.break_glass()
    rosa = Actor.person(Username("rosa"))
    (mine,) = notices.mine(rosa).items
    assert notices.count(Username("rosa")) == 1
    with pytest.raises(NotFoundError, match="no such notice"):
        notices.read(Actor.person(Username("ravi")), mine.id)
    with pytest.raises(NotFoundError, match="no such notice"):
        notices.read(ALAN, mine.id)
    assert notices.read(rosa, mine.id).read_at == world.clock.now()
    assert notices.count(Username("rosa")) == 0
    with pytest.raises(ForbiddenError, match="no notices of their own"):
        notices.mine(OPERATOR)
    world.apply("{kind: person, username: rosa, display_name: Rosa, roles: [researcher], active: false}")
    with pytest.raises(ForbiddenError):
        notices.mine(rosa)


def test_loop_lets_break_glass_lapse_and_reminds_once_an_hour(
    world: PeopleWorld, notices: Notices, tmp_path: Path
) -> None:
    world.train()
    world.break_glass(hours=1)
    home = Home(tmp_path / "home")
    home.prepare()
    key = world.administration.signing_key
    telling = Telling(Instance(home, world.clock, world.database, FileVault(home.vault), key))
    telling.remind()
    assert [one for one in told(world) if one.kind == "break-glass.ended"] == []
    world.clock.advance(timedelta(hours=2))
    telling.remind()
    assert len([one for one in told(world) if one.kind == "break-glass.ended"]) == 4
    world.clock.advance(timedelta(days=200))
    assert telling.remind() > 0
    assert telling.remind() == 0
