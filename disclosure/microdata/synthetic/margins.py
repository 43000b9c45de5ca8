"""Makes the margin of a column: merges what too few units share, or leaves it out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata.keys import Keys
from saferoom.disclosure.microdata.synthetic.described import Described, Role
from saferoom.disclosure.microdata.synthetic.histogram import Values, safe_bins
from saferoom.disclosure.microdata.synthetic.kinds import is_dates, is_text, plain_type
from saferoom.disclosure.microdata.synthetic.margin import HIDDEN, MISSING, Margin, States, counted
from saferoom.disclosure.microdata.synthetic.scales import Scale, numbers_of
from saferoom.disclosure.microdata.synthetic.units import Counts, Units, rounded
from saferoom.errors import BadInputError

_DISCRETE = 200
"""Different numbers up to which each may be a state of its own."""
_MOSTLY = 0.8
"""Share of the records that such states must cover."""
_SPIKE = 0.01
"""Share of the records from which one number among many is a state of its own, such as an income of 0."""
_SPARSE = 0.05
"""Share of the whole numbers of a range that occur, below which a number drawn is not somebody's by chance."""
_PLACEHOLDERS = 5
OTHER = "other"


@dataclass(frozen=True)
class Maker:
    """Makes margins of a table's columns.

    Attributes
    ----------
    bins : int
        The most bins of a histogram.
    """

    table: Any
    units: Units
    threshold: int
    bins: int

    def margin(self, name: str, role: Role, described: Described) -> Margin:
        """Return the margin of a column that is no id."""
        column = self.table.column(name)
        if column.null_count == len(column):
            return self._empty(name, role)
        if role is Role.TEXT:
            return self._placeholders(name)
        if role in (Role.NUMBER, Role.DATE):
            return self._numbers(name, role)
        return self._categories(name, described)

    def _empty(self, name: str, role: Role) -> Margin:
        states = np.full(self.table.num_rows, MISSING, dtype=np.int32)
        own, counts = counted(states, 0, self.units, self.threshold)
        return Margin(name, role, self._kind(name), own, counts, note="every value is missing")

    def _kind(self, name: str) -> Any:
        return self.table.schema.field(name).type

    def _placeholders(self, name: str) -> Margin:
        import pyarrow as pa

        told = np.asarray(self.table.column(name).is_valid().to_numpy(), dtype=bool)
        few = self.units.per(np.where(told, 0, -1), 1)[0] < self.threshold
        states = np.where(told, np.int32(HIDDEN if few else 0), np.int32(MISSING))
        states, counts = counted(states, 1, self.units, self.threshold)
        kind = plain_type(self._kind(name))
        pool = pa.array([f"text {place + 1}" for place in range(_PLACEHOLDERS)], type=kind)
        note = "texts are not copied; placeholders stand for them"
        return Margin(name, Role.TEXT, self._kind(name), states, counts, labels=pool.slice(0, 0), pool=pool, note=note)

    def _categories(self, name: str, described: Described) -> Margin:
        import pyarrow as pa

        keys = Keys.of(self.table, [name], "columns")
        codes, size = keys.codes[:, 0], keys.sizes[0]
        per_unit = self.units.per(codes, size)
        kind = plain_type(self._kind(name))
        values = pa.array(keys.categories[0], type=kind)
        public = None if described.codelist is None else _codes(name, described, kind)
        inside = np.ones(size, dtype=bool) if public is None else _among(values, public)
        kept = (per_unit >= self.threshold) & inside
        place = np.where(kept, np.cumsum(kept) - 1, HIDDEN).astype(np.int32)
        labels = values.filter(pa.array(kept))
        pool = _pool(labels, public, kind, keys.kinds[0])
        rare = inside & ~kept
        enough = self._enough(codes, rare)
        if public is None and not enough:
            pool = None
        if pool is not None and enough:
            place[rare] = len(labels)
        states = np.where(codes >= 0, np.append(place, MISSING)[codes], np.int32(MISSING)).astype(np.int32)
        total = len(labels) + (pool is not None)
        states, counts = counted(states, total, self.units, self.threshold)
        if public is not None and pool is not None:  # that a public code is rare is not told, nor how rare all are
            counts[len(labels)] = max(counts[len(labels)], rounded(self.threshold / 2))
        note = _said(bool(rare.any() or not inside.all()), pool is not None, public is not None)
        own = self._kind(name)
        return Margin(name, Role.CATEGORY, own, states, counts, labels=labels, pool=pool, note=note)

    def _enough(self, codes: NDArray[np.integer[Any]], rare: NDArray[np.bool_]) -> bool:
        together = np.where(np.append(rare, False)[codes], 0, -1)
        return bool(self.units.per(together, 1)[0] >= self.threshold)

    def _numbers(self, name: str, role: Role) -> Margin:
        column = self.table.column(name)
        if role is Role.DATE and is_text(column.type) and not is_dates(column.drop_null().unique()):
            raise BadInputError(f"'{name}' must hold dates written YYYY-MM-DD to have the role date")
        numbers, missing, scale = numbers_of(column, name)
        points, places = np.unique(numbers[~missing], return_inverse=True)
        codes = np.full(len(numbers), -1, dtype=np.int64)
        codes[~missing] = places
        shared = self.units.per(codes, len(points)) >= self.threshold
        counts = np.bincount(places, minlength=len(points))
        few_different = len(points) <= _DISCRETE and counts[shared].sum() >= _MOSTLY * len(places)
        made = _Numbers(name, role, scale, numbers, missing, points, codes, counts, shared)
        return self._discrete(made) if few_different else self._spread(made)

    def _discrete(self, made: _Numbers) -> Margin:
        """Rare numbers become the nearest that enough units have."""
        kept = made.points[made.shared]
        nearest = np.searchsorted((kept[1:] + kept[:-1]) / 2, made.points).astype(np.int32)
        states = np.append(nearest, np.int32(MISSING))[made.codes]
        states, counts = counted(states, len(kept), self.units, self.threshold)
        note = "" if made.shared.all() else "rare numbers become the nearest that are not"
        return self._margin(made, states, counts, points=kept, note=note)

    def _spread(self, made: _Numbers) -> Margin:
        """Numbers that many have are states of their own; the others make a histogram."""
        spike = made.shared & (made.counts >= _SPIKE * made.counts.sum())
        kept = made.points[spike]
        place = np.where(spike, np.cumsum(spike) - 1, HIDDEN).astype(np.int32)
        states = np.append(place, np.int32(MISSING))[made.codes]
        spread = np.flatnonzero(states == HIDDEN)
        lattice = made.scale.lattice
        bins = (
            safe_bins(made.numbers[spread], self.units.taken(spread), self.threshold, self.bins, lattice=lattice)
            if len(spread)
            else None
        )
        ranks = None
        if bins is not None:
            states[spread] = len(kept)
            ranks = np.full(len(states), np.nan, dtype=np.float32)
            ranks[spread] = bins.ranks(made.numbers[spread])
        states, counts = counted(states, len(kept) + (bins is not None), self.units, self.threshold)
        rare = made.points[~made.shared] if _is_sparse(made) else np.empty(0)
        note = "the farthest numbers are left out" if bins is not None else "numbers of too few are left out"
        return self._margin(made, states, counts, points=kept, ranks=ranks, bins=bins, rare=rare, note=note)

    def _margin(self, made: _Numbers, states: States, counts: Counts, **more: Any) -> Margin:
        return Margin(made.name, made.role, self._kind(made.name), states, counts, scale=made.scale, **more)


