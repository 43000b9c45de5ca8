"""Between which numbers a small group's count must lie, for somebody who knows everything published about larger sets.

Notes
-----
Unknown are the counts of the atoms (units that are in the same sets), whole numbers of zero or more. Every published
count is an equation, every rounded one two inequalities. The least and the largest count of a group that fit are found
by integer programming (HiGHS, one thread). That unobserved atoms are empty is granted to the attacker.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

from saferoom.disclosure.history.atoms import atoms_of
from saferoom.disclosure.history.signatures import Positions
from saferoom.disclosure.linear_programs import solver_of

MOST_SECONDS = 5.0
"""For one bound; what is not found by then is undecided."""


@dataclass(frozen=True, eq=False)
class Published:
    """Sets and what was published of their sizes.

    Attributes
    ----------
    low, high : ndarray of int, shape (sets,)
        Equal where the exact count was published.
    """

    sets: Sequence[BitMap]
    low: Positions
    high: Positions


def rounded(sizes: Positions, base: Positions) -> tuple[Positions, Positions]:
    """Return between which numbers counts lie that are published rounded to the nearest multiple of `base`.

    Parameters
    ----------
    base : ndarray of int, shape of `sizes`
        0 where the count itself is published.
    """
    step = np.maximum(base, 1)
    shown = (2 * sizes + step) // (2 * step) * step
    return np.maximum(shown - step // 2, 0), shown + (step - 1) // 2


def neighbouring(sizes: Positions, base: int) -> tuple[Positions, Positions]:
    """Return between which numbers counts lie that are published as one of the two multiples of `base` around them.

    Notes
    -----
    A count lies less than `base` from what is shown. Which multiple it was is not kept; what both would say is the
    narrowest range that anybody, also who sees both in several releases, can know.

    >>> [ends.tolist() for ends in neighbouring(np.array([0, 3, 12, 15]), 5)]
    [[0, 1, 11, 11], [4, 4, 14, 19]]
    """
    below, above = sizes // base * base, -(-sizes // base) * base
    return np.maximum(above - base + 1, 0), below + base - 1


def bounds(published: Published, group: BitMap) -> tuple[float, float] | None:
    """Return the least and the largest number of units of `group`, or None when they were not found in time."""
    atoms = atoms_of([*published.sets, group])
    matrix = atoms.incidence.tocsr().astype(np.float64)
    solver = _solver(matrix[:-1], published.low, published.high)
    target = np.asarray(matrix[[-1]].todense(), dtype=np.float64).ravel()
    low, high = _extreme(solver, target), _extreme(solver, -target)
    return None if low is None or high is None else (low, -high)


def _extreme(solver: Any, cost: NDArray[np.float64]) -> float | None:
    from highspy import HighsModelStatus as Status

    columns = len(cost)
    solver.changeColsCost(columns, np.arange(columns, dtype=np.int32), cost)
    solver.run()
    status = solver.getModelStatus()
    if status in (Status.kUnbounded, Status.kUnboundedOrInfeasible):
        # It is not infeasible: the true counts fit.
        return -np.inf
    if status != Status.kOptimal:
        return None
    return float(np.round(solver.getInfo().objective_function_value))


def _solver(matrix: Any, low: Positions, high: Positions) -> Any:
    columns = matrix.shape[1]
    ends = np.zeros(columns), np.full(columns, np.inf)
    sums = low.astype(np.float64), high.astype(np.float64)
    solver = solver_of(matrix, ends, sums, options={"time_limit": MOST_SECONDS})
    solver.changeColsIntegrality(columns, np.arange(columns, dtype=np.int32), np.ones(columns, dtype=np.uint8))
    return solver
