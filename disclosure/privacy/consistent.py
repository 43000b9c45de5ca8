"""Noisy tables with noisy margins, made to add up: the closest table to all of them, by weighted least squares.

Everybody's noise has its own variance, the same for all cells of one margin. The design is balanced, so that the
normal equations fall apart into the effects of the analysis of variance (a mean, effects of each dimension,
interactions), each of which is a weighted mean of what the table and those margins say that keep its dimensions. No
equation is solved.

Sources: M. Hay, V. Rastogi, G. Miklau and D. Suciu, "Boosting the Accuracy of Differentially Private Histograms Through
Consistency", PVLDB 3, 2010 (least squares as post-processing, the best linear unbiased estimate by Gauss and Markov);
H. Scheffe, "The Analysis of Variance", 1959, chapter 4 (effects of a balanced design are orthogonal).

Cost: one pass over each margin for each of the effects that it has.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from saferoom.disclosure.privacy.noisy import Floats
from saferoom.disclosure.privacy.statistics import Over

Kept = tuple[int, ...]


@dataclass(frozen=True)
class Consistent:
    """A table or margin that adds up with all the others.

    Attributes
    ----------
    values : ndarray of float64, one per cell
    scale : float
        Root of the variance of each cell in terms of the drawn numbers' (squared) scales.
    """

    values: Floats
    scale: float


@dataclass(frozen=True)
class _Margin:
    kept: Kept
    values: Floats
    """With a length of 1 along the dimensions that are added up."""
    precision: float
    """One over the square of the noise's scale."""


def consistent(
    sizes: Sequence[int], drawn: Mapping[Over, Floats], scales: Mapping[Over, float]
) -> dict[Over, Consistent]:
    """Return the table and all given margins as the margins of one table, the closest to what was drawn.

    Parameters
    ----------
    sizes : sequence of int
        How many categories each dimension has.
    drawn : mapping to ndarray of float64
        The table (None) and its margins, flat, the last dimension fastest.
    scales : mapping to float
        Of their noise; how a scale becomes a variance is the same for all.
    """
    width = len(sizes)
    given = [_margin(sizes, over, values, scales[over]) for over, values in drawn.items()]
    precisions: dict[Kept, float] = {}
    table = np.zeros(tuple(sizes))
    for n in range(width + 1):
        for effect in combinations(range(width), n):
            found, precisions[effect] = _effect(sizes, given, effect)
            table = table + found
    return {
        over: Consistent(
            values=table.sum(axis=_dropped(width, kept)).reshape(-1), scale=_scale(sizes, kept, precisions)
        )
        for over, kept in ((over, _kept(width, over)) for over in drawn)
    }


def _kept(width: int, over: Over) -> Kept:
    return tuple(range(width)) if over is None else over


def _dropped(width: int, kept: Kept) -> Kept:
    return tuple(i for i in range(width) if i not in kept)


def _margin(sizes: Sequence[int], over: Over, values: Floats, scale: float) -> _Margin:
    kept = _kept(len(sizes), over)
    shape = tuple(size if i in kept else 1 for i, size in enumerate(sizes))
    return _Margin(kept, values.reshape(shape), 1 / scale**2)


def _product(sizes: Sequence[int], some: Sequence[int]) -> int:
    return math.prod(sizes[i] for i in some)


def _effect(sizes: Sequence[int], given: Sequence[_Margin], effect: Kept) -> tuple[Floats, float]:
    """Return one effect on a cell of the table, and how precisely it is known.

    A margin's cell is a sum of `cells` cells of the table, and says the effect once for each of its `repeats`.
    """
    width, precision = len(sizes), 0.0
    total: Floats = np.zeros((1,) * width)
    for one in given:
        if not set(effect) <= set(one.kept):
            continue
        others = tuple(i for i in one.kept if i not in effect)
        repeats, cells = _product(sizes, others), _product(sizes, _dropped(width, one.kept))
        weight = repeats * one.precision * cells
        total = total + weight * one.values.mean(axis=others, keepdims=True)
        precision += weight * cells
    found = total / precision
    for axis in effect:
        found = found - found.mean(axis=axis, keepdims=True)
    return found, precision


def _scale(sizes: Sequence[int], kept: Kept, precisions: Mapping[Kept, float]) -> float:
    """Return the root of the variance of a margin's cells: effects are independent, and each the same in all cells."""
    cells = _product(sizes, _dropped(len(sizes), kept))
    variance = sum(
        math.prod(1 - 1 / sizes[i] for i in effect) / precision
        for effect, precision in precisions.items()
        if set(effect) <= set(kept)
    )
    return cells * math.sqrt(variance)
