"""The `history` benchmark: how long a new table takes to be judged beside many earlier ones, and how much memory."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from saferoom.errors import BadInputError, UnavailableError
from saferoom.hub.bench.history_world import CELLS, UNITS
from saferoom.hub.bench.measure import Run, run_fresh, summary

TABLES = (1, 10, 100)
REPEATS = {1: 3, 10: 3, 100: 1}
PAIRS = 1
"""Tables up to which all pairs are compared as well."""
GOAL_TABLES = 10
MOST_SECONDS = 5.0
MOST_MIB = 2_048.0
MOST_MIB_LONGEST = 4_096.0
MOST_GROWTH = 1.5
"""How many times more than ten times as long ten times as many cells may take."""

Say = Callable[[str], None]


def run(rows: int | None, say: Say) -> dict[str, Any]:
    """Judge a safe and an unsafe table beside histories of several sizes, each in fresh processes.

    Raises
    ------
    UnavailableError
        When the safe table does not pass, or the unsafe one does.
    """
    if rows is not None:
        raise BadInputError("--rows: the histories have sizes of their own; leave it out")
    found = {}
    for tables in TABLES:
        names = ["saferoom", *(["all-pairs"] if tables <= PAIRS else [])]
        runs: dict[str, list[Run]] = {name: [] for name in names}
        for turn in range(REPEATS[tables]):
            for name in names:
                say(f"history of {tables * CELLS:,} cells: {name}, run {turn + 1} of {REPEATS[tables]}")
                command = [sys.executable, "-P", "-m", "saferoom.hub.bench.history_contestant", name, str(tables)]
                runs[name].append(run_fresh(command))
        _right(runs)
        found[str(tables * CELLS)] = {name: summary(one) for name, one in runs.items()}
    goals = _goals(found)
    return {
        "bench": "history",
        "units": UNITS,
        "new_cells": CELLS,
        "earlier_cells": found,
        "growth": _growth(found),
        "goals": goals,
        "holds": all(goal["holds"] for goal in goals),
    }


def _right(runs: Mapping[str, Sequence[Run]]) -> None:
    for one in runs["saferoom"]:
        if one.numbers["safe"] or not one.numbers["attack"]:
            raise UnavailableError("the benchmark's tables were not judged as they must be: safe passes, attack fails")


def _growth(found: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """Return how seconds and memory grow from step to step, per how the cells do: at 1 they grow as the cells."""
    grown = {}
    for few, many in pairwise(found):
        cells, before, after = int(many) / int(few), found[few]["saferoom"], found[many]["saferoom"]
        grown[many] = {
            "seconds": after["seconds"]["safe"] / before["seconds"]["safe"] / cells,
            "peak_mib": after["peak_mib"] / before["peak_mib"] / cells,
        }
    return grown


def _goals(found: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    goal = found[str(GOAL_TABLES * CELLS)]["saferoom"]
    seconds, memory = goal["seconds"]["safe"], goal["peak_mib"]
    longest = TABLES[-1] * CELLS
    growth, largest = _growth(found)[str(longest)]["seconds"], found[str(longest)]["saferoom"]["peak_mib"]
    asked = f"{CELLS:,} cells beside {GOAL_TABLES * CELLS:,} on {UNITS:,} units"
    return [
        {"promise": f"{asked}: under {MOST_SECONDS:g} s", "found": seconds, "holds": seconds < MOST_SECONDS},
        {"promise": f"{asked}: under {MOST_MIB:g} MiB", "found": memory, "holds": memory < MOST_MIB},
        {
            "promise": f"{CELLS:,} cells beside {longest:,}: under {MOST_MIB_LONGEST:g} MiB",
            "found": largest,
            "holds": largest < MOST_MIB_LONGEST,
        },
        {
            "promise": f"ten times the cells take at most {MOST_GROWTH:g} times ten times as long",
            "found": round(growth, 2),
            "holds": growth <= MOST_GROWTH,
        },
    ]


def report(result: Mapping[str, Any], say: Say) -> None:
    """Print the result for people."""
    say(f"\nsaferoom history: a new table of {result['new_cells']:,} cells on {result['units']:,} units, medians")
    for cells, contestants in result["earlier_cells"].items():
        for name, found in contestants.items():
            times = ", ".join(f"{work} {seconds:.2f} s" for work, seconds in found["seconds"].items())
            say(f"  {int(cells):>9,} earlier cells   {name:10} {times}   {found['peak_mib']:.0f} MiB")
    for cells, grown in result["growth"].items():
        seconds, memory = grown["seconds"], grown["peak_mib"]
        say(f"  {int(cells):>9,} earlier cells   grown, of what the cells did: {seconds:.2f} time, {memory:.2f} memory")
    for goal in result["goals"]:
        say(f"  {goal['promise']}: {goal['found']:g}, {'holds' if goal['holds'] else 'does NOT hold'}")
