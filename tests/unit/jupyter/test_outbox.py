"""The watcher of a room's outbox: what it sends, when, and what it says about it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from saferoom.hub.jupyter.outbox import OUTCOMES, STATUS, Watch, laid_out
from saferoom.hub.jupyter.outbox_folder import MOST_FILES, made
from saferoom.hub.notebook.errors import RoomError


class Airlock:
    """Takes what the watcher sends, or refuses it."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, bytes]] = []
        self.error: RoomError | None = None
        self.answer: Any = {"became": "drafted", "request": "request-a", "url": "https://hub/requests/request-a"}

    def send(self, path: str, data: bytes) -> Any:
        asked = dict(parse_qsl(urlsplit(path).query))
        self.sent.append((asked.get("folder", ""), asked["name"], data))
        if self.error is not None:
            raise self.error
        return self.answer


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made(tmp_path / "ana" / "outbox")
    return tmp_path / "ana" / "outbox"


@pytest.fixture
def airlock() -> Airlock:
    return Airlock()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watch(root: Path, airlock: Airlock, clock: Clock) -> Watch:
    return Watch(root, airlock, clock)


def status(root: Path) -> str:
    return (root / STATUS).read_text()


def test_file_is_sent_once_it_lies_still(root: Path, watch: Watch, airlock: Airlock) -> None:
    (root / "table.csv").write_bytes(b"a,b\n")
    watch.step()
    assert airlock.sent == []
    watch.step()
    watch.step()
    assert airlock.sent == [("", "table.csv", b"a,b\n")]
    assert "table.csv is in your draft (https://hub/requests/request-a)." in status(root)
    (outcome,) = json.loads((root / OUTCOMES).read_bytes())
    assert outcome == {"file": "table.csv", "became": "drafted", "message": "", "request": "request-a"}


def test_file_that_is_being_written_waits(root: Path, watch: Watch, airlock: Airlock) -> None:
    for size in range(1, 5):
        (root / "table.csv").write_bytes(b"x" * size)
        watch.step()
    assert airlock.sent == []
    watch.step()
    assert airlock.sent == [("", "table.csv", b"xxxx")]


def test_folders_say_where_a_file_belongs(root: Path, watch: Watch, airlock: Airlock) -> None:
    (root / "Wages" / "supporting").mkdir(parents=True)
    (root / "Wages" / "table.csv").write_bytes(b"1")
    (root / "Wages" / "context.txt").write_bytes(b"For the paper.")
    (root / "Wages" / "supporting" / "code.py").write_bytes(b"2")
    watch.step()
    watch.step()
    assert sorted(airlock.sent) == [
        ("Wages", "context.txt", b"For the paper."),
        ("Wages", "table.csv", b"1"),
        ("Wages/supporting", "code.py", b"2"),
    ]


def test_changed_file_is_sent_again_and_a_removed_one_is_forgotten(root: Path, watch: Watch, airlock: Airlock) -> None:
    (root / "table.csv").write_bytes(b"1")
    watch.step()
    watch.step()
    (root / "table.csv").write_bytes(b"22")
    watch.step()
    watch.step()
    assert [data for _, _, data in airlock.sent] == [b"1", b"22"]
    (root / "table.csv").unlink()
    watch.step()
    assert "Nothing yet." in status(root)
    assert len(airlock.sent) == 2


@pytest.mark.parametrize("code", [0, 401, 409, 429, 503])
def test_what_is_not_the_files_fault_is_tried_again_later(
    root: Path, watch: Watch, airlock: Airlock, clock: Clock, code: int
) -> None:
    airlock.error = RoomError("not now", status=code)
    (root / "table.csv").write_bytes(b"1")
    for _ in range(4):
        watch.step()
    assert len(airlock.sent) == 1
    assert "table.csv waits: not now; it is tried again." in status(root)
    airlock.error, clock.now = None, 31.0
    watch.step()
    assert len(airlock.sent) == 2
    assert "is in your draft" in status(root)


def test_refused_file_is_not_sent_again_until_it_changes(
    root: Path, watch: Watch, airlock: Airlock, clock: Clock
) -> None:
    airlock.error = RoomError("the file's name is a path", status=422)
    (root / "table.csv").write_bytes(b"1")
    for seconds in (0, 0, 100, 1000):
        clock.now = seconds
        watch.step()
    assert len(airlock.sent) == 1
    assert "table.csv is refused: the file's name is a path." in status(root)


def test_answer_that_is_none_of_ours_is_told(root: Path, watch: Watch, airlock: Airlock) -> None:
    airlock.answer = ["nonsense"]
    (root / "table.csv").write_bytes(b"1")
    watch.step()
    watch.step()
    assert "was not understood" in status(root)


def test_hidden_files_and_the_watchers_own_are_never_sent(root: Path, watch: Watch, airlock: Airlock) -> None:
    (root / ".ipynb_checkpoints").mkdir()
    (root / ".ipynb_checkpoints" / "a.csv").write_bytes(b"1")
    (root / ".hidden").write_bytes(b"1")
    for _ in range(4):
        watch.step()
    assert (root / STATUS).exists()
    assert airlock.sent == []


def test_status_is_written_only_when_it_is_news(root: Path, watch: Watch) -> None:
    watch.step()
    before = (root / STATUS).stat().st_mtime_ns
    watch.step()
    assert (root / STATUS).stat().st_mtime_ns == before


def test_too_many_files_are_told(root: Path, watch: Watch, airlock: Airlock) -> None:
    for number in range(MOST_FILES + 5):
        (root / f"{number:04}.csv").write_bytes(b"1")
    watch.step()
    watch.step()
    assert len(airlock.sent) == MOST_FILES
    assert f"more than {MOST_FILES} files" in status(root)


def test_link_is_made_and_what_was_called_so_is_moved_aside(tmp_path: Path) -> None:
    root, link = tmp_path / "ana" / "outbox", tmp_path / "room"
    link.mkdir()
    (link / "outbox").mkdir()
    (link / "outbox" / "old.csv").write_bytes(b"1")
    laid_out(root, link / "outbox", str(root))
    laid_out(root, link / "outbox", str(root))
    assert (link / "outbox").readlink() == root
    (aside,) = [path for path in link.iterdir() if "not watched" in path.name]
    assert (aside / "old.csv").read_bytes() == b"1"


def test_link_to_elsewhere_is_set_right(tmp_path: Path) -> None:
    root, link = tmp_path / "ana" / "outbox", tmp_path / "outbox"
    link.symlink_to("/etc")
    laid_out(root, link, str(root))
    assert link.readlink() == root
