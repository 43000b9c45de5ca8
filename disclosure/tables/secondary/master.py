"""The master program: the least cost over all choices that satisfy the cuts so far; first linear, then integer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from saferoom.disclosure.queries.evidence import Mask, Numbers
from saferoom.disclosure.tables.secondary.cuts import Cut
from saferoom.disclosure.tables.secondary.linear import empty_solver
from saferoom.disclosure.tables.secondary.problem import Problem
from saferoom.disclosure.tables.secondary.watch import TimeUp, Watch
from saferoom.errors import UnavailableError

_INTEGER, _CONTINUOUS = 1, 0
_MOST_NODES = 20_000
_PER_CHECK = 2.0
_PER_STEP = 0.1
"""Work between two looks at the limit (in the tree), and per step (elsewhere); per row and column."""


@dataclass(frozen=True)
class Choice:
    """What a master program returns.

    Attributes
    ----------
    share : ndarray of float, shape (cells,)
        How much of each cell is hidden; 1 at primary cells.
    bound : float
        No choice that protects costs less.
    """

    share: Numbers
    bound: float


class Master:
    """Cuts and costs over the cells that may be hidden and are not primary."""

    def __init__(self, problem: Problem) -> None:
        self._primary = problem.needs.primary
        self._cells = np.flatnonzero(problem.free & ~self._primary)
        cost = np.maximum(problem.needs.cost[self._cells], 0.0)
        self._scale = float(cost.mean()) or 1.0
        # Whole costs let bounds be rounded up.
        self._whole = bool((cost == np.round(cost)).all())
        self._columns = np.arange(len(self._cells), dtype=np.int32)
        self._seen: set[bytes] = set()
        self._bound = 0.0
        self._solver: Any = empty_solver()
        count = len(self._cells)
        self._solver.addVars(count, np.zeros(count), np.ones(count))
        self._solver.changeColsCost(count, self._columns, cost / self._scale)
        self._watch: Watch | None = None
        self._solver.cbMipInterrupt.subscribe(self._checked)

    @property
    def bound(self) -> float:
        """No choice that protects costs less."""
        return self._bound

    def add(self, cuts: list[Cut]) -> int:
        """Add the cuts that are new; returns how many are."""
        new = {key: cut for cut in cuts if (key := _key(cut)) not in self._seen}
        self._seen.update(new)
        for cut in new.values():
            places = np.searchsorted(self._cells, cut.cells).astype(np.int32)
            self._solver.addRow(1.0, self._solver.getInfinity(), len(places), places, cut.coefficients)
        return len(new)

    def relaxed(self, least: float, watch: Watch) -> Choice:
        """Solve the linear program; then fix cells that no choice cheaper than `least` hides, or publishes."""
        from highspy import HighsModelStatus

        self._solver.changeColsIntegrality(
            len(self._cells), self._columns, np.full(len(self._cells), _CONTINUOUS, dtype=np.uint8)
        )
        self._solver.run()
        self._spent(watch)
        if self._solver.getModelStatus() != HighsModelStatus.kOptimal:
            raise UnavailableError("the exact choice of cells was not solved (numerical trouble); use the heuristic")
        solution = self._solver.getSolution()
        value = float(self._solver.getInfo().objective_function_value) * self._scale
        self._raise(value)
        share = np.asarray(solution.col_value)
        self._fix(np.asarray(solution.col_dual) * self._scale, least - value)
        return Choice(self._spread(share), self._bound)

    def whole(self, hidden: Mask, gap: float, watch: Watch) -> Choice:
        """Solve the integer program to within `gap`, a share, beginning from a choice that protects."""
        from highspy import HighsModelStatus, HighsSolution

        solver = self._solver
        solver.changeColsIntegrality(
            len(self._cells), self._columns, np.full(len(self._cells), _INTEGER, dtype=np.uint8)
        )
        start = HighsSolution()
        start.col_value = hidden[self._cells].astype(np.float64)
        solver.setSolution(start)
        solver.setOptionValue("mip_rel_gap", gap)
        solver.setOptionValue("mip_abs_gap", 0.0)
        solver.setOptionValue("mip_max_nodes", _MOST_NODES)
        if np.isfinite(watch.left()):
            solver.setOptionValue("time_limit", solver.getRunTime() + max(watch.left(), 0.0))
        self._watch = watch
        solver.run()
        self._spent(watch)
        if solver.getModelStatus() in (HighsModelStatus.kTimeLimit, HighsModelStatus.kInterrupt):
            self._raise(float(solver.getInfo().mip_dual_bound) * self._scale)
            raise TimeUp
        self._raise(float(solver.getInfo().mip_dual_bound) * self._scale)
        share = np.round(np.asarray(solver.getSolution().col_value))
        if len(share) != len(self._cells):
            raise UnavailableError("the exact choice of cells was not solved (no choice was found); use the heuristic")
        return Choice(self._spread(share), self._bound)

    @property
    def _size(self) -> int:
        return int(self._solver.getNumRow()) + len(self._cells)

    def _spent(self, watch: Watch) -> None:
        watch.spend(_PER_STEP * self._size * int(self._solver.getInfo().simplex_iteration_count))

    def _checked(self, event: Any) -> None:
        """Stop the integer program once the work that was allowed is done."""
        if self._watch is not None and not self._watch.spend(_PER_CHECK * self._size):
            event.interrupt()

    def _raise(self, bound: float) -> None:
        if not np.isfinite(bound):
            return
        if self._whole:
            bound = float(np.ceil(bound - 1e-6 * max(1.0, abs(bound))))
        self._bound = max(self._bound, bound)

    def _fix(self, reduced: Numbers, room: float) -> None:
        """Fix by reduced costs: hiding, or publishing, such a cell costs more than `room` above the bound."""
        room += 1e-6 * max(abs(room), self._scale)
        never, always = np.flatnonzero(reduced > room), np.flatnonzero(-reduced > room)
        for places, value in ((never, 0.0), (always, 1.0)):
            if len(places):
                both = np.full(len(places), value)
                self._solver.changeColsBounds(len(places), places.astype(np.int32), both, both)

    def _spread(self, share: Numbers) -> Numbers:
        spread = self._primary.astype(np.float64)
        spread[self._cells] = np.clip(share, 0.0, 1.0)
        return spread


def _key(cut: Cut) -> bytes:
    return cut.cells.tobytes() + np.round(cut.coefficients, 7).tobytes()
