"""The query benchmark: contestants compute the same numbers, and whoever does not is not compared."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from saferoom.errors import BadInputError, UnavailableError
from saferoom.hub.bench import contestants, people, query
from saferoom.hub.bench.measure import Run, run_fresh, summary
from saferoom.hub.bench.works import WORKS
from saferoom.hub.cli.main import main


def silent(_: str) -> None:
    return None


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(query, "FOLDER", tmp_path / "bench")
    monkeypatch.setattr(people, "CATEGORIES", {"region": 5, "sector": 2, "area": 2, "branch": 3})
    (tmp_path / "bench").mkdir()
    return tmp_path


@pytest.mark.parametrize("name", ["saferoom", "saferoom-households", "pandas", "pandas-loaded"])
def test_contestant_measures_itself_and_agrees(folder: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    file = people.write_people(query.FOLDER, 4_000, silent)
    assert people.write_people(query.FOLDER, 4_000, silent) == file
    results = []
    for chosen in ("pandas", name):
        contestants.main([chosen, str(file)])
        results.append(json.loads(capsys.readouterr().out))
    assert list(results[1]["numbers"]) == [work for work, _, _ in WORKS] == list(results[1]["seconds"])
    assert len(results[1]["numbers"]["50 x 20 mean"]) == 10
    assert all(seconds > 0 for seconds in results[1]["seconds"].values())
    assert results[1]["peak_mib"] > 10
    query._agree(results[0]["numbers"], results[1]["numbers"], name)


def test_ids_of_the_data_are_unique(folder: Path) -> None:
    import pyarrow.parquet as pq

    table = pq.read_table(people.write_people(query.FOLDER, 10_000, silent))
    assert len(set(table["person_id"].to_pylist())) == 10_000
    assert len(set(table["household_id"].to_pylist())) == 5_000


def test_whole_benchmark_reports_medians_and_ratios(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(query, "FEWEST_ROWS", 1_000)
    monkeypatch.setattr(query, "REPEATS", 1)
    monkeypatch.setattr(query, "LARGE_REPEATS", 1)
    monkeypatch.setattr(query, "LARGE_FACTOR", 2)
    monkeypatch.setattr(query, "_acro", lambda _: (None, "ACRO could not be installed (here on purpose)"))
    with pytest.raises(SystemExit) as caught:
        main(["bench", "query", "--rows", "3000", "--json"])
    assert not caught.value.code
    result = json.loads(capsys.readouterr().out)
    assert set(result["contestants"]) == {"saferoom", "saferoom-households", "pandas", "pandas-loaded"}
    assert all(ratio > 0 for ratio in result["ratios"]["saferoom / pandas"]["time"].values())
    assert [goal["promise"] for goal in result["goals"]] == ["at most 2x the time of pandas"]
    assert result["large"]["rows"] == 6_000
    said: list[str] = []
    query.report(result, said.append)
    assert any("saferoom / pandas" in line for line in said)
    assert said[-1].endswith("(here on purpose)")


def test_contestants_that_disagree_are_not_compared() -> None:
    with pytest.raises(UnavailableError, match="do not agree"):
        query._agree({"w": {"a": 1.0}}, {"w": {"a": 1.1}}, "other")
    with pytest.raises(UnavailableError, match="do not agree"):
        query._agree({"w": {"a": 1.0}}, {"w": {"b": 1.0}}, "other")
    with pytest.raises(UnavailableError, match="do not agree"):
        query._agree({"w": {"a": 1.0}}, {"v": {"a": 1.0}}, "other")


def test_promises_are_judged_by_the_worst_table() -> None:
    acro = {"10 x 10 count": 0.2, "50 x 20 count": 0.3, "10 x 10 mean": 0.05, "50 x 20 mean": 0.1}
    ratios = {"saferoom / pandas": {"time": {"a": 1.2, "b": 2.1}}, "saferoom / acro": {"time": acro}}
    goals = query._goals(ratios)
    assert [(goal["worst"], goal["holds"]) for goal in goals] == [
        ("b", False),
        ("50 x 20 count", False),
        ("50 x 20 mean", True),
    ]


def test_contestant_without_a_result_is_an_error() -> None:
    with pytest.raises(UnavailableError, match="status 3"):
        run_fresh([sys.executable, "-c", "raise SystemExit(3)"])


def test_summary_takes_medians() -> None:
    runs = [Run({"w": seconds}, 2 * seconds, 100.0, {}) for seconds in (3.0, 1.0, 2.0)]
    assert summary(runs)["seconds"] == {"w": 2.0}
    assert summary(runs)["process_seconds"] == 4.0


def test_too_few_rows_or_an_unknown_name_are_refused(folder: Path) -> None:
    with pytest.raises(BadInputError, match="--rows"):
        query.run(10, silent)
    with pytest.raises(SystemExit) as caught:
        main(["bench", "nothing"])
    assert caught.value.code == 2