@dataclass(frozen=True)
class _Numbers:
    name: str
    role: Role
    scale: Scale
    numbers: Values
    missing: NDArray[np.bool_]
    points: Values
    codes: NDArray[np.int64]
    counts: NDArray[np.int64]
    shared: NDArray[np.bool_]


def _is_sparse(made: _Numbers) -> bool:
    if not made.scale.lattice:
        return True
    return bool(len(made.points) < _SPARSE * (made.points[-1] - made.points[0] + 1))


def _codes(name: str, described: Described, kind: Any) -> Any:
    import pyarrow as pa

    told = [code for code in described.codelist or () if code is not None]
    try:
        return pa.array(dict.fromkeys(told), type=kind)
    except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError, OverflowError):
        raise BadInputError(
            f"codelists: the codes of '{name}' are of another kind than its values (write texts in quotes)"
        ) from None


def _pool(labels: Any, public: Any, kind: Any, own: Any) -> Any:
    """Return what stands for rare categories: the codelist's other codes, "other" for texts, else nothing."""
    import pyarrow as pa
    import pyarrow.types as kinds

    if public is not None:
        others = public.filter(pa.array(~_among(public, labels)))
        return others if len(others) else None
    ordered = isinstance(own, pa.DataType) and kinds.is_dictionary(own) and own.ordered
    if not is_text(kind) or ordered or OTHER in labels.to_pylist():
        return None
    return pa.array([OTHER], type=kind)


def _said(rare: bool, pooled: bool, public: bool) -> str:
    if public:
        return "the codelist's codes; rare ones are drawn evenly, others left out"
    if not rare:
        return ""
    return "rare categories are merged" if pooled else "rare categories are left out"


def _among(values: Any, known: Any) -> NDArray[np.bool_]:
    """Return which of the `values` are among the `known` ones."""
    from pyarrow import compute

    return np.asarray(compute.is_in(values, value_set=known).to_numpy(zero_copy_only=False), dtype=bool)
