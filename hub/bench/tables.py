"""The `tables` benchmark: hidden cells of hierarchical tables, beside pytauargus; every result attacked alike.

Every contestant starts from the same businesses in memory, hides the same primary cells (that is checked), pays the
same for each further one (its turnover), and is then attacked by the benchmark's own audit.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from saferoom.errors import BadInputError, UnavailableError
from saferoom.hub.bench import tables_world
from saferoom.hub.bench.environments import own_python
from saferoom.hub.bench.measure import LONGEST_SECONDS, Run, run_fresh, summary
from saferoom.hub.bench.tables_page import page as page
from saferoom.hub.bench.tables_page import report as report

VERSION = "0.6.0"
CELLS = 1_000
REPEATS = 5
FOLDER = Path(".saferoom/bench")
MOST_ATTACKED = {1_000: None, 10_000: 100, 100_000: 20}
"""Primary cells that the benchmark's own audit attacks, by size of the table; all where it says None."""
LARGEST_OF_TAU = 10_000
MOST_SECONDS, MOST_MIB = 600.0, 4_096.0
"""What is promised for 100,000 cells."""
PUBLISHED = {
    "engine": "sdcTable 0.34, GAUSS",
    "cells": 972,
    "seconds": 16.4,
    "note": "measured once on two shared cores, on another table; not run here",
}
_HERE = Path(__file__).resolve().parent

WHAT = {
    "saferoom": "heuristic, every primary cell audited",
    "saferoom-singles": "the same, audited against every business that is alone in a cell too",
    "saferoom-exact": "least cost, proven or with its gap",
    "tau-mod": f"pytauargus {VERSION}, MOD, which audits nothing",
    "tau-mod-singles": "the same, with its options for businesses that are alone in a cell",
    "tau-opt": "pytauargus' OPT, told to stop after 2 minutes",
}
_OURS = {"saferoom": ["heuristic"], "saferoom-singles": ["heuristic", "singles"], "saferoom-exact": ["exact"]}
_THEIRS = {"tau-mod": "mod", "tau-mod-singles": "mod-singles", "tau-opt": "opt"}
_ONCE = frozenset({"saferoom-exact", "tau-opt"})
_PAIRS = (("saferoom", "tau-mod"), ("saferoom-singles", "tau-mod-singles"))

Say = Callable[[str], None]


def run(rows: int | None, say: Say) -> dict[str, Any]:
    """Protect tables of 1,000, 10,000 and 100,000 cells and return medians, costs, and what the attacks found.

    Parameters
    ----------
    rows : int, optional
        Cells of the largest table.

    Raises
    ------
    UnavailableError
        When contestants do not hide the same primary cells, or one does not finish.
    """
    largest = max(tables_world.SHAPES) if rows is None else rows
    if largest not in tables_world.SHAPES:
        there = ", ".join(f"{size:,}" for size in tables_world.SHAPES)
        raise BadInputError(f"--rows: the cells of the largest table, one of {there}")
    python, why_not = own_python("pytauargus", "requirements-tau.txt", FOLDER.resolve() / "tau", say)
    with tempfile.TemporaryDirectory(prefix="saferoom-tables-") as folder:
        names = [name for name in WHAT if name in _OURS or python]
        arena = _Arena(Path(folder), python, say)
        contestants = arena.contest(CELLS, names, REPEATS)
        sizes = [size for size in tables_world.SHAPES if CELLS < size <= largest]
        scaling = [_step(CELLS, contestants)]
        scaling += [arena.step(size) for size in sizes]
    goals = [*_against_tau(contestants), *_attacked(contestants, scaling), *_scaled(scaling)]
    return {
        "bench": "tables",
        "cells": CELLS,
        "machine": {"processors": os.cpu_count(), "python": platform.python_version(), "system": platform.machine()},
        "rules": {
            "p_percent": tables_world.PERCENT,
            "fewest": tables_world.FEWEST,
            "range_percent": tables_world.RANGE_PERCENT,
        },
        "contestants": contestants,
        "tau_unavailable": why_not,
        "scaling": scaling,
        "published": PUBLISHED,
        "goals": goals,
        "holds": all(goal["holds"] for goal in goals),
    }


