"""The attacker's audit: the interval in which everybody, or an insider, can tell a hidden cell to be.

Notes
-----
An attacker knows the published cells, the relations and what everybody knows beforehand (non-negative counts, say).
The interval of a hidden cell runs from the least to the largest value it has in any table that fits all of this: two
linear programs per cell. Where values are whole numbers only whole tables count: a linear program's end is taken as it
stands when its table is whole (two-way tables always are), else the integer program decides, and where that is too
hard, the widest interval for which whole tables were found. So an interval is never reported wider than it is; `low`
and `high` are always values of tables that fit.

References
----------
Fischetti and Salazar (2001), Solving the cell suppression problem on tabular data with linear constraints, Management
Science 47(7). Hundepool et al. (2012), Statistical Disclosure Control, section 4.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from saferoom.disclosure.queries.evidence import Mask, Numbers
from saferoom.disclosure.tables.additive import AdditiveTable, Audit, Insider, Needs, Places, Progress
from saferoom.disclosure.tables.attacker_freedom import Freedom, Part, freedom, tightened
from saferoom.disclosure.tables.attacker_programs import Program
from saferoom.disclosure.tables.attacker_proofs import exposed, levels_of, slack

_CLOSE = 1e-7


def quiet(_what: str, _share: float) -> None:
    """Take no notice of progress."""


def intervals(
    table: AdditiveTable,
    hidden: Mask,
    cells: Places | None = None,
    insider: Insider | None = None,
    progress: Progress = quiet,
) -> tuple[Numbers, Numbers]:
    """Return the least and the largest value that each hidden cell can have for all an attacker knows.

    Parameters
    ----------
    hidden : ndarray of bool, shape (cells of the table,)
    cells : ndarray of int, optional
        The hidden cells that are asked for; all of them when left out.
    insider : Insider, optional
        Who attacks, with what she knows besides; everybody when left out.

    Returns
    -------
    low, high : ndarray of float, shape (cells of the table,)
        The value itself where a cell is published, nan where a hidden cell was not asked for; infinite where nothing
        bounds it.

    Raises
    ------
    UnavailableError
        When a program is not solved.
    """
    asked = np.flatnonzero(hidden) if cells is None else cells[hidden[cells]]
    free = freedom(table, hidden, insider)
    low, high = table.values.copy(), table.values.copy()
    low[hidden] = high[hidden] = np.nan
    low[asked] = high[asked] = table.values[asked]
    moving = asked[free.group[asked] >= 0]
    down, up = _reaches(free, free.group[moving], table.whole, progress)
    plus = free.sign[moving] > 0
    groups = free.group[moving]
    low[moving] += np.where(plus, down[groups], -up[groups])
    high[moving] += np.where(plus, up[groups], -down[groups])
    return low, high


def audit(table: AdditiveTable, hidden: Mask, needs: Needs, progress: Progress = quiet) -> Audit:
    """Say what everybody and every insider can work out, and which primary cells are not protected.

    Parameters
    ----------
    hidden : ndarray of bool, shape (cells,)
        A primary cell that is not hidden is exposed.
    """
    low, high = intervals(table, hidden, progress=progress)
    found = needs.primary & ~hidden
    for cell in np.flatnonzero(needs.primary & hidden).tolist():
        value = float(table.values[cell])
        found[cell] = not levels_of(needs, cell).met(low[cell] - value, high[cell] - value, slack(value))
    if needs.insiders:
        found |= exposed(table, hidden, needs, progress)
    return Audit(low, high, found)


def _reaches(free: Freedom, asked: Places, whole: bool, progress: Progress) -> tuple[Numbers, Numbers]:
    """Return how far the groups that are asked for can move down and up, shape (groups,)."""
    wanted = np.zeros(len(free.down), dtype=bool)
    wanted[asked] = True
    down, up = np.zeros(len(free.down)), np.zeros(len(free.up))
    limit_down, limit_up = tightened(free.matrix, free.down, free.up, whole=whole)
    done, total = 0, max(int(wanted.sum()), 1)
    for part in free.parts():
        here = wanted[part.groups]
        if not here.any():
            continue
        reach = _Reach(part, limit_down[part.groups], limit_up[part.groups], whole)
        for _ in reach.find(np.flatnonzero(here)):
            done += 1
            progress("attacker's intervals", min(done / total, 1.0))
        down[part.groups], up[part.groups] = reach.down, reach.up
    return down, up


class _Reach:
    """How far each group of one part can move: what tables found so far show, against what is possible at all."""

    def __init__(self, part: Part, limit_down: Numbers, limit_up: Numbers, whole: bool) -> None:
        self.down, self.up = np.zeros(len(part.groups)), np.zeros(len(part.groups))
        self._limits = {-1: limit_down, 1: limit_up}
        self._whole = whole
        self._program: Program | None = None
        self._part = part

    def find(self, groups: Places) -> Iterator[int]:
        """Find the farthest moves of `groups`; yields after each."""
        for group in groups.tolist():
            for direction in (-1, 1):
                if not self._proven(group, direction):
                    self._solve(group, direction)
            yield group

    def _proven(self, group: int, direction: int) -> bool:
        shown = self.down[group] if direction < 0 else self.up[group]
        limit = self._limits[direction][group]
        if self._part.matrix.shape[0] == 0:
            (self.down if direction < 0 else self.up)[group] = limit
            return True
        return bool(np.isfinite(limit) and abs(shown - limit) <= _CLOSE * max(1.0, abs(limit)))

    def _solve(self, group: int, direction: int) -> None:
        if self._program is None:
            self._program = Program(self._part, whole=self._whole)
        reach, moves = self._program.farthest(group, direction)
        if moves is None:
            (self.down if direction < 0 else self.up)[group] = reach
        else:
            self._show(moves)

    def _show(self, moves: Numbers) -> None:
        """Take the moves of a table that fits as evidence for all groups at once."""
        moves = np.clip(moves, self._limits[-1], self._limits[1])
        self.down = np.minimum(self.down, moves)
        self.up = np.maximum(self.up, moves)
