"""Estimates before and after beside each other: whether an analyst would come to the same conclusion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
REACH = 1.959963984540054
"""Standard errors on both sides of an estimate: intervals of 95 %."""


@dataclass(frozen=True)
class Overlap:
    """Estimates of the same quantities from two tables, each with a standard error.

    Attributes
    ----------
    before, after : ndarray of float, shape (q,)
    error_before, error_after : ndarray of float, shape (q,)
        Standard errors.
    """

    before: Numbers
    after: Numbers
    error_before: Numbers
    error_after: Numbers

    @property
    def overlaps(self) -> Numbers:
        """The overlap of the two intervals of each quantity, shape (q,); NaN where an estimate is none.

        Notes
        -----
        The mean share of both intervals that the other one covers: 1 for the same interval, 0 where they touch, and
        below 0 the farther they are apart (-1 at least here). Intervals of no length overlap when they are the same.

        References
        ----------
        Karr, Kohnen, Oganian, Reiter, Sanil (2006). A framework for evaluating the utility of data altered to protect
        confidentiality. The American Statistician 60(3), 224-232.
        """
        reach = REACH * np.stack([self.error_before, self.error_after])
        middle = np.stack([self.before, self.after])
        low, high = middle - reach, middle + reach
        common = high.min(axis=0) - low.max(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            shares = (common / (high - low)).mean(axis=0)
        flat = (reach == 0).any(axis=0)
        shares = np.where(flat, (np.abs(middle[0] - middle[1]) <= 1e-12 * np.abs(middle[0])).astype(float), shares)
        told = np.isfinite(middle).all(axis=0) & np.isfinite(reach).all(axis=0)
        result: Numbers = np.where(told, np.maximum(shares, -1.0), np.nan)
        return result

    @property
    def differences(self) -> Numbers:
        """Standardised differences, shape (q,): the distance of the estimates in standard errors before."""
        with np.errstate(divide="ignore", invalid="ignore"):
            away = np.abs(self.after - self.before) / self.error_before
        result: Numbers = np.where(self.after == self.before, 0.0, away)
        return result

    def document(self) -> dict[str, Any]:
        """Return a summary as JSON holds it: no estimate is in it."""
        overlaps = self.overlaps[np.isfinite(self.overlaps)]
        differences = self.differences[np.isfinite(self.differences)]
        return {
            "estimates": len(self.before),
            "overlap": float(overlaps.mean()) if len(overlaps) else None,
            "least_overlap": float(overlaps.min()) if len(overlaps) else None,
            "standardised_difference": float(differences.mean()) if len(differences) else None,
            "largest_standardised_difference": float(differences.max()) if len(differences) else None,
        }
