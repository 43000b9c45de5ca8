"""``saferoom admin`` and ``saferoom policy`` as somebody at a terminal meets them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pyotp
import pytest
from sqlalchemy import select
from tests.support.opened import sealed

from saferoom.hub.cli.main import main
from saferoom.hub.home import Home
from saferoom.hub.store.audit_log import AuditLinkRow, verify_audit_log
from saferoom.hub.wiring import Instance

PEOPLE = """\
kind: person
username: rosa
display_name: Rosa Lindqvist
roles: [researcher]
accreditation_expires: 2999-01-01
training_expires: 2999-01-01
---
kind: person
username: olga
display_name: Olga Brandt
roles: [data-owner]
"""
DATA = """\
kind: dataset
name: htv
title: Wages
owner: olga
source: htv.csv
units: [person_id]
variables:
  - {name: person_id, type: integer, role: id}
  - {name: sex, type: text, role: quasi, codelist: [F, M]}
  - {name: wage, type: number, role: sensitive}
risk_appetite: {name: survey, threshold_units: 12}
release_route: automatic
---
kind: project
slug: mobility
title: Mobility
members: [rosa]
risk_appetite: {threshold_units: 4, structural: ['*']}
---
kind: approval
project: mobility
dataset: htv
granted_by: olga
until: 2998-01-01
automatic: true
"""


@dataclass
class Terminal:
    """Runs commands in one home and remembers what they printed."""

    folder: Path
    capture: pytest.CaptureFixture[str]
    patch: pytest.MonkeyPatch

    def __call__(self, *words: str, typed: str | None = None) -> tuple[int, str, str]:
        self.patch.setattr(sys, "stdin", StringIO(typed or ""))
        status = 0
        try:
            main(words)
        except SystemExit as leaving:
            status = int(leaving.code or 0)
        out, err = self.capture.readouterr()
        return status, out, err

    def json(self, *words: str) -> Any:
        status, out, _ = self(*words, "--json")
        assert status == 0
        return json.loads(out)

    def write(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text)
        return str(path)

    @property
    def home(self) -> Home:
        return Home(self.folder / "home")


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal with an empty home."""
    monkeypatch.setenv("SAFEROOM_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SAFEROOM_DATABASE_URL", raising=False)
    monkeypatch.setenv("COLUMNS", "160")
    return Terminal(tmp_path, capsys, monkeypatch)


@pytest.fixture
def filled(run: Terminal) -> Terminal:
    """The same with people, a dataset, a project and its extract's source."""
    status, _, err = run("admin", "apply", run.write("people.yaml", PEOPLE), run.write("data.yaml", DATA), "--yes")
    assert (status, err) == (0, "")
    (run.home.sources / "htv.csv").write_text("person_id,sex,wage\n1,F,10\n2,M,11\n")
    return run


@pytest.mark.parametrize(("what", "kind"), [("people", "person"), ("projects", "project"), ("datasets", "dataset")])
def test_listing_of_nothing_says_how_to_begin(run: Terminal, what: str, kind: str) -> None:
    status, out, _ = run("admin", what)
    assert status == 0
    assert f"There are no {what} yet" in out
    assert f"`kind: {kind}`" in out
    assert run.json("admin", what) == {what: []}


def test_apply_shows_writes_and_then_has_nothing_to_change(run: Terminal) -> None:
    files = [run.write("people.yaml", PEOPLE), run.write("data.yaml", DATA)]
    status, out, _ = run("admin", "apply", *files, "--dry-run")
    assert status == 0
    assert "+ person rosa\n    display_name: Rosa Lindqvist\n" in out
    assert "+ approval htv for mobility" in out
    assert "risk_appetite.threshold_units: 12" in out
    assert "risk_appetite.p_percent" not in out  # a default goes without saying
    assert out.endswith("5 added\nNothing was written.\n")
    status, out, _ = run("admin", "apply", *files, "--yes")
    assert out.endswith("Written.\nTo make for htv: saferoom admin extract mobility\n")
    assert run("admin", "apply", *files, "--yes")[1] == "Nothing to change.\n"
    assert run.json("admin", "apply", *files) == {"changes": [], "notes": [], "applied": False}


