"""Two numbers about mostly the same people, judged by what each unit adds to their difference.

Sums of ``pay`` and of ``least(pay, 90000)`` may differ for enough people and still tell one of them, when most of the
difference is hers. That is seen in what every unit adds to both, which is not kept: the earlier query is computed once
more, on the data that the new one is computed from.

Vocabulary
----------
difference
    What a unit adds to the new number less what it adds to the earlier one, after the factor and the shift that make
    most units agree: who knows ``a * x + b`` for all knows ``x``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.history.contributors import Cell, Keys
from saferoom.disclosure.history.families import Tick
from saferoom.disclosure.history.judgement import Book, How
from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.queries.model import Statistic
from saferoom.disclosure.verdict import Finding, Risk, Verdict
from saferoom.policies.models import RiskAppetite

Numbers = NDArray[np.float64]
MOST_QUERIES = 12
"""Earlier queries that are computed once more; beyond these a person has to look."""
MOST_UNKNOWN = 100
"""Buckets up to which a difference that cannot be computed goes to a person."""
ADDED_UP = frozenset({Statistic.FREQUENCY, Statistic.SUM, Statistic.MEAN, Statistic.RATIO})
"""Whose numbers are totals of what the units add, or are with the number of units, or with another such total."""
_TRIES = 12
_SLOPES = 500
_NEARLY = 0.1
"""What is left over, as a share of the new number, when the earlier one is nearly the same but for factor and shift."""
_SAME = 1e-9


@dataclass(frozen=True, eq=False)
class Column:
    """What every unit adds to the inner cells of a table.

    Attributes
    ----------
    unit : str
    cells : tuple of label tuples
    places : ndarray of int, shape (shares,)
        The cell of each share.
    keys : ndarray of uint64, shape (shares,)
        The unit of each share.
    values : ndarray of float, shape (shares,)
    """

    unit: str
    cells: tuple[Cell, ...]
    places: NDArray[np.int64]
    keys: Keys
    values: Numbers

    def of(self, cell: Cell, total: str) -> tuple[Keys, Numbers]:
        """Return the units of a cell or margin, in rising order, and what each adds."""
        order, starts = self._by_cell
        inside = [
            order[starts[place] : starts[place + 1]]
            for place, labels in enumerate(self.cells)
            if all(wanted in (label, total) for wanted, label in zip(cell, labels, strict=True))
        ]
        chosen = np.concatenate([np.zeros(0, dtype=np.int64), *inside])
        keys, first = np.unique(self.keys[chosen], return_inverse=True)
        return keys, np.bincount(first, self.values[chosen], len(keys)).astype(np.float64)

    @cached_property
    def _by_cell(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The places of all finite shares, cell by cell, and where each cell begins (and the end)."""
        kept = np.flatnonzero(np.isfinite(self.values))
        order = kept[np.argsort(self.places[kept], kind="stable")]
        return order, np.searchsorted(self.places[order], np.arange(len(self.cells) + 1)).astype(np.int64)


class Shares(Protocol):
    """Computes what each unit adds, of the new query and of earlier ones."""

    @property
    def query(self) -> Mapping[str, Any]:
        """The new query, canonical."""
        ...

    def new(self) -> Sequence[Column]:
        """Return the columns of the new query; none where its number is no total and no mean."""
        ...

    def earlier(self, query: Mapping[str, Any]) -> Sequence[Column] | None:
        """Return the columns of an earlier query on the same data; None when it cannot be computed on it."""
        ...


@dataclass(frozen=True)
class PartlyAlike:
    """A new cell and one of an earlier release to which most units add the same.

    Attributes
    ----------
    position : int
        Of the release in the memory.
    differing : int
        Buckets in which they differ.
    """

    position: int
    unit: str
    cell: Cell
    earlier: Cell
    differing: int


def measured(
    pairs: Sequence[PartlyAlike],
    beside: tuple[str, Memory],
    policy: RiskAppetite,
    book: Book,
    shares: Shares | None,
    tick: Tick,
) -> list[Finding]:
    """Note numbers whose difference few units make or dominate; return what cannot be decided.

    Without `shares` nothing is noted: differences that few units make are found by sketches already.

    Parameters
    ----------
    beside : pair of str and Memory
        The label of totals in the new table, and everything released.
    """
    total, memory = beside
    if shares is None or not pairs or not (own := shares.new()):
        return []
    unknown: dict[Cell, None] = {}
    computed: dict[int, Sequence[Column] | None] = {}
    looked = _Looked()
    for pair in pairs:
        release = memory.releases[pair.position]
        if pair.position not in computed:
            if len(computed) >= MOST_QUERIES:
                unknown[pair.cell] = None
                continue
            tick()
            computed[pair.position] = shares.earlier(release.query) if release.query else None
        columns = computed[pair.position]
        if columns is None:
            if pair.differing <= MOST_UNKNOWN:
                unknown[pair.cell] = None
            continue
        ours = looked.of(own, pair.unit, pair.cell, total)
        theirs = looked.of(columns, pair.unit, pair.earlier, release.contributors.total)
        if any(_few(one, old, policy) for one in ours for old in theirs):
            book.add((pair.position, How.MEASURE, Verdict.FAIL), pair.cell, [pair.earlier], None)
    return [_unknown(tuple(unknown))] if unknown else []


