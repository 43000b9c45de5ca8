"""``saferoom admin notices``, as an operator types it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.airlock_world import World
from tests.support.smtp_sink import Behaviour, sink, text_of

from saferoom.hub.cli.main import main
from saferoom.hub.store import tables
from saferoom.hub.store.notices_tables import LetterRow
from saferoom.ids import Username

Terminal = Callable[..., tuple[int, str, str]]


@pytest.fixture
def admin(place: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    """Run a command and return its status, output and errors."""
    monkeypatch.setenv("SAFEROOM_HOME", str(place.home.root))

    def run(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["admin", "notices", *words])
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


def test_queue_is_listed_and_repeated(place: World, admin: Terminal) -> None:
    request = place.request(title="ZQtitleZQ")
    place.instance.airlock.return_to_author(Username("ben"), request.id, "ZQcommentZQ")
    place.change(tables.PersonRow, "ana", email="ana@example.org")
    status, out, _ = admin("letters", "--json")
    found = json.loads(out)
    assert (status, found["total"], found["counts"]["waiting"]) == (0, 3, 3)
    assert {one["to"] for one in found["letters"]} == {"ana", "ben", "cleo"}
    assert "ZQ" not in out  # ids have small letters only
    assert request.id not in out
    (mine,) = [one["id"] for one in found["letters"] if one["to"] == "ana"]
    place.change(LetterRow, mine, state="given-up", reason="the mail server refuses the address for good (550)")
    status, out, _ = admin("letters", "--state", "given-up")
    assert status == 0
    assert "refuses the address" in " ".join(out.split())
    assert admin("retry", mine) == (0, "1 waiting again; a running airlock sends within a minute.\n", "")
    status, out, err = admin("retry", mine)
    assert (status, out) == (1, "")
    assert "this letter is waiting" in err
    assert "there is no such letter" in admin("retry", "letter-none", "--json")[2]
    assert "choose one of waiting, sent, dropped, given-up" in admin("letters", "--state", "lost")[2]


def test_way_is_tried_with_a_letter_that_tells_nothing(place: World, admin: Terminal, tmp_path: Path) -> None:
    status, _, err = admin("test", "rosa@example.org")
    assert status == 2
    assert "e-mail is not set up" in err
    behaviour = Behaviour()
    with sink(tmp_path / "mail", behaviour) as server:
        place.home.mail_settings.write_text(
            f"host: 127.0.0.1\nport: {server.port}\nsecurity: none\nsender: safe@example.org\naddress: http://localhost/\n"
        )
        status, out, err = admin("test", "rosa@example.org", "--json")
        assert (status, json.loads(out)) == (0, {"sent": "rosa@example.org"}), err
        (mail,) = server.mail()
        assert "It does." in text_of(mail)
        assert admin("test", "rosa@example.org\r\nBcc: all@example.org")[0] == 2
        behaviour.answers["rcpt"] = (550, "nobody")
        status, out, err = admin("test", "rosa@example.org")
        assert (status, out) == (1, "")
        assert "refuses the address for good (550)" in err
        assert len(server.mail()) == 1
    status, _, err = admin("test", "rosa@example.org")
    assert status == 1
    assert "cannot be reached" in err
    place.home.mail_settings.write_text("host: x\n")
    assert admin("test", "rosa@example.org")[0] == 2
