"""What is written of how tests ended: by file, newest run, nothing of files that are gone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.support.results import Recorder

from saferoom.hub.evidence.satre import Results

HERE = "tests/unit/support/test_results.py"


def report(name: str, outcome: str, when: str = "call", seconds: float = 0) -> pytest.TestReport:
    found = pytest.TestReport(f"{name}::test", ("", 0, ""), {}, outcome, None, when)  # type: ignore[arg-type]
    found.duration = seconds
    return found


def test_runs_are_kept_by_file(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text(
        json.dumps({"at": "", "commit": "", "files": {"tests/gone.py": {"passed": 9}, HERE: {"passed": 7}}})
    )
    recorder = Recorder(path)
    for outcome, when in [("passed", "setup"), ("passed", "call"), ("skipped", "setup"), ("failed", "teardown")]:
        recorder.pytest_runtest_logreport(report("tests/conftest.py", outcome, when))
    recorder.pytest_sessionfinish()
    found = Results.read(path)
    assert found.files == {HERE: {"passed": 7}, "tests/conftest.py": {"passed": 1, "skipped": 1, "failed": 1}}
    assert found.at.endswith("UTC")


def test_time_of_a_file_is_that_of_all_its_tests(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    for seconds in ((1.0, 0.25), (2.0,)):
        recorder = Recorder(path)
        for one in seconds:
            recorder.pytest_runtest_logreport(report(HERE, "passed", seconds=one))
        recorder.pytest_sessionfinish()
        assert json.loads(path.read_text())["seconds"] == {HERE: sum(seconds)}


def test_a_run_of_nothing_writes_nothing(tmp_path: Path) -> None:
    Recorder(tmp_path / "results.json").pytest_sessionfinish()
    assert not (tmp_path / "results.json").exists()
