"""The benchmark of the privacy lane: private numbers near the plain ones, promises, charges that add up."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from saferoom.errors import BadInputError, UnavailableError
from saferoom.hub.bench import privacy, privacy_charges, privacy_contestant
from saferoom.hub.bench.measure import Run
from saferoom.hub.bench.privacy_world import WORKS, write_people

ROWS = 300_000
SAID: list[str] = []


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hundred people in each area: with many fewer, the noise of a mean has no margin that holds."""
    return write_people(tmp_path_factory.mktemp("bench"), ROWS, SAID.append)


@pytest.fixture(scope="module")
def plain(file: Path) -> Run:
    """What polars would say."""
    numbers: dict[str, Any] = {}
    for work, (by, statistic) in WORKS.items():
        more = ", avg(pay)" if statistic == "mean" else ""
        rows = duckdb.execute(f"SELECT {by}, count(*){more} FROM '{file}' GROUP BY {by}").fetchall()
        numbers[work] = {row[0]: list(row[1:]) for row in rows}
    return Run(dict.fromkeys(WORKS, 0.1), 1.0, 100.0, numbers)


def _drawn(file: Path, name: str, capsys: pytest.CaptureFixture[str]) -> Run:
    privacy_contestant.main(file, name)
    found = json.loads(capsys.readouterr().out)
    return Run(found["seconds"], 1.0, found["peak_mib"], found["numbers"])


def test_world_is_written_once(file: Path) -> None:
    before = len(SAID)
    assert write_people(file.parent, ROWS, SAID.append) == file
    assert len(SAID) == before
    assert duckdb.execute(f"SELECT count(DISTINCT person_id) FROM '{file}'").fetchall() == [(ROWS,)]


def test_contestants_agree_and_whoever_is_far_off_is_not_compared(
    file: Path, plain: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(privacy_contestant, "look_seldom", lambda: None)
    runs = {name: _drawn(file, name, capsys) for name in ("saferoom", "saferoom-bounded")}
    runs |= {"polars": plain, "opendp": plain}

    def fresh(words: list[str | Path]) -> Run:
        return runs[str(words[-1])]

    monkeypatch.setattr(privacy, "run_fresh", fresh)
    found = privacy.contest(list(privacy.WHAT), file, Path("python"), 2, SAID.append)
    part = privacy._part(ROWS, found)
    assert set(part["ratios"]) == set(privacy.WHAT) - {"polars"}
    assert part["ratios"]["opendp"] == dict.fromkeys(WORKS, 1.0)
    far = {**plain.numbers, "mean by 8": {code: [n, pay * 2] for code, (n, pay) in plain.numbers["mean by 8"].items()}}
    lost = {**plain.numbers, "count by 8": {}}
    for numbers in (far, lost):
        runs["opendp"] = replace(plain, numbers=numbers)
        with pytest.raises(UnavailableError, match="opendp is further from the plain"):
            privacy.contest(list(privacy.WHAT), file, Path("python"), 1, SAID.append)


def test_charges_of_several_processes_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(privacy_charges, "EACH", 5)
    monkeypatch.setattr(privacy_charges, "PROCESSES", (2,))
    found = privacy_charges.measure(SAID.append)
    assert found["2"]["charges"] == 10
    assert found["2"]["per_second"] > 0


def test_charges_that_do_not_add_up_are_no_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(privacy_charges, "EACH", 1)
    monkeypatch.setattr(privacy_charges, "PROCESSES", (1,))
    monkeypatch.setattr(privacy_charges, "_charged", lambda _root, _processes: {})
    with pytest.raises(UnavailableError, match="do not add up"):
        privacy_charges.measure(SAID.append)


def test_result_says_what_holds(file: Path, plain: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = dict.fromkeys(WORKS, 0.31)
    contestants = {
        name: [replace(plain, seconds=slow if name == "saferoom" else plain.seconds)] for name in privacy.WHAT
    }
    charges = {"1": {"charges": 5, "seconds": 0.01, "per_second": 500.0}}
    monkeypatch.setattr(privacy, "write_people", lambda *_: file)
    monkeypatch.setattr(privacy, "own_python", lambda *_: (Path("python"), None))
    monkeypatch.setattr(privacy, "contest", lambda *_: contestants)
    monkeypatch.setattr(privacy_charges, "measure", lambda _: charges)
    result = privacy.run(None, SAID.append)
    assert [goal["holds"] for goal in result["goals"]] == [False, False, True, True]
    assert not result["holds"]
    privacy.report(result, SAID.append)
    assert "at least 300 charges/s on SQLite: holds (500 charges/s, by 1 at once)" in SAID[-1]
    page = privacy.page(result)
    assert "| saferoom | 0.310 | 0.310 | 0.310 | 0.310 | 100 |" in page
    assert "at most 3x the time of polars: does NOT hold (3.10x, count by 8)" in page


def test_bench_that_cannot_be_compared_says_why(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    with pytest.raises(BadInputError, match="--rows"):
        privacy.run(10, SAID.append)
    monkeypatch.setattr(privacy, "write_people", lambda *_: file)
    monkeypatch.setattr(privacy, "own_python", lambda *_: (None, "OpenDP could not be installed"))
    with pytest.raises(UnavailableError, match="could not be installed"):
        privacy.run(None, SAID.append)