def test_apply_with_nobody_to_agree_writes_nothing(run: Terminal) -> None:
    file = run.write("people.yaml", PEOPLE)
    for words in (("admin", "apply", file), ("admin", "apply", file, "--json")):
        status, _, err = run(*words)
        assert status == 2
        assert "add --yes to write, or --dry-run to look only" in err
    assert run.json("admin", "people") == {"people": []}


@pytest.mark.parametrize(("answer", "written"), [("y\n", True), ("n\n", False), ("", False)])
def test_apply_asks_and_does_what_it_is_told(run: Terminal, answer: str, written: bool) -> None:
    file = run.write("people.yaml", PEOPLE)
    run.patch.setattr(sys, "stdin", Keyboard(answer))
    with pytest.raises(SystemExit):
        main(["admin", "apply", file])
    run.capture.readouterr()
    assert bool(run.json("admin", "people")["people"]) == written


def test_apply_of_changes_shows_before_and_after_and_what_ends(filled: Terminal) -> None:
    changed = DATA.replace("members: [rosa]", "members: []").replace("threshold_units: 12", "threshold_units: 15")
    file = filled.write("data2.yaml", changed + "ended: true\n")
    filled("admin", "extract", "mobility")
    status, out, _ = filled("admin", "apply", file, "--yes")
    assert status == 0
    assert "~ dataset htv\n    risk_appetite.threshold_units: 12 -> 15\n" in out
    assert "~ project mobility\n    members: - rosa\n" in out
    assert "- approval htv for mobility (ended)\n    ended_at: none -> " in out
    assert out.endswith("2 changed, 1 ended\nWritten.\nWithdrawn from mobility: the extract of htv.\n")
    assert not list((filled.home.extracts / "mobility").rglob("*.parquet"))


def test_apply_with_problems_names_them_all_and_writes_nothing(run: Terminal) -> None:
    file = run.write("bad.yaml", PEOPLE + "---\n" + DATA.replace("olga", "nobody").replace("[rosa]", "[ravi]"))
    status, out, err = run("admin", "apply", file, "--yes")
    assert (status, out) == (2, "")
    assert f"{file}, line 16: the owner nobody is not registered" in err
    assert f"{file}, line 29: the member ravi is not registered" in err
    assert run.json("admin", "people") == {"people": []}


def test_apply_of_files_that_cannot_be_read_says_so(run: Terminal) -> None:
    binary = run.folder / "binary.yaml"
    binary.write_bytes(b"\xff\xfe")
    for path, said in (
        ("missing.yaml", "no such file"),
        (str(binary), "not a text in UTF-8"),
        (str(run.folder), "cannot"),
    ):
        status, _, err = run("admin", "apply", path, "--yes")
        assert status == 2
        assert said in err


def test_apply_leaves_its_events_in_the_systems_users_name(filled: Terminal) -> None:
    instance = Instance.open(filled.home)
    with instance.database.reading() as session:
        links = session.scalars(select(AuditLinkRow)).all()
        assert verify_audit_log(session, instance.signing_key.verifying_key).links == 5
    instance.close()
    assert all(link.actor.startswith("admin:") for link in links)
    assert [link.subject for link in links][:2] == ["person:rosa", "person:olga"]


