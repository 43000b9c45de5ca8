"""Which noisy numbers each statistic is made of; how it is made of them is in `shown`.

Statistics
----------
count, histogram
    One count per cell; of histograms, the bins are one more dimension.
sum
    One sum per cell, clamped, on a grid that begins at 0.
mean
    A count and a sum on a grid that begins in the middle of the bounds: ``middle + sum / count``.
variance, std
    A count, a sum and a sum of squares around the middle of the bounds (its own grid).
median, quantile
    One noisy choice between public candidates per cell and fraction.
mobility
    A count, two sums, a sum of squares and one of products, of children's and parents' ranks; or a count and a sum of
    the children of the lower half or quarter; or the maximum observed sensitivity.

Tables with margins draw every margin as well, with a share of its own. Private cells always draw a count, first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from saferoom.disclosure.privacy.aggregates import Aggregate, Bounds, Kind
from saferoom.disclosure.privacy.ingredients import (
    SQUARES,
    count,
    lines,
    needed_bounds,
    observed,
    quantile,
    squares,
    total,
)
from saferoom.disclosure.privacy.plan import MOST_AGGREGATES
from saferoom.disclosure.queries.forms import Statistic
from saferoom.errors import BadInputError

RANKS = (0.0, 1.0)
OBSERVED = "maximum_observed_sensitivity"
BOTTOM = {"bottom_half": 0.5, "bottom_quartile": 0.25}
MOST_NUMBERS = 2_000_000
"""Drawn in less than a minute."""
_ABLE = "frequency, sum, mean, variance, std, median, quantile, histogram and mobility"

Over = tuple[int, ...] | None
"""The dimensions that a margin keeps; None for the table itself."""


@dataclass(frozen=True)
class Ask:
    """What a query asks for, resolved, without anything about its data.

    Attributes
    ----------
    bounds : pair of float or None
        What the measure is clamped to; for mobility both ranks, 0 and 1 when left out.
    fractions : tuple of float
        For quantile.
    candidates : tuple of float
        For median and quantile.
    shape : tuple of int or None
        How many categories each dimension has, without a histogram's bins; None where cells are private.
    at : tuple of float
        For mobility: the parents' ranks, between 0 and 1, at which the expected rank is given.
    edges : tuple of float
        For histogram, rising; see `edges_of`.
    estimator : str or None
        For mobility, as in the query.
    """

    statistic: Statistic
    bounds: tuple[float, float] | None = None
    fractions: tuple[float, ...] = ()
    candidates: tuple[float, ...] = ()
    shape: tuple[int, ...] | None = ()
    margins: bool = False
    at: tuple[float, ...] = (0.25,)
    edges: tuple[float, ...] = ()
    estimator: str | None = None

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many categories each dimension has, a histogram's bins the last; empty where cells are private."""
        bins = (len(self.edges) + 1,) if self.statistic is Statistic.HISTOGRAM else ()
        return () if self.shape is None else (*self.shape, *bins)

    @property
    def cells(self) -> int:
        """How many cells there are without margins, as plans say it: 0 where they are private."""
        return 0 if self.shape is None else math.prod(self.sizes)

    def cells_of(self, over: Over) -> int:
        """Return how many cells the table or one of its margins has; 1 where they are private."""
        return math.prod(size for i, size in enumerate(self.sizes) if over is None or i in over)

    @property
    def kept(self) -> tuple[Over, ...]:
        """The table, then its margins, those with the most dimensions first."""
        if not self.margins or self.shape is None:
            return (None,)
        width = len(self.sizes)
        return (None, *(kept for n in range(width - 1, -1, -1) for kept in combinations(range(width), n)))

    @property
    def upto(self) -> float | None:
        """Below which value of the parents' rank rows count at all, for mean ranks of the bottom."""
        share = BOTTOM.get(self.estimator or "")
        if self.statistic is not Statistic.MOBILITY or share is None:
            return None
        low, high = self.bounds or RANKS
        return low + share * (high - low)

    @property
    def observed(self) -> bool:
        """Whether what is asked for is noise-infused, and not differentially private."""
        return self.statistic is Statistic.MOBILITY and self.estimator == OBSERVED