class _Looked:
    """What units add to the cells of columns, each looked up once: a cell is like several others, in pairs."""

    def __init__(self) -> None:
        self._found: dict[tuple[int, Cell], tuple[Keys, Numbers]] = {}

    def of(self, columns: Sequence[Column], unit: str, cell: Cell, total: str) -> list[tuple[Keys, Numbers]]:
        """Return the units of a cell and what each adds, by column of that kind of unit; columns have to stay."""
        own = [column for column in columns if column.unit == unit]
        for column in own:
            if (id(column), cell) not in self._found:
                self._found[id(column), cell] = column.of(cell, total)
        return [self._found[id(column), cell] for column in own]


def _few(one: tuple[Keys, Numbers], other: tuple[Keys, Numbers], policy: RiskAppetite) -> bool:
    """Say whether few units make or dominate the difference, by the threshold, (n,k) and p% rules."""
    if np.array_equal(one[0], other[0]):
        (_, new), (_, old) = one, other
        counted = both = np.ones(len(new), dtype=bool)
    else:
        # Both are in order: a merge takes a fraction of the time of a table of what is there.
        units = np.sort(np.concatenate([one[0], other[0]]), kind="stable")
        units = units[np.concatenate([[True], units[1:] != units[:-1]])[: len(units)]]
        new, old = np.zeros(len(units)), np.zeros(len(units))
        counted, there = np.zeros(len(units), dtype=bool), np.zeros(len(units), dtype=bool)
        for keys, values, column, mask in ((*one, new, counted), (*other, old, there)):
            places = np.searchsorted(units, keys)
            column[places], mask[places] = values, True
        both = counted & there
    for factor, shift in _fits(new[both], old[both]):
        # A shift is added once for everybody who counts.
        difference = np.abs(new - factor * old - shift * counted)
        difference[difference <= _SAME * np.maximum(np.abs(new), np.abs(factor * old))] = 0
        if is_few(difference, policy):
            return True
    return False


def _fits(new: Numbers, old: Numbers) -> Iterator[tuple[float, float]]:
    """Yield factors and shifts after which at least half of the units agree or little is left, and none at all."""
    yield 1.0, 0.0
    if not len(new):
        return
    factor, shift = _line(new, old)
    if np.abs(new - factor * old - shift).sum() <= _NEARLY * np.abs(new).sum():
        yield factor, shift
    i, j = np.random.default_rng(len(new)).integers(0, len(new), (2, _TRIES))
    by_one, by_two = old[i] != 0, (old[i] != old[j]) & (new[i] != new[j])
    slopes = (new[i] - new[j])[by_two] / (old[i] - old[j])[by_two]
    factors = np.concatenate([(new[i] / np.where(by_one, old[i], 1))[by_one], slopes])
    shifts = np.concatenate([np.zeros(int(by_one.sum())), new[i][by_two] - slopes * old[i][by_two]])
    tried = sorted({(f, s) for f, s in zip(factors.tolist(), shifts.tolist(), strict=True) if f != 0})
    for factor, shift in tried:
        away = np.abs(new - factor * old - shift)
        if 2 * np.count_nonzero(away <= _SAME * np.maximum(np.abs(new), 1e-300)) >= len(new):
            yield factor, shift


def _line(new: Numbers, old: Numbers) -> tuple[float, float]:
    """Return the factor and shift that most units nearly fit, whatever a few others do.

    References
    ----------
    P. K. Sen (1968), Estimates of the regression coefficient based on Kendall's tau: the median of slopes; here of a
    sample of pairs.
    """
    rng = np.random.default_rng(len(new))
    i, j = rng.integers(0, len(new), (2, _SLOPES))
    apart = old[i] != old[j]
    if not apart.any():
        return 1.0, float(np.median(new - old))
    slope = float(np.median((new[i] - new[j])[apart] / (old[i] - old[j])[apart]))
    return slope, float(np.median(new - slope * old))


def is_few(difference: Numbers, policy: RiskAppetite) -> bool:
    """Say whether few units make or dominate a difference, of which each unit's size is given."""
    total = float(difference.sum())
    if total == 0:
        return False
    if int((difference > 0).sum()) < policy.difference_units:
        return True
    largest = np.sort(difference)[::-1]
    if any(largest[: rule.n].sum() >= rule.share_fraction * total * (1 - _SAME) for rule in policy.dominance):
        return True
    return bool(total - largest[:2].sum() < policy.p_percent / 100 * largest[0] * (1 - _SAME))


def _unknown(cells: tuple[Cell, ...]) -> Finding:
    return Finding(
        rule="difference-unknown",
        risk=Risk.DIFFERENCING,
        severity=Verdict.REVIEW,
        cells=cells,
        message="Most of the people behind this add the same to a number released earlier, and what the others add to "
        "the difference cannot be computed here, so that a few of them may make most of it.",
        remedy="use the population and the measure of the earlier release, or let an output checker decide",
    )
