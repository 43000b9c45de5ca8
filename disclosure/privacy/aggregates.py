"""What is added up and drawn, one noisy number per cell, and between which bounds.

Vocabulary
----------
grid
    A measure is clamped to its bounds and rounded to a whole number of steps before it is added up, so that sums and
    noise are exact integers: floating-point sums and noise tell more than their formulas say.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from enum import StrEnum

from saferoom.errors import BadInputError

GRID = 2**20
"""Steps on either side of a measure's middle. Rounding moves a row by half a step at most: 5e-7 of half the width."""
MOST_CANDIDATES = 1_000
MOST_DENOMINATOR = 10_000
_LARGEST = 1e15
_LEAST_STEP = sys.float_info.min
"""Below it numbers lose digits, and a value at a bound could be more than `GRID` steps away."""


class Kind(StrEnum):
    """What is computed in each cell."""

    COUNT = "count"
    SUM = "sum"
    SQUARES = "squares"
    """Of a measure's distances from its middle."""
    PRODUCTS = "products"
    """Of the distances of the measure and of the parents' from their middle."""
    QUANTILE = "quantile"
    OBSERVED = "maximum_observed_sensitivity"
    """Noise-infused, not differentially private: its loss is in name only; see `saferoom.disclosure.privacy.mos`."""


_SUMS = frozenset({Kind.SUM, Kind.SQUARES, Kind.PRODUCTS})
_FRACTIONS = frozenset({Kind.QUANTILE, Kind.OBSERVED})


@dataclass(frozen=True)
class Bounds:
    """Where a measure is clamped to, in its own units, and what its grid begins at.

    Attributes
    ----------
    origin : float
        What is taken off each value before it is added up, between the bounds: 0 for totals that need no count, the
        middle for means, whose noise is then least.
    """

    lower: float
    upper: float
    origin: float

    def __post_init__(self) -> None:
        numbers = (self.lower, self.upper, self.origin)
        if not all(math.isfinite(one) and abs(one) <= _LARGEST for one in numbers):
            raise BadInputError("bounds are two finite numbers", field="protect.bounds")
        if not self.lower < self.upper:
            raise BadInputError("the lower bound must be below the upper bound", field="protect.bounds")
        if not _LEAST_STEP <= self.step < math.inf:
            raise BadInputError("the bounds are too close to each other", field="protect.bounds")

    @classmethod
    def of_mean(cls, lower: float, upper: float) -> Bounds:
        """Return bounds whose grid begins in the middle."""
        return cls(lower, upper, lower + (upper - lower) / 2)

    @classmethod
    def of_total(cls, lower: float, upper: float) -> Bounds:
        """Return bounds whose grid begins at 0, so that nobody's absence looks like a value."""
        return cls(lower, upper, 0.0)

    @property
    def step(self) -> float:
        """One step of the grid, in the measure's units: no value is more than `GRID` steps from the origin."""
        return max(abs(self.upper - self.origin), abs(self.lower - self.origin)) / GRID


@dataclass(frozen=True)
class Aggregate:
    """One noisy number per cell.

    Attributes
    ----------
    name : str
        What later steps call it.
    scale : float
        Of the noise: in rows for counts, in steps for sums, in score for quantiles.
    bounds : Bounds or None
        For sums, and sums of squares and products: of what is added up.
    middle : float
        For squares and products: what is taken off a value before it is squared.
    fraction : tuple of int or None
        For quantiles: numerator and denominator, as (1, 2) for the median; for observed ones the parents' rank.
    candidates : tuple of float
        For quantiles: the values that can come out, in rising order, chosen without the data.
    of : int
        Which measure: 0, or 1 for the parents'.
    over : tuple of int or None
        For margins of a table: the dimensions that are kept. None keeps all.
    """

    kind: Kind
    name: str
    scale: float
    bounds: Bounds | None = None
    middle: float = 0.0
    fraction: tuple[int, int] | None = None
    candidates: tuple[float, ...] = ()
    of: int = 0
    over: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.scale) and self.scale > 0):
            raise ValueError("a scale is a finite number above 0")
        if (self.kind in _SUMS) != (self.bounds is not None):
            raise ValueError("sums, and nothing else, have bounds")
        if not math.isfinite(self.middle):
            raise ValueError("a middle is a finite number")
        if (self.kind in _FRACTIONS) != (self.fraction is not None):
            raise ValueError("quantiles, and nothing else, have a fraction")
        if (self.kind is Kind.QUANTILE) != (len(self.candidates) > 1):
            raise ValueError("quantiles, and nothing else, have candidates")
        if self.fraction is not None and not 0 < self.fraction[0] < self.fraction[1] <= MOST_DENOMINATOR:
            raise ValueError(f"a quantile's fraction is between 0 and 1, with a denominator up to {MOST_DENOMINATOR:,}")
        if list(self.candidates) != sorted(set(self.candidates)) or len(self.candidates) > MOST_CANDIDATES:
            raise ValueError(f"candidates rise, and are {MOST_CANDIDATES:,} at most")
        if self.of not in (0, 1):
            raise ValueError("there are two measures at most")
        if self.over is not None and list(self.over) != sorted({one for one in self.over if one >= 0}):
            raise ValueError("a margin keeps dimensions in their order")

    @property
    def weight(self) -> int:
        """Most by which one row changes the number it is drawn around."""
        if self.kind in _SUMS:
            return GRID
        if self.kind is Kind.QUANTILE and self.fraction is not None:
            return max(self.fraction[0], self.fraction[1] - self.fraction[0])
        return 1
