"""Medium fidelity: each variable is drawn given those before it, from donors of the leaves of a tree.

References
----------
Reiter (2005), Using CART to generate partially synthetic, public use microdata. Journal of Official Statistics 21(3),
441-462. Nowok, Raab and Dibben (2016), synthpop: bespoke creation of synthetic data in R. Journal of Statistical
Software 74(11).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from saferoom.disclosure.microdata.synthetic.histogram import Values
from saferoom.disclosure.microdata.synthetic.leaves import Kernels, Leaves
from saferoom.disclosure.microdata.synthetic.margin import HIDDEN, Margin
from saferoom.disclosure.microdata.synthetic.predictors import MOST_CLASSES, Column, features, ordering, scores
from saferoom.disclosure.microdata.synthetic.units import Units

Progress = Callable[[str, float], None]
MOST_GROWN_ON = 100_000
"""Records that a tree is grown on; all records go down it afterwards."""
_LEAVES = 4_000
_WORKERS = 4
_FITTED = 0.6


@dataclass(frozen=True)
class Growing:
    """What a tree must keep to.

    Attributes
    ----------
    least : int
        Units of every leaf.
    records_each : float
        Records of a unit, on average.
    """

    least: int
    records_each: float


@dataclass(frozen=True)
class Model:
    """One variable's tree.

    Attributes
    ----------
    orders : list
        The order of the categories of each variable before it; None for numbers.
    kernels : Kernels, or None
        Of the leaves, for variables with a histogram.
    """

    column: Column
    leaves: Leaves
    orders: list[Values | None]
    kernels: Kernels | None


def visited(margins: Sequence[Margin], first: Sequence[str]) -> list[Margin]:
    """Return the variables in the order in which they are made: those named, then those with fewest states first."""
    named = [next(one for one in margins if one.name == name) for name in first]
    rest = [one for one in margins if one.name not in first]
    return [*named, *sorted(rest, key=lambda one: (one.bins is not None, one.size, one.name))]


def fitted(margins: Sequence[Margin], units: Units, growing: Growing, random: Any, progress: Progress) -> list[Model]:
    """Grow the trees of all variables, in this order; they do not depend on each other, so several grow at a time.

    Parameters
    ----------
    random : numpy Generator
    """
    columns = [Column(one, one.states, one.ranks) for one in margins]
    rows = len(margins[0].states)
    sample = np.arange(rows) if rows <= MOST_GROWN_ON else np.sort(random.choice(rows, MOST_GROWN_ON, replace=False))
    grower = _Grower(columns, [one.taken(sample) for one in columns], units, growing)
    with ThreadPoolExecutor(max(1, min(_WORKERS, os.cpu_count() or 1))) as pool:
        work = [pool.submit(grower.model, place, own) for place, own in enumerate(random.spawn(len(columns)))]
        made = []
        for place, one in enumerate(work):
            progress(f"growing the tree of variable {place + 1} of {len(work)}", _FITTED * place / len(work))
            made.append(one.result())
    return made


@dataclass(frozen=True)
class _Grower:
    """All variables, and those records of each that trees are grown on."""

    columns: list[Column]
    sampled: list[Column]
    units: Units
    growing: Growing

    def model(self, place: int, random: Any) -> Model:
        """Grow the tree of one variable and send the donors down it."""
        target, before = self.columns[place], self.columns[:place]
        donors = np.flatnonzero(target.states != HIDDEN)
        tree, orders = None, list[Values | None]()
        if before and len(np.unique(target.states[donors])) + (target.ranks is not None) > 1:
            tree, orders = self._tree(place, random)
        made = np.empty((len(donors), 0), dtype=np.float32) if tree is None else features(before, orders)
        made = made if len(made) == len(donors) else made[donors]
        leaves = Leaves.of(tree, made, donors, self.units.taken(donors), self.growing.least, random)
        if target.ranks is None:
            return Model(target, leaves, orders, None)
        told = max(1.0, float((~np.isnan(target.ranks)).sum()) / self.growing.records_each)
        return Model(target, leaves, orders, leaves.kernels(target.ranks, self.growing.least / told))

    def _tree(self, place: int, random: Any) -> tuple[Any, list[Values | None]]:
        grown = np.flatnonzero(self.sampled[place].states != HIDDEN)
        if len(grown) < 2 * self.growing.least:
            return None, []
        predictors = [one.taken(grown) for one in self.sampled[:place]]
        target = self.sampled[place].taken(grown)
        wanted = scores(target, predictors)
        orders = [None if one.numeric else ordering(one, wanted) for one in predictors]
        return _grown(target, features(predictors, orders), wanted, self.growing, random), orders


def _grown(target: Column, made: Any, wanted: Values, growing: Growing, random: Any) -> Any:
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    least = max(int(np.ceil(growing.least * growing.records_each)), len(made) // _LEAVES)
    settings = {"min_samples_leaf": least, "random_state": int(random.integers(2**31))}
    if wanted.shape[1] == target.size <= MOST_CLASSES and not (target.numeric and target.margin.bins is not None):
        return DecisionTreeClassifier(**settings).fit(made, target.codes).tree_
    return DecisionTreeRegressor(**settings).fit(made, wanted).tree_


def drawn(models: Sequence[Model], rows: int, random: Any, progress: Progress) -> list[Column]:
    """Draw records, variable after variable.

    Parameters
    ----------
    random : numpy Generator

    Returns
    -------
    list of Column, one per model, each of `rows` records
    """
    made: list[Column] = []
    for place, (model, own) in enumerate(zip(models, random.spawn(len(models)), strict=True)):
        progress(f"drawing variable {place + 1} of {len(models)}", _FITTED + (1 - _FITTED) * place / len(models))
        given = features(made, model.orders) if model.leaves.tree is not None else None
        made.append(_drawn(model, given, rows, own))
    return made


def _drawn(model: Model, given: Any, rows: int, random: Any) -> Column:
    source = model.column
    if not len(model.leaves.donors):
        return Column(source.margin, np.full(rows, -1, dtype=np.int32))
    donors, leaf = model.leaves.draw(given, rows, random)
    states = source.states[donors]
    if source.ranks is None or model.kernels is None:
        return Column(source.margin, states)
    return Column(source.margin, states, model.kernels.smoothed(source.ranks[donors], leaf, random))
