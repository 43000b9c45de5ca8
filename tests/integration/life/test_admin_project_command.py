"""``saferoom admin project``: a whole life at a terminal, and the chores that go on by themselves."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from tests.support.opened import sealed

from saferoom.clock import FrozenClock
from saferoom.hub.cli.admin_deeds import read_model
from saferoom.hub.cli.main import main
from saferoom.hub.extract_wiring import provision
from saferoom.hub.home import Home
from saferoom.hub.housekeeping import Housekeeping
from saferoom.hub.wiring import Instance
from saferoom.ids import DatasetName, ProjectSlug, Username
from saferoom.projects.approvals.model import Terms
from saferoom.projects.life.model import Proposal
from saferoom.projects.life.parts import Actor

MOB, HTV = ProjectSlug("mob"), DatasetName("htv")
ROSA, OLGA = Actor.person(Username("rosa")), Actor.person(Username("olga"))

TODAY = datetime.now(UTC).date()
ENDS = TODAY + timedelta(days=90)
DATA = f"""\
kind: platform
retention_days: 0
---
kind: person
username: rosa
display_name: Rosa
roles: [researcher]
accreditation_expires: {ENDS}
training_expires: {ENDS}
---
kind: person
username: olga
display_name: Olga
roles: [data-owner]
---
kind: dataset
name: htv
title: Wages
owner: olga
source: htv.csv
units: [person_id]
variables:
  - {{name: person_id, type: integer, role: id}}
  - {{name: sex, type: text, role: quasi, codelist: [F, M]}}
  - {{name: wage, type: number, role: sensitive}}
"""
PROPOSAL = f"""\
slug: mob
title: Mobility
question: Who moves?
benefit: Better schools.
gateway: The Act
assessment: DPIA 1
members: [rosa]
ends: {ENDS}
datasets:
  - dataset: htv
    variables: [wage, sex]
"""
TERMS = f"""\
until: {ENDS}
variables: [wage]
rows: sex = 'F'
budget: {{epsilon: 1.5, delta: 0.000001}}
"""

Run = Callable[..., Any]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SAFEROOM_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SAFEROOM_DATABASE_URL", raising=False)
    for name, text in {"data": DATA, "proposal": PROPOSAL, "terms": TERMS}.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    return tmp_path


@pytest.fixture
def run(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    def command(*words: str, status: int = 0) -> Any:
        monkeypatch.setattr(sys, "stdin", StringIO(""))
        left, _ = 0, capsys.readouterr()
        try:
            main(words)
        except SystemExit as leaving:
            left = int(leaving.code or 0)
        out, err = capsys.readouterr()
        assert left == status, (out, err)
        return json.loads(out) if "--json" in words else out + err

    command("admin", "apply", str(folder / "data.yaml"), "--yes")
    return command


def _decided(folder: Path) -> None:
    """Let Rosa propose the project and Olga approve its data, as they do on their pages."""
    instance = _later(folder, timedelta(0))
    instance.lives.propose(ROSA, read_model(folder / "proposal.yaml", Proposal))
    instance.lives.submit(ROSA, MOB)
    instance.lives.approve(OLGA, MOB, HTV, read_model(folder / "terms.yaml", Terms))
    instance.close()


def _running(run: Run, folder: Path) -> None:
    _decided(folder)
    assert run("admin", "project", "confirm", "mob", "--json")["state"] == "active"


def _later(folder: Path, by: timedelta) -> Instance:
    return Instance.open(Home(folder / "home"), FrozenClock(datetime.now(UTC) + by))


def test_life_from_proposal_to_certificate_at_a_terminal(run: Run, folder: Path) -> None:
    _running(run, folder)
    shown = run("admin", "project", "show", "mob", "--json")
    assert shown["rulings"][0]["terms"]["budget"] == {"epsilon": "1.5", "delta": "0.000001"}
    told = run("admin", "project", "show", "mob")
    assert told.startswith("mob: active\n")
    assert shown["proposal"]["title"] in told
    assert f"people: {', '.join(sorted(shown['proposal']['members']))}; ends {shown['proposal']['ends']}" in told
    approval = shown["approvals"][0]
    assert f"{approval['dataset']}, until {approval['until']}: " in told
    assert [line["slug"] for line in run("admin", "project", "list", "--json")["projects"]] == ["mob"]
    assert "mobility" in run("admin", "project", "list", "--search", "MOBILITY").lower()
    home = Home(folder / "home")
    (home.workspaces / "mob").mkdir()
    (home.workspaces / "mob" / "notes.md").write_text("notes")
    run("admin", "project", "close", "mob", "--reason", "done")
    assert "rooms of this project" in run("admin", "project", "seal", "mob", status=1)
    instance = _later(folder, timedelta(minutes=2))
    Housekeeping(instance).once()
    instance.close()
    out = folder / "mob.tar"
    said = run("admin", "project", "archive", "mob", "--out", str(out), "--reason", "court order", "--json")
    assert (out.stat().st_mode & 0o777, said["bytes"]) == (0o600, out.stat().st_size)
    assert "File exists" in run("admin", "project", "archive", "mob", "--out", str(out), "--reason", "again", status=2)
    assert list(folder.glob("tmp*")) == []
    assert "kept until" in run("admin", "project", "delete", "mob", "--yes", status=1)
    assert "nobody is there to agree" in run("admin", "project", "delete", "mob", status=2)
    assert "no certificate" in run("admin", "project", "certificate", "mob", status=1)
    instance = _later(folder, timedelta(days=2))
    instance.lives.delete(Actor.console("admin:root"), shown["slug"])
    instance.close()
    certificate = folder / "certificate.json"
    run("admin", "project", "certificate", "mob", "--out", str(certificate))
    assert "Valid certificate" in run("verify", str(certificate))
    assert run("verify", str(certificate), "--json")["certificate"]["project"] == "mob"
    certificate.write_text(certificate.read_text().replace('"payload": "ey', '"payload": "eY'))
    assert "saferoom:" in run("verify", str(certificate), status=1)


def test_approval_is_ended_and_the_extract_is_gone_when_the_command_returns(run: Run, folder: Path) -> None:
    _running(run, folder)
    home = Home(folder / "home")
    (home.sources / "htv.csv").write_text("person_id,sex,wage\n1,F,10\n2,M,11\n3,F,12\n")
    run("admin", "extract", "mob")
    assert sealed(home, "mob", "htv").exists()
    ended = run("admin", "project", "end", "mob", "htv", "--reason", "The contract is over.", "--json")
    assert ended["approvals"][0]["ended_at"]
    assert not sealed(home, "mob", "htv").exists()


@pytest.mark.parametrize(("deed", "state"), [("give-back", "returned"), ("decline", "declined")])
def test_decided_proposal_is_given_back_or_declined(run: Run, folder: Path, deed: str, state: str) -> None:
    _decided(folder)
    assert run("admin", "project", deed, "mob", "--reason", "Not these people.", "--json")["state"] == state


def test_people_of_amendments_are_confirmed_refused_or_taken_back(run: Run, folder: Path) -> None:
    _running(run, folder)
    (folder / "change.yaml").write_text("add: [rolf]\n")
    person = f"""kind: person
