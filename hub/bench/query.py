"""The `query` benchmark: tables with every rule applied, beside plain pandas and beside ACRO."""

from __future__ import annotations

import math
import os
import platform
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from saferoom.errors import BadInputError, UnavailableError
from saferoom.hub.bench.acro import VERSION, acro_python
from saferoom.hub.bench.measure import Run, run_fresh, summary
from saferoom.hub.bench.people import write_people
from saferoom.hub.bench.query_page import page as page
from saferoom.hub.bench.query_page import report as report

ROWS = 1_000_000
FEWEST_ROWS = 100_000
LARGE_FACTOR = 10
REPEATS = 5
LARGE_REPEATS = 2
FOLDER = Path(".saferoom/bench")
MOST_OF_PANDAS = 2.0
LEAST_OF_ACRO = {"count": 4.0, "mean": 9.0}
"""How many times faster than ACRO a table of this statistic is."""
_HERE = Path(__file__).resolve().parent

WHAT = {
    "saferoom": "Parquet to verdict: a check with every rule, distinct persons, dominance",
    "saferoom-households": "the same, with persons and households as units",
    "pandas": "Parquet to a plain pandas.crosstab, no rule",
    "pandas-loaded": "a plain pandas.crosstab of data already in memory, no rule",
    "acro": f"Parquet to an ACRO {VERSION} crosstab (rows, not units), its own environment",
}

Say = Callable[[str], None]


def run(rows: int | None, say: Say) -> dict[str, Any]:
    """Run all contestants, interleaved, and return medians and ratios for every table.

    Parameters
    ----------
    rows : int, optional
        Rows of the table; ten times as many are computed once more by the contestants that start from Parquet.

    Raises
    ------
    UnavailableError
        When contestants do not agree on the numbers, or one does not finish.
    """
    size = ROWS if rows is None else rows
    if size < FEWEST_ROWS:
        raise BadInputError(f"--rows: at least {FEWEST_ROWS:,}, so that every cell of the table is safe")
    small, large = write_people(FOLDER, size, say), write_people(FOLDER, size * LARGE_FACTOR, say)
    acro, why_not = _acro(say)
    names = [name for name in WHAT if name != "acro" or acro]
    found = _contest(names, small, acro, REPEATS, say)
    big = _contest(["saferoom", "saferoom-households", "pandas"], large, acro, LARGE_REPEATS, say)
    ratios = _ratios(found)
    goals = _goals(ratios)
    return {
        "bench": "query",
        "rows": size,
        "machine": {"processors": os.cpu_count(), "python": platform.python_version(), "system": platform.machine()},
        "contestants": {name: {"what": WHAT[name], **summary(runs)} for name, runs in found.items()},
        "acro_unavailable": why_not,
        "ratios": ratios,
        "goals": goals,
        "holds": all(goal["holds"] for goal in goals),
        "large": {
            "rows": size * LARGE_FACTOR,
            "contestants": {name: {"what": WHAT[name], **summary(runs)} for name, runs in big.items()},
            "ratios": _ratios(big),
        },
        "same_numbers": True,
    }


def _contest(names: Sequence[str], file: Path, acro: Path | None, repeats: int, say: Say) -> dict[str, list[Run]]:
    """Run every contestant `repeats` times in turn, so that a busy moment of the machine hits all alike."""
    found: dict[str, list[Run]] = {name: [] for name in names}
    for turn in range(repeats):
        for name in names:
            say(f"{file.name}: {name}, run {turn + 1} of {repeats}")
            command: list[str | Path] = [sys.executable, "-P", "-m", "saferoom.hub.bench.contestants", name, file]
            if name == "acro" and acro is not None:
                command = [acro, "-P", _HERE / "acro_contestant.py", file]
            found[name].append(run_fresh(command))
            _agree(found["saferoom"][0].numbers, found[name][-1].numbers, name)
    return found


def _agree(ours: Mapping[str, Mapping[str, float]], theirs: Mapping[str, Mapping[str, float]], name: str) -> None:
    same = ours.keys() == theirs.keys() and all(
        ours[work].keys() == theirs[work].keys()
        and all(math.isclose(ours[work][cell], theirs[work][cell], rel_tol=1e-9) for cell in ours[work])
        for work in ours
    )
    if not same:
        raise UnavailableError(f"saferoom and {name} do not agree on the numbers, so there is nothing to compare")


def _ratios(found: Mapping[str, Sequence[Run]]) -> dict[str, dict[str, Any]]:
    medians = {name: summary(runs) for name, runs in found.items()}
    return {
        f"{ours} / {name}": {
            "time": {
                work: round(medians[ours]["seconds"][work] / other["seconds"][work], 3) for work in other["seconds"]
            },
            "memory": round(medians[ours]["peak_mib"] / other["peak_mib"], 3),
        }
        for ours in ("saferoom", "saferoom-households")
        for name, other in medians.items()
        if not name.startswith("saferoom")
    }


def _goals(ratios: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return what was promised for tables about persons, and whether it holds."""
    return [*_against_pandas(ratios), *_against_acro(ratios)]


def _against_pandas(ratios: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    times = ratios["saferoom / pandas"]["time"]
    worst = max(times, key=lambda work: times[work])
    yield {
        "promise": f"at most {MOST_OF_PANDAS:g}x the time of pandas",
        "worst": worst,
        "ratio": times[worst],
        "holds": times[worst] <= MOST_OF_PANDAS,
    }


def _against_acro(ratios: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    times = ratios.get("saferoom / acro", {"time": {}})["time"]
    for statistic, least in LEAST_OF_ACRO.items():
        of_it = {work: time for work, time in times.items() if work.endswith(f" {statistic}")}
        if of_it:
            worst = max(of_it, key=lambda work: of_it[work])
            faster = round(1 / of_it[worst], 2)
            yield {
                "promise": f"at least {least:g}x faster than ACRO for a table of the {statistic}",
                "worst": worst,
                "ratio": faster,
                "holds": faster >= least,
            }


def _acro(say: Say) -> tuple[Path | None, str | None]:
    return acro_python(FOLDER.resolve() / "acro", say)
