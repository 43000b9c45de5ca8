"""Noisy numbers on their way to a table: what was drawn, in its own units, and the columns made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.privacy.aggregates import Aggregate
from saferoom.disclosure.privacy.noise import noise_margin
from saferoom.disclosure.privacy.plan import PrivacyMeasure

ALPHA = 0.05
"""Margins of error hold with a probability of at least 95 %."""

Floats = NDArray[np.float64]
Noisy = Mapping[str, NDArray[np.int64]]
"""By name of the aggregate: rows for counts, steps for sums, positions of candidates for quantiles."""


@dataclass(frozen=True)
class Shown:
    """A column that leaves.

    Attributes
    ----------
    values : ndarray of float64, one per cell
        NaN where there is nothing to tell, as a mean where the noisy count is below 1.
    margins : ndarray of float64 or None
        Margins of error at 95 %, because of the noise alone; None where they depend on the data in a way that cannot
        be told, NaN in cells where the noise is too large for any.
    scale : float or None
        Of the noise, in the column's units; None where the column is made of several numbers.
    fixed : bool
        Whether the margin of error is known before the draw.
    """

    name: str
    values: Floats
    margins: Floats | None
    scale: float | None = None
    fixed: bool = False


@dataclass(frozen=True)
class Drawn:
    """One aggregate's noisy numbers.

    Attributes
    ----------
    values : ndarray of float64, one per cell
        Rows for counts, the measure's units (from its grid's origin) for sums.
    """

    one: Aggregate
    measure: PrivacyMeasure
    values: Floats

    @property
    def scale(self) -> float:
        """The noise's, in the units of `values`."""
        return self.one.scale * step_of(self.one)

    @property
    def origin(self) -> float:
        """What was taken off each row's value."""
        return 0.0 if self.one.bounds is None else self.one.bounds.origin

    def margin(self, alpha: float = ALPHA) -> float:
        """Return what the noise stays below with a probability of at least 1 - `alpha`."""
        return noise_margin(self.measure, self.one.scale, alpha) * step_of(self.one)

    def shown(self, name: str) -> Shown:
        """Return the numbers as a column."""
        return Shown(name, self.values, np.full(len(self.values), self.margin()), self.scale, fixed=True)


def step_of(one: Aggregate) -> float:
    """Return what a step of the grid is in the numbers' units."""
    return 1.0 if one.bounds is None else one.bounds.step