def test_listings_show_what_is_registered(filled: Terminal) -> None:
    out = filled("admin", "people")[1]
    assert "rosa  Rosa Lindqvist  researcher  2999-01-01" in out
    assert out.count("no: no password yet") == 2
    assert "htv until 2998-01-01" in filled("admin", "projects")[1]
    assert "survey; automatic" in filled("admin", "datasets")[1]
    assert "survey; automatic" in filled("admin", "datasets", "--search", "wage")[1]
    assert filled("admin", "datasets", "--search", "nowhere")[1] == "No dataset has these words.\n"
    shown = filled("admin", "dataset", "htv")[1]
    assert "of Olga" in shown
    assert "threshold_units" in shown
    told = filled.json("admin", "dataset", "htv", "--search", "wage")
    assert (told["name"], [one["name"] for one in told["variables"]]) == ("htv", ["wage"])
    assert filled("admin", "dataset", "nothing")[0] == 1
    (project,) = filled.json("admin", "projects")["projects"]
    assert (project["members"], project["approvals"][0]["dataset"]) == (["rosa"], "htv")
    assert {one["username"]: one["sign_in"] for one in filled.json("admin", "people")["people"]} == {
        "rosa": "ok",
        "olga": "ok",
    }


def test_listing_of_projects_shows_what_has_ended(filled: Terminal) -> None:
    filled("admin", "end-approval", "mobility", "htv")
    assert "htv (ended)" in filled("admin", "projects")[1]
    filled(
        "admin", "apply", filled.write("p.yaml", "kind: project\nslug: mobility\ntitle: M\nactive: false\n"), "--yes"
    )
    out = filled("admin", "projects")[1]
    assert "closed" in out
    assert "nobody" in out


def test_password_is_set_and_the_second_factor_shown_once(filled: Terminal) -> None:
    status, out, _ = filled("admin", "password", "rosa", "--password-stdin", typed="correct horse battery\n")
    assert status == 0
    uri = next(line.strip() for line in out.splitlines() if "otpauth://" in line)
    assert "correct horse" not in out
    factor = pyotp.parse_uri(uri)
    assert isinstance(factor, pyotp.TOTP)
    instance = Instance.open(filled.home)
    assert instance.credentials.verify("rosa", "correct horse battery", factor.now(), "test")
    instance.close()
    assert "2999-01-01     yes" in filled("admin", "people")[1]


@pytest.mark.parametrize(
    ("user", "typed", "said"),
    [
        ("rosa", "short\n", "at least 12"),
        ("nobody", "correct horse battery\n", "nobody is registered as nobody"),
        ("No Name", "x\n", "a user name must be"),
    ],
)
def test_password_that_cannot_be_set_is_refused(filled: Terminal, user: str, typed: str, said: str) -> None:
    status, out, err = filled("admin", "password", user, "--password-stdin", typed=typed)
    assert status in (1, 2)
    assert out == ""
    assert said in err


def test_password_without_anybody_to_type_it_is_refused(filled: Terminal) -> None:
    status, _, err = filled("admin", "password", "rosa")
    assert status == 2
    assert "--password-stdin" in err


def test_password_as_json_is_one_document(filled: Terminal) -> None:
    status, out, _ = filled("admin", "password", "rosa", "--password-stdin", "--json", typed="correct horse battery\n")
    assert status == 0
    assert set(json.loads(out)) == {"username", "secret", "uri"}


def test_extract_is_made_and_listed(filled: Terminal) -> None:
    status, out, _ = filled("admin", "extract", "mobility")
    assert status == 0
    assert "person_id, sex, wage" in out
    assert sealed(filled.home, "mobility", "htv").exists()
    assert filled.json("admin", "extract", "mobility")["files"][0]["rows"] == 2


def test_extract_of_unknown_or_unapproved_projects_is_refused(filled: Terminal) -> None:
    assert "there is no project called zzz" in filled("admin", "extract", "zzz")[2]
    filled("admin", "end-approval", "mobility", "htv")
    status, _, err = filled("admin", "extract", "mobility")
    assert status == 1
    assert "no data owner's approval holds" in err


def test_ending_an_approval_and_a_membership_takes_effect_at_once(filled: Terminal) -> None:
    filled("admin", "extract", "mobility")
    out = filled("admin", "end-approval", "mobility", "htv")[1]
    assert "has ended" in out
    assert "Withdrawn from mobility: the extract of htv." in out
    assert "no longer a member" in filled("admin", "remove-member", "mobility", "rosa")[1]
    status, _, err = filled("admin", "remove-member", "mobility", "rosa")
    assert status == 1
    assert "not a member" in err


