"""An attacker of the benchmark's own: linear programmes by scipy over the whole table, alike for every contestant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from saferoom.errors import UnavailableError
from saferoom.hub.bench.tables_grid import Mask, Table
from saferoom.hub.bench.tables_world import Values

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_EXACT = 1e-6
"""Share of a cell's value below which an interval is a point."""
_SEED = 20_260_402


@dataclass(frozen=True)
class Finding:
    """What attackers can work out of a protected table.

    Attributes
    ----------
    audited : int
        Primary cells looked at.
    recoverable : int
        Of these, known exactly from what is published.
    tight : int
        Of these, known more closely than the rules allow; the recoverable are among them.
    by_singles : int
        Further primary cells that the only business of another hidden cell in the same sum can work out too closely,
        because it knows its own value.
    """

    audited: int
    recoverable: int
    tight: int
    by_singles: int

    def document(self) -> dict[str, Any]:
        """Return the numbers, JSON-ready."""
        return asdict(self)


def audit(table: Table, hidden: Mask, most: int | None = None) -> Finding:
    """Attack the primary cells of `table`, of which everything but `hidden` is published.

    Parameters
    ----------
    most : int, optional
        Only so many primary cells, drawn by a seed; all of them when left out.

    Raises
    ------
    UnavailableError
        A linear programme has no solution, so that nothing is known.
    """
    chosen = np.flatnonzero(table.primary)
    if most is not None and len(chosen) > most:
        chosen = np.sort(np.random.default_rng(_SEED).choice(chosen, most, replace=False))
    open_ = {int(cell) for cell in chosen if not hidden[cell]}
    recoverable, tight = set(open_), set(open_)
    parts = list(_parts(table, hidden))
    for part in parts:
        for cell in part.of(chosen):
            low, high = part.interval(cell)
            if high - low <= _EXACT * max(1.0, table.values[cell]):
                recoverable.add(cell)
            if _tight(table, cell, low, high):
                tight.add(cell)
    singles = {cell for part in parts for cell in _by_singles(table, part, chosen) if cell not in tight}
    return Finding(len(chosen), len(recoverable), len(tight), len(singles))


def _tight(table: Table, cell: int, low: float, high: float) -> bool:
    slack = _EXACT * max(1.0, table.values[cell])
    margin = table.margin[cell] - slack
    return bool(low > table.values[cell] - margin or high < table.values[cell] + margin)


@dataclass(frozen=True)
class _Part:
    """Hidden cells that hang together, and the sums among them.

    Attributes
    ----------
    cells : ndarray of int
    sums : csr_array, shape (sums, cells)
    rest : ndarray of float, shape (sums,)
        What the hidden cells of a sum add up to.
    """

    cells: Any
    sums: csr_array
    rest: Values

    def of(self, wanted: Iterable[int]) -> list[int]:
        own = set(self.cells.tolist())
        return [int(cell) for cell in wanted if int(cell) in own]

    def interval(self, cell: int, known: dict[int, float] | None = None) -> tuple[float, float]:
        """Return the least and the greatest value that `cell` can have, given what is `known` besides."""
        from scipy.optimize import linprog

        bounds = [(0.0, None) if at not in (known or {}) else ((known or {})[at],) * 2 for at in self.cells.tolist()]
        goal = np.where(self.cells == cell, 1.0, 0.0)
        ends = []
        for sign in (1.0, -1.0):
            # Unscaled sums of whole numbers; a loose presolve would blur what is exact.
            solved = linprog(sign * goal, A_eq=self.sums, b_eq=self.rest, bounds=bounds, method="highs")
            if solved.status == 3:
                ends.append(sign * -np.inf)
            elif solved.status == 0:
                ends.append(sign * float(solved.fun))
            else:
                raise UnavailableError(f"the benchmark's own audit ended with: {solved.message}")
        return ends[0], ends[1]


def _parts(table: Table, hidden: Mask) -> Iterator[_Part]:
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    cells = np.flatnonzero(hidden)
    sums = csr_array(table.relations[:, cells])
    used = np.flatnonzero(np.diff(sums.indptr))
    sums = csr_array(sums[used])
    shown = np.where(hidden, 0.0, table.values)
    rest = -(table.relations[used] @ shown)
    together = abs(sums).T @ abs(sums)
    count, label = connected_components(together, directed=False)
    for number in range(count):
        own = np.flatnonzero(label == number)
        rows = np.flatnonzero(np.diff(csr_array(sums[:, own]).indptr))
        yield _Part(cells[own], csr_array(sums[rows][:, own]), rest[rows])


def _by_singles(table: Table, part: _Part, chosen: Any) -> Iterator[int]:
    """Yield the primary cells that a business alone in another cell of the same sum learns too closely."""
    wanted = set(part.of(chosen))
    single = table.counts[part.cells] == 1
    for at in np.flatnonzero(single).tolist():
        me = int(part.cells[at])
        rows = part.sums.tocsc()[:, [at]].indices
        mates = {int(part.cells[i]) for row in rows.tolist() for i in part.sums[[row]].indices.tolist()}
        others = np.array(sorted(mates & wanted), dtype=np.int64)
        for cell in others[table.apart(me, others)].tolist():
            low, high = part.interval(cell, {me: float(table.values[me])})
            if _tight(table, cell, low, high):
                yield cell
