"""What a linkage that needs more memory than it has puts on the disk: nobody reads a name there."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
from tests.support.linkage import people, plan_of, write_csv

from saferoom.hub.cli import link as command
from saferoom.projects.linkage import quality
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
