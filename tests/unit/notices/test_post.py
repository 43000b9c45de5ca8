"""The way to the mail server, against real ones on loopback: protected or not at all, and what their answers mean."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.support.smtp_sink import PASSWORD, USER, Behaviour, read, sink, text_of
from tests.support.tls import EXPIRED, SOON, certificate

from saferoom.hub.notices.post import SmtpPost
from saferoom.hub.notices.settings import MailSettings, Security
from saferoom.hub.notices.writing import write
from saferoom.ids import ProjectSlug, Username
from saferoom.projects.notices.model import About, Category, Letter, LetterState, Notice, Subject
from saferoom.projects.notices.sending import Fate

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PAGES = "https://safe.example.org/services/airlock"


def letter(id_: str = "letter-abc") -> Letter:
    about = About(Subject.REQUEST, "request-aaa", ProjectSlug("mobility"))
    notice = Notice("k", Username("ana"), "request.returned", Category.REQUESTS, "author", about, NOW, {}, 1)
    return Letter(id_, Username("ana"), Category.REQUESTS, LetterState.WAITING, id_, NOW, NOW, NOW, notices=(notice,))


def settings(port: int, security: Security = Security.NONE, **more: str) -> MailSettings:
    given = {"host": "127.0.0.1", "port": port, "security": security, "sender": "safe@example.org", "address": PAGES}
    return MailSettings.model_validate({**given, **more})


def test_letter_arrives_whole(tmp_path: Path) -> None:
    with sink(tmp_path / "mail") as server:
        outcome = SmtpPost(settings(server.port)).send(letter(), "ana@example.org")
        assert outcome.fate is Fate.SENT
        (mail,) = server.mail()
        (envelope,) = server.behaviour.envelopes
    assert (envelope.sender, envelope.to) == ("safe@example.org", ("ana@example.org",))
    assert mail["Subject"] == "Request request-aaa in project mobility was returned"
    assert mail["To"] == "ana@example.org"
    assert mail["From"] == "Saferoom <safe@example.org>"
    assert mail["Message-ID"] == "<letter-abc@example.org>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content_type() == "text/plain"
    text = text_of(mail)
    assert f"{PAGES}/requests/request-aaa\n" in text
    assert "Sign in to read why." in text
    assert f"{PAGES}/notices/choose" in text


def test_letter_written_twice_is_the_same() -> None:
    first = write(letter(), "ana@example.org", settings(25)).as_bytes()
    assert write(letter(), "ana@example.org", settings(25)).as_bytes() == first
    assert read(first)["Date"] == "Mon, 02 Mar 2026 09:00:00 +0000"


@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
def test_letter_goes_over_tls_with_a_password(tmp_path: Path, security: Security) -> None:
    own = certificate(tmp_path)
    tls, ca_file = own.served, own.public
    behaviour = Behaviour(tls=tls, implicit=security is Security.TLS, asks_password=True)
    with sink(tmp_path / "mail", behaviour) as server:
        there = settings(server.port, security, username=USER, password_file="unused")
        assert SmtpPost(there, PASSWORD, str(ca_file)).send(letter(), "ana@example.org").fate is Fate.SENT
        assert len(server.mail()) == 1
        refused = SmtpPost(there, "wrong", str(ca_file)).send(letter(), "ana@example.org")
        # Nobody's certificate but one that is trusted will do.
        stranger = SmtpPost(there, PASSWORD).send(letter(), "ana@example.org")
        assert len(server.mail()) == 1
    assert behaviour.plain_passwords == 0
    assert refused.fate is Fate.UNREACHABLE
    assert "refuses the user name or password (535)" in refused.reason
    assert "script" not in refused.reason
    assert stranger.fate is Fate.UNREACHABLE
    assert "its certificate is not trusted" in stranger.reason


def test_server_whose_certificate_ended_gets_nothing_and_one_with_a_new_one_does(tmp_path: Path) -> None:
    for ends, fate in ((EXPIRED, Fate.UNREACHABLE), (SOON, Fate.SENT)):
        own = certificate(tmp_path, ends)
        with sink(tmp_path / "mail", Behaviour(tls=own.served, implicit=True)) as server:
            outcome = SmtpPost(settings(server.port, Security.TLS), "", str(own.public)).send(
                letter(), "ana@example.org"
            )
            assert (outcome.fate, len(server.mail())) == (fate, int(fate is Fate.SENT)), outcome


def test_server_without_starttls_gets_neither_letter_nor_password(tmp_path: Path) -> None:
    tls, ca_file = (own := certificate(tmp_path)).served, own.public
    behaviour = Behaviour(tls=tls, offers_starttls=False, asks_password=True)
    with sink(tmp_path / "mail", behaviour) as server:
        there = settings(server.port, Security.STARTTLS, username=USER, password_file="unused")
        outcome = SmtpPost(there, PASSWORD, str(ca_file)).send(letter(), "ana@example.org")
    assert outcome.fate is Fate.UNREACHABLE
    assert behaviour.envelopes == []
    assert behaviour.plain_passwords == 0
    assert "mail" not in behaviour.seen


ANSWERS = (
    ({"rcpt": (550, "no <b>such</b> user ana@example.org")}, Fate.REFUSED, "refuses the address for good (550)"),
    ({"rcpt": (450, "grey")}, Fate.LATER, "does not take the address now (450)"),
    ({"taken": (554, "spam")}, Fate.REFUSED, "refuses the letter for good (554)"),
    ({"taken": (451, "busy")}, Fate.LATER, "does not take the letter now (451)"),
    ({"data": (452, "full")}, Fate.LATER, "does not take the letter now (452)"),
    ({"mail": (550, "who?")}, Fate.LATER, "refuses letters from this sender (550)"),
    ({"ehlo": (421, "closing")}, Fate.UNREACHABLE, ""),
)


@pytest.mark.parametrize(("answers", "fate", "reason"), ANSWERS)
def test_answer_of_the_server_decides_and_its_words_are_not_kept(
    tmp_path: Path, answers: dict[str, tuple[int, str]], fate: Fate, reason: str
) -> None:
    with sink(tmp_path / "mail", Behaviour(answers=answers)) as server:
        outcome = SmtpPost(settings(server.port)).send(letter(), "ana@example.org")
    assert outcome.fate is fate
    assert reason in outcome.reason
    for code, said in answers.values():
        assert said not in outcome.reason, code


@pytest.mark.parametrize(("place", "fate"), [("mail", Fate.LATER), ("data", Fate.LATER), ("ehlo", Fate.UNREACHABLE)])
def test_server_that_hangs_up_is_tried_again(tmp_path: Path, place: str, fate: Fate) -> None:
    with sink(tmp_path / "mail", Behaviour(hangs_up=place)) as server:
        assert SmtpPost(settings(server.port)).send(letter(), "ana@example.org").fate is fate
        assert server.mail() == []


def test_server_that_is_not_there_or_says_nothing_is_unreachable(tmp_path: Path) -> None:
    with sink(tmp_path / "mail") as server:
        gone = server.port
    outcome = SmtpPost(settings(gone)).send(letter(), "ana@example.org")
    assert outcome.fate is Fate.UNREACHABLE
    assert "cannot be reached (ConnectionRefusedError)" in outcome.reason
    with socket.create_server(("127.0.0.1", 0)) as silent:
        slow = SmtpPost(settings(silent.getsockname()[1]), patience_seconds=0.2)
        assert slow.send(letter(), "ana@example.org").fate is Fate.UNREACHABLE
