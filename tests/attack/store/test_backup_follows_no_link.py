"""A backup as root copies workspaces while their people write there: no link of theirs leads it to what is others'."""

from __future__ import annotations

import io
import os
import tarfile
import threading
from pathlib import Path
from typing import Any

import pytest

from saferoom.hub.backup import archive

SECRET = b"-----A PRIVATE KEY-----"


def held(place: Path) -> tuple[dict[str, bytes], list[int]]:
    """Return the files that a backup of `place` holds, and how many it took and left."""
    out, counts = io.BytesIO(), [0, 0]
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as made:
        archive._add(made, place, "workspaces", counts)
    out.seek(0)
    with tarfile.open(fileobj=out) as found:
        files = {one.name: found.extractfile(one) for one in found if one.isreg()}
        return {name: content.read() for name, content in files.items() if content is not None}, counts


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    folder = tmp_path / "keys"
    folder.mkdir()
    (folder / "signing.pem").write_bytes(SECRET)
    return folder


def test_files_and_folders_are_there_and_links_and_pipes_are_counted(tmp_path: Path, keys: Path) -> None:
    place = tmp_path / "workspaces"
    (place / "alpha").mkdir(parents=True)
    (place / "alpha" / "a.py").write_bytes(b"one")
    (place / "link").symlink_to(keys)
    (place / "alpha" / "signing.pem").symlink_to(keys / "signing.pem")
    os.mkfifo(place / "pipe")
    assert held(place) == ({"workspaces/alpha/a.py": b"one"}, [1, 3])


def test_attack_folder_that_becomes_a_link_while_it_is_read(
    tmp_path: Path, keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / "workspaces" / "alpha"
    (mine / "d").mkdir(parents=True)
    (mine / "d" / "aaa").write_bytes(b"first")
    (mine / "d" / "signing.pem").write_bytes(b"mine")
    real = tarfile.TarFile.addfile

    def person(self: tarfile.TarFile, entry: tarfile.TarInfo, content: io.BufferedReader | None = None) -> None:
        real(self, entry, content)
        if entry.name.endswith("aaa"):  # the moment between two files
            (mine / "d").rename(mine / "gone")
            (mine / "d").symlink_to(keys)

    monkeypatch.setattr(tarfile.TarFile, "addfile", person)
    found, _ = held(tmp_path / "workspaces")
    assert SECRET not in found.values()
    assert found["workspaces/alpha/d/signing.pem"] == b"mine"


@pytest.mark.parametrize("swapped", ["pipe", "link"])
def test_attack_file_that_becomes_something_else_once_it_was_looked_at(
    tmp_path: Path, keys: Path, monkeypatch: pytest.MonkeyPatch, swapped: str
) -> None:
    place = tmp_path / "workspaces"
    place.mkdir()
    (place / "b").write_bytes(b"x")
    real = os.stat

    def person(path: Any, **options: Any) -> os.stat_result:
        found = real(path, **options)
        if path == "b":
            (place / "b").unlink()
            os.mkfifo(place / "b") if swapped == "pipe" else (place / "b").symlink_to(keys / "signing.pem")
        return found

    monkeypatch.setattr(os, "stat", person)
    done: list[object] = []
    thread = threading.Thread(target=lambda: done.append(held(place)), daemon=True)
    thread.start()
    thread.join(10)
    assert done == [({}, [0, 1])], "the backup waits for a pipe, or followed a link"
