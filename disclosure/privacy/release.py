"""A release with differential privacy: exact numbers in, noisy numbers out, and nothing else.

Whoever calls this has been charged already; see `saferoom.projects.ledger`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.privacy.aggregates import Aggregate, Kind
from saferoom.disclosure.privacy.calibrate import Budget, check_within
from saferoom.disclosure.privacy.cells import Cells as Keys
from saferoom.disclosure.privacy.cells import Key, Rows, exact, exact_found
from saferoom.disclosure.privacy.mos import draw_observed
from saferoom.disclosure.privacy.noise import draw, draw_best, draw_cells
from saferoom.disclosure.privacy.noisy import Shown
from saferoom.disclosure.privacy.plan import PrivacyPlan
from saferoom.disclosure.privacy.shown import shown
from saferoom.disclosure.privacy.statistics import Ask, Over
from saferoom.disclosure.queries.engine import Engine
from saferoom.disclosure.queries.evidence import Cells
from saferoom.disclosure.statbarns.bins import bin_labels


@dataclass(frozen=True)
class NoisyTable:
    """What leaves.

    Attributes
    ----------
    cells : Cells
        The table's cells (of histograms the bin's name is the last category), then those of its margins.
    noisy : mapping of name to ndarray of int64
        The drawn numbers as they are: negative counts, too. Columns are made of them.
    columns : tuple of Shown
        One value for each of `cells`.
    """

    cells: Cells
    noisy: dict[str, NDArray[np.int64]]
    columns: tuple[Shown, ...]


def release(engine: Engine, rows: Rows, cells: Keys, ask: Ask, plan: PrivacyPlan, budget: Budget) -> NoisyTable:
    """Draw the noise of `plan` once.

    Parameters
    ----------
    cells : sequence of keys
        See `public_cells`, without a histogram's bins; empty where cells are private.

    Raises
    ------
    BadInputError
        The plan costs more than `budget`: nothing was read or drawn.
    """
    check_within(plan, budget)
    rows = replace(rows, edges=ask.edges, upto=ask.upto)
    if ask.shape is None:
        keys, noisy = _found(engine, rows, plan)
    else:
        bins = range(len(ask.edges) + 1) if ask.edges else ()
        keys = tuple((*key, one) for key in cells for one in bins) if bins else cells
        drawn = {one.name: one for one in plan.aggregates if one.kind is not Kind.OBSERVED}
        numbers = exact(engine, rows, keys, list(drawn.values()), ask.sizes)
        noisy = {name: _noisy(plan, one, numbers[name]) for name, one in drawn.items()}
        noisy |= draw_observed(engine, rows, keys, ask, plan) if ask.observed else {}
    return NoisyTable(_labelled(ask, keys), noisy, shown(ask, plan, noisy))


def _found(engine: Engine, rows: Rows, plan: PrivacyPlan) -> tuple[Keys, dict[str, NDArray[np.int64]]]:
    """Return the private cells whose noisy counts are above the threshold, in an order that tells nothing.

    The other numbers are drawn for these cells only: leaving out what was not asked for is post-processing.
    """
    count, *others = plan.aggregates
    keys, numbers = exact_found(engine, rows, plan.aggregates)
    exact_counts = numbers(count, range(len(keys))).tolist()
    counts = draw_cells(plan, {str(place): n for place, n in enumerate(exact_counts)})
    places = sorted((int(place) for place in counts), key=lambda place: [str(one) for one in keys[place]])
    noisy = {count.name: np.asarray([counts[str(place)] for place in places], dtype=np.int64)}
    noisy |= {one.name: _noisy(plan, one, numbers(one, places)) for one in others}
    return tuple(keys[place] for place in places), noisy


def _noisy(plan: PrivacyPlan, one: Aggregate, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    if one.fraction is not None:
        return np.asarray([draw_best(plan, one, scores) for scores in _lists(numbers)], dtype=np.int64)
    return np.asarray(draw(plan, one, numbers.tolist()), dtype=np.int64)


def _lists(numbers: NDArray[np.int64]) -> Sequence[Sequence[int]]:
    found: list[list[int]] = numbers.tolist()
    return found


def _labelled(ask: Ask, keys: Keys) -> Cells:
    """Return the table's cells and those of its margins, in the order of `Ask.kept`."""
    if ask.edges:
        names = bin_labels(ask.edges)
        keys = tuple((*key[:-1], names[int(str(key[-1]))]) for key in keys)
    labels: list[Key] = []
    levels: list[int] = []
    for over in ask.kept:
        inner = _kept(keys, over)
        labels += inner
        levels += [_level(len(ask.sizes), over)] * len(inner)
    return Cells(tuple(labels), np.asarray(levels, dtype=np.int64))


def _kept(keys: Keys, over: Over) -> Sequence[Key]:
    if over is None:
        return keys
    return list(dict.fromkeys(tuple(one if i in over else None for i, one in enumerate(key)) for key in keys))


def _level(width: int, over: Over) -> int:
    return 0 if over is None else sum(1 << i for i in range(width) if i not in over)
