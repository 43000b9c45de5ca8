"""The demonstration's mail server: on this machine, one file a letter, somebody's own settings left alone."""

from __future__ import annotations

import errno
import smtplib
import socket
import stat
from contextlib import suppress
from pathlib import Path

import pytest

from saferoom.hub.demo.mailbox import ADDRESS, Mailbox, listening, mailbox
from saferoom.hub.home import Home
from saferoom.hub.notices.settings import settings_of

PAGES = "http://127.0.0.1:8000/services/airlock/"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.prepare()
    return made


def test_settings_lead_to_the_mailbox_while_it_listens(home: Home, tmp_path: Path) -> None:
    with mailbox(home, tmp_path / "mail", PAGES) as kept:
        found = settings_of(home)
        assert found is not None
        assert (found.host, found.port, found.pages) == (ADDRESS, kept.box.port, PAGES)
        assert stat.S_IMODE(kept.folder.stat().st_mode) == 0o700
    assert not home.mail_settings.exists()
    with mailbox(home, tmp_path / "mail", PAGES):
        home.mail_settings.write_text(home.mail_settings.read_text())  # as a killed demonstration leaves it
    with mailbox(home, tmp_path / "mail", PAGES) as again:
        found = settings_of(home)
        assert found is not None
        assert found.port == again.box.port


def test_own_settings_are_left_alone(home: Home, tmp_path: Path) -> None:
    home.mail_settings.write_text("host: smtp.example.org\n")
    with mailbox(home, tmp_path / "mail", PAGES):
        assert home.mail_settings.read_text() == "host: smtp.example.org\n"
    assert home.mail_settings.read_text() == "host: smtp.example.org\n"


def test_each_letter_is_a_file_of_its_own(tmp_path: Path) -> None:
    with listening(Mailbox(tmp_path / "mail")) as box, smtplib.SMTP(ADDRESS, box.port, "here", timeout=5) as client:
        for text in ("one", ".\r\n..two", "three"):
            client.sendmail("a@example.org", ["b@example.org"], f"Subject: x\r\n\r\n{text}\r\n")
        assert client.noop()[0] == 250
        assert client.rset()[0] == 250
        assert client.docmd("EXPN", "all")[0] == 502
        assert client.docmd("DATA")[0] == 503
    assert [data.partition(b"\r\n\r\n")[2] for data in box.letters()] == [b"one\r\n", b".\r\n..two\r\n", b"three\r\n"]
    files = sorted(box.folder.iterdir())
    assert [file.name for file in files] == ["00001.eml", "00002.eml", "00003.eml"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


@pytest.mark.parametrize(
    "sent", [b"EHLO x\r\n" + b"x" * 9000, b"EHLO x", b"MAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\nhalf"]
)
def test_client_that_breaks_off_leaves_no_letter(tmp_path: Path, sent: bytes) -> None:
    with listening(Mailbox(tmp_path / "mail")) as box:
        broken = suppress(ConnectionResetError, BrokenPipeError)
        with socket.create_connection((ADDRESS, box.port), timeout=5) as client, broken:
            client.sendall(sent)
            try:
                client.shutdown(socket.SHUT_WR)
            except OSError as error:  # the other end may have gone already
                if error.errno not in (errno.ENOTCONN, errno.ECONNRESET, errno.EPIPE):
                    raise
            while client.recv(4096):
                pass
        assert box.letters() == []
        assert list(box.folder.iterdir()) == []
