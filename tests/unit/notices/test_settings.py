"""How e-mail is set up: what is wrong is said with its line, and a password is nowhere but in its own file."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from saferoom.errors import BadInputError
from saferoom.hub.home import Home
from saferoom.hub.notices.post import SmtpPost
from saferoom.hub.notices.settings import MailSettings, Security, password_of, settings_of

GOOD = """\
host: smtp.example.org
username: saferoom
password_file: keys/smtp.password
sender: saferoom@example.org
address: https://safe.example.org/services/airlock
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.prepare()
    return made


def put(home: Home, text: str, inside: str | None = "secret\n", mode: int = 0o600) -> None:
    home.mail_settings.write_text(text, encoding="utf-8")
    if inside is not None:
        path = home.keys / "smtp.password"
        path.write_text(inside, encoding="utf-8")
        path.chmod(mode)


def test_settings_that_are_right_are_read(home: Home) -> None:
    assert settings_of(home) is None
    assert SmtpPost.of(home) is None
    put(home, GOOD + 'digest_at: "06:30"\nca_file: keys/ca.pem\n')
    found = settings_of(home)
    assert found is not None
    assert (found.at_port, found.security, found.digest_at) == (587, Security.STARTTLS, time(6, 30))
    assert found.pages == "https://safe.example.org/services/airlock/"
    post = SmtpPost.of(home)
    assert post is not None
    assert (post.password, post.ca_file) == ("secret", str(home.root / "keys/ca.pem"))
    assert "secret" not in repr(post)


def test_ports_follow_the_protection(home: Home) -> None:
    put(home, GOOD + "security: tls\n")
    found = settings_of(home)
    assert found is not None
    assert found.at_port == 465
    put(home, GOOD + "port: 2525\n")
    found = settings_of(home)
    assert found is not None
    assert found.at_port == 2525


WRONG = (
    ("host: smtp.example.org\n", "sender"),
    (GOOD + "sendr: x\n", "sendr"),
    (GOOD + "host: other\n", "stands twice"),
    (GOOD.replace("smtp.example.org", "smtp example org"), "a host's name such as"),
    (GOOD.replace("saferoom@example.org", "'saferoom@example.org, all@example.org'"), "an e-mail address"),
    (GOOD + "port: 70000\n", "port"),
    (GOOD + "security: ssl\n", "security"),
    (GOOD + "security: none\n", "on this machine"),
    (GOOD.replace("username: saferoom\n", ""), "needs a `password_file`"),
    (GOOD.replace("https://safe", "javascript://safe"), "the pages' address"),
    (GOOD.replace("airlock", "airlock?next=x y"), "the pages' address"),
    (GOOD + 'sender_name: "A\\r\\nBcc: x"\n', "letters, digits, spaces"),
    (GOOD + "digest_at: soon\n", "digest_at"),
    ("not yaml: [", "mail.yaml"),
    ("", "mail.yaml"),
)


@pytest.mark.parametrize(("text", "said"), WRONG)
def test_settings_that_are_wrong_are_refused_with_what_is_wrong(home: Home, text: str, said: str) -> None:
    put(home, text)
    with pytest.raises(BadInputError, match=r"mail\.yaml") as caught:
        settings_of(home)
    assert said in caught.value.message


def test_password_over_an_open_line_is_refused() -> None:
    with pytest.raises(ValueError, match="over starttls or tls only"):
        MailSettings(
            host="localhost",
            security=Security.NONE,
            username="x",
            password_file="y",
            sender="a@example.org",
            address="http://localhost/",
        )


@pytest.mark.parametrize(
    ("password", "mode", "said"),
    [
        (None, 0o600, "cannot be read"),
        ("", 0o600, "has to hold the password in one line"),
        ("one\ntwo\n", 0o600, "has to hold the password in one line"),
        ("x" * 2000, 0o600, "has to hold the password in one line"),
        ("secret", 0o640, "others may read"),
        ("secret", 0o604, "others may read"),
    ],
)
def test_password_file_that_is_no_secret_is_refused(home: Home, password: str | None, mode: int, said: str) -> None:
    put(home, GOOD, password, mode)
    found = settings_of(home)
    assert found is not None
    with pytest.raises(BadInputError, match="password file") as caught:
        password_of(home, found)
    assert said in caught.value.message
    assert "secret" not in caught.value.message


def test_settings_that_are_no_text_are_refused(home: Home) -> None:
    home.mail_settings.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInputError, match="cannot be read as text"):
        settings_of(home)
    home.mail_settings.unlink()
    home.mail_settings.mkdir()
    with pytest.raises(BadInputError, match="cannot be read as text"):
        settings_of(home)
