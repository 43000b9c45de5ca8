"""Two runs of ``saferoom link`` for one folder: one writes it, whole; the other is told, and nothing is mixed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from tests.support.linkage import people, plan_of, write_csv

from saferoom.hub.cli.main import main
from saferoom.projects.linkage import linking
from saferoom.projects.linkage.deciding import decide


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    some = people(40, 9)
    write_csv(tmp_path / "a.csv", some.left)
    write_csv(tmp_path / "b.csv", some.right)
    (tmp_path / "plan.yaml").write_text(json.dumps(plan_of("a", "b")), encoding="utf-8")
    return tmp_path


def run(folder: Path, out: str = "out") -> int:
    try:
        main(["link", str(folder / "plan.yaml"), "--out", str(folder / out)])
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"a.csv", "b.csv", "plan.yaml"}


def test_second_run_is_refused_while_the_first_works(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[int] = []

    def in_between(*arguments: Any) -> Any:
        monkeypatch.setattr(linking, "decide", decide)
        seen.append(run(folder))
        seen.append(run(folder, "elsewhere"))
        return decide(*arguments)

    monkeypatch.setattr(linking, "decide", in_between)
    assert run(folder) == 0
    assert seen[0] != 0
    assert seen[1] == 0, "another folder is nobody's business"
    assert "another run of saferoom link writes to out just now" in capsys.readouterr().err
    assert names(folder) == {"out", "elsewhere"}
    told = json.loads((folder / "out" / "summary.json").read_text())
    assert told["files"] == sorted(path.name for path in (folder / "out").iterdir())
    assert run(folder) == 2, "the folder is not empty any more"


def test_what_a_killed_run_left_is_removed_and_hinders_nobody(folder: Path) -> None:
    for left in (".out.staging-abc", ".other.staging-abc"):
        (folder / left).mkdir()
        (folder / left / "spine.parquet").write_bytes(b"names")
    (folder / ".out.lock").touch()
    assert run(folder) == 0
    assert names(folder) == {"out", ".other.staging-abc"}


def test_lock_that_is_removed_while_it_is_asked_for_is_not_held(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between opening and locking the file the other run may end: its lock is nobody's then."""
    opened = os.open

    def too_late(path: Any, *arguments: Any, **named: Any) -> int:
        found = opened(path, *arguments, **named)
        if str(path).endswith(".out.lock"):
            Path(path).unlink()
        return found

    monkeypatch.setattr(os, "open", too_late)
    assert run(folder) != 0
    monkeypatch.undo()
    assert names(folder) == set()


def test_lock_that_is_a_link_to_somebody_elses_file_is_not_followed(folder: Path) -> None:
    (folder / "theirs").write_bytes(b"kept")
    (folder / ".out.lock").symlink_to(folder / "theirs")
    assert run(folder) == 2
    assert (folder / "theirs").read_bytes() == b"kept"