def test_policy_explain_of_a_stored_project_names_whose_rule_applies(filled: Terminal) -> None:
    status, out, _ = filled("policy", "explain", "--project-name", "mobility")
    assert status == 0
    assert "threshold_units              12                  data owner of htv" in out
    assert "project states threshold_units 4, which is looser than 12 (data owner of htv) and is not taken" in out
    document = filled.json("policy", "explain", "--project-name", "mobility", "--dataset", "htv")
    assert document["release_route"]["policy"]["automatic"] is True


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--project-name", "zzz"), "there is no project called zzz"),
        (("--project-name", "mobility", "--dataset", "zzz"), "approved are htv"),
        (("--project-name", "mobility", "--owner", "x.yaml"), "leave out --owner"),
        (("--dataset", "htv"), "--dataset needs --project-name"),
        (("--owner", "nowhere.yaml"), "no such file"),
    ],
)
def test_policy_explain_of_something_impossible_is_refused(filled: Terminal, words: tuple[str, ...], said: str) -> None:
    status, _, err = filled("policy", "explain", *words)
    assert status in (1, 2)
    assert said in err


def test_policy_explain_without_a_holding_approval_is_refused(filled: Terminal) -> None:
    filled("admin", "end-approval", "mobility", "htv")
    assert "no approval for mobility holds" in filled("policy", "explain", "--project-name", "mobility")[2]


def test_policy_explain_of_files_merges_them(run: Terminal) -> None:
    owner = run.write(
        "owner.yaml", "kind: risk-appetite\nthreshold_units: 15\n---\nkind: release-route\nautomatic: true\n"
    )
    project = run.write("project.yaml", "kind: risk-appetite\nthreshold_units: 5\nrounding_base: 10\n")
    platform = run.write("platform.yaml", "kind: risk-appetite\np_percent: 20\n---\nkind: release-route\n")
    document = run.json("policy", "explain", "--owner", owner, "--project", project, "--platform", platform)
    appetite, route = document["risk_appetite"], document["release_route"]
    assert (appetite["policy"]["threshold_units"], appetite["policy"]["rounding_base"]) == (15, 10)
    assert appetite["policy"]["p_percent"] == 20.0
    assert (route["policy"]["automatic"], route["rules"][0]["origin"]) == (False, "platform")
    assert len(appetite["not_taken"]) == 1


def test_policy_explain_of_the_platform_alone_says_that_nothing_leaves(run: Terminal) -> None:
    status, out, _ = run("policy", "explain")
    assert status == 0
    assert out.startswith("No data owner's policies are given")
    assert set(run.json("policy", "explain")) == {"risk_appetite", "release_route"}


def test_policy_validate_names_every_problem_and_every_policy(run: Terminal) -> None:
    good = run.write("good.yaml", "kind: risk-appetite\nname: good\n---\nkind: release-route\n")
    status, out, _ = run("policy", "validate", good)
    assert (status, out.count("a valid")) == (0, 2)
    assert run.json("policy", "validate", good)["valid"][0]["name"] == "good"
    bad = run.write("bad.yaml", "kind: risk-appetite\ntreshold_units: 1\n")
    empty = run.write("empty.yaml", "")
    status, out, err = run("policy", "validate", good, bad, empty)
    assert (status, out) == (2, "")
    assert "did you mean 'threshold_units'?" in err
    assert "the file is empty" in err


@pytest.mark.parametrize("group", ["admin", "policy"])
def test_group_without_a_command_shows_its_commands(run: Terminal, group: str) -> None:
    _, out, err = run(group)
    assert {"admin": "apply", "policy": "explain"}[group] in out + err