username: rolf
display_name: Rolf
roles: [researcher]
accreditation_expires: {ENDS}
training_expires: {ENDS}
"""
    (folder / "rolf.yaml").write_text(person)
    run("admin", "apply", str(folder / "rolf.yaml"), "--yes")

    def asked(number: int, *, agreed: bool = True) -> None:
        run("admin", "project", "amend", "mob", str(folder / "change.yaml"), "--why", "We need Rolf.")
        if agreed:
            instance = _later(folder, timedelta(0))
            instance.lives.approve_amendment(OLGA, MOB, number, HTV)
            instance.close()

    asked(1, agreed=False)
    run("admin", "project", "withdraw-amendment", "mob", "1")
    asked(2)
    run("admin", "project", "refuse", "mob", "2", "--reason", "Not Rolf.")
    asked(3)
    after = run("admin", "project", "confirm-amendment", "mob", "3", "--json")
    assert [one["state"] for one in after["amendments"]] == ["withdrawn", "declined", "applied"]
    assert after["proposal"]["members"] == ["rolf", "rosa"]
    assert run("admin", "project", "hand-over", "mob", "rolf", "--json")["lead"] == "rolf"


def test_hold_of_the_administrators_is_placed_and_lifted(run: Run, folder: Path) -> None:
    _running(run, folder)
    held = run("admin", "project", "pause", "mob", "--reason", "Incident 12.", "--json")
    assert (held["state"], held["holds"][0]["side"]) == ("paused", "administrators")
    assert "waits for administrators: resume the project" in run("admin", "project", "show", "mob")
    assert run("admin", "project", "resume", "mob", "--json")["state"] == "active"
    assert "project.paused" in run("admin", "project", "history", "mob")


def test_deeds_of_researchers_and_data_owners_have_no_command(run: Run) -> None:
    for deed in ("propose", "edit", "submit", "withdraw", "approve", "agree", "revise", "confirm-refresh"):
        assert "No such command" in run("admin", "project", deed, "mob", status=2)
    for words in (("pause", "mob", "--reason", "x"), ("close", "mob", "--reason", "x"), ("show", "mob")):
        assert "No such option" in run("admin", "project", *words, "--as", "rosa", status=2)


def test_chore_withdraws_what_pages_ended(run: Run, folder: Path) -> None:
    _running(run, folder)
    home = Home(folder / "home")
    (home.sources / "htv.csv").write_text("person_id,sex,wage\n1,F,10\n2,F,11\n")
    instance = _later(folder, timedelta(0))
    provision(home, instance.registry, MOB)
    chores = Housekeeping(instance)
    chores.once()
    assert sealed(home, "mob", "htv").exists()
    instance.lives.end_approval(Actor.console("admin:root"), MOB, HTV, "over")
    chores.once()
    assert not sealed(home, "mob", "htv").exists()
    instance.close()


BAD_WORDS = (
    (("show", "nothing"), 1, "there is no such project"),
    (("show", "Not A Slug"), 2, "lower-case letters"),
    (("list", "--state", "asleep"), 2, "there is no state asleep"),
    (("confirm", "mob"), 1, "there is no such project"),
    (("decline", "mob", "--reason", "x"), 1, "there is no such project"),
)


def test_bad_words_get_a_clear_sentence(run: Run) -> None:
    for words, status, said in BAD_WORDS:
        assert said in run("admin", "project", *words, status=status), words


def test_file_that_is_no_change_is_refused_with_its_line(run: Run, folder: Path) -> None:
    _running(run, folder)
    (folder / "change.yaml").write_text("drop: [htv]\nshoe_size: 3\n")
    said = run("admin", "project", "amend", "mob", str(folder / "change.yaml"), status=2)
    assert "line 2: unknown key 'shoe_size'" in said
