"""Whoever ends a command that writes records in the middle finds no half-written ones, and no seed, on the disk."""

from __future__ import annotations

import signal
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import csv
from typer.testing import CliRunner

from saferoom.hub.cli.main import build

PLAN = "keys: [region]\nsteps:\n  - {method: local_suppression, k: 3}\n"


@pytest.mark.parametrize("command", ["anonymise", "synthesise"])
def test_a_kill_in_the_middle_of_writing_leaves_neither_records_nor_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    (tmp_path / "people.csv").write_text("region\n" + "north\n" * 9 + "secret-isle\n")
    (tmp_path / "plan.yaml").write_text(PLAN)
    before = signal.getsignal(signal.SIGTERM)

    def ended(_table: pa.Table, file: Path, _options: object) -> None:
        file.write_text("half of secret-isle")
        assert signal.getsignal(signal.SIGTERM) != before, "the signal would end this process at once"
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(csv, "write_csv", ended)
    plan = [str(tmp_path / "plan.yaml")] if command == "anonymise" else []
    words = [command, str(tmp_path / "people.csv"), *plan, "--out", str(tmp_path / "out.csv")]
    result = CliRunner().invoke(build(command), [*words, "--seed", str(tmp_path / "seed.json")])
    assert result.exit_code == 128 + signal.SIGTERM
    assert {file.name for file in tmp_path.iterdir()} == {"people.csv", "plan.yaml"}
    assert signal.getsignal(signal.SIGTERM) == before
