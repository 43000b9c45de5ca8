"""The margin of one variable: which states it has that enough units share, and which state each record is in.

Records whose value too few units share have the state `HIDDEN`: nothing is drawn from them. Both fidelities know a
file's values through margins alone, so no value of a few people can get into a twin.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata.synthetic.described import Role
from saferoom.disclosure.microdata.synthetic.histogram import Bins, Ranks, Values
from saferoom.disclosure.microdata.synthetic.scales import Scale
from saferoom.disclosure.microdata.synthetic.units import Counts, Units, rounded

States: TypeAlias = NDArray[np.int32]
MISSING, HIDDEN = -1, -2
_TURNS = 8
"""How often a number is drawn again that would be somebody's in a file where numbers are rarely alike."""


@dataclass(frozen=True)
class Margin:
    """One variable by itself.

    Attributes
    ----------
    states : ndarray of int32, shape (n,)
        The state of every record: a place among `labels` and `points`, then one for the pool, then one for the
        histogram; `MISSING`, `HIDDEN`.
    ranks : ndarray of float, shape (n,), or None
        Place in the histogram's distribution of records in its state; NaN elsewhere.
    counts : ndarray of int, shape (states + 1,), records
        Rounded number of records of each state, that of missing ones last.
    labels : Arrow array, or None
        Categories that enough units share, in the column's plain type; `points` for numbers.
    pool : Arrow array, or None
        Labels of which any stands for the state after the labels: "other", rare codes of a codelist, placeholders.
    scale : Scale, or None
        Of numbers and dates.
    rare : ndarray of float
        Numbers that too few units share, in ascending order, where a number drawn is hardly ever one by chance.
    """

    name: str
    role: Role
    kind: Any
    states: States
    counts: Counts
    ranks: Ranks | None = None
    labels: Any = None
    pool: Any = None
    points: Values | None = None
    bins: Bins | None = None
    scale: Scale | None = None
    rare: Values = field(default_factory=lambda: np.empty(0))
    note: str = ""

    @property
    def own(self) -> int:
        """The number of states that are one value each."""
        if self.points is not None:
            return len(self.points)
        return 0 if self.labels is None else len(self.labels)

    @property
    def size(self) -> int:
        """The number of states without the missing one."""
        return self.own + (self.pool is not None) + (self.bins is not None)

    def drawn_states(self, rows: int, random: np.random.Generator) -> States:
        """Draw states by their counts alone."""
        total = self.counts.sum()
        if not total:
            return np.full(rows, MISSING, dtype=np.int32)
        found = random.choice(len(self.counts), rows, p=self.counts / total).astype(np.int32)
        return np.where(found == self.size, np.int32(MISSING), found)

    def column(self, states: States, ranks: Ranks | None, random: np.random.Generator) -> Any:
        """Return an Arrow array of the column's type with values of these states.

        Parameters
        ----------
        states : ndarray of int32, shape (r,)
        ranks : ndarray of float, shape (r,), optional
            Of records in the histogram's state; drawn evenly where left out.
        """
        missing = states < 0
        if self.scale is None:
            return self._categories(states, missing, random)
        numbers = self.numbers(states, ranks, random)
        return self.scale.column(numbers, missing)

    def numbers(self, states: States, ranks: Ranks | None, random: np.random.Generator) -> Values:
        """Return the numbers of these states, 0 where missing."""
        numbers = np.zeros(len(states))
        if self.points is not None and len(self.points):
            single = (states >= 0) & (states < len(self.points))
            numbers[single] = self.points[states[single]]
        if self.bins is None or self.scale is None:
            return numbers
        spread = np.flatnonzero(states == self.own)
        wanted = random.uniform(size=len(spread)) if ranks is None else ranks[spread]
        numbers[spread] = self._histogram(wanted, random)
        return numbers

    def _histogram(self, ranks: Ranks, random: np.random.Generator) -> Values:
        bins, lattice = self.bins, self.scale is not None and self.scale.lattice
        if bins is None:
            return np.zeros(len(ranks))
        ends = (np.ceil(bins.edges[0]), np.floor(bins.edges[-1]))
        found = bins.values(ranks)
        found = np.clip(np.round(found), *ends) if lattice else found
        for turn in range(1, _TURNS + 1):
            hit = np.flatnonzero(_among(found, self.rare))
            if not len(hit):
                break
            again = np.clip(ranks[hit] + random.normal(0.0, 0.01 * turn, len(hit)), 0.0, 1.0)
            new = bins.values(again)
            found[hit] = np.clip(np.round(new), *ends) if lattice else new
        return found

    def _categories(self, states: States, missing: NDArray[np.bool_], random: np.random.Generator) -> Any:
        import pyarrow as pa
        import pyarrow.types as kinds

        if self.labels is None:
            return pa.nulls(len(states), self.kind)
        labels, places = self.labels, states.astype(np.int64)
        if self.pool is not None:
            pooled = np.flatnonzero(states == self.own)
            places[pooled] = self.own + random.integers(0, len(self.pool), len(pooled))
            labels = pa.concat_arrays([labels, self.pool])
        if not len(labels):
            return pa.nulls(len(states), self.kind)
        indices = pa.array(np.where(missing, 0, places), mask=missing)
        if not kinds.is_dictionary(self.kind):
            return labels.take(indices).cast(self.kind)
        encoded = indices.cast(self.kind.index_type)
        return pa.DictionaryArray.from_arrays(encoded, labels, ordered=self.kind.ordered)

    def document(self) -> dict[str, Any]:
        """Return what of the margin may be told, without a value."""
        total = max(1, int(self.counts.sum()))
        return {
            "role": self.role.value,
            "states": self.size,
            "bins": 0 if self.bins is None else len(self.bins.shares),
            "missing_share": round(float(self.counts[-1]) / total, 2),
            "note": self.note,
        }


def _among(values: Values, rare: Values) -> NDArray[np.bool_]:
    if not len(rare):
        return np.zeros(len(values), dtype=bool)
    place = np.minimum(np.searchsorted(rare, values), len(rare) - 1)
    return np.asarray(rare[place] == values)


def counted(states: States, size: int, units: Units, threshold: int) -> tuple[States, Counts]:
    """Return the states with missing ones hidden where too few units miss the value, and the rounded counts."""
    few = units.per(np.where(states == MISSING, 0, -1), 1)[0] < threshold
    own = np.where((states == MISSING) & few, np.int32(HIDDEN), states)
    kept = np.where(own == MISSING, size, own)
    counts = np.bincount(kept[kept >= 0], minlength=size + 1)
    return own, np.where(counts > 0, np.maximum(rounded(counts), 1), 0)
