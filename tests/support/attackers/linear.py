"""An attacker who knows linear algebra: what do released numbers, taken together, say about one quantity?

Nothing here knows how Saferoom defends itself; it is written from what an attacker has.

Vocabulary
----------
unknown
    What the attacker does not know: one person's value, or one cell's count.
equation
    A released number: a weighted sum of unknowns lies between two bounds (equal ones where it is exact).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
_CLOSE = 1e-7


@dataclass(frozen=True)
class Interval:
    """What an attacker is sure of: the quantity lies between the bounds."""

    low: float
    high: float

    def tells(self, truth: float, within: float) -> bool:
        """Say whether the bounds hold the truth and lie no further than `within` from it, on either side."""
        slack = 1e-6 * max(1.0, abs(truth))
        return truth - within - slack <= self.low <= truth + slack and truth - slack <= self.high <= (
            truth + within + slack
        )


NOTHING = Interval(-math.inf, math.inf)


@dataclass(frozen=True)
class Equation:
    """A released number: ``low <= factors @ unknowns <= high``."""

    factors: Vector
    low: float
    high: float


@dataclass(frozen=True)
class System:
    """Everything an attacker holds.

    Attributes
    ----------
    lowest, highest : ndarray of float, shape (unknowns,)
        What is known beforehand of every unknown; equal where the attacker knows the value (an insider's own).
    whole : bool
        Whether unknowns are whole numbers.
    """

    lowest: Vector
    highest: Vector
    equations: tuple[Equation, ...]
    whole: bool = False

    def bounds(self, target: Vector) -> Interval:
        """Return the tightest bounds of ``target @ unknowns`` that follow."""
        merged, goal = _merged(self, target)
        exact = _algebra(merged, goal)
        return Interval(exact, exact) if exact is not None else _programme(merged, goal)


@dataclass
class _Groups:
    """Unknowns that no equation tells apart, by what they look like."""

    place: dict[bytes, int] = field(default_factory=dict)

    def of(self, column: Vector) -> int:
        return self.place.setdefault(column.tobytes(), len(self.place))


def _merged(system: System, target: Vector) -> tuple[System, Vector]:
    """Add unknowns up that every equation and the target treat alike: only their sum matters."""
    factors = np.array([equation.factors for equation in system.equations]).reshape(-1, len(target))
    groups = _Groups()
    place = np.array([groups.of(column) for column in np.vstack([factors, target]).T.copy()], dtype=np.int64)
    count = len(groups.place)
    first = np.zeros(count, dtype=np.int64)
    first[place[::-1]] = np.arange(len(place))[::-1]
    lowest, highest = np.zeros(count), np.zeros(count)
    np.add.at(lowest, place, system.lowest)
    np.add.at(highest, place, system.highest)
    equations = tuple(Equation(equation.factors[first], equation.low, equation.high) for equation in system.equations)
    return System(lowest, highest, equations, system.whole), target[first]


def _algebra(system: System, target: Vector) -> float | None:
    """Return the target if exact equations and known values give it alone, with any factors."""
    known = system.lowest == system.highest
    rows = [e for e in system.equations if e.low == e.high]
    open_target = np.where(known, 0.0, target)
    given = float(target[known] @ system.lowest[known])
    if not open_target.any():
        return given
    if not rows:
        return None
    factors = np.array([row.factors for row in rows])
    numbers = np.array([row.low for row in rows]) - factors[:, known] @ system.lowest[known]
    scale = np.maximum(np.abs(factors).max(axis=1), 1e-300)
    matrix, numbers = np.where(known, 0.0, factors) / scale[:, None], numbers / scale
    solution, *_ = np.linalg.lstsq(matrix.T, open_target, rcond=1e-10)
    if np.abs(matrix.T @ solution - open_target).max() > _CLOSE * np.abs(open_target).max():
        return None
    return given + float(solution @ numbers)


def _programme(system: System, target: Vector) -> Interval:
    """Solve the two linear (or integer) programmes for the smallest and the largest target."""
    from scipy.optimize import LinearConstraint, milp

    size = _scale(system)
    rows = system.equations
    matrix = np.array([row.factors for row in rows]).reshape(-1, len(target))
    slack = 1e-9 * np.array([_size(row) for row in rows]).reshape(-1)
    low = (np.array([row.low for row in rows]).reshape(-1) - slack) / size
    high = (np.array([row.high for row in rows]).reshape(-1) + slack) / size
    ends = []
    for sign in (1.0, -1.0):
        done = milp(
            sign * target,
            integrality=np.full(len(target), int(system.whole)),
            bounds=(system.lowest / size, system.highest / size),
            constraints=[LinearConstraint(matrix, low, high)] if rows else [],
        )
        if done.status not in {0, 3, 4}:
            raise ArithmeticError(f"the attacker's equations have no solution (status {done.status})")
        ends.append(sign * done.fun * size if done.status == 0 else -sign * math.inf)
    return Interval(ends[0], ends[1])


def _size(row: Equation) -> float:
    return max(1.0, *(abs(bound) for bound in (row.low, row.high) if math.isfinite(bound)))


def _scale(system: System) -> float:
    """Bring unknowns of any unit near 1, where a solver's tolerances are small; counts stay as they are."""
    if system.whole or not system.equations:
        return 1.0
    sizes = [abs(bound) for row in system.equations for bound in (row.low, row.high) if math.isfinite(bound)]
    return max(1.0, float(np.median(sizes)) / 100) if sizes else 1.0


def exactly(factors: Vector, number: float) -> Equation:
    """Return the equation of an exact number."""
    return Equation(factors, number, number)


def total_of(rows: Sequence[int] | Iterable[int], count: int) -> Vector:
    """Return the factors of the sum of some unknowns."""
    factors = np.zeros(count)
    factors[list(rows)] = 1.0
    return factors
