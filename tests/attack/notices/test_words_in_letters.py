"""Attacks on letters: words of an output, a reason or a comment that ride out by e-mail; headers that are added."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from tests.support.airlock_world import World
from tests.support.life_world import ADA, HTV, MOB, OLGA, OMAR, ROSA, TWO, life_world, proposal, terms
from tests.support.smtp_sink import Sink, text_of

from saferoom.hub.notices.post import SmtpPost
from saferoom.hub.notices.settings import MailSettings, Security
from saferoom.hub.notices.writing import UnusableAddressError, write
from saferoom.hub.store import tables
from saferoom.hub.store.notices_rows import read_notice
from saferoom.hub.store.notices_tables import ToldRow
from saferoom.hub.web.texts import notices as texts
from saferoom.ids import ProjectSlug, Username
from saferoom.projects.airlock.model import Cause
from saferoom.projects.notices.model import About, Category, Letter, LetterState, Notice, Subject
from saferoom.projects.people.emergencies import EmergencyForm, Judgement, ReviewForm
from saferoom.projects.people.model import Power
from saferoom.projects.people.permissions import Actor

ANA, BEN, CLEO, DORA = (Username(name) for name in ("ana", "ben", "cleo", "dora"))
ROOT = Actor.operator("admin:root")
SECRET = re.compile(r"zq[a-z]+zq", re.IGNORECASE)
WORDS: dict[str, Any] = {"title": "zqtitlezq", "context": "zqcontextzq", "controls": "zqcontrolszq"}
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SETTINGS = MailSettings(
    host="127.0.0.1", security=Security.NONE, sender="safe@example.org", address="https://safe.example.org/"
)


def said(world: World, server: Sink) -> list[str]:
    """Send everything and return all that letters hold, headers included."""
    post = SmtpPost(SETTINGS.model_copy(update={"port": server.port}))
    while world.instance.sender.send_due(post):
        pass
    return [f"{mail.as_string()}\n{text_of(mail)}" for mail in server.mail()]


def leaks(texts_: Iterable[str]) -> list[str]:
    return [found for text in texts_ for found in SECRET.findall(text)]


def test_no_word_of_a_request_rides_out_by_email(people: World, server: Sink) -> None:
    airlock = people.instance.airlock
    first = people.request(**WORDS)
    airlock.comment(BEN, first.id, "zqcommentzq", public=True)
    airlock.return_to_author(BEN, first.id, "zqreturnedzq")
    second = people.request(**WORDS)
    airlock.reject(BEN, second.id, "zqrejectedzq")
    after = people.approve(people.request(**WORDS), "ben")
    after = people.approve(after, "cleo") if after.release is None else after
    airlock.bundle(DORA, after.id)
    airlock.withdraw_release(BEN, after.id, Cause.DISCLOSURE_CONTROL, "zqexplanationzq")
    sent = said(people, server)
    assert len(sent) >= 8
    assert any("was returned" in text for text in sent)
    assert any("was rejected" in text for text in sent)
    assert any("is withdrawn" in text for text in sent)
    assert leaks(sent) == []
    assert leaks(str(one) for one in _everything(people)) == []


def test_no_reason_of_break_glass_rides_out_by_email(people: World, server: Sink) -> None:
    service = people.instance.people
    form = EmergencyForm(username=ANA, power=Power.OUTPUT_CHECKER, hours=1, reason="zqreasonzq, it cannot wait.")
    made = service.break_glass(ROOT, form)
    people.clock.advance(timedelta(hours=2))
    service.sweep()
    review = ReviewForm(judgement=Judgement.NOT_JUSTIFIED, findings="zqfindingszq, as was to be expected.")
    service.review_emergency(Actor.person(Username("ada")), made.id, review)
    sent = said(people, server)
    # All administrators and data owners, and whoever had the power: opened, ended, reviewed.
    assert len(sent) == 4 * 3
    assert leaks(sent) == []
    assert leaks(str(one) for one in _everything(people)) == []


def _everything(world: World) -> list[Notice]:
    with world.instance.database.reading() as session:
        return [read_notice(row) for row in session.scalars(select(ToldRow))]


def test_no_word_of_a_project_is_told(tmp_path: Path) -> None:
    secret = {"title": "zqtitlezq", "question": "zqquestionzq", "benefit": "zqbenefitzq", "gateway": "zqgatewayzq"}
    world = life_world(tmp_path)
    lives = world.lives
    lives.propose(ROSA, proposal(**secret))
    lives.submit(ROSA, MOB)
    lives.ask_changes(OLGA, MOB, "zqchangeszq", HTV)
    lives.submit(ROSA, MOB)
    lives.approve(OLGA, MOB, HTV, terms("sex", "age", "wage"))
    lives.decline(OMAR, MOB, TWO, "zqdeclinedzq")
    lives.confirm(ADA, MOB)
    lives.pause(OLGA, MOB, "zqpausedzq")
    lives.lift(OLGA, MOB)
    lives.end_approval(OLGA, MOB, HTV, "zqendedzq")
    lives.close(ROSA, MOB, "zqclosedzq")
    with world.database.reading() as session:
        told = [read_notice(row) for row in session.scalars(select(ToldRow))]
    world.database.dispose()
    kinds = {one.kind for one in told}
    assert {"project.submitted", "project.returned", "project.paused", "project.closed"} <= kinds
    assert leaks(f"{one} {texts.said(one)}" for one in told) == []


HOSTILE = st.text(min_size=1, max_size=60).map(lambda text: f"{text}\r\nBcc: everybody@example.org\r\n\r\nzqbodyzq")


def reminder(facts: dict[str, str]) -> Notice:
    return Notice("k", ANA, "reminder", Category.ENDS, "self", About(Subject.STANDING), NOW, facts)


def letter(notice: Notice) -> Letter:
    return Letter("l", ANA, notice.category, LetterState.WAITING, "letter-a", NOW, NOW, NOW, notices=(notice,))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=HOSTILE)
def test_facts_that_hold_line_ends_add_no_header(text: str) -> None:
    facts = {"title": text, "body": text}
    data = write(letter(reminder(facts)), "ana@example.org", SETTINGS).as_bytes()
    head = data.partition(b"\r\n\r\n")[0]
    names = [line.partition(b":")[0] for line in head.split(b"\r\n") if line[:1] not in (b" ", b"\t")]
    assert sorted(names) == sorted(
        [
            b"From", b"To", b"Subject", b"Date", b"Message-ID", b"Auto-Submitted", b"X-Auto-Response-Suppress",
            b"Content-Type", b"Content-Transfer-Encoding", b"MIME-Version",
        ]
    )  # fmt: skip


@pytest.mark.parametrize("id_", ["a\r\nBcc: x@example.org", "a>b", "../a", ""])
def test_message_id_is_letters_and_digits_or_nothing_is_written(id_: str) -> None:
    notice = reminder({"title": "t", "body": "b"})
    odd = Letter("l", ANA, None, LetterState.WAITING, id_, NOW, NOW, NOW, notices=(notice,))
    with pytest.raises(ValueError, match="Message-ID"):
        write(odd, "ana@example.org", SETTINGS)


@settings(max_examples=100, deadline=None)
@given(address=st.text(max_size=40) | st.from_regex(r"[a-z]{1,5}@[a-z]{1,5}\s[a-zA-Z:@]{0,9}", fullmatch=True))
def test_address_is_one_plain_address_or_refused(address: str) -> None:
    notice = reminder({"title": "t", "body": "b"})
    try:
        message = write(letter(notice), address, SETTINGS)
    except UnusableAddressError:
        return
    assert message["To"].addresses[0].addr_spec == address
    assert len(message["To"].addresses) == 1


def test_names_in_facts_are_no_templates() -> None:
    facts = {"who": "{id}", "by": "{project.__class__}", "power": "output checker", "until": "now"}
    about = About(Subject.EMERGENCY, "emergency-a", ProjectSlug("mob"))
    notice = Notice("k", ANA, "break-glass.opened", Category.SECURITY, "watcher", about, NOW, facts)
    assert "{project.__class__}" in texts.said(notice).body


def test_day_of_a_reminder_is_told_and_no_more(people: World, server: Sink) -> None:
    people.change(tables.PersonRow, "ana", display_name="zqnamezq")
    people.change(tables.PersonRecordRow, "record-ana-full", expires=date(2026, 3, 9), body="zqbodyzq")
    assert people.instance.notices.remind(people.instance.people.messages()) >= 2
    sent = said(people, server)
    assert any("2026-03-09" in text for text in sent)
    assert leaks(sent) == []
