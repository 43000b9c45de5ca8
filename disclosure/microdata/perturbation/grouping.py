"""Groups of records: their means, the values that take the place of the records' own, and what that loses."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Points: TypeAlias = NDArray[np.float64]
Groups: TypeAlias = NDArray[np.intp]


def sums(values: Points, groups: Groups, count: int) -> Points:
    """Return the sum of each group and column, shape (count, d)."""
    return np.stack([np.bincount(groups, values[:, place], count) for place in range(values.shape[1])], axis=1)


def means(values: Points, groups: Groups, weights: Points | None = None) -> Points:
    """Return the (weighted) mean of each group and column.

    Parameters
    ----------
    values : ndarray of float, shape (n, d)
    groups : ndarray of int, shape (n,)
        The group of each record, 0 to g - 1.
    weights : ndarray of float, shape (n,), persons, optional
        With weights the means keep the weighted totals of the file instead of the plain ones.

    Returns
    -------
    ndarray of float, shape (g, d)
    """
    count = int(groups.max()) + 1
    if weights is None:
        return sums(values, groups, count) / np.bincount(groups, minlength=count)[:, None]
    return sums(values * weights[:, None], groups, count) / np.bincount(groups, weights, count)[:, None]


def medians(values: Points, groups: Groups) -> Points:
    """Return the median of each group and column, shape (g, d); an outlier in a group then moves nobody."""
    count = int(groups.max()) + 1
    sizes = np.bincount(groups, minlength=count)
    first = np.cumsum(sizes) - sizes
    low, high = first + (sizes - 1) // 2, first + sizes // 2
    result = np.empty((count, values.shape[1]))
    for place in range(values.shape[1]):
        ordered = values[np.lexsort((values[:, place], groups)), place]
        result[:, place] = (ordered[low] + ordered[high]) / 2
    return result


def error(points: Points, groups: Groups) -> float:
    """Return SSE, the sum of squared distances between the records and the means of their groups."""
    return float(((points - means(points, groups)[groups]) ** 2).sum())


def information_loss(values: Points, changed: Points) -> float:
    """Return 100 SSE / SST in percent, both on the columns standardised by the originals.

    Parameters
    ----------
    values, changed : ndarray of float, shape (n, d)
        The records before and after.

    Notes
    -----
    SSE is the sum of squared differences between each record and what took its place, SST between each record and the
    mean: d (n - 1) after standardising. Columns without spread count for nothing.

    References
    ----------
    Domingo-Ferrer, J. and Mateo-Sanz, J. M. (2002): Practical data-oriented microaggregation for statistical
    disclosure control. IEEE Transactions on Knowledge and Data Engineering 14(1), section 2.
    """
    spread = values.var(axis=0, ddof=1) if len(values) > 1 else np.zeros(values.shape[1])
    used = spread > 0
    if not used.any():
        return 0.0
    squares = ((values - changed) ** 2).sum(axis=0)[used] / spread[used]
    return float(100 * squares.sum() / (int(used.sum()) * (len(values) - 1)))
