"""Attacks by way of the outbox: links, pipes, huge files, races, strange names, other people's folders.

The watcher runs inside the room, so what it could be made to send is what the room can read anyway; it still never
follows a link or waits for a pipe, so that nothing is sent by mistake and nobody's outbox is stopped by a colleague.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import pytest

from saferoom.hub.jupyter import outbox_folder
from saferoom.hub.jupyter.outbox import STATUS, Watch
from saferoom.hub.jupyter.outbox_folder import ChangedError, look, made, read

SECRET = b"a table of the extract"


class Airlock:
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def send(self, path: str, data: bytes) -> Any:  # noqa: ARG002
        self.sent.append(data)
        return {"became": "drafted"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made(tmp_path / "room" / "outbox")
    (tmp_path / "secret.csv").write_bytes(SECRET)
    return tmp_path / "room" / "outbox"


def watched(root: Path) -> tuple[list[bytes], str]:
    airlock = Airlock()
    watch = Watch(root, airlock)
    for _ in range(3):
        watch.step()
    return airlock.sent, (root / STATUS).read_text()


def test_link_to_a_file_is_not_followed(root: Path) -> None:
    (root / "table.csv").symlink_to(root.parents[1] / "secret.csv")
    sent, said = watched(root)
    assert sent == []
    assert "table.csv is refused: it is a link" in said


def test_link_to_a_folder_is_not_followed(root: Path) -> None:
    (root / "Wages").symlink_to(root.parents[1], target_is_directory=True)
    sent, said = watched(root)
    assert sent == []
    assert "Wages is refused: it is a link" in said


def test_outbox_that_is_itself_a_link_is_not_followed(root: Path) -> None:
    (root.parents[1] / "elsewhere").mkdir()
    (root.parents[1] / "elsewhere" / "table.csv").write_bytes(SECRET)
    root.rmdir()
    root.symlink_to(root.parents[1] / "elsewhere", target_is_directory=True)
    assert look(root) == []


def test_folder_above_that_becomes_a_link_is_not_followed(root: Path, tmp_path: Path) -> None:
    (root / "table.csv").write_bytes(b"1")
    (found,) = look(root)
    (tmp_path / "room").rename(tmp_path / "moved")
    (tmp_path / "room").symlink_to(tmp_path / "moved", target_is_directory=True)
    with pytest.raises(ChangedError):
        read(root, found)
    assert look(root) == []


def test_making_the_outbox_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "ana").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    with pytest.raises(OSError, match="ana"):
        made(tmp_path / "ana" / "outbox")
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.timeout(20)
def test_pipe_and_socket_stop_nobody(root: Path) -> None:
    os.mkfifo(root / "pipe.csv")
    (root / "table.csv").write_bytes(b"1")
    with socket.socket(socket.AF_UNIX) as one:
        here = Path.cwd()
        os.chdir(root)
        try:
            one.bind("s.csv")
        finally:
            os.chdir(here)
        sent, said = watched(root)
    assert sent == [b"1"]
    assert "pipe.csv is refused: it is neither a file nor a folder" in said
    assert "s.csv is refused" in said


@pytest.mark.timeout(20)
def test_file_that_becomes_a_pipe_or_a_link_after_the_look_is_not_read(root: Path) -> None:
    (root / "table.csv").write_bytes(b"1")
    (found,) = look(root)
    (root / "table.csv").unlink()
    os.mkfifo(root / "table.csv")
    with pytest.raises(ChangedError):
        read(root, found)
    (root / "table.csv").unlink()
    (root / "table.csv").symlink_to(root.parents[1] / "secret.csv")
    with pytest.raises(ChangedError):
        read(root, found)


def test_file_that_changes_while_it_is_read_is_not_sent(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "table.csv").write_bytes(b"1")
    (found,) = look(root)
    checks: list[int] = []
    check = outbox_folder._check

    def and_then_it_changes(*arguments: Any) -> None:
        check(*arguments)
        if not checks:
            (root / "table.csv").write_bytes(SECRET)
        checks.append(1)

    monkeypatch.setattr(outbox_folder, "_check", and_then_it_changes)
    with pytest.raises(ChangedError):
        read(root, found)


def test_huge_file_is_not_read(root: Path) -> None:
    with (root / "huge.csv").open("wb") as file:
        file.truncate(1 << 40)
    sent, said = watched(root)
    assert sent == []
    assert "huge.csv is refused: it is larger than 16 MiB" in said


def test_deep_and_wide_folders_end(root: Path) -> None:
    deep = root
    for number in range(40):
        deep = deep / str(number)
        deep.mkdir()
    (deep / "table.csv").write_bytes(SECRET)
    sent, said = watched(root)
    assert sent == []
    assert "it is a folder too deep" in said


@pytest.mark.parametrize("name", [b"a\nb.csv", b"\xff\xfe.csv", "a\u202eb.csv".encode(), b"a\x1b[31m.csv"])
def test_names_that_nobody_can_read_are_not_sent(root: Path, name: bytes) -> None:
    (Path(os.fsdecode(os.fsencode(root) + b"/" + name))).write_bytes(b"1")
    sent, said = watched(root)
    assert sent == []
    assert "its name has characters that cannot be shown" in said


def test_colleague_who_plants_a_link_as_the_status_overwrites_nothing(root: Path) -> None:
    victim = root.parents[1] / "notebook.ipynb"
    victim.write_bytes(b"a day of work")
    (root / STATUS).symlink_to(victim)
    (root / f".{STATUS}.new").symlink_to(victim)
    _, said = watched(root)
    assert "Nothing yet." in said
    assert victim.read_bytes() == b"a day of work"
    assert not (root / STATUS).is_symlink()


def test_mutation_without_the_marks_a_file_in_another_ones_place_is_read(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "table.csv").write_bytes(b"1")
    (found,) = look(root)
    (root / "table.csv").write_bytes(SECRET)
    monkeypatch.setattr(outbox_folder, "_check", lambda *_: None)
    assert read(root, found) == SECRET
