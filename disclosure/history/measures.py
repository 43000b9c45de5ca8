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
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.history.contributors import Cell, Keys
from saferoom.disclosure.history.families import Tick
from saferoom.disclosure.history.judgement import Book, How
from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.verdict import Finding, Risk, Verdict
from saferoom.policies.models import RiskAppetite

Numbers = NDArray[np.float64]
MOST_QUERIES = 12
"""Earlier queries that are computed once more; beyond these a person has to look."""
MOST_UNKNOWN = 100
"""Buckets up to which a difference that cannot be computed goes to a person."""
_TRIES = 12
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
        inside = [
            all(wanted in (label, total) for wanted, label in zip(cell, labels, strict=True)) for labels in self.cells
        ]
        chosen = np.array(inside, dtype=bool)[self.places] & np.isfinite(self.values)
        keys, first = np.unique(self.keys[chosen], return_inverse=True)
        return keys, np.bincount(first, self.values[chosen], len(keys)).astype(np.float64)


class Shares(Protocol):
    """Computes what each unit adds, of the new query and of earlier ones."""

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
        for one, old in ((a, b) for a in own for b in columns if a.unit == b.unit == pair.unit):
            if _few(one.of(pair.cell, total), old.of(pair.earlier, release.contributors.total), policy):
                book.add((pair.position, How.MEASURE, Verdict.FAIL), pair.cell, [pair.earlier], None)
    return [_unknown(tuple(unknown))] if unknown else []


def _few(one: tuple[Keys, Numbers], other: tuple[Keys, Numbers], policy: RiskAppetite) -> bool:
    """Say whether few units make or dominate the difference, by the threshold, (n,k) and p% rules."""
    units = np.union1d(one[0], other[0])
    new, old = np.zeros(len(units)), np.zeros(len(units))
    new[np.searchsorted(units, one[0])] = one[1]
    old[np.searchsorted(units, other[0])] = other[1]
    both = np.isin(units, one[0]) & np.isin(units, other[0])
    for factor, shift in _fits(new[both], old[both]):
        # A shift is added once for everybody who counts.
        difference = np.abs(new - factor * old - shift * np.isin(units, one[0]))
        difference[difference <= _SAME * np.maximum(np.abs(new), np.abs(factor * old))] = 0
        if _is_few(difference, policy):
            return True
    return False


def _fits(new: Numbers, old: Numbers) -> Iterator[tuple[float, float]]:
    """Yield factors and shifts after which at least half of the units agree, and none at all."""
    yield 1.0, 0.0
    if not len(new):
        return
    rng = np.random.default_rng(len(new))
    for _ in range(_TRIES):
        i, j = rng.integers(0, len(new), 2)
        tries = []
        if old[i] != 0:
            tries.append((new[i] / old[i], 0.0))
        if old[i] != old[j]:
            factor = (new[i] - new[j]) / (old[i] - old[j])
            tries.append((factor, new[i] - factor * old[i]))
        for factor, shift in tries:
            away = np.abs(new - factor * old - shift)
            if factor != 0 and (away <= _SAME * np.maximum(np.abs(new), 1e-300)).mean() >= 0.5:
                yield float(factor), float(shift)


def _is_few(difference: Numbers, policy: RiskAppetite) -> bool:
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
