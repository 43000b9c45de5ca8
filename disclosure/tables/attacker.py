"""The attacker's audit: the interval in which everybody, or an insider, can tell a hidden cell to be.

Notes
-----
An attacker knows the published cells, the relations and what everybody knows beforehand (non-negative counts, say).
The interval of a hidden cell runs from the least to the largest value it has in any table that fits all of this: two
linear programs per cell. Where values are whole numbers only whole tables count: a linear program's end is taken as it
stands when its table is whole (two-way tables always are), else the integer program decides, and where that is too
hard, the widest interval for which whole tables were found. In large tables an audit finds out all that the protection
of a primary cell depends on, and other ends as far as the work for it goes; what is left is the widest interval for
which tables were found, and marked so. So an interval is never reported wider than it is; `low` and `high` are always
values of tables that fit.

References
----------
Fischetti and Salazar (2001), Solving the cell suppression problem on tabular data with linear constraints, Management
Science 47(7). Hundepool et al. (2012), Statistical Disclosure Control, section 4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from saferoom.disclosure.queries.evidence import Mask, Numbers
from saferoom.disclosure.tables.additive import AdditiveTable, Audit, Insider, Needs, Places, Progress
from saferoom.disclosure.tables.attacker_freedom import Freedom, freedom, tightened
from saferoom.disclosure.tables.attacker_proofs import exposed, levels_of, slack
from saferoom.disclosure.tables.attacker_reach import Demands, Reach, Work

MOST_WORK = 6e6
"""What an audit spends on ends of intervals that no protection depends on, in programs times groups (see `Work`)."""


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
    found = _found(table, hidden, asked, freedom(table, hidden, insider), _Search(progress))
    return found[0], found[1]


def audit(table: AdditiveTable, hidden: Mask, needs: Needs, progress: Progress = quiet) -> Audit:
    """Say what everybody and every insider can work out, and which primary cells are not protected.

    Parameters
    ----------
    hidden : ndarray of bool, shape (cells,)
        A primary cell that is not hidden is exposed.
    """
    free = freedom(table, hidden)
    search = _Search(progress, _demands(needs, table, free, hidden), Work(MOST_WORK))
    low, high, exact = _found(table, hidden, np.flatnonzero(hidden), free, search)
    found = needs.primary & ~hidden
    for cell in np.flatnonzero(needs.primary & hidden).tolist():
        value = float(table.values[cell])
        found[cell] = not levels_of(needs, cell).met(low[cell] - value, high[cell] - value, slack(value))
    if needs.insiders:
        found |= exposed(table, hidden, needs, progress)
    return Audit(low, high, found, exact=exact)


@dataclass(frozen=True)
class _Search:
    """How intervals are looked for: what is demanded of groups, and what may be spent on the others."""

    progress: Progress
    demands: Demands | None = None
    work: Work | None = None


def _demands(needs: Needs, table: AdditiveTable, free: Freedom, hidden: Mask) -> Demands:
    """Return what primary cells ask of their groups."""
    count = len(free.down)
    below, above, width = np.zeros(count), np.zeros(count), np.zeros(count)
    cells = np.flatnonzero(needs.primary & hidden & (free.group >= 0))
    groups, plus = free.group[cells], free.sign[cells] > 0
    np.maximum.at(below, groups, np.where(plus, needs.below[cells], needs.above[cells]))
    np.maximum.at(above, groups, np.where(plus, needs.above[cells], needs.below[cells]))
    # A point never protects, whatever is asked for.
    least = np.array([2 * slack(value) for value in table.values[cells].tolist()])
    np.maximum.at(width, groups, np.maximum(needs.width[cells], least))
    return Demands(below, above, width)


def _found(
    table: AdditiveTable, hidden: Mask, asked: Places, free: Freedom, search: _Search
) -> tuple[Numbers, Numbers, Mask]:
    """Return the intervals of the cells that are asked for, and where they are not only attained but widest."""
    low, high = table.values.copy(), table.values.copy()
    low[hidden] = high[hidden] = np.nan
    low[asked] = high[asked] = table.values[asked]
    exact = np.ones(len(table), dtype=bool)
    moving = asked[free.group[asked] >= 0]
    groups, plus = free.group[moving], free.sign[moving] > 0
    down, up, proven = _reaches(free, groups, table.whole, search)
    low[moving] += np.where(plus, down[groups], -up[groups])
    high[moving] += np.where(plus, up[groups], -down[groups])
    exact[moving] = proven[groups]
    return low, high, exact


def _reaches(free: Freedom, asked: Places, whole: bool, search: _Search) -> tuple[Numbers, Numbers, Mask]:
    """Return how far the groups that are asked for can move down and up, and where no more is possible."""
    wanted = np.zeros(len(free.down), dtype=bool)
    wanted[asked] = True
    down, up, exact = np.zeros(len(free.down)), np.zeros(len(free.up)), np.ones(len(free.down), dtype=bool)
    limit_down, limit_up = tightened(free.matrix, free.down, free.up, whole=whole)
    done, total = 0, max(int(wanted.sum()), 1)
    for part in free.parts():
        here = np.flatnonzero(wanted[part.groups])
        if not len(here):
            continue
        reach = Reach(part, (limit_down[part.groups], limit_up[part.groups]), whole=whole, work=search.work)
        demands = None if search.demands is None else search.demands.of(part.groups)
        for share in reach.find(here, demands):
            search.progress("attacker's intervals", (done + share * len(here)) / total)
        done += len(here)
        search.progress("attacker's intervals", done / total)
        down[part.groups], up[part.groups], exact[part.groups] = reach.down, reach.up, reach.exact
    return down, up, exact
