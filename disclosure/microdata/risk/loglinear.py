"""Log-linear Poisson models of all cells that the key variables cross to, fitted by iterative proportional fitting."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import prod
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata.keys import Codes
from saferoom.disclosure.microdata.patterns import Values
from saferoom.errors import BadInputError

MOST_CELLS = 1 << 22
_MOST_ROUNDS = 60
_CLOSE = 1e-6

Terms: TypeAlias = tuple[tuple[int, ...], ...]
"""The highest-order interactions of a hierarchical model, as sets of variables."""


@dataclass(frozen=True)
class Table:
    """Sample counts of every cell, those without records too.

    Attributes
    ----------
    counts : ndarray of float, shape (size of variable 1, ..., size of variable m), records
    """

    counts: NDArray[np.float64]

    @classmethod
    def of(cls, rows: Codes, counts: NDArray[Any], sizes: Sequence[int]) -> Table:
        """Return the table of complete patterns.

        Raises
        ------
        BadInputError
            When the variables cross to more cells than a model can be fitted to.
        """
        cells = prod(sizes)
        if cells > MOST_CELLS:
            raise BadInputError(
                f"the key variables cross to {cells:,} cells, more than the {MOST_CELLS:,} that a log-linear model is "
                "fitted to here; name fewer key variables or recode them"
            )
        table = np.zeros(tuple(sizes))
        table[tuple(rows.T)] = counts
        return cls(table)


def main_effects(variables: int) -> Terms:
    """Return the model in which the variables are independent."""
    return tuple((place,) for place in range(variables))


def two_way(variables: int) -> Terms:
    """Return the model with every interaction of two variables."""
    return tuple(combinations(range(variables), 2)) if variables > 1 else ((0,),)


def with_term(terms: Terms, term: tuple[int, ...]) -> Terms:
    """Return the model with one more interaction; terms that are within it are left out."""
    return (*(one for one in terms if not set(one) <= set(term)), term)


def fitted(table: Table, terms: Terms) -> Values:
    """Return the expected sample counts of all cells under the model, the shape of the table.

    Notes
    -----
    Cells are scaled to the margin of each term in turn until no margin moves by more than a millionth of the records
    (Deming, Stephan 1940). Without interactions one round is exact.
    """
    counts = table.counts
    expected = np.full(counts.shape, counts.sum() / counts.size)
    margins = [(axes, counts.sum(axis=axes, keepdims=True)) for axes in _others(terms, counts.ndim)]
    for _ in range(_MOST_ROUNDS):
        moved = 0.0
        for axes, wanted in margins:
            there = expected.sum(axis=axes, keepdims=True)
            moved = max(moved, float(np.abs(wanted - there).max()))
            expected *= np.divide(wanted, there, out=np.zeros_like(wanted), where=there > 0)
        if moved <= _CLOSE * counts.sum():
            break
    return expected


def _others(terms: Terms, variables: int) -> Iterable[tuple[int, ...]]:
    for term in terms:
        yield tuple(place for place in range(variables) if place not in term)
