"""Interval disclosure: perturbed numbers that are still so near the original ones that they give them away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata.patterns import Values
from saferoom.disclosure.microdata.risk.outlying import Points, robust_distances, robust_scales

SPREAD_SHARE = 0.05
ROBUST_SHARE = 0.01
NEAR = 0.05
FEWEST_NEAR = 3


def interval_disclosed(original: Points, masked: Points, share: float = SPREAD_SHARE) -> NDArray[np.bool_]:
    """Return which records have every original value within an interval around the perturbed one.

    Parameters
    ----------
    original, masked : ndarray of float, shape (n, d), the same records in the same order
    share : float
        Half the interval, as a share of the perturbed column's standard deviation.

    Returns
    -------
    ndarray of bool, shape (n,)
        Their share is sdcMicro's ``dRisk``.

    References
    ----------
    Mateo-Sanz, Sebe, Domingo-Ferrer (2004). Outlier protection in continuous microdata masking. Privacy in Statistical
    Databases, LNCS 3050, 201-215 (SDID).
    """
    width = share * masked.std(axis=0, ddof=1) if len(masked) > 1 else np.zeros(masked.shape[1])
    return _all_within(original, masked, width)


def _all_within(original: Points, masked: Points, width: Points) -> NDArray[np.bool_]:
    return np.asarray((np.abs(original - masked) <= width).all(axis=1), dtype=np.bool_)


def rank_disclosed(original: Points, masked: Points, share: float = SPREAD_SHARE) -> NDArray[np.bool_]:
    """Return which records have every perturbed value within `share` of all ranks from the original's rank.

    References
    ----------
    Domingo-Ferrer, Torra (2001). A quantitative comparison of disclosure control methods for microdata. In:
    Confidentiality, Disclosure and Data Access, 111-133 (rank-based intervals).
    """
    allowed = share * len(original)
    ordered = np.sort(original, axis=0)
    within = np.ones(len(original), dtype=bool)
    for column in range(original.shape[1]):
        own, there = (_ranks(ordered[:, column], points[:, column]) for points in (original, masked))
        within &= (there[1] >= own[0] - allowed) & (there[0] <= own[1] + allowed)
    return within


def _ranks(ordered: Values, values: Values) -> tuple[Values, Values]:
    """Return the first and last rank of each value; half-way between two where it does not occur."""
    low, high = (np.searchsorted(ordered, values, side).astype(np.float64) for side in ("left", "right"))
    between = 0.5 * (low == high)
    return low - between, high - 1.0 + between


@dataclass(frozen=True)
class Outlying:
    """Disclosure by intervals that are wider for records further out.

    Attributes
    ----------
    disclosed : ndarray of bool, shape (n,)
        Every perturbed value is within the record's interval around the original one (RMDID1).
    alone : ndarray of bool, shape (n,)
        Disclosed, and fewer than `FEWEST_NEAR` other perturbed records are close by to hide among (RMDID2).
    distances : ndarray of float, shape (n,)
        How far out the records are.
    """

    disclosed: NDArray[np.bool_]
    alone: NDArray[np.bool_]
    distances: Values

    @property
    def weighted(self) -> float:
        """The disclosed records' share of all distances, 0 to 1: who is further out counts more."""
        total = float(self.distances.sum())
        return float(self.distances[self.disclosed].sum()) / total if total > 0 else float(self.disclosed.mean())


def outlying_disclosed(
    original: Points, masked: Points, *, share: float = ROBUST_SHARE, near: float = NEAR, fewest: int = FEWEST_NEAR
) -> Outlying:
    """Judge intervals that grow with a record's robust distance: changing an outlier a little does not hide it.

    Parameters
    ----------
    share : float
        Half the interval is ``share * distance * robust scale`` of the column.
    near : float
        Perturbed records closer than this hide each other; Euclidean, in units of the columns' robust scales.
    fewest : int
        How many others make a record safe again.

    References
    ----------
    Templ, Meindl (2008). Robust statistics meets SDC: new disclosure risk measures for continuous microdata masking.
    Privacy in Statistical Databases, LNCS 5262, 113-126 (RMDID1, RMDID1w, RMDID2).
    """
    from scipy.spatial import cKDTree

    distances, scales = robust_distances(original), robust_scales(original)
    disclosed = _all_within(original, masked, share * distances[:, None] * scales)
    alone = disclosed.copy()
    places = np.flatnonzero(disclosed)
    if len(places):
        scaled = masked / np.where(scales > 0, scales, 1.0)
        found = cKDTree(scaled).query(scaled[places], k=fewest + 1, distance_upper_bound=near)[0]
        alone[places] = ~np.isfinite(np.atleast_2d(found)[:, -1])
    return Outlying(disclosed, alone, distances)
