"""Microaggregation: records in groups of at least k, each with the mean of its group in the columns that are named.

Every record then shares its numbers with at least k - 1 others, totals stay, and the closer the records of a group,
the less is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from saferoom.disclosure.microdata.perturbation import scaling
from saferoom.disclosure.microdata.perturbation.blocks import blocked
from saferoom.disclosure.microdata.perturbation.exchanges import improved
from saferoom.disclosure.microdata.perturbation.grouping import Groups, Points, information_loss, means, medians
from saferoom.disclosure.microdata.perturbation.mdav import mdav
from saferoom.disclosure.microdata.perturbation.tables import members
from saferoom.errors import BadInputError

Method: TypeAlias = Literal["mdav", "blocked", "robust", "component", "single", "each", "order"]
Value: TypeAlias = Literal["mean", "median"]


@dataclass(frozen=True)
class Manner:
    """How records are grouped, and what takes the place of their values.

    Attributes
    ----------
    k : int
        Fewest records of a group.
    method : str
        ``mdav``: near each other in all columns (sdcMicro's ``mdav``). ``blocked``: the same inside of blocks, for
        large files, and made better by exchanges. ``robust``: MDAV by robust Mahalanobis distances, in which outliers
        neither stretch a column nor hide (sdcMicro's ``rmd``). ``component``: k following each other along the first
        principal component (``pca``). ``single``: along the first column named (``single``). ``each``: every column by
        itself (``onedims``; the least loss and the least protection, since nobody shares more than one column).
        ``order``: k following each other in the file (``simple``).
    value : str
        ``mean`` keeps totals; with ``median`` an outlier shows in nobody's value.
    improve : bool
        Let groups of ``mdav`` and ``robust`` exchange records while that loses less (``blocked`` always does).
    """

    k: int = 3
    method: Method = "mdav"
    value: Value = "mean"
    improve: bool = False


@dataclass(frozen=True)
class Aggregated:
    """The records' new values, and what that loses.

    Attributes
    ----------
    values : ndarray of float, shape (n, d)
        Missing (NaN) where they were.
    loss : float, percent
        100 SSE / SST over the complete records.
    smallest : int
        Records of the smallest group.
    """

    values: Points
    loss: float
    smallest: int


def microaggregate(
    values: Points,
    manner: Manner,
    weights: Points | None = None,
    strata: Groups | None = None,
    what: str = "microaggregation",
) -> Aggregated:
    """Give each record the mean of its group.

    Parameters
    ----------
    values : ndarray of float, shape (n, d)
        Missing values are NaN; records that miss the same columns are grouped among themselves.
    weights : ndarray of float, shape (n,), persons, optional
        Means are weighted, so that weighted totals stay (sdcMicro's ``weights``); groups do not depend on them.
    strata : ndarray of int, shape (n,), optional
        Only records of one stratum share a group. Columns are standardised inside of each.

    Raises
    ------
    BadInputError
        When fewer than k records are in a stratum or miss the same columns.
    """
    changed = values.copy()
    smallest = len(values)
    for rows, present in _parts(values, strata, manner.k, what):
        own = values[np.ix_(rows, present)]
        found = weights[rows] if weights is not None else None
        columns = [own[:, [place]] for place in range(own.shape[1])] if manner.method == "each" else [own]
        parts = []
        for column in columns:
            groups = grouped(column, manner)
            smallest = min(smallest, int(np.bincount(groups).min()))
            shared = means(column, groups, found) if manner.value == "mean" else medians(column, groups)
            parts.append(shared[groups])
        changed[np.ix_(rows, present)] = np.column_stack(parts)
    whole = ~np.isnan(values).any(axis=1)
    return Aggregated(changed, information_loss(values[whole], changed[whole]), smallest)


def grouped(values: Points, manner: Manner) -> Groups:
    """Return the group of every record of one stratum without missing values, shape (n,)."""
    if manner.method == "blocked":
        points = scaling.standardised(values)
        return improved(points, blocked(points, manner.k), manner.k)
    if manner.method in ("mdav", "robust"):
        points = scaling.standardised(values) if manner.method == "mdav" else scaling.whitened(values)
        groups = mdav(points, manner.k)
        return improved(points, groups, manner.k) if manner.improve else groups
    return _following(_ORDERS[manner.method](values), manner.k)


_ORDERS: dict[str, Callable[[Points], Points]] = {
    "component": scaling.first_component,
    "single": lambda values: values[:, 0],
    "each": lambda values: values[:, 0],
    "order": lambda values: np.arange(len(values), dtype=np.float64),
}


def _following(score: Points, k: int) -> Groups:
    """Group k records following each other by `score`; those left over go to the last group."""
    groups = np.empty(len(score), dtype=np.intp)
    last = max(len(score) // k - 1, 0)
    groups[np.argsort(score, kind="stable")] = np.minimum(np.arange(len(score)) // k, last)
    return groups


def _parts(values: Points, strata: Groups | None, k: int, what: str) -> Iterator[tuple[Groups, Groups]]:
    """Yield the records that may share groups, and the columns they have."""
    missing = np.isnan(values)
    strata = np.zeros(len(values), dtype=np.intp) if strata is None else strata
    patterns, pattern = np.unique(missing, axis=0, return_inverse=True)
    for rows in members(strata * len(patterns) + pattern.ravel()):
        present = np.flatnonzero(~missing[rows[0]])
        if not len(present):
            continue
        if len(rows) < k:
            raise BadInputError(
                f"{what}: {_few(len(rows))} in one stratum and with the same columns missing, fewer than k = {k}; use"
                " coarser strata, impute missing values, or leave those records out"
            )
        yield rows, present


def _few(count: int) -> str:
    return "only 1 record is" if count == 1 else f"only {count} records are"
