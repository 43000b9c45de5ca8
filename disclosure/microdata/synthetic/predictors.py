"""Variables as trees take them: numbers as they are, categories in the order of what is to be predicted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata.synthetic.histogram import Ranks, Values
from saferoom.disclosure.microdata.synthetic.margin import Margin, States

Features: TypeAlias = NDArray[np.float32]
MOST_CLASSES = 20
"""States up to which a tree tells classes apart; of more, it predicts scores of them."""
_SCORES = 3
_GROUPS = 10
_UNTOLD = -1.0


@dataclass(frozen=True)
class Column:
    """One variable of some records.

    Attributes
    ----------
    states : ndarray of int32, shape (n,)
    ranks : ndarray of float, shape (n,), or None
    """

    margin: Margin
    states: States
    ranks: Ranks | None = None

    @property
    def size(self) -> int:
        """States with the missing one, which hidden ones count as."""
        return self.margin.size + 1

    @property
    def codes(self) -> NDArray[np.int32]:
        """Every record's state, shape (n,), the last one for missing and hidden ones."""
        return np.where(self.states < 0, np.int32(self.margin.size), self.states)

    @property
    def numeric(self) -> bool:
        """Whether its states have an order and distances."""
        return self.margin.scale is not None

    def taken(self, places: NDArray[np.intp]) -> Column:
        """Return the variable of some of the records."""
        return Column(self.margin, self.states[places], None if self.ranks is None else self.ranks[places])

    def heights(self) -> Values:
        """Return numbers scaled to about 0 to 1, shape (n,); `_UNTOLD` where missing."""
        margin = self.margin
        table = np.full(self.size, _UNTOLD)
        ends = _ends(margin)
        if margin.points is not None and len(margin.points):
            table[: margin.own] = (margin.points - ends[0]) / (ends[1] - ends[0])
        found = table[self.codes]
        if margin.bins is not None and self.ranks is not None:
            spread = self.states == margin.own
            found[spread] = (margin.bins.values(self.ranks[spread]) - ends[0]) / (ends[1] - ends[0])
        return found


def _ends(margin: Margin) -> tuple[float, float]:
    known = [] if margin.points is None else list(margin.points)
    known += [] if margin.bins is None else list(margin.bins.edges)
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    return low, high if high > low else low + 1.0


def scores(target: Column, others: list[Column]) -> Values:
    """Return what a tree is to predict as numbers.

    Returns
    -------
    ndarray of float, shape (n, c)
        Of numbers: their midrank, and whether they are missing. Of up to `MOST_CLASSES` categories: which one. Of more:
        the main axes of how their records differ in the other variables (a correspondence analysis).
    """
    if target.numeric and (target.margin.bins is not None or target.size > MOST_CLASSES):
        return _midranks(target)
    if target.size <= MOST_CLASSES:
        return np.asarray(target.codes[:, None] == np.arange(target.size), dtype=np.float64)
    profile = np.concatenate([_profile(target, other) for other in others], axis=1)
    weights = np.bincount(target.codes, minlength=target.size).astype(np.float64)
    return _main_axes(profile, weights, _SCORES)[target.codes]


def _midranks(target: Column) -> Values:
    heights = target.heights()
    told = target.states >= 0
    _, place, counts = np.unique(heights[told], return_inverse=True, return_counts=True)
    middle = (np.cumsum(counts) - counts / 2) / max(1, len(place))
    found = np.full(len(heights), 0.5)
    found[told] = middle[place]
    return found[:, None] if told.all() else np.column_stack([found, np.where(told, 0.0, 1.0)])


def _profile(target: Column, other: Column) -> Values:
    """Return how each of the target's states is spread over groups of the other variable, shape (states, groups)."""
    if other.numeric:
        heights = other.heights()
        edges = np.unique(np.quantile(heights, np.linspace(0, 1, _GROUPS + 1)[1:-1]))
        groups, number = np.searchsorted(edges, heights, side="right"), len(edges) + 1
    else:
        frequent = np.argsort(-np.bincount(other.codes, minlength=other.size))
        place = np.full(other.size, MOST_CLASSES - 1)
        place[frequent[: MOST_CLASSES - 1]] = np.arange(min(other.size, MOST_CLASSES - 1))
        groups, number = place[other.codes], MOST_CLASSES
    counts = np.bincount(target.codes.astype(np.int64) * number + groups, minlength=target.size * number)
    table = counts.reshape(target.size, number).astype(np.float64)
    expected = np.sqrt(np.maximum(table.sum(axis=0), 1.0) / max(1.0, table.sum()))
    shares: Values = table / np.maximum(table.sum(axis=1, keepdims=True), 1.0) / expected
    return shares


def _main_axes(rows: Values, weights: Values, number: int) -> Values:
    """Return the weighted principal axes' scores of `rows`, shape (len(rows), number or fewer)."""
    centred = rows - np.average(rows, axis=0, weights=np.maximum(weights, 1e-9))
    directions = np.linalg.svd(centred * np.sqrt(weights)[:, None], full_matrices=False)[2]
    found: Values = centred @ directions[:number].T
    return found


def ordering(predictor: Column, wanted: Values) -> Values:
    """Return a number for each of a category's states, so that neighbours go with alike targets, shape (states,).

    References
    ----------
    Breiman et al. (1984), Classification and Regression Trees, 4.5: with one target score, splits of categories in the
    order of its mean are the best there are. With several, the order is that of the first main axis of the means.
    """
    counts = np.bincount(predictor.codes, minlength=predictor.size).astype(np.float64)
    sums = [np.bincount(predictor.codes, column, predictor.size) for column in wanted.T]
    means = np.column_stack(sums) / np.maximum(counts, 1.0)[:, None]
    return means[:, 0] if means.shape[1] == 1 else _main_axes(means, counts, 1)[:, 0]


def features(predictors: list[Column], orders: list[Values | None]) -> Features:
    """Return what trees split on.

    Parameters
    ----------
    orders : list
        For each predictor its `ordering`; None for numbers.

    Returns
    -------
    ndarray of float32, shape (n, len(predictors))
    """
    made = np.empty((len(predictors[0].states), len(predictors)), dtype=np.float32)
    for place, (column, order) in enumerate(zip(predictors, orders, strict=True)):
        made[:, place] = column.heights() if order is None else order[column.codes]
    return made
