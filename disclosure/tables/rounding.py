"""Rounding of additive tables: controlled (still additive), conventional, and random, with what each leaves open.

Vocabulary
----------
zero-restricted
    Every value goes to one of the two multiples of the base beside it, and multiples stay.
steps
    How many multiples further a value may go where no zero-restricted table adds up (from three dimensions on).

References
----------
Cox (1987), A constructive procedure for unbiased controlled rounding, JASA 82. Salazar-Gonzalez (2005), Controlled
rounding and cell perturbation: statistical disclosure limitation methods for tabular data, Mathematical Programming
105. Hundepool et al. (2012), Statistical Disclosure Control, section 5.4.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from saferoom.disclosure.linear_programs import Options, solver_of
from saferoom.disclosure.queries.evidence import Numbers
from saferoom.disclosure.tables.additive import AdditiveTable, Progress
from saferoom.errors import BadInputError, UnavailableError

_CLOSE = 1e-6
_MOST_STEPS = 3
_INTEGER = 1


@dataclass(frozen=True)
class Rounded:
    """A rounded table.

    Attributes
    ----------
    values : ndarray of float, shape (cells,)
        Multiples of `base`.
    steps : int
        0 where the rounding is zero-restricted; see the module's vocabulary.
    distance : float
        The sum of all distances to the true values.
    gap : float or None
        How far `distance` can be above the least possible, as a share of it; None where that was no aim.
    """

    values: Numbers
    base: int
    steps: int
    distance: float
    gap: float | None

    @property
    def reach(self) -> int:
        """How far a shown value can be from the true one, in whole numbers: less than base times (steps + 1)."""
        return self.base * (self.steps + 1) - 1


def check_base(base: int) -> None:
    """Refuse what is no rounding base."""
    if base < 2 or base != int(base):
        raise BadInputError("rounding: the base must be a whole number of 2 or more")


def conventional(table: AdditiveTable, base: int) -> Rounded:
    """Round every cell to the nearest multiple by itself, halves up; sums do not add up any more."""
    check_base(base)
    values = np.floor(table.values / base + 0.5) * base
    return Rounded(values, base, 0, _distance(table, values), None)


def random(table: AdditiveTable, base: int, places: Numbers) -> Rounded:
    """Round every cell up with the probability that keeps its mean, by itself.

    Parameters
    ----------
    places : ndarray of float, shape (cells,)
        Uniform in [0, 1). The same for the same cell in every table, else the mean of repeated tables is the true value
        (`saferoom.disclosure.tables.cell_key_records`).
    """
    check_base(base)
    below = _below(table.values, base)
    share = table.values / base - below
    share[np.abs(share) < _CLOSE] = 0.0
    values = (below + (places < share)) * base
    return Rounded(values, base, 0, _distance(table, values), None)


def controlled(
    table: AdditiveTable, base: int, seconds: float | None = None, progress: Progress = lambda _what, _share: None
) -> Rounded:
    """Round to multiples that add up as the table does, as near to the true values as possible.

    Parameters
    ----------
    seconds : float, optional
        Time limit of each attempt; a table that adds up is taken as it is then, with its gap.

    Raises
    ------
    BadInputError
        When not even a table with more steps adds up.
    UnavailableError
        When the time was up before any table that adds up was found.
    """
    check_base(base)
    timed_out = False
    for steps in range(_MOST_STEPS + 1):
        progress("controlled rounding", steps / (_MOST_STEPS + 1))
        program = _Program(table, base, steps)
        found = program.solve(seconds)
        if found is not None:
            values, gap = found
            return Rounded(values, base, steps, _distance(table, values), gap)
        timed_out |= program.timed_out
    if timed_out:
        raise UnavailableError("controlled rounding: no rounded table was found in the time allowed; allow more time")
    raise BadInputError("controlled rounding: no table of multiples of this base adds up; use a larger base")


def _below(values: Numbers, base: int) -> Numbers:
    """Return the multiple below (or at) each value, counted in bases."""
    return np.asarray(np.floor(values / base + _CLOSE))


def _distance(table: AdditiveTable, values: Numbers) -> float:
    return float(np.abs(values - table.values).sum())


class _Program:
    """The rounding as a program over three kinds of columns per cell: up by one, further up, further down.

    Notes
    -----
    ``shown = base * (below + up + further - short)``. Costs are the distances, which are exact because going further is
    never cheaper than the nearer multiple. For two-way tables the matrix is totally unimodular, so that the linear
    program's vertex is a solution; else the integer program goes on from there.
    """

    def __init__(self, table: AdditiveTable, base: int, steps: int) -> None:
        self._table, self._base = table, base
        self._below = _below(table.values, base)
        share = table.values / base - self._below
        multiple = share < _CLOSE
        self._up = np.flatnonzero(~multiple)
        self._cost_up = (1 - 2 * share[self._up]) * base
        self._far = np.arange(len(table)) if steps else np.empty(0, dtype=np.int64)
        lowest = np.ceil(table.lowest / base - _CLOSE)
        highest = np.floor(table.highest / base + _CLOSE)
        above = self._below + ~multiple
        self._most_up = np.clip(highest - above, 0, steps)[self._far]
        self._most_down = np.clip(self._below - lowest, 0, steps)[self._far]
        self.timed_out = False

    def solve(self, seconds: float | None) -> tuple[Numbers, float] | None:
        """Return the rounded values and the gap; None when no table was found."""
        from highspy import HighsModelStatus

        solver = self._solver(seconds)
        if not len(self._up) + len(self._far):
            return self._result(np.empty(0)), 0.0
        solver.run()
        status = solver.getModelStatus()
        if status == HighsModelStatus.kInfeasible:
            return None
        columns = np.asarray(solver.getSolution().col_value)
        if status == HighsModelStatus.kOptimal and _whole(columns):
            return self._result(columns), 0.0
        count = len(columns)
        solver.changeColsIntegrality(count, np.arange(count, dtype=np.int32), np.full(count, _INTEGER, dtype=np.uint8))
        solver.run()
        status, info = solver.getModelStatus(), solver.getInfo()
        columns = np.asarray(solver.getSolution().col_value)
        if status == HighsModelStatus.kInfeasible:
            return None
        # What is shown is checked here, whatever the solver says of it.
        if len(columns) and _whole(columns) and self._adds_up(columns):
            optimal = status == HighsModelStatus.kOptimal
            return self._result(columns), 0.0 if optimal else float(min(max(info.mip_gap, 0.0), 1.0))
        self.timed_out = True
        return None

    def _result(self, columns: Numbers) -> Numbers:
        return (self._below + self._moves(columns)) * self._base

    def _moves(self, columns: Numbers) -> Numbers:
        whole, ups, far = np.round(columns), len(self._up), len(self._far)
        moves = np.zeros(len(self._table))
        moves[self._up] += whole[:ups]
        moves[self._far] += whole[ups : ups + far] - whole[ups + far :]
        return moves

    def _adds_up(self, columns: Numbers) -> bool:
        return not bool((self._table.relations @ (self._below + self._moves(columns))).any())

    def _solver(self, seconds: float | None) -> Any:
        from scipy.sparse import csc_array, hstack

        relations = csc_array(self._table.relations, dtype=np.float64)
        far = relations[:, self._far]
        matrix = csc_array(hstack([relations[:, self._up], far, -far], format="csc"))
        missing = -(relations @ self._below)
        further = np.full(len(self._far), float(self._base))
        cost = np.concatenate([self._cost_up, further, further])
        most = np.concatenate([np.ones(len(self._up)), self._most_up, self._most_down])
        limit: Options = {} if seconds is None else {"time_limit": float(seconds)}
        return solver_of(matrix, (np.zeros(len(most)), most), (missing, missing), cost, limit)


def _whole(columns: Numbers) -> bool:
    return bool((np.abs(columns - np.round(columns)) < _CLOSE).all())
