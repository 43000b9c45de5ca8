"""The query benchmark: contestants compute the same numbers, and whoever does not is not compared."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from saferoom.errors import BadInputError, UnavailableError
from saferoom.hub.bench import contestants, query
from saferoom.hub.bench.measure import Run, run_fresh, summary
from saferoom.hub.cli.main import main


def silent(_: str) -> None:
    return None


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(query, "FOLDER", tmp_path / "bench")
    monkeypatch.setattr(query, "REGIONS", 5)
    monkeypatch.setattr(query, "SECTORS", 2)
    (tmp_path / "bench").mkdir()
    return tmp_path


@pytest.mark.parametrize("name", ["saferoom", "saferoom-households", "pandas", "pandas-loaded"])
def test_contestant_measures_itself_and_agrees(folder: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    file = query._data(4_000, silent)
    assert query._data(4_000, silent) == file
    results = []
    for chosen in ("pandas", name):
        contestants.main([chosen, str(file)])
        results.append(json.loads(capsys.readouterr().out))
    assert len(results[1]["numbers"]) == 10
    assert results[1]["seconds"] > 0
    assert results[1]["peak_mib"] > 10
    query._agree(results[0]["numbers"], results[1]["numbers"], name)


def test_ids_of_the_data_are_unique(folder: Path) -> None:
    import pyarrow.parquet as pq

    table = pq.read_table(query._data(10_000, silent))
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
    assert result["ratios"]["saferoom / pandas"]["time"] > 0
    assert result["large"]["rows"] == 6_000
    said: list[str] = []
    query.report(result, said.append)
    assert any("saferoom / pandas" in line for line in said)
    assert said[-1].endswith("(here on purpose)")


def test_contestants_that_disagree_are_not_compared() -> None:
    with pytest.raises(UnavailableError, match="do not agree"):
        query._agree({"a": [1.0, 2.0]}, {"a": [1.0, 2.1]}, "other")
    with pytest.raises(UnavailableError, match="do not agree"):
        query._agree({"a": [1.0]}, {"b": [1.0]}, "other")


def test_contestant_without_a_result_is_an_error() -> None:
    with pytest.raises(UnavailableError, match="status 3"):
        run_fresh([sys.executable, "-c", "raise SystemExit(3)"])


def test_summary_takes_medians() -> None:
    runs = [Run(seconds, 2 * seconds, 100.0, {}) for seconds in (3.0, 1.0, 2.0)]
    assert summary(runs)["seconds"] == 2.0
    assert summary(runs)["process_seconds"] == 4.0


def test_too_few_rows_or_an_unknown_name_are_refused(folder: Path) -> None:
    with pytest.raises(BadInputError, match="--rows"):
        query.run(10, silent)
    with pytest.raises(SystemExit) as caught:
        main(["bench", "nothing"])
    assert caught.value.code == 2
