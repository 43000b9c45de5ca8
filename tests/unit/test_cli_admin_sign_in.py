"""``saferoom admin``: whose account at the identity provider is whose; and no command hides another."""

from __future__ import annotations

import json
from collections import Counter

import pytest
import typer
from tests.support import live_world

from saferoom.hub.cli import admin
from saferoom.hub.cli.main import main
from saferoom.hub.home import Home
from saferoom.hub.store.security_keys import NewKey
from saferoom.hub.wiring import Instance
from saferoom.ids import Username

ISSUER = "https://id.example.org"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    made = Home(tmp_path_factory.mktemp("admin") / "home")
    live_world.build(made).close()
    return made


def run(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str
) -> tuple[int, str]:
    monkeypatch.setenv("SAFEROOM_HOME", str(home.root))
    with pytest.raises(SystemExit) as leaving:
        main(["admin", *words])
    said = capsys.readouterr()
    return int(leaving.value.code or 0), said.out + said.err


def test_no_command_hides_another() -> None:
    app = typer.Typer()
    admin.register(app)
    (group,) = app.registered_groups
    assert group.typer_instance is not None
    names = Counter(command.name for command in group.typer_instance.registered_commands)
    assert [name for name, count in names.items() if count > 1] == []


def test_account_is_linked_shown_and_unlinked(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("link-account", "ana", "--issuer", ISSUER, "--subject", "a-1001")
    assert run(home, monkeypatch, capsys, *words) == (0, f"ana signs in with that account of {ISSUER} now.\n")
    status, said = run(home, monkeypatch, capsys, *words)
    assert status == 1
    assert "linked already; end that link first: saferoom admin unlink-account" in said
    status, said = run(home, monkeypatch, capsys, "linked-accounts", "ana", "--json")
    (link,) = json.loads(said)["links"]
    assert (link["issuer"], link["signed_in_at"]) == (ISSUER, None)
    assert "a-1001" not in said
    assert "never" in run(home, monkeypatch, capsys, "linked-accounts", "ana")[1]
    assert run(home, monkeypatch, capsys, "unlink-account", "ana") == (0, "ana is not linked any more.\n")
    assert "is not linked" in run(home, monkeypatch, capsys, "linked-accounts", "ana")[1]


def test_invitation_is_shown_once_and_can_be_withdrawn(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, said = run(home, monkeypatch, capsys, "invite", "ben", "--days", "2", "--json")
    assert status == 0
    assert len(json.loads(said)["code"]) == 19
    assert "an open invitation is void" in run(home, monkeypatch, capsys, "unlink-account", "ben")[1]


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("link-account", "nobody", "--issuer", ISSUER, "--subject", "x"), 1, "nobody is registered as nobody"),
        (("link-account", "ana", "--issuer", ISSUER, "--subject", "\u00e9"), 2, "the subject must be"),
        (("invite", "ana", "--days", "90"), 2, "lasts 1 to 30 days"),
        (("linked-accounts", "nobody"), 1, "nobody is registered as nobody"),
    ],
)
def test_what_cannot_be_done_is_said(
    home: Home,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    status: int,
    said: str,
) -> None:
    found = run(home, monkeypatch, capsys, *words)
    assert found[0] == status
    assert said in found[1]


def test_second_factors_are_shown_and_a_lost_key_is_removed_with_a_reason(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, said = run(home, monkeypatch, capsys, "second-factor", "ben")
    assert (status, said) == (0, "One-time codes of ben count.\nThere are no security keys.\n")
    instance = Instance.open(home)
    made = NewKey("AAEC", "AAEC", "AAEC", 0, synced=True)
    key = instance.security_keys.add(Username("ben"), made, "blue stick")
    instance.security_keys.switch_codes(Username("ben"), on=False)
    instance.close()
    status, said = run(home, monkeypatch, capsys, "second-factor", "ben")
    assert "do not count: this person signs in with keys alone" in said
    assert key.id in said
    assert "blue stick" in said
    shown = json.loads(run(home, monkeypatch, capsys, "second-factor", "ben", "--json")[1])
    assert (shown["codes"], [one["id"] for one in shown["keys"]]) == (False, [key.id])
    assert "AAEC" not in str(shown)
    assert run(home, monkeypatch, capsys, "remove-security-key", "ben", key.id)[0] == 2
    words = ("remove-security-key", "ben", key.id, "--reason")
    status, said = run(home, monkeypatch, capsys, *words, " ")
    assert status == 2
    assert "say why" in said
    status, said = run(home, monkeypatch, capsys, "remove-security-key", "ana", key.id, "--reason", "lost")
    assert status == 1
    assert "there is no such security key" in said
    status, said = run(home, monkeypatch, capsys, *words, "lost")
    assert status == 0
    assert "saferoom admin password ben gives a new one" in said
