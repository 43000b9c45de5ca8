"""Letters from what happened to the mail server: at least once, only to those concerned, and not for ever."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from sqlalchemy import func, select
from tests.support.airlock_world import World
from tests.support.empty_store import tampering
from tests.support.notice_world import ADA, ANA, BEN, ROOT, letters, post, returned, sent_to
from tests.support.smtp_sink import Behaviour, Sink, sink, text_of

from saferoom.audit import Event
from saferoom.errors import ForbiddenError, NotFoundError, WrongStateError
from saferoom.hub.notices import loops
from saferoom.hub.notices.loops import Telling
from saferoom.hub.notices.post import UNUSABLE
from saferoom.hub.store import tables
from saferoom.hub.store.audit_log import AuditLinkRow
from saferoom.hub.store.notices_tables import LetterRow, ToldRow
from saferoom.ids import Username
from saferoom.projects.airlock import states
from saferoom.projects.airlock.notices import notice
from saferoom.projects.airlock.states import Action, Party
from saferoom.projects.airlock.store import Step
from saferoom.projects.notices import sending
from saferoom.projects.notices.model import Category, How, Letter, LetterState
from saferoom.projects.notices.patience import LEASE, LONGEST, PAUSES
from saferoom.projects.people.permissions import Actor


def test_step_is_told_to_whoever_it_concerns(people: World, server: Sink) -> None:
    request = returned(people)
    done = people.instance.sender.send_due(post(server))
    assert {one.state for one in done} == {LetterState.SENT}
    # Chris is an output checker, but in Ana's project: he is not told to check it.
    assert sent_to(server) == ["ana", "ben", "cleo"]
    (mine,) = [mail for mail in server.mail() if mail["To"] == "ana@example.org"]
    assert mine["Subject"] == f"Request {request.id} in project mobility was returned"
    assert f"https://safe.example.org/airlock/requests/{request.id}\n" in text_of(mine)
    assert people.instance.sender.send_due(post(server)) == []


def test_nothing_is_told_of_what_did_not_happen(people: World) -> None:
    request = people.request()
    with people.instance.database.reading() as session:
        before = session.scalar(select(func.count()).select_from(ToldRow))
    with pytest.raises(RuntimeError), people.instance.airlock.store.transaction() as tx:  # noqa: PT012 - the crash comes last
        found = tx.request(request.id)
        assert found is not None
        row = states.check(found.state, Action.RETURN, Party.CHECKERS)
        told = notice(people.instance.airlock, found, row)
        tx.save_request(found, Step(Event("ben", row.audit, found.id, {}), notice=told))
        raise RuntimeError("the machine stops")
    with people.instance.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(ToldRow)) == before


def test_crash_between_sending_and_noting_sends_the_same_letter_again(people: World, server: Sink) -> None:
    returned(people)

    def crash(_point: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replace(people.instance.sender, checkpoint=crash).send_due(post(server))
    assert len(server.mail()) == 1
    # Somebody else may have it in hand: it is free again when the lease is over.
    assert people.instance.sender.send_due(post(server)) == []
    people.clock.advance(LEASE)
    people.instance.sender.send_due(post(server))
    ids = [mail["Message-ID"] for mail in server.mail()]
    first, twice = server.letters()[0], [data for data in server.letters() if ids[0].encode() in data]
    assert len(ids) == 4
    assert len(set(ids)) == 3
    assert twice == [first, first]
    assert {one.state for one in people.instance.notices.letters(ROOT).items} == {LetterState.SENT}


def test_letter_kept_by_a_server_that_then_hangs_up_is_sent_again_under_its_name(people: World, tmp_path: Path) -> None:
    request = people.request()
    behaviour = Behaviour(hangs_up="taken")
    with sink(tmp_path / "odd", behaviour) as odd:
        people.instance.sender.send_due(post(odd))
        behaviour.hangs_up = ""
        people.clock.advance(PAUSES[0])
        people.instance.sender.send_due(post(odd))
    names = [line for e in behaviour.envelopes for line in e.data.split(b"\r\n") if line.startswith(b"Message-ID")]
    assert len(names) == 4
    assert len(set(names)) == 2, request.id


def test_server_that_is_busy_is_asked_later_each_time_and_then_given_up(people: World, tmp_path: Path) -> None:
    people.instance.notices.choose(Actor.person(Username("cleo")), {Category.WORK: How.OFF})
    people.request()
    with sink(tmp_path / "busy", Behaviour(answers={"rcpt": (450, "later")})) as busy:
        for number, pause in enumerate((*PAUSES, timedelta(0)), 1):
            (one,) = people.instance.sender.send_due(post(busy))
            if one.state is LetterState.GIVEN_UP:
                break
            assert (one.tries, one.next_at) == (number, people.clock.now() + pause)
            assert people.instance.sender.send_due(post(busy)) == []
            people.clock.advance(pause)
        assert one.state is LetterState.GIVEN_UP
    assert one.reason == "the mail server does not take the address now (450)"
    assert people.clock.now() - one.created_at >= timedelta(days=1)


def test_letter_that_waited_for_days_is_given_up(people: World) -> None:
    people.request()
    people.clock.advance(LONGEST)
    done = people.instance.sender.send_due(None)
    assert {(one.state, one.reason) for one in done} == {(LetterState.GIVEN_UP, sending.NOT_SET_UP)}


def test_letters_wait_while_email_is_not_set_up(people: World, server: Sink) -> None:
    people.request()
    assert {one.reason for one in people.instance.sender.send_due(None)} == {sending.NOT_SET_UP}
    people.clock.advance(timedelta(minutes=2))
    people.instance.sender.send_due(post(server))
    assert sent_to(server) == ["ben", "cleo"]


def test_server_that_is_away_is_asked_once_a_round(people: World, tmp_path: Path) -> None:
    people.request()
    behaviour = Behaviour(answers={"ehlo": (421, "closing")})
    with sink(tmp_path / "away", behaviour) as away:
        done = people.instance.sender.send_due(post(away))
    assert len(done) == 2
    assert {one.state for one in done} == {LetterState.WAITING}
    assert behaviour.seen == ["ehlo", "ehlo"]  # EHLO, then HELO, of one connection


def test_address_refused_for_good_is_given_up_and_may_be_tried_again(people: World, tmp_path: Path) -> None:
    returned(people)
    answers = {"rcpt": (550, "no such user")}
    with sink(tmp_path / "odd", Behaviour(answers=answers)) as odd:
        people.instance.sender.send_due(post(odd))
        (mine,) = letters(people)
        assert (mine.state, mine.reason) == (LetterState.GIVEN_UP, "the mail server refuses the address for good (550)")
        with pytest.raises(ForbiddenError):
            people.instance.notices.retry(Actor.person(ANA), mine.id)
        with pytest.raises(NotFoundError):
            people.instance.notices.retry(ROOT, "letter-none")
        answers.clear()
        assert people.instance.notices.retry(Actor.person(ADA), mine.id).state is LetterState.WAITING
        with pytest.raises(WrongStateError, match="is waiting"):
            people.instance.notices.retry(ROOT, mine.id)
        people.instance.sender.send_due(post(odd))
        assert sent_to(odd) == ["ana"]
    with people.instance.database.reading() as session:
        row = session.scalars(select(AuditLinkRow).where(AuditLinkRow.action == "letter.retried")).one()
    assert (row.actor, row.subject) == ("ada", f"letter:{mine.id}")


def test_nobody_without_an_address_keeps_others_waiting(place: World, server: Sink) -> None:
    place.change(tables.PersonRow, "cleo", email="cleo@example.org")
    place.request()
    place.instance.sender.send_due(post(server))
    assert sent_to(server) == ["cleo"]
    (mine,) = letters(place, BEN)
    assert (mine.state, mine.reason) == (LetterState.DROPPED, sending.NO_ADDRESS)


def test_letter_that_cannot_be_written_does_not_stop_the_others(people: World, server: Sink) -> None:
    people.request()
    with tampering(people.instance.database) as session:
        session.scalars(select(ToldRow).where(ToldRow.to == "ben")).one().kind = "request.unheard_of"
    done = {one.to: one for one in people.instance.sender.send_due(post(server))}
    assert (done[BEN].state, done[BEN].reason) == (LetterState.WAITING, sending.BROKEN)
    assert sent_to(server) == ["cleo"]


def test_address_that_could_be_a_header_is_never_used(people: World, server: Sink) -> None:
    people.request()
    for odd in (
        "ben@example.org\r\nBcc: all@example.org",
        "ben@example.org, x@example.org",
        "<ben@example.org>",
        "ben",
    ):
        # The registry refuses to read such a person at all; the post does not rely on it.
        (letter,) = [one for one in _taken(people) if one.to == BEN]
        assert post(server).send(letter, odd).reason == UNUSABLE
    assert server.mail() == []


def _taken(world: World) -> tuple[Letter, ...]:
    world.clock.advance(LEASE)
    with world.instance.notices.store.transaction() as tx:
        return tx.take(world.clock.now(), 20, LEASE)


def test_loop_goes_on_after_settings_that_are_wrong(people: World, server: Sink) -> None:
    people.request()
    telling, path = Telling(people.instance), people.home.mail_settings
    path.write_text("host: smtp.example.org\nsecurity: none\n")
    assert {one.reason for one in telling.send()} == {sending.NOT_SET_UP}
    path.write_text(
        f"host: 127.0.0.1\nport: {server.port}\nsecurity: none\nsender: safe@example.org\n"
        "address: http://127.0.0.1/airlock\n"
    )
    people.clock.advance(timedelta(minutes=2))
    telling.send()
    assert sent_to(server) == ["ben", "cleo"]


def test_letter_rows_are_never_deleted(people: World, server: Sink) -> None:
    returned(people)
    people.change(tables.PersonRow, "ana", active=False)
    people.instance.sender.send_due(post(server))
    with people.instance.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(LetterRow)) == 3


def test_service_that_stops_leaves_the_rest_for_the_next_one(people: World, server: Sink) -> None:
    people.request()
    done = people.instance.sender.send_due(post(server), lambda: not server.letters())
    assert [one.state for one in done] == [LetterState.SENT, LetterState.WAITING]
    people.instance.sender.send_due(post(server))
    assert sent_to(server) == ["ben", "cleo"]


def test_loops_go_on_after_an_error_and_end_when_told(people: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "SEND_EVERY_SECONDS", 0.01)
    telling, sends, reminds = Telling(people.instance), [], []

    def fails() -> None:
        sends.append(1)
        raise RuntimeError("zqsecretzq")

    monkeypatch.setattr(telling, "send", fails)
    monkeypatch.setattr(telling, "remind", lambda: reminds.append(1))

    async def work() -> None:
        running = asyncio.create_task(telling.run())
        while len(sends) < 3:
            await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    with structlog.testing.capture_logs() as logs:
        asyncio.run(work())
    assert reminds == [1]
    assert logs[0]["error"] == "RuntimeError"
    assert "zqsecretzq" not in str(logs)
