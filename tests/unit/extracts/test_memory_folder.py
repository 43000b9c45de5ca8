"""Where plain data may lie: in memory where the machine has some, said plainly where it has none."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from saferoom.errors import UnavailableError
from saferoom.hub import memory_folder as module
from saferoom.hub.home import Home
from saferoom.hub.memory_folder import VARIABLE, memory_folder

MOUNTS = """/dev/sda / ext4 rw 0 0
tmpfs /dev/shm tmpfs rw 0 0
/dev/sdb /dev/shm/on\\040disk ext4 rw 0 0
ramfs /fast ramfs rw 0 0
tmpfs /covered tmpfs rw 0 0
/dev/sdc /covered ext4 rw 0 0
odd
"""


@pytest.mark.parametrize(
    ("place", "in_memory"),
    [
        ("/dev/shm/x", True),
        ("/dev/shm/on disk/x", False),
        ("/fast", True),
        ("/home/x", False),
        ("/covered/x", False),
        ("/faster", False),
    ],
)
def test_kind_of_a_folder_is_that_of_the_mount_on_top(
    monkeypatch: pytest.MonkeyPatch, place: str, in_memory: bool
) -> None:
    monkeypatch.setattr(Path, "read_text", lambda *_a, **_o: MOUNTS)
    assert module._in_memory(Path(place)) is in_memory


def test_named_folder_comes_first_and_is_said_to_be_no_memory_where_it_is_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    monkeypatch.setattr(module, "_in_memory", lambda _folder: False)
    found = memory_folder(Home(tmp_path / "home"))
    assert found.path.parent == tmp_path
    assert found.sentence.startswith("NOT enforced: Plain extracts are in")
    assert stat.S_IMODE(found.prepare().stat().st_mode) == 0o700


def test_without_any_memory_the_homes_own_folder_is_used_and_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setattr(module, "_in_memory", lambda _folder: False)
    home = Home(tmp_path / "home")
    found = memory_folder(home)
    assert found.path == home.run / "opened"
    assert not found.in_memory


def test_homes_have_folders_of_their_own_in_shared_memory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setattr(module, "_SHARED_MEMORY", tmp_path)
    monkeypatch.setattr(module, "_in_memory", lambda folder: folder == tmp_path)
    one, other = (memory_folder(Home(tmp_path / name)) for name in ("one", "other"))
    assert one.path.parent == other.path.parent == tmp_path
    assert one.path != other.path
    assert f"-{os.getuid()}-" in one.path.name
    assert one.sentence.startswith("enforced: ")


def test_folder_that_cannot_be_made_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "file"))
    with pytest.raises(UnavailableError, match="cannot be made"):
        memory_folder(Home(tmp_path / "home")).prepare()
