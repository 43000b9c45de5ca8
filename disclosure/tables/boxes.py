"""What changed numbers tell: from all shown numbers, each within its reach, with margins and what is known anyway.

Vocabulary
----------
box
    The interval in which a cell's true value lies for all its own shown number tells.
told
    The interval that remains when the boxes of all cells and all relations are put together.

Notes
-----
Tables that fit every box are witnesses: whatever a cell is in one of them, it can be for all an attacker knows. Few
witnesses, found by solving for many cells at once, show most intervals to be wide enough; the attacker's audit decides
on the rest cell by cell. An interval is never reported wider than it is; a cell about which nothing was proven in the
time allowed is reported as unproven, and must not be taken for safe.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from saferoom.disclosure.linear_programs import Options, solver_of
from saferoom.disclosure.queries.evidence import Mask, Numbers
from saferoom.disclosure.tables.additive import AdditiveTable
from saferoom.disclosure.tables.attacker import intervals

_ROUNDS = 10
_MOST_SINGLE = 60
_MOST_SINGLE_CELLS = 5_000
_SECONDS = 20.0
_CLOSE = 1e-6

Enough = Callable[[Numbers, Numbers], Mask]
"""Given lower and upper ends for all cells, tells of each whether its interval is wide enough."""


@dataclass(frozen=True)
class Told:
    """What an outsider can tell.

    Attributes
    ----------
    low, high : ndarray of float, shape (cells,)
        The interval is at least this wide.
    exposed : ndarray of bool
        Cells whose interval is not wide enough.
    unproven : ndarray of bool
        Cells for which that was not settled.
    """

    low: Numbers
    high: Numbers
    exposed: Mask
    unproven: Mask


def told(
    boxed: AdditiveTable,
    asked: Mask,
    enough: Enough,
    witnesses: Sequence[Numbers] = (),
    tick: Callable[[], None] = lambda: None,
) -> Told:
    """Say which of the cells that are asked for can be told too closely.

    Parameters
    ----------
    boxed : AdditiveTable
        The true values; `lowest` and `highest` are the boxes.
    asked : ndarray of bool, shape (cells,)
    witnesses : sequence of ndarray of float, shape (cells,)
        Tables that fit; those that do not are left out.
    tick : callable
        Called between steps; raises when the time is up.
    """
    low, high = boxed.values.copy(), boxed.values.copy()
    for witness in witnesses:
        if _fits(boxed, witness):
            low, high = np.minimum(low, witness), np.maximum(high, witness)
    open_cells = asked & ~enough(low, high)
    if not boxed.relations.shape[0]:
        low, high = boxed.lowest.copy(), boxed.highest.copy()
        return Told(low, high, asked & ~enough(low, high), np.zeros_like(asked))
    # What is too tight already without any relation need not be looked at further.
    hopeless = asked & ~enough(boxed.lowest, boxed.highest)
    open_cells &= ~hopeless
    if open_cells.any():
        low, high = _seek(boxed, open_cells, enough, (low, high), tick)
        open_cells &= ~enough(low, high)
    return _settle(boxed, (open_cells, hopeless), enough, (low, high), tick)


def _settle(
    boxed: AdditiveTable,
    cells: tuple[Mask, Mask],
    enough: Enough,
    found: tuple[Numbers, Numbers],
    tick: Callable[[], None],
) -> Told:
    """Decide on the cells that are still open, one by one where they are few."""
    (unproven, exposed), (low, high) = cells, found
    if unproven.any() and unproven.sum() <= _MOST_SINGLE and len(boxed) <= _MOST_SINGLE_CELLS:
        single = np.flatnonzero(unproven)
        exact = intervals(boxed, np.ones(len(boxed), dtype=bool), single, progress=lambda _what, _share: tick())
        low[single], high[single] = (
            np.minimum(low[single], exact[0][single]),
            np.maximum(high[single], exact[1][single]),
        )
        exposed, unproven = exposed | (unproven & ~enough(low, high)), np.zeros_like(unproven)
    return Told(low, high, exposed, unproven)


def _seek(
    boxed: AdditiveTable, cells: Mask, enough: Enough, found: tuple[Numbers, Numbers], tick: Callable[[], None]
) -> tuple[Numbers, Numbers]:
    """Return the ends of all witnesses of a few rounds, each pushing the cells that are still open at once."""
    low, high = found
    solver = _solver(boxed)
    push = np.random.default_rng(0)  # only where to look; nothing depends on it
    columns = np.arange(len(boxed), dtype=np.int32)
    for _ in range(_ROUNDS):
        tick()
        left = cells & ~enough(low, high)
        if not left.any():
            break
        cost = np.zeros(len(boxed))
        cost[left] = push.choice([-1.0, 1.0], int(left.sum()))
        solver.changeColsCost(len(columns), columns, cost)
        solver.run()
        witness = np.asarray(solver.getSolution().col_value)
        if boxed.whole:
            witness = np.round(witness)
        if len(witness) != len(boxed) or not _fits(boxed, witness):
            break
        low, high = np.minimum(low, witness), np.maximum(high, witness)
    return low, high


def _fits(boxed: AdditiveTable, table: Numbers) -> bool:
    slack = _CLOSE * max(1.0, float(np.abs(boxed.values).max(initial=0.0)))
    inside = (table >= boxed.lowest - slack).all() and (table <= boxed.highest + slack).all()
    return bool(inside and (np.abs(boxed.relations @ table) <= slack * 10).all())


def _solver(boxed: AdditiveTable) -> Any:
    from scipy.sparse import csr_array

    relations = csr_array(boxed.relations, dtype=np.float64)
    size = len(boxed)
    nothing = np.zeros(relations.shape[0])
    columns = boxed.lowest, np.minimum(boxed.highest, _far(boxed))
    # Any table that fits will do, so the search stops early.
    early: Options = {"time_limit": _SECONDS, "mip_rel_gap": 0.5, "mip_max_nodes": 20}
    solver = solver_of(relations, columns, (nothing, nothing), options=early)
    if boxed.whole:
        solver.changeColsIntegrality(size, np.arange(size, dtype=np.int32), np.ones(size, dtype=np.uint8))
    return solver


def _far(boxed: AdditiveTable) -> float:
    """Return an end for what nothing bounds, so that programs stay bounded; far enough for every question."""
    return 10.0 * float(np.abs(boxed.values).sum()) + 1_000.0


def within(table: AdditiveTable, low: Numbers, high: Numbers) -> AdditiveTable:
    """Return the table with boxes in place of what is known beforehand, which stays known.

    The true value lies in its box whatever rounding of decimals does to the ends.
    """
    lowest = np.minimum(np.maximum(table.lowest, low), table.values)
    highest = np.maximum(np.minimum(table.highest, high), table.values)
    return replace(table, lowest=lowest, highest=highest)
