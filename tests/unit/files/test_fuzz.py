"""The fuzz harness starts from valid files, counts executions, and says what kind of crash there was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from saferoom.disclosure.files.openers import open_file
from saferoom.hub.bench import fuzz, fuzz_target


@pytest.mark.parametrize("name", sorted(fuzz_target.seeds()))
def test_seed_of_the_fuzzer_is_a_valid_file_of_its_type(name: str) -> None:
    _, opened = open_file(f"output.{name}", fuzz_target.seeds()[name], fuzz_target.LIMITS)
    rules = {finding.rule for finding in opened.findings}
    assert not rules & {"unreadable", "mislabelled", "hostile", "unsupported-type", "too-large"}


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"==1== ERROR: libFuzzer: timeout after 11 seconds", "too slow"),
        (b"==1== ERROR: libFuzzer: out-of-memory (used: 1601Mb)", "too much memory"),
        (b" === Uncaught Python exception: ===\nKeyError: 'P001'\n", "KeyError"),
        (b"", "the process ended"),
    ],
)
def test_crash_is_said_by_kind_and_never_with_values(said: bytes, why: str) -> None:
    assert fuzz._why(said) == why


def test_process_that_ends_badly_is_counted_as_a_crash(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    found = fuzz._fuzz(tmp_path, "csv", 1, 1.0)
    assert found["crashed"] is True
    assert found["executions"] == 0


def test_report_without_the_fuzzer_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz, "_atheris", lambda *_: (None, "no network"))
    result: dict[str, Any] = fuzz.run(None, lambda _: None)
    said: list[str] = []
    fuzz.report(result, said.append)
    assert said == ["Fuzzing was NOT run: no network"]