class _Arena:
    """Where contestants meet: the folder of their data, and pytauargus' interpreter where there is one."""

    def __init__(self, folder: Path, python: Path | None, say: Say) -> None:
        self._folder, self._python, self._say = folder, python, say

    def scalable(self, size: int) -> list[str]:
        """Return who protects the larger tables."""
        return ["saferoom", *(["tau-mod"] if self._python and size <= LARGEST_OF_TAU else [])]

    def step(self, size: int) -> dict[str, Any]:
        """Return what a larger table takes; who does not finish takes the longest that is waited for, and more."""
        try:
            return _step(size, self.contest(size, self.scalable(size), 1))
        except UnavailableError as error:
            self._say(error.message)
            return {"cells": size, "contestants": {}, "unfinished": error.message}

    def contest(self, size: int, names: Sequence[str], repeats: int) -> dict[str, Any]:
        """Run everybody in turn on the table of `size` cells, attack every result, and return what was found."""
        from saferoom.hub.bench import tables_audit, tables_grid

        world = tables_world.make(size)
        data = self._folder / str(size)
        tables_world.write(world, data)
        grid = tables_grid.table(world)
        found: dict[str, list[Run]] = {name: [] for name in names}
        for turn in range(repeats):
            for name in names:
                if turn == 0 or name not in _ONCE:
                    self._say(f"{size:,} cells: {name}, run {turn + 1}")
                    found[name].append(run_fresh(self._command(name, data)))
        results = {}
        for name, runs in found.items():
            self._say(f"{size:,} cells: attacking the result of {name}")
            hidden = _hidden(grid.places, runs[-1], grid.primary, name)
            attack = tables_audit.audit(grid, hidden, MOST_ATTACKED[size])
            secondary = hidden & ~grid.primary
            results[name] = {
                "what": WHAT[name],
                **summary(runs),
                "records": len(world.turnover),
                "primary": int(grid.primary.sum()),
                "secondary": int(secondary.sum()),
                "secondary_value": float(grid.values[secondary].sum()),
                "gap": runs[-1].numbers.get("gap"),
                "same_each_run": all(_cells(run) == _cells(runs[0]) for run in runs),
                "attack": attack.document(),
            }
        return results

    def _command(self, name: str, data: Path) -> list[str | Path]:
        if name in _OURS:
            return [sys.executable, "-P", "-m", "saferoom.hub.bench.tables_contestants", data, *_OURS[name]]
        if self._python is None:
            raise UnavailableError(f"{name} cannot run without pytauargus")
        return [self._python, "-P", _HERE / "tables_tau.py", data, _THEIRS[name]]


def _cells(run: Run) -> tuple[list[str], list[str]]:
    return sorted(run.numbers["primary"]), sorted(run.numbers["secondary"])


def _hidden(places: Mapping[str, int], run: Run, primary: Any, name: str) -> Any:
    """Return the hidden cells of a run; its primary cells have to be those of the rules."""
    import numpy as np

    named, further = ([places[cell] for cell in cells] for cells in _cells(run))
    hidden = np.zeros(len(primary), dtype=bool)
    hidden[named] = True
    if (hidden != primary).any():
        raise UnavailableError(f"{name} does not hide the primary cells of the rules, so there is nothing to compare")
    hidden[further] = True
    return hidden


def _step(size: int, results: Mapping[str, Any]) -> dict[str, Any]:
    return {"cells": size, "contestants": {name: results[name] for name in results if name in {"saferoom", "tau-mod"}}}


def _against_tau(results: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    for ours, theirs in _PAIRS:
        if theirs in results:
            # Ours protects and audits; theirs chooses cells and audits nothing.
            times = [results[name]["seconds"]["suppress"] for name in (ours, theirs)]
            yield _goal(f"{ours}: protected and audited in at most the time of {theirs}", times)
            costs = [results[name]["secondary_value"] for name in (ours, theirs)]
            yield _goal(f"{ours}: at no more cost than {theirs}", costs)


def _goal(promise: str, pair: Sequence[float]) -> dict[str, Any]:
    return {"promise": promise, "value": pair[0], "most": pair[1], "holds": pair[0] <= pair[1]}


def _attacked(results: Mapping[str, Any], scaling: Sequence[Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
    ours = [found for name, found in results.items() if name in _OURS]
    ours += [step["contestants"]["saferoom"] for step in scaling[1:] if "saferoom" in step["contestants"]]
    tight = sum(found["attack"]["tight"] for found in ours)
    yield _goal("cells that the benchmark's own attack knows too closely after Saferoom", [tight, 0])
    if "saferoom-singles" in results:
        yield _goal(
            "cells that single businesses know too closely after saferoom-singles",
            [results["saferoom-singles"]["attack"]["by_singles"], 0],
        )


def _scaled(scaling: Sequence[Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
    last = scaling[-1]
    if "unfinished" in last:
        yield _goal(f"{last['cells']:,} cells: seconds", [LONGEST_SECONDS, MOST_SECONDS])
    elif last["cells"] == max(tables_world.SHAPES):
        found = last["contestants"]["saferoom"]
        yield _goal(f"{last['cells']:,} cells: seconds", [found["seconds"]["suppress"], MOST_SECONDS])
        yield _goal(f"{last['cells']:,} cells: MiB of memory", [found["peak_mib"], MOST_MIB])
