"""``saferoom admin`` for people: one command for each deed, with --json, and mistakes named by their option."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from tests.support.api_client import given_token

from saferoom.hub.cli.main import main
from saferoom.hub.home import Home
from saferoom.hub.wiring import Instance
from saferoom.ids import Username
from saferoom.projects.people.emergencies import ReviewForm
from saferoom.projects.people.permissions import Actor

ROSA = ("rosa", "--name", "Rosa Lindqvist", "--role", "researcher", "--email", "rosa@example.org")
PROOF = ("--body", "The Authority", "--granted", "2026-01-01", "--expires", "2035-12-31", "--evidence", "Letter 12")
REASON = "Both checkers are ill and the answer is due tonight."


@dataclass
class Terminal:
    """Runs ``saferoom admin`` in one home."""

    home: Path
    capture: pytest.CaptureFixture[str]
    patch: pytest.MonkeyPatch

    def __call__(self, *words: str) -> tuple[int, str, str]:
        self.patch.setattr(sys, "stdin", StringIO(""))
        status = 0
        try:
            main(("admin", *words))
        except SystemExit as leaving:
            status = int(leaving.code or 0)
        out, err = self.capture.readouterr()
        return status, out, err

    def done(self, *words: str) -> str:
        status, out, err = self(*words)
        assert (status, err) == (0, "")
        return out

    def json(self, *words: str) -> Any:
        return json.loads(self.done(*words, "--json"))


@pytest.fixture
def admin(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("SAFEROOM_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SAFEROOM_DATABASE_URL", raising=False)
    monkeypatch.setenv("COLUMNS", "160")
    return Terminal(tmp_path / "home", capsys, monkeypatch)


def test_person_is_registered_accredited_trained_and_shown(admin: Terminal) -> None:
    assert "rosa is registered" in admin.done("add-person", *ROSA)
    assert "is accredited until 2035-12-31" in admin.done("accredit", "rosa", *PROOF)
    assert admin.json("person", "rosa")["sign_in"] == "training-missing"
    assert "counts until 2035-12-31" in admin.done("train", "rosa", "--course", "safe-researcher", *PROOF)
    out = admin.done("person", "rosa")
    assert "Rosa Lindqvist (rosa), researcher" in out
    assert "May sign in: yes" in out
    assert "The Authority" in out
    shown = admin.json("person", "rosa")
    assert {record["type"] for record in shown["records"]} == {"full", "safe-researcher"}
    assert shown["person"]["email"] == "rosa@example.org"


def test_every_deed_answers_with_one_json_document(admin: Terminal) -> None:
    assert admin.json("add-person", *ROSA)["version"] == 1
    record = admin.json("accredit", "rosa", *PROOF, "--level", "provisional")
    assert record["expires"] == "2035-12-31"
    assert admin.json("train", "rosa", "--course", "safe-researcher", *PROOF)["kind"] == "training"
    assert admin.json("edit-person", "rosa", "--name", "Rosa L.", "--email", "")["person"]["email"] is None
    ended = admin.json("end-record", record["id"], "--ending", "mistake", "--reason", "It was another Rosa.")
    assert (ended["ending"], ended["end_reason"]) == ("mistake", "It was another Rosa.")
    assert admin.json("close", "rosa", "--reason", "Left for good.")["person"]["active"] is False
    assert admin.json("reopen", "rosa", "--reason", "Came back.")["person"]["active"] is True
    assert admin.json("reminders") == {"messages": []}


def test_api_tokens_are_listed_and_ended(admin: Terminal) -> None:
    admin.done("add-person", *ROSA)
    assert admin.done("tokens", "rosa") == "rosa has no API token.\n"
    instance = Instance.open(Home(admin.home))
    tokens = [given_token(instance, "rosa")[0].id for _ in range(2)]
    instance.close()
    listed = admin.json("tokens", "rosa")
    assert (listed["total"], {one["id"] for one in listed["tokens"]}) == (2, set(tokens))
    assert {one["ending"] for one in listed["tokens"]} == {None}
    assert "never" in admin.done("tokens", "rosa")
    assert set(admin.json("end-tokens", "rosa")["ended"]) == set(tokens)
    assert "ended" in admin.done("tokens", "rosa")
    assert "no API token that holds" in admin.done("end-tokens", "rosa")
    assert admin("tokens", "nobody")[0] != 0
    assert admin("end-tokens", "nobody")[0] != 0
    assert admin("end-tokens", "No Name")[0] == 2


def test_deeds_say_what_they_did(admin: Terminal) -> None:
    admin.done("add-person", *ROSA)
    assert "rosa is changed" in admin.done("edit-person", "rosa", "--role", "researcher", "--role", "output-checker")
    assert "output-checker, researcher" in admin.done("people")
    record = admin.json("accredit", "rosa", *PROOF)["id"]
    assert "The record has ended" in admin.done("end-record", record, "--reason", "Taken back by the Authority.")
    assert "is closed" in admin.done("close", "rosa", "--reason", "Left for good.")
    assert "inactive" in admin.done("people", "--only", "closed")
    assert "is open again" in admin.done("reopen", "rosa", "--reason", "Came back.")
    happened = admin.done("person-history", "rosa")
    assert "opened again" in happened
    assert "reason: Left for good." in happened
    events = admin.json("person-history", "rosa")
    assert (events["total"], events["events"][-1]["action"]) == (6, "person.added")
    assert admin.done("person-history", "rosa", "--page", "2") == "Nothing has happened.\n"
    assert "Nobody has to be reminded" in admin.done("reminders")


def test_mistakes_are_named_by_their_option_and_change_nothing(admin: Terminal) -> None:
    admin.done("add-person", *ROSA)
    for words, said in (
        (("add-person", "Eve E", "--name", "Eve", "--role", "researcher"), "--username: This must be 1 to 30"),
        (("add-person", "eve", "--name", "Eve"), "--roles: Choose at least 1"),
        (("add-person", "eve", "--name", "Eve", "--role", "emperor"), "--roles: "),
        (("accredit", "rosa", *PROOF[:6]), "--evidence: Fill this in."),
        (("accredit", "rosa", *PROOF[2:]), "--body: Fill this in."),
        (("accredit", "rosa", *PROOF, "--expires", "2025-01-01"), "--expires: The last day is before"),
        (("train", "rosa", *PROOF), "--course: Fill this in."),
        (("close", "rosa"), "--reason: Fill this in."),
        (("name-deputy", "rosa", "--until", "soon"), "--until: Write the date"),
        (("people", "--only", "gone"), "--only must be one of lapsed, soon, closed"),
        (("people", "--role", "emperor"), "--role must be one of"),
        (("break-glass", "open", "rosa", "--hours", "9", "--power", "output-checker"), "--hours: This must be"),
    ):
        status, out, err = admin(*words)
        assert (status, out) == (2, ""), words
        assert said in err, words
    assert [one["username"] for one in admin.json("people")["people"]] == ["rosa"]
    assert admin.json("person", "rosa")["records"] == []


def test_deeds_that_cannot_be_done_say_why(admin: Terminal) -> None:
    admin.done("add-person", *ROSA)
    for words, said in (
        (("person", "nobody"), "Nobody of that name is registered"),
        (("end-record", "record-x", "--reason", "Because."), "There is no such record"),
        (("reopen", "rosa", "--reason", "Came back."), "is open already"),
        (("end-deputy", "rosa"), "is no deputy"),
        (("break-glass", "end", "emergency-x"), "no such break-glass act"),
        (("break-glass", "show", "emergency-x"), "no such break-glass act"),
        (("person-history", "nobody"), "Nobody of that name is registered"),
    ):
        status, _, err = admin(*words)
        assert status == 1, words
        assert said in err, words


def test_people_are_searched_and_paged(admin: Terminal) -> None:
    admin.done("add-person", *ROSA)
    admin.done("add-person", "olga", "--name", "Olga Brandt", "--role", "data-owner")
    assert "olga" not in admin.done("people", "--search", "lindq")
    assert admin.done("people", "--search", "zzz") == "Nobody registered matches.\n"
    assert "rosa" not in admin.done("people", "--role", "data-owner")
    assert [one["username"] for one in admin.json("people", "--only", "lapsed")["people"]] == ["rosa"]
    assert admin.json("people", "--page", "2") == {"people": []}
    many = admin.home.parent / "many.yaml"
    one = "{{kind: person, username: p{}, display_name: P, roles: [data-owner]}}"
    many.write_text("\n---\n".join(one.format(number) for number in range(50)))
    admin.done("apply", str(many), "--yes")
    assert len(admin.json("people")["people"]) == 52
    assert "Page 2 of 2, 52 people." in admin.done("people", "--page", "2")


def test_glass_is_broken_ended_and_reviewed_by_somebody_else(admin: Terminal) -> None:
    admin.done("add-person", *ROSA)
    admin.done("add-person", "ada", "--name", "Ada", "--role", "administrator")
    admin.done("accredit", "rosa", *PROOF)
    for course in ("safe-researcher", "output-checker"):
        admin.done("train", "rosa", "--course", course, *PROOF)
    assert "Nobody has broken the glass." in admin.done("break-glass", "list")
    opening = ("break-glass", "open", "rosa", "--power", "output-checker", "--hours", "2", "--reason", REASON)
    assert "has the power 'output-checker' until" in admin.done(*opening)
    (one,) = admin.json("break-glass", "list")["emergencies"]
    assert one["state"] == "open"
    # The act is told by its own notices, not by a reminder.
    assert "Nobody has to be reminded" in admin.done("reminders")
    assert "The power of rosa has ended" in admin.done("break-glass", "end", one["id"])
    words = ("break-glass", "review", one["id"], "--judgement", "justified", "--findings", "All was checked in time.")
    status, _, err = admin(*words)
    assert status == 1
    assert "second administrator" in err
    instance = Instance.open(Home(admin.home))
    form = ReviewForm.model_validate({"judgement": "justified", "findings": words[-1]}, strict=False)
    instance.people.review_emergency(Actor.person(Username("ada")), one["id"], form)
    instance.close()
    assert "reviewed" in admin.done("break-glass", "list")
    shown = admin.done("break-glass", "show", one["id"])
    for part in ("output-checker for rosa, reviewed", REASON, "Ended by admin:", "Reviewed by ada on", words[-1]):
        assert part in shown
    assert admin.json("break-glass", "show", one["id"])["reviewed_by"] == "ada"
    again = admin.json(*opening)
    assert again["power"] == "output-checker"
    assert admin.json("break-glass", "end", again["id"])["state"] == "ended"
    admin.patch.setattr("saferoom.hub.cli.instance.system_user", lambda: "somebody-else")
    assert "The review is recorded: justified." in admin.done("break-glass", "review", again["id"], *words[3:])
    third = admin.json(*opening)
    admin.done("break-glass", "end", third["id"])
    admin.patch.setattr("saferoom.hub.cli.instance.system_user", lambda: "a-third")
    assert admin.json("break-glass", "review", third["id"], *words[3:])["justified"] is True


def test_review_as_json_and_deputies_are_listed(admin: Terminal) -> None:
    admin.done("add-person", "olga", "--name", "Olga Brandt", "--role", "data-owner")
    until = "2999-01-01"
    assert admin("name-deputy", "olga", "--until", until)[0] == 2
    instance = Instance.open(Home(admin.home))
    day = str(instance.clock.now().date())
    instance.close()
    assert f"olga is a deputy for emergencies until {day}" in admin.done("name-deputy", "olga", "--until", day)
    assert f"Deputy: olga until {day}" in admin.done("break-glass", "list")
    assert admin.json("break-glass", "list")["deputies"][0]["username"] == "olga"
    assert admin.json("end-deputy", "olga") == {"username": "olga", "deputy": False}
