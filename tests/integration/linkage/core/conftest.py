"""A shell for ``saferoom link`` in a folder with two files of people."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet
from tests.support.linkage import People, people, plan_of, write_csv

from saferoom.hub.cli.main import main


@dataclass
class Shell:
    """Runs the command line in this process, in a folder of its own."""

    folder: Path
    capture: pytest.CaptureFixture[str]

    def files(self, made: People) -> None:
        """Write a.csv and b.csv."""
        write_csv(self.folder / "a.csv", made.left)
        write_csv(self.folder / "b.csv", made.right)

    def link(self, plan: Any, *words: str, out: str = "out") -> tuple[int, str, str]:
        """Return exit status, standard output and standard error."""
        text = plan if isinstance(plan, str) else json.dumps(plan)
        (self.folder / "plan.yaml").write_text(text, encoding="utf-8")
        status = 0
        try:
            main(["link", str(self.folder / "plan.yaml"), "--out", str(self.folder / out), *words])
        except SystemExit as ended:
            status = int(ended.code or 0)
        found = self.capture.readouterr()
        return status, found.out, found.err

    def document(self, plan: Any, out: str = "out") -> dict[str, Any]:
        """Return the one document that ``--json`` prints."""
        status, printed, told = self.link(plan, "--json", out=out)
        assert status == 0, told
        found: dict[str, Any] = json.loads(printed)
        return found

    def entities(self, out: str = "out") -> dict[tuple[str, str], str]:
        """Return (source, record_id) -> entity_id."""
        rows = parquet.read_table(self.folder / out / "spine.parquet").to_pylist()
        return {(row["source"], row["record_id"]): row["entity_id"] for row in rows}

    def linked(self, out: str = "out") -> set[tuple[str, str]]:
        """Return the pairs of ids of a and b that are of one entity."""
        found = self.entities(out)
        left: dict[str, list[str]] = {}
        for (source, record), entity in found.items():
            if source == "a":
                left.setdefault(entity, []).append(record)
        return {(a, r) for (source, r), entity in found.items() if source == "b" for a in left.get(entity, [])}


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tmp_path, capsys)


@pytest.fixture(scope="session")
def some_people() -> People:
    return people(400, 3)


@pytest.fixture(scope="session")
def few_people() -> People:
    return people(12, 5, errors=0.05, moved=0.0)


@pytest.fixture
def small(shell: Shell, few_people: People) -> Shell:
    shell.files(few_people)
    return shell


@pytest.fixture
def plan() -> dict[str, Any]:
    return plan_of("a", "b", one_to_one=True, threshold=0.9)
