"""Record linkage: somebody who knows the original numbers looks for the most similar perturbed record."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from saferoom.disclosure.microdata.risk.outlying import Points

MOST_TRIED = 20_000
_TIE = 1e-9


@dataclass(frozen=True)
class Linked:
    """How often linking by similarity finds the right record.

    Attributes
    ----------
    correct : float
        Expected number of right links among `tried`; a record among t equally similar ones counts 1/t.
    tried : int
        Records that were looked for: all, or every so-many-th of a large file.
    """

    correct: float
    tried: int

    @property
    def share(self) -> float:
        """The share of right links, 0 to 1."""
        return self.correct / self.tried if self.tried else 0.0


def linked_by_distance(original: Points, masked: Points, most: int = MOST_TRIED) -> Linked:
    """Link every original record to the nearest perturbed one: Euclidean distance on standardised columns.

    Parameters
    ----------
    original, masked : ndarray of float, shape (n, d), the same records in the same order
    most : int
        Records to look for.

    References
    ----------
    Domingo-Ferrer, Torra (2001), as for intervals: distance-based record linkage.
    """
    return _nearest(_standardised(original), _standardised(masked), most)


def linked_by_rank(original: Points, masked: Points, most: int = MOST_TRIED) -> Linked:
    """Link by the distance between ranks, which perturbation that keeps the order (or most of it) does not change.

    References
    ----------
    Nin, Herranz, Torra (2008). Rethinking rank swapping to decrease disclosure risk. Data & Knowledge Engineering 64,
    346-364 (linkage that uses the order).
    """
    from scipy.stats import rankdata

    return _nearest(rankdata(original, axis=0), rankdata(masked, axis=0), most)


def _standardised(points: Points) -> Points:
    spread = points.std(axis=0)
    result: Points = (points - points.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return result


def _nearest(known: Points, released: Points, most: int) -> Linked:
    from scipy.spatial import cKDTree

    tried = np.arange(0, len(known), max(1, -(-len(known) // most)))
    tree = cKDTree(released)
    best = tree.query(known[tried])[0]
    own = np.sqrt(((known[tried] - released[tried]) ** 2).sum(axis=1))
    reach = best * (1 + _TIE) + _TIE
    found = np.flatnonzero(own <= reach)
    ties = tree.query_ball_point(known[tried[found]], reach[found], return_length=True)
    return Linked(float((1.0 / np.maximum(ties, 1)).sum()), len(tried))
