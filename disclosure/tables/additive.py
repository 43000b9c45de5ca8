"""Additive tables: cells, the sums between them, what has to be protected, and what a protected table looks like.

Vocabulary
----------
relation
    Cells that add up to another one: a row with its total, areas with their region. Linked tables are one additive
    table with the relations of all of them, because they share cells.
hidden
    Not published: a primary cell (a rule names it) or a secondary one (it keeps others from being worked out).
attacker
    Somebody who knows all published cells, all relations, what everybody knows beforehand, and perhaps more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.queries.evidence import Mask, Numbers
from saferoom.disclosure.verdict import Label

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Places = NDArray[np.int64]
"""Positions of cells."""
Progress = Callable[[str, float], None]
"""Called with what is being done and the share that is done; may raise to stop the work."""


@dataclass(frozen=True)
class AdditiveTable:
    """Cells and the relations between them.

    Attributes
    ----------
    labels : tuple of tuples of Label
        Per cell its category in every dimension, totals by their own labels.
    values : ndarray of float, shape (cells,)
    relations : csr_array, shape (relations, cells)
        1 at the parts, -1 at their total; ``relations @ values`` is zero.
    lowest, highest : ndarray of float, shape (cells,)
        What everybody knows of a cell beforehand: 0 and infinity for counts.
    whole : bool
        Whether everybody knows that values are whole numbers.
    """

    labels: tuple[tuple[Label, ...], ...]
    values: Numbers
    relations: csr_array
    lowest: Numbers
    highest: Numbers
    whole: bool = False

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True)
class Insider:
    """A contributor who knows own values, and so more about hidden cells than everybody.

    Attributes
    ----------
    cells : ndarray of int
        The cells to which this one contributes.
    lowest, highest : ndarray of float, shape of `cells`
        What the cells can be, for all this one knows: equal where there is no other contributor.
    """

    cells: Places
    lowest: Numbers
    highest: Numbers


@dataclass(frozen=True)
class Needs:
    """What has to be protected, and how well.

    Attributes
    ----------
    primary : ndarray of bool, shape (cells,)
        Cells that a rule names.
    below, above, width : ndarray of float, shape (cells,)
        For a primary cell of value v, an attacker's interval [low, high] protects when ``low <= v - below``,
        ``high >= v + above`` and ``high - low >= width`` (lower, upper and sliding protection level; Fischetti and
        Salazar 2001).
    fixed : ndarray of bool, shape (cells,)
        Cells that have to be published (structural zeros, totals that are known anyway).
    cost : ndarray of float, shape (cells,)
        What hiding a cell costs.
    insiders : tuple of Insider
        Each is an attacker too, against every primary cell that is not among her own `cells`: what one contributor
        of a cell can learn about another one is what the cell's own protection levels are made for.
    """

    primary: Mask
    below: Numbers
    above: Numbers
    width: Numbers
    fixed: Mask
    cost: Numbers
    insiders: tuple[Insider, ...] = ()


@dataclass(frozen=True)
class Audit:
    """What attackers can work out.

    Attributes
    ----------
    low, high : ndarray of float, shape (cells,)
        The interval of everybody; equal to the value where a cell is published.
    exposed : ndarray of bool, shape (cells,)
        Primary cells whose interval, for everybody or for an insider, is tighter than asked for.
    complete : bool
        False when the time was up before every hidden cell was looked at; then nothing is proven.
    exact : ndarray of bool, shape (cells,), or None
        False where tables show the interval, but a wider one was not ruled out; None where all are exact.
    """

    low: Numbers
    high: Numbers
    exposed: Mask
    complete: bool = True
    exact: Mask | None = None

    @property
    def holds(self) -> bool:
        """Whether every primary cell is proven to be protected."""
        return self.complete and not bool(self.exposed.any())


class Mode(StrEnum):
    """How secondary cells are chosen."""

    AUTO = "auto"
    EXACT = "exact"
    HEURISTIC = "heuristic"


@dataclass(frozen=True)
class Suppression:
    """A protected table.

    Attributes
    ----------
    hidden : ndarray of bool, shape (cells,)
    audit : Audit
        It holds; what does not hold is an error and no suppression.
    cost : float
        Of all hidden cells that are not primary.
    gap : float or None
        How far `cost` can be above the least possible, as a share of `cost`; 0 when proven to be the least, None when
        nothing is known.
    mode : Mode
        What was done, never `AUTO`.
    """

    hidden: Mask
    audit: Audit
    cost: float
    gap: float | None
    mode: Mode
