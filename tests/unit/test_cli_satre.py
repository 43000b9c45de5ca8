"""``saferoom satre``: every statement has evidence that exists or says what is lacking, and results are not made up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from saferoom.errors import BadInputError
from saferoom.hub.cli.main import main
from saferoom.hub.evidence.satre import PILLARS, Outcome, Results, Status, statements

ROOT = Path(__file__).resolve().parents[2]
EVERY = statements()


def run(*words: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    return int(ended.value.code or 0)


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A run in which the first statement's tests passed, but for one file."""
    first, second = EVERY[0].tests[:2]
    files = {name: {"passed": 3} for one in EVERY for name in one.tests if name.endswith(".py")}
    files |= {"tests/integration/spark/test_one.py": {"passed": 1, "skipped": 2}, second: {"passed": 2, "failed": 1}}
    path = tmp_path / "results.json"
    path.write_text(json.dumps({"at": "2026-01-02 03:04 UTC", "commit": "abc", "files": files}))
    assert first != second
    return path


def test_every_statement_is_there_once_with_tests_that_exist() -> None:
    assert len({one.id for one in EVERY}) == len(EVERY) > 100
    assert {one.level for one in EVERY} == {"mandatory", "recommended", "optional"}
    assert {one.pillar for one in EVERY} == set(PILLARS.values())
    missing = {test for one in EVERY for test in one.tests if not (ROOT / test).exists()}
    assert not missing


@pytest.mark.parametrize("one", EVERY, ids=lambda one: one.id)
def test_what_is_met_has_tests_and_what_is_not_says_what_is_lacking(one: Any) -> None:
    assert bool(one.lacks) == (one.status is not Status.MET)
    assert bool(one.tests) == (one.status is not Status.NOT)


def test_results_of_a_run_are_told(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("satre", "--results", results, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    told = {one["id"]: one for one in said["statements"]}
    assert told[EVERY[0].id]["last_result"] == "failed"
    spark = next(one for one in EVERY if one.tests == ("tests/integration/spark",))
    assert (told[spark.id]["last_result"], told[spark.id]["tests_run"]) == ("passed", 1)
    assert {one["last_result"] for one in said["statements"] if one["status"] == "not"} == {"none"}
    assert sum(said["counts"].values()) == len(EVERY)
    assert said["tests"] == {"at": "2026-01-02 03:04 UTC", "commit": "abc"}


def test_without_results_nothing_is_said_to_have_passed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("satre", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert {one["last_result"] for one in said["statements"]} == {"not run", "none"}
    assert run("satre") == 0
    text = capsys.readouterr().out
    assert "No results of tests are at hand" in text
    assert f"{said['counts']['met']} of {len(EVERY)} met" in text
    assert "lacking: OIDC is not there yet" in " ".join(text.split())


def test_tests_of_which_one_file_did_not_run_are_not_passed() -> None:
    found = Results("", "", {"tests/a.py": {"passed": 1}, "tests/b.py": {"skipped": 1}})
    assert found.of(["tests/a.py"]) == (Outcome.PASSED, 1)
    assert found.of(["tests/a.py", "tests/b.py"]) == (Outcome.NOT_RUN, 1)
    assert found.of(["tests/a"]) == (Outcome.NOT_RUN, 0)
    assert found.of([]) == (Outcome.NONE, 0)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"files": [], "at": "", "commit": ""}', '{"files": {"a": {"passed": "x"}}}']
)
def test_results_that_are_none_are_refused(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "results.json"
    path.write_text(text)
    with pytest.raises(BadInputError, match="this is not what"):
        Results.read(path)
    assert run("satre", "--results", path) == 2
    assert run("satre", "--results", tmp_path / "none.json") == 2
    assert "there is no file" in capsys.readouterr().err
