"""Who still gets a letter when it is sent, and how people choose to be told."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from sqlalchemy import select
from tests.support.airlock_world import MOBILITY, NOW, World
from tests.support.notice_world import ADA, ANA, BEN, letters, post, returned, sent_to
from tests.support.smtp_sink import Sink, text_of

from saferoom.errors import BadInputError
from saferoom.hub.store import tables
from saferoom.ids import ProjectSlug, RequestId, Username
from saferoom.projects.airlock.model import Cause
from saferoom.projects.notices import reach
from saferoom.projects.notices.model import About, Category, How, LetterState, Notice, Subject
from saferoom.projects.people.permissions import Actor


def _lapse(world: World) -> None:
    world.change(tables.PersonRecordRow, "record-ana-full", expires=world.clock.now().date() - timedelta(days=1))


def _leave(world: World) -> None:
    world.change(tables.MemberRow, (MOBILITY, "ana"), ended_at=world.clock.now())


def _close(world: World) -> None:
    world.change(tables.PersonRow, "ana", active=False)


@pytest.mark.parametrize(("happens", "why"), [(_lapse, reach.LAPSED), (_leave, reach.LEFT), (_close, reach.CLOSED)])
def test_whoever_is_out_gets_no_letter_that_waited(people: World, server: Sink, happens: object, why: str) -> None:
    returned(people)
    assert callable(happens)
    happens(people)
    people.instance.sender.send_due(post(server))
    assert "ana" not in sent_to(server)
    (mine,) = letters(people)
    assert (mine.state, mine.reason) == (LetterState.DROPPED, why)


def test_output_checker_who_joins_the_project_gets_no_letter_that_waited(people: World, server: Sink) -> None:
    people.request()
    with people.instance.database.transaction() as session:
        session.add(tables.MemberRow(project=MOBILITY, username="cleo", since=people.clock.now()))
        for role in session.scalars(select(tables.PersonRoleRow).where(tables.PersonRoleRow.username == "cleo")):
            role.ended_at = people.clock.now()
        session.add(tables.PersonRoleRow(username="cleo", role="data-owner"))
    people.instance.sender.send_due(post(server))
    assert "cleo" not in sent_to(server)


def _released(world: World) -> RequestId:
    request = world.request()
    after = world.approve(request, "ben")
    if after.state.value != "released":
        after = world.approve(after, "cleo")
    assert after.state.value == "released", after.state
    return after.id


def test_withdrawal_reaches_whoever_took_the_bundle_also_when_they_left(people: World, server: Sink) -> None:
    request = _released(people)
    people.instance.airlock.bundle(Username("chris"), request)
    people.instance.sender.send_due(post(server))
    before = len(server.mail())
    people.change(tables.PersonRow, "chris", active=False)
    _leave(people)
    people.instance.airlock.withdraw_release(BEN, request, Cause.DISCLOSURE_CONTROL, "A cell was too small after all.")
    people.instance.sender.send_due(post(server))
    fresh = server.mail()[before:]
    assert {str(mail["To"]).split("@")[0] for mail in fresh} >= {"ana", "chris"}
    assert all("is withdrawn" in str(mail["Subject"]) for mail in fresh)
    assert not any("too small" in text_of(mail) for mail in fresh)


def test_choice_decides_how_letters_come(people: World, server: Sink) -> None:
    notices = people.instance.notices
    notices.choose(Actor.person(BEN), {Category.WORK: How.DAILY})
    notices.choose(Actor.person(Username("cleo")), {Category.WORK: How.OFF})
    first, second = people.request(), people.request()
    people.instance.sender.send_due(post(server))
    assert server.mail() == []
    assert notices.count(Username("cleo")) == 2
    assert notices.digest(time(10)) == 0, "it is nine o'clock"
    assert notices.digest(time(7)) == 1
    assert notices.digest(time(7)) == 0
    people.request()
    assert notices.digest(time(7)) == 0, "one a day"
    people.instance.sender.send_due(post(server))
    (mail,) = server.mail()
    assert (mail["To"], mail["Subject"]) == ("ben@example.org", "2 notices from Saferoom")
    assert first.id in text_of(mail)
    assert second.id in text_of(mail)
    people.clock.advance(timedelta(days=1))
    assert notices.digest(time(7)) == 1
    with pytest.raises(BadInputError, match="security notices always come at once"):
        notices.choose(Actor.person(BEN), {Category.SECURITY: How.OFF})


def test_digest_leaves_out_what_does_not_concern_any_more(people: World, server: Sink) -> None:
    people.instance.notices.choose(Actor.person(ANA), {Category.REQUESTS: How.DAILY})
    request = returned(people)
    assert people.instance.notices.digest(time(7)) == 1
    _leave(people)
    people.instance.sender.send_due(post(server))
    assert not any(request.id in text_of(mail) for mail in server.mail() if mail["To"] == "ana@example.org")
    (mine,) = letters(people)
    assert mine.reason == reach.LEFT


def _given(world: World, *made: Notice) -> None:
    with world.instance.notices.store.transaction() as tx:
        assert tx.tell(made) == len(made)


def _notice(to: Username, subject: Subject, id_: str, side: str = "watcher", project: str | None = None) -> Notice:
    about = About(subject, id_, ProjectSlug(project) if project else None)
    facts = {"title": f"About {id_}", "body": "It ends."}
    return Notice(f"k:{to}:{subject}:{id_}", to, "reminder", Category.ENDS, side, about, NOW, facts)


def test_reminder_goes_to_whoever_may_open_its_page(people: World, server: Sink) -> None:
    dora = Username("dora")
    _given(
        people,
        _notice(ADA, Subject.PERSON, "ana"),
        _notice(BEN, Subject.PERSON, "ana"),  # an administrator once, when it was written
        _notice(ADA, Subject.EMERGENCY, "emergency-a"),
        _notice(dora, Subject.EMERGENCY, "emergency-a"),
        _notice(ANA, Subject.EMERGENCY, "emergency-a"),
        _notice(ADA, Subject.PROJECT, "nowhere", "project", "nowhere"),
        _notice(Username("nobody"), Subject.STANDING, ""),
    )
    done = people.instance.sender.send_due(post(server))
    reasons = {(one.to, one.notices[0].about.subject): one.reason for one in done}
    assert reasons == {
        (ADA, Subject.PERSON): "",
        (BEN, Subject.PERSON): reach.LEFT,
        (ADA, Subject.EMERGENCY): "",
        (dora, Subject.EMERGENCY): "",
        (ANA, Subject.EMERGENCY): reach.LEFT,
        (ADA, Subject.PROJECT): reach.LEFT,
        (Username("nobody"), Subject.STANDING): reach.CLOSED,
    }
    assert sent_to(server) == ["ada", "ada", "dora"]


def test_own_lapse_is_told_to_whoever_lapsed(people: World, server: Sink) -> None:
    _lapse(people)
    _given(people, _notice(ANA, Subject.STANDING, "", "self"))
    people.instance.sender.send_due(post(server))
    assert sent_to(server) == ["ana"]
