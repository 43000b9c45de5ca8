"""What a linkage that needs more memory than it has puts on the disk: nobody reads a name there."""

from __future__ import annotations

import json
import signal
import tempfile
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.support.linkage import people, plan_of, write_csv

from saferoom.hub.cli import link as command
from saferoom.hub.cli.main import main
from saferoom.projects.linkage import linking, quality
from saferoom.projects.linkage.engine_duckdb import opened
from saferoom.projects.linkage.linking import link
from saferoom.projects.linkage.plan import read_plan


def setting(connection: duckdb.DuckDBPyConnection, name: str) -> str:
    return str(connection.execute(f"SELECT current_setting('{name}')").fetchall()[0][0])


def test_what_does_not_fit_in_memory_is_encrypted_and_nowhere_but_in_a_folder_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = people(40, 9)
    write_csv(tmp_path / "a.csv", some.left)
    write_csv(tmp_path / "b.csv", some.right)
    plan = read_plan(json.dumps(plan_of("a", "b")), "p")
    seen: list[tuple[str, str]] = []
    made = quality.quality_pack

    def watched(own: duckdb.DuckDBPyConnection, *rest: object) -> quality.Made:
        seen.append((setting(own, "temp_directory"), setting(own, "temp_file_encryption")))
        return made(own, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(quality, "quality_pack", watched)
    with opened(plan, tmp_path) as (connection, records):
        seen.append((setting(connection, "temp_directory"), setting(connection, "temp_file_encryption")))
        command._quality(connection, records, plan, link(connection, records, plan))
    assert len(seen) == 2
    for folder, encrypted in seen:
        assert "saferoom-link-" in folder
        assert encrypted.lower() == "true"
        assert not Path(folder).exists()


def test_linkage_that_is_killed_plainly_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    some = people(40, 9)
    write_csv(tmp_path / "a.csv", some.left)
    write_csv(tmp_path / "b.csv", some.right)
    (tmp_path / "plan.yaml").write_text(json.dumps(plan_of("a", "b")), encoding="utf-8")
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    before = signal.getsignal(signal.SIGTERM)

    def killed(*_: Any) -> None:
        assert signal.getsignal(signal.SIGTERM) != before, "the signal would end this process at once"
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(linking, "decide", killed)
    with pytest.raises(SystemExit) as ended:
        main(["link", str(tmp_path / "plan.yaml"), "--out", str(tmp_path / "out")])
    assert ended.value.code == 128 + signal.SIGTERM
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "b.csv", "plan.yaml", "tmp"]
    assert not list((tmp_path / "tmp").iterdir())
    assert signal.getsignal(signal.SIGTERM) == before
