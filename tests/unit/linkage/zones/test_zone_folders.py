"""Folders of the zones in a home that another user began: repaired as root, a clear sentence otherwise."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from saferoom.errors import IntegrityError, UnavailableError
from saferoom.hub.home import Home
from saferoom.hub.linkage.zones import Zone, folder_of

ORDINARY = 12345
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="another user's folder can be made by root alone")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.prepare()
    return made


def begun(folder: Path, owner: int) -> Path:
    """Make a folder with a file in it, both another user's."""
    (folder / "deliveries").mkdir(parents=True, mode=0o700)
    file = folder / "deliveries" / "identifiers.parquet"
    file.write_bytes(b"sealed")
    for path in (folder, folder / "deliveries", file):
        os.chown(path, owner, owner)
    return file


@as_root
def test_root_gives_what_an_ordinary_user_began_to_the_zone(home: Home) -> None:
    file = begun(home.linker, ORDINARY)
    folder = folder_of(home, Zone.LINKER)
    owner = folder.stat().st_uid
    assert owner not in (0, ORDINARY)
    assert {path.stat().st_uid for path in (folder, file.parent, file)} == {owner}
    assert (file.stat().st_mode & 0o777, file.read_bytes()) == (0o600, b"sealed")
    assert folder_of(home, Zone.PROVISIONER).stat().st_uid not in (0, owner)


@as_root
def test_root_gives_nothing_away_that_an_ordinary_user_linked_there(home: Home, tmp_path: Path) -> None:
    begun(home.linker, ORDINARY)
    secret = tmp_path / "secret"
    secret.write_bytes(b"root's")
    (home.linker / "deliveries" / "more").symlink_to(secret)
    with pytest.raises(IntegrityError, match="neither a file nor a folder"):
        folder_of(home, Zone.LINKER)
    assert secret.stat().st_uid == 0


def test_ordinary_user_is_told_of_a_zones_folder_that_root_keeps(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.linker.mkdir(mode=0o700)
    whose = home.linker.stat().st_uid
    monkeypatch.setattr(os, "getuid", lambda: whose + 1)
    said = rf"linker belongs to the user id {whose}, as root keeps .*: chown -R {whose + 1} .*linker$"
    with pytest.raises(UnavailableError, match=said):
        folder_of(home, Zone.LINKER)
