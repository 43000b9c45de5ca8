"""User ids of projects: one each, for ever."""

from __future__ import annotations

import json
import os
import pwd
from pathlib import Path

import pytest

from saferoom.errors import IntegrityError
from saferoom.hub.home import Home
from saferoom.hub.sandbox import identities
from saferoom.hub.sandbox.identities import FIRST_UID, LAST_UID, identity


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setattr(os, "getuid", lambda: 0)
    return Home(tmp_path)


def test_identity_stays_the_same_and_differs_between_projects(home: Home) -> None:
    first, second = identity(home, "project:a"), identity(home, "project:b")
    assert first == FIRST_UID
    assert second == FIRST_UID + 1
    assert identity(home, "project:a") == first


def test_identity_is_recorded_in_the_home(home: Home) -> None:
    identity(home, "project:a")
    assert json.loads((home.root / "identities.json").read_text()) == {"project:a": FIRST_UID}


def test_identity_avoids_user_ids_that_the_machine_knows(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = pwd.struct_passwd(("x", "x", FIRST_UID, FIRST_UID, "", "/", "/bin/sh"))
    monkeypatch.setattr(pwd, "getpwall", lambda: [taken])
    assert identity(home, "project:a") == FIRST_UID + 1


def test_identity_is_none_without_root(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    assert identity(home, "project:a") is None
    assert not (home.root / "identities.json").exists()


@pytest.mark.parametrize("text", ["{", "[]", '{"a": 0}', '{"a": "x"}', f'{{"a": {FIRST_UID}, "b": {FIRST_UID}}}'])
def test_damaged_record_is_refused_rather_than_started_anew(home: Home, text: str) -> None:
    (home.root / "identities.json").write_text(text)
    with pytest.raises(IntegrityError, match="restore it from a backup"):
        identity(home, "project:a")


def test_no_identity_is_left_when_the_range_is_used_up(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identities, "LAST_UID", FIRST_UID)
    identity(home, "project:a")
    with pytest.raises(IntegrityError, match="in use"):
        identity(home, "project:b")
    assert LAST_UID > FIRST_UID
