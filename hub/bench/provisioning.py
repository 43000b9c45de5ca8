"""The `provisioning` benchmark: making a project's extract, beside a plain copy with the same ids."""

from __future__ import annotations

import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from saferoom.errors import BadInputError, UnavailableError
from saferoom.hub.bench.measure import Run, run_fresh, summary

ROWS = 3_000_000
FEWEST_ROWS = 10_000
REPEATS = 3
MOST_OF_COPY = 2.0
MOST_MIB = 3_072.0
FOLDER = Path(".saferoom/bench")
EACH = {"three rows each": 3, "one row each": 1}
"""Rows of each person; the goals are about people who are there several times, as in most linked data."""
_GOAL = "three rows each"
_MODULE = "saferoom.hub.bench.provisioning_contestant"
WHAT = {
    "saferoom": "checked, ids replaced, reordered, sealed, digested, crosswalk and signed manifest",
    "duckdb": "COPY of the same columns with the same keyed hash, plain, in the owner's order",
}

Say = Callable[[str], None]


def run(rows: int | None, say: Say) -> dict[str, Any]:
    """Run both contestants in turn, and return medians and ratios.

    Raises
    ------
    BadInputError
        There are too few rows to measure anything.
    UnavailableError
        The contestants do not agree on what they copied.
    """
    size = ROWS if rows is None else rows
    if size < FEWEST_ROWS:
        raise BadInputError(f"--rows: at least {FEWEST_ROWS:,}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    worlds = {name: _world(name, each, size, say) for name, each in EACH.items()}
    goal = worlds[_GOAL]
    goals = [
        {"goal": f"time at most {MOST_OF_COPY:g}x the plain copy", "found": goal["ratio"]["time"]},
        {"goal": f"at most {MOST_MIB:,.0f} MiB", "found": goal["contestants"]["saferoom"]["peak_mib"]},
    ]
    for one, most in zip(goals, (MOST_OF_COPY, MOST_MIB), strict=True):
        one["holds"] = one["found"] <= most
    return {
        "bench": "provisioning",
        "rows": size,
        "machine": {"processors": os.cpu_count(), "python": platform.python_version(), "system": platform.machine()},
        "worlds": worlds,
        "goals": goals,
        "holds": all(one["holds"] for one in goals),
    }


def _world(name: str, each: int, rows: int, say: Say) -> dict[str, Any]:
    from saferoom.hub.bench.provisioning_contestant import write_people

    found: dict[str, list[Run]] = {contestant: [] for contestant in WHAT}
    with tempfile.TemporaryDirectory(dir=FOLDER, prefix="provisioning-") as folder:
        file = Path(folder).resolve() / "people.parquet"
        say(f"writing {rows:,} rows, {name}")
        write_people(file, rows, each)
        for turn in range(REPEATS):
            for contestant in WHAT:
                say(f"{name}: {contestant}, run {turn + 1} of {REPEATS}")
                with tempfile.TemporaryDirectory(dir=folder) as place:
                    command: list[str | Path] = [sys.executable, "-P", "-m", _MODULE, contestant, file, place]
                    found[contestant].append(run_fresh(command))
                if found[contestant][-1].numbers != found["saferoom"][0].numbers:
                    raise UnavailableError(f"saferoom and {contestant} did not copy the same; nothing can be compared")
    medians: Mapping[str, dict[str, Any]] = {
        contestant: {"what": WHAT[contestant], **summary(runs)} for contestant, runs in found.items()
    }
    return {"contestants": dict(medians), "ratio": _ratio(found)}


def _ratio(found: Mapping[str, list[Run]]) -> dict[str, float]:
    # Each pair ran one after the other, so that a busy moment of the machine hits both.
    pairs = zip(found["saferoom"], found["duckdb"], strict=True)
    times = [ours.seconds["provision"] / theirs.seconds["provision"] for ours, theirs in pairs]
    return {"time": round(statistics.median(times), 3)}


def report(result: Mapping[str, Any], say: Say) -> None:
    """Say what was found."""
    say(f"\nprovisioning of {result['rows']:,} rows, medians of {REPEATS} fresh processes in turn")
    for name, world in result["worlds"].items():
        say(f"{name}:")
        for contestant, median in world["contestants"].items():
            seconds = ", ".join(f"{work} {value:.2f} s" for work, value in median["seconds"].items())
            say(f"  {contestant:9} {seconds}, {median['peak_mib']:,.0f} MiB ({median['what']})")
        say(f"  ratio: {world['ratio']['time']:.2f}")
    for goal in result["goals"]:
        say(f"{'holds' if goal['holds'] else 'FAILS'}: {goal['goal']} (found {goal['found']:,.2f})")
