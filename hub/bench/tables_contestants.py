"""Saferoom's part of the `tables` benchmark: ``python -m ... FOLDER MODE [singles]``, alone in a fresh process.

From the businesses, already in memory, to a protected table whose audit holds. Imports are done before the clock
starts, as for everybody.
"""

from __future__ import annotations

import csv
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from saferoom.clock import SystemClock
from saferoom.disclosure.queries.evidence import Numbers
from saferoom.disclosure.tables import hierarchies as _hierarchies
from saferoom.disclosure.tables.additive import AdditiveTable, Insider, Mode, Needs, Places
from saferoom.disclosure.tables.cube import Cube
from saferoom.disclosure.tables.secondary import suppress
from saferoom.hub.bench.contestants import peak_mib

SECONDS = {Mode.HEURISTIC: None, Mode.EXACT: 120.0}
"""How long a mode may look for a better choice."""
Columns = dict[str, Any]


def main(folder: Path, mode: Mode, *, singles: bool) -> None:
    """Protect the table of `folder` and print what was measured; `singles` who are alone in a cell attack too."""
    import highspy  # noqa: F401  (imports are not measured)
    import scipy.sparse  # noqa: F401

    with (folder / "businesses.csv").open(newline="", encoding="utf-8") as file:
        head, *rows = list(csv.reader(file))
    *names, _measure = head
    columns = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    turnover = np.array([row[-1] for row in rows], dtype=float)
    children = json.loads((folder / "hierarchies.json").read_text(encoding="utf-8"))
    rules = json.loads((folder / "rules.json").read_text(encoding="utf-8"))
    heard = _Listener()
    started = time.perf_counter()
    table, needs = built(columns, turnover, children, rules, singles=singles)
    ready = time.perf_counter()
    done = suppress(table, needs, mode, SECONDS[mode], progress=heard, clock=SystemClock())
    ended = time.perf_counter()
    secondary = done.hidden & ~needs.primary
    numbers = {
        "primary": _names(table, needs.primary),
        "secondary": _names(table, secondary),
        "cost": done.cost,
        "gap": done.gap,
        "mode": done.mode.value,
        "audit_holds": done.audit.holds,
        "progress_calls": heard.times,
    }
    seconds = {"whole": ended - started, "suppress": ended - ready}
    sys.stdout.write(json.dumps({"seconds": seconds, "peak_mib": peak_mib(), "numbers": numbers}) + "\n")


class _Listener:
    """Counts how often progress is told, and passes it on to who watches."""

    def __init__(self) -> None:
        self.times = 0
        self._told = time.perf_counter()

    def __call__(self, what: str, share: float) -> None:
        self.times += 1
        if time.perf_counter() - self._told > 10:
            self._told = time.perf_counter()
            sys.stderr.write(f"{what}: {share:.0%}\n")


def built(columns: Columns, turnover: Any, children: Any, rules: Any, *, singles: bool) -> tuple[AdditiveTable, Needs]:
    """Return the table of the businesses, and what of it has to be protected how well."""
    cube = Cube(
        tuple(
            _hierarchies.dimension(name, _categories(values), children[name], "Total")
            for name, values in columns.items()
        )
    )
    places = []
    for dimension, values in zip(cube.dimensions, columns.values(), strict=True):
        position = dimension.places()
        places.append(np.array([position[value] for value in values], dtype=np.int64))
    cells = cube.position(places)
    counts, totals, largest, second = _sums(cube, cells, turnover)
    percent, share = rules["percent"] / 100, rules["range_percent"] / 100
    missing = percent * largest - (totals - largest - second)
    there = counts > 0
    few = there & (counts < rules["fewest"])
    margin = np.where(there & (missing > 0), missing, np.where(few, share * totals, 0.0))
    needs = Needs(
        primary=(there & (missing > 0)) | few,
        below=margin,
        above=margin,
        width=np.zeros(len(cube)),
        fixed=~there,
        cost=totals,
        insiders=_insiders(cube, cells, counts, turnover) if singles else (),
    )
    return cube.table(totals), needs


def _sums(cube: Cube, cells: Places, turnover: Numbers) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Return number, total and the two largest of the businesses of every cell."""
    size = len(cube)
    counts = cube.added_up(np.bincount(cells, minlength=size).astype(float))
    totals = cube.added_up(np.bincount(cells, turnover, size).astype(float))
    order = np.lexsort((-turnover, cells))
    there, starts = np.unique(cells[order], return_index=True)
    top = np.zeros((size, 2))
    top[there, 0] = turnover[order][starts]
    several = counts[there] > 1
    top[there[several], 1] = turnover[order][starts[several] + 1]
    shaped = top.reshape(*cube.shape, 2)
    for axis, dimension in enumerate(cube.dimensions):
        along = np.moveaxis(shaped, axis, 0)
        relations = dimension.relations.tocsr()
        for row in range(relations.shape[0]):
            inside = slice(relations.indptr[row], relations.indptr[row + 1])
            members, signs = relations.indices[inside], relations.data[inside]
            both = np.concatenate(list(along[members[signs > 0]]), axis=-1)
            along[members[signs < 0]] = -np.sort(-both, axis=-1)[None, ..., :2]
    top = shaped.reshape(size, 2)
    return counts, totals, top[:, 0], top[:, 1]


def _categories(values: list[str]) -> list[str]:
    return sorted(set(values))


def _names(table: AdditiveTable, cells: Any) -> list[str]:
    return ["|".join(map(str, table.labels[cell])) for cell in np.flatnonzero(cells).tolist()]


def _insiders(cube: Cube, cells: Places, counts: Numbers, turnover: Numbers) -> tuple[Insider, ...]:
    """Return every business that is alone in a cell: it knows that cell, and that no cell with it holds less."""
    above = [dimension.sums.T.tocsr() for dimension in cube.dimensions]
    found = []
    for business in np.flatnonzero(counts[cells] == 1).tolist():
        place = np.unravel_index(cells[business], cube.shape)
        holding = [sums.indices[sums.indptr[at] : sums.indptr[at + 1]] for sums, at in zip(above, place, strict=True)]
        mine = np.sort(cube.position([axis.ravel() for axis in np.meshgrid(*holding, indexing="ij")]))
        least = np.full(len(mine), turnover[business])
        found.append(Insider(mine, least, np.where(counts[mine] == 1, least, np.inf)))
    return tuple(found)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), Mode(sys.argv[2]), singles=sys.argv[3:] == ["singles"])