def aggregates_of(ask: Ask) -> tuple[Aggregate, ...]:
    """Return what is drawn for `ask`; scales are still to be found.

    Raises
    ------
    BadInputError
        Bounds, edges or candidates are missing, or the statistic has no form with differential privacy.
    """
    own = _own(ask)
    if ask.shape is None:
        if ask.margins:
            raise BadInputError("margins: tables with private cells have none", field="margins")
        if ask.observed:
            raise BadInputError(f"protect.keys: {OBSERVED} needs cells that the catalogue knows", field="protect.keys")
        own = own if own[0].kind is Kind.COUNT else (count(), *own)
    every = tuple(named(one, over) for over in ask.kept for one in own)
    numbers = sum(ask.cells_of(one.over) * max(1, len(one.candidates)) for one in every)
    if len(every) > MOST_AGGREGATES or numbers > MOST_NUMBERS:
        raise BadInputError(
            f"protect: {numbers:,} noisy numbers (of every cell and margin, for quantiles of every candidate) are too "
            f"many: {MOST_NUMBERS:,} are possible, and {MOST_AGGREGATES} for each cell; ask for fewer",
            field="protect",
        )
    return every


def named(one: Aggregate, over: Over) -> Aggregate:
    """Return an aggregate of the whole table as that of a margin: ``count`` becomes ``count@0,2``."""
    return one if over is None else replace(one, name=name_of(one.name, over), over=over)


def name_of(name: str, over: Over) -> str:
    """Return what an aggregate is called in the table or a margin."""
    return name if over is None else f"{name}@{','.join(map(str, over))}"


def edges_of(bins: int | Sequence[float] | None, bounds: tuple[float, float] | None) -> tuple[float, ...]:
    """Return the edges of a histogram: those given, or those that cut the bounds into so many equal bins.

    The lowest and the highest bin are open, so that k edges make k + 1 bins and nobody is left out.

    Raises
    ------
    BadInputError
        There are neither edges, nor a number of bins with bounds; edges do not rise.
    """
    if isinstance(bins, int):
        low, high = needed_bounds(bounds)
        edges = tuple(low + (high - low) * i / bins for i in range(1, bins))
    else:
        edges = tuple(float(one) for one in bins or ())
    if not edges or not all(math.isfinite(one) for one in edges):
        raise BadInputError(
            "options.bins: is needed, as edges [20, 40, 60], or as a number of bins, at least 2, with protect.bounds; "
            "chosen without looking at the data",
            field="options.bins",
        )
    if list(edges) != sorted(set(edges)):
        raise BadInputError("options.bins: edges must rise", field="options.bins")
    return edges


def _own(ask: Ask) -> tuple[Aggregate, ...]:
    statistic = ask.statistic
    if statistic is Statistic.HISTOGRAM:
        edges_of(ask.edges, None)
    if statistic in (Statistic.FREQUENCY, Statistic.HISTOGRAM):
        return (count(),)
    if statistic is Statistic.SUM:
        return (total(Bounds.of_total(*needed_bounds(ask.bounds))),)
    if statistic is Statistic.MEAN:
        return (count(), total(Bounds.of_mean(*needed_bounds(ask.bounds))))
    if statistic in (Statistic.VARIANCE, Statistic.STD):
        around = Bounds.of_mean(*needed_bounds(ask.bounds))
        return (count(), total(around), squares(SQUARES, around, 0))
    if statistic in (Statistic.MEDIAN, Statistic.QUANTILE):
        return tuple(quantile(one, ask.candidates) for one in (ask.fractions or (0.5,)))
    if statistic is Statistic.MOBILITY:
        return _mobility(ask)
    raise BadInputError(
        f"protect.method: there is no {statistic} with differential privacy; there are {_ABLE}", field="protect.method"
    )


def _mobility(ask: Ask) -> tuple[Aggregate, ...]:
    ranks = Bounds.of_mean(*(float(one) for one in ask.bounds or RANKS))
    if ask.observed:
        return (count(), *(observed(one) for one in ask.at))
    if ask.upto is not None:
        return (count(), total(ranks))
    return lines(ranks)
