"""The benchmarks of verdicts, of checks and of the client: what they count, and what they refuse."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from saferoom.errors import BadInputError, UnavailableError
from saferoom.hub.bench import check, check_files, client, verdicts
from saferoom.hub.cli.main import main

SAID: list[str] = []


def case(name: str, safe: bool, verdict: str, **more: Any) -> dict[str, Any]:
    """Return a judged case as the corpus' runner prints it."""
    found = {"name": name, "statbarn": "frequencies", "kind": "query", "safe": safe, "verdict": verdict}
    return {**found, "rules": [], "disclosed": None if safe else True, "mended": False, "note": "", **more}


CASES = [
    case("caught", False, "fail"),
    case("missed", False, "pass"),
    case("mended", False, "pass", mended=True),
    case("unproven", False, "fail", disclosed=False),
    case("passed", True, "pass"),
    case("reviewed", True, "review", statbarn="regression"),
    case("alarmed", True, "fail", kind="file"),
    case("refused", True, "refused"),
]
ACRO = {"caught": "pass", "mended": "pass", "passed": "pass", "reviewed": "fail", "alarmed": "error: ValueError"}


def test_verdicts_are_counted_for_both_contestants() -> None:
    result = verdicts.result(CASES, ACRO, None)
    assert (result["misses"], result["missed"]) == (1, ["missed"])
    assert (result["false_alarms"], result["alarmed"]) == (2, ["alarmed", "refused"])
    assert (result["passed"], result["passed_fraction"]) == (1, 0.25)
    assert result["attacks_that_failed"] == ["unproven"]
    assert not result["holds"]
    acro = result["acro"]
    assert acro["missed"] == ["caught", "mended"], "what Saferoom mends, ACRO releases as it is"
    assert (acro["total"]["cases"], acro["no_verdict"]) == (4, 4)
    assert acro["saferoom_on_the_same"]["misses"] == 0
    assert result["by_kind"]["file"]["false_alarms"] == 1


def test_goals_hold_only_without_any_miss() -> None:
    good = [case("caught", False, "review"), *[case(f"safe {i}", True, "pass") for i in range(20)]]
    assert verdicts.result(good, {}, "no ACRO here")["holds"]
    assert not verdicts.result([*good, case("missed", False, "pass")], {}, None)["holds"]
    held_up = [case(f"held {i}", True, "review") for i in range(20)]
    assert not verdicts.result([*good, *held_up], {}, None)["holds"]


def test_page_shows_both_tables_or_says_why_there_is_one() -> None:
    both = verdicts.page(verdicts.result(CASES, ACRO, None))
    assert "| frequencies | 4 | 1 | 3 | 2 | 1 (33%) |" in both
    assert "## ACRO 1.0.2 on the same work" in both
    assert "ACRO could not be installed" in verdicts.page(verdicts.result(CASES, {}, "ACRO could not be installed"))


def test_report_names_misses_and_alarms() -> None:
    said: list[str] = []
    verdicts.report(verdicts.result(CASES, ACRO, None), said.append)
    text = "\n".join(said)
    assert "judged pass although unsafe: missed" in text
    assert "judged fail although safe: alarmed" in text
    assert "do NOT hold" in text


@pytest.mark.parametrize("name", ["verdicts", "check", "client"])
def test_benches_without_rows_refuse_them(name: str) -> None:
    module = {"verdicts": verdicts, "check": check, "client": client}[name]
    with pytest.raises(BadInputError, match="--rows"):
        module.run(10, SAID.append)


def test_verdicts_outside_a_checkout_say_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdicts, "_ROOT", tmp_path)
    with pytest.raises(UnavailableError, match="checkout"):
        verdicts.run(None, SAID.append)


def test_only_a_published_bench_writes_a_page(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["bench", "client", "--page", str(tmp_path / "x.md")])
    assert caught.value.code == 2


def test_client_bench_measures_the_import(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(client, "ROUNDS", 1)
    with pytest.raises(SystemExit):
        main(["bench", "client", "--json"])
    result = json.loads(capsys.readouterr().out)
    assert result["seconds"]["client"] > 0
    client.report(result, SAID.append)
    assert "is promised" in SAID[-1]


def test_check_bench_checks_files_of_every_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "FOLDER", tmp_path)
    monkeypatch.setattr(check, "REPEATS", 1)
    for name, size in (("CSV_ROWS", 40), ("WORKBOOK_BYTES", 20_000), ("NOTEBOOK_BYTES", 30_000)):
        monkeypatch.setattr(check_files, name, size)
    monkeypatch.setattr(check_files, "EXTRACT_ROWS", 500)
    result = check.run(None, SAID.append)
    assert [one["verdict"] in {"review", "fail"} for one in result["files"].values()] == [True] * 3
    assert all(one["seconds"] > 0 and one["peak_mib"] > 30 for one in result["files"].values())
    check.report(result, SAID.append)
    assert "promised" in SAID[-1]


def test_memory_of_a_process_counts_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    assert check.tree_mib(os.getpid()) > 20