def test_commands_make_nothing_outside_their_home(run: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    check: Callable[[], set[str]] = lambda: {path.name for path in run.folder.iterdir()}  # noqa: E731
    monkeypatch.chdir(run.folder)
    run("admin", "people")
    assert check() == {"home"}


class Keyboard(StringIO):
    """Standard input with a person at it."""

    def isatty(self) -> bool:
        return True


def test_password_may_be_typed(filled: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("typer.prompt", lambda *_, **options: "correct horse battery" if options["hide_input"] else "")
    monkeypatch.setattr(sys, "stdin", Keyboard(""))
    with pytest.raises(SystemExit) as leaving:
        main(["admin", "password", "rosa"])
    assert leaving.value.code in (0, None)
    assert "otpauth://" in filled.capture.readouterr().out


def test_listing_of_people_says_why_somebody_may_not_sign_in(filled: Terminal) -> None:
    lapsed = filled.write("p.yaml", PEOPLE.split("---", maxsplit=1)[0].replace("2999", "2020"))
    status, out, _ = filled("admin", "apply", lapsed, "--yes")
    assert status == 0
    assert "! " in out
    assert "so rosa cannot sign in" in out
    assert "no: accreditation expired" in filled("admin", "people")[1]


def test_listing_of_projects_says_when_one_ended(filled: Terminal) -> None:
    ends = filled.write("p.yaml", "kind: project\nslug: mobility\ntitle: M\nmembers: [rosa]\nends: 2998-01-01\n")
    filled("admin", "apply", ends, "--yes")
    assert "until 2998-01-01" in filled("admin", "projects")[1]


def test_system_user_without_a_name_is_known_by_number(filled: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless(_uid: int) -> None:
        raise KeyError

    monkeypatch.setattr("pwd.getpwuid", nameless)
    filled("admin", "end-approval", "mobility", "htv")
    instance = Instance.open(filled.home)
    with instance.database.reading() as session:
        actors = session.scalars(select(AuditLinkRow.actor)).all()
    instance.close()
    assert f"admin:{os.getuid()}" in actors


def test_ids_are_rotated_and_the_reason_is_asked_for(filled: Terminal) -> None:
    assert filled("admin", "rotate", "mobility")[0] == 2
    status, _, said = filled("admin", "rotate", "mobility", "--reason", " ")
    assert status == 2
    assert "say why" in said
    before = filled("admin", "rotate", "mobility", "--reason", "None was made yet.")[1]
    assert "its first ones will have the ids of epoch 2" in before
    filled("admin", "extract", "mobility")
    rotated = filled.json("admin", "rotate", "mobility", "--reason", "A list of ids was seen.")
    assert rotated["epoch"] == 3
    assert [file["epoch"] for file in rotated["manifest"]["files"]] == [3]
    assert [change["unit"] for change in rotated["manifest"]["changes"]] == ["person_id"]
    status, out, _ = filled("admin", "rotate", "mobility", "--reason", "Again.")
    assert status == 0
    assert "epoch 4" in out
    assert filled("admin", "rotate", "mobility", "--reason", "Why.", "--last-day", "2099-01-01")[0] == 2
    end = ("admin", "rotate", "mobility", "--end-read-through", "--reason", "All have carried over.")
    assert "goes after 2099-01-01" in filled(*end, "--last-day", "2099-01-01")[1]
    ended = filled.json(*end)
    assert (ended["epoch"], ended["manifest"]["changes"]) == (4, [])
    assert "has no table of old and new ids" in filled(*end)[2]


def test_minimisation_names_variables_that_nothing_was_asked_of(filled: Terminal) -> None:
    found = filled.json("admin", "minimisation", "mobility")
    assert [(one["dataset"], one["unused"]) for one in found["datasets"]] == [("htv", ["sex", "wage"])]
    status, out, _ = filled("admin", "minimisation", "mobility", "--since", "2026-01-01")
    assert status == 0
    assert "no query was asked since 2026-01-01" in out
    status, _, said = filled("admin", "minimisation", "mobility", "--since", "yesterday")
    assert status == 2
    assert "must be a day" in said
    assert filled("admin", "minimisation", "nowhere")[0] != 0
