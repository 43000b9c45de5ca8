"""Ids made anew: as many records per person and people per household as a safe margin of sizes says, and no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata.keys import MISSING, Keys
from saferoom.disclosure.microdata.synthetic.kinds import plain_type
from saferoom.disclosure.microdata.synthetic.units import rounded
from saferoom.errors import BadInputError

Places: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True)
class Grouping:
    """One column of ids.

    Attributes
    ----------
    within : str, or None
        A column of ids each of which is in one of these only, such as the people of households; sizes count them then,
        records otherwise.
    sizes : ndarray of int, shape (s,)
        Sizes that at least the threshold of its units have.
    shares : ndarray of float, shape (s,)
    """

    name: str
    kind: Any
    within: str | None
    sizes: Places
    shares: NDArray[np.float64]


@dataclass(frozen=True)
class Structure:
    """How a file's ids hang together."""

    groupings: tuple[Grouping, ...]

    @classmethod
    def of(cls, table: Any, names: Sequence[str], threshold: int) -> Structure:
        """Find the sizes of units and which units are parts of which others.

        Parameters
        ----------
        table : Arrow table
        """
        if not names:
            return cls(())
        keys = Keys.of(table, names, "ids")
        order = sorted(range(len(names)), key=lambda place: -keys.sizes[place])
        made: list[Grouping] = []
        for rank, place in enumerate(order):
            codes = keys.codes[:, place].astype(np.int64)
            parts = order[rank - 1] if rank else None
            inner = None if parts is None else _inner(keys.codes[:, parts].astype(np.int64), codes, keys.sizes[parts])
            counted = codes if inner is None else inner
            sizes, shares = _sizes(counted[counted != MISSING], threshold)
            within = None if inner is None or parts is None else names[parts]
            made.append(Grouping(names[place], table.schema.field(names[place]).type, within, sizes, shares))
        return cls(tuple(made))

    def columns(self, rows: int, random: np.random.Generator) -> dict[str, Any]:
        """Return new ids for `rows` records, Arrow arrays by the column's name."""
        places: dict[str, Places] = {}
        for one in self.groupings:
            if one.within is None:
                dealt = _dealt(one, rows, random)
                places[one.name] = dealt if not places else random.permutation(dealt)
            else:
                parts = places[one.within]
                places[one.name] = _dealt(one, int(parts.max(initial=-1)) + 1, random)[parts]
        return {one.name: _labels(one, places[one.name]) for one in self.groupings}


def _inner(parts: Places, wholes: Places, number: int) -> Places | None:
    """Return the whole of each part, or None where parts are in several wholes or ids are missing."""
    if (parts == MISSING).any() or (wholes == MISSING).any():
        return None
    found = np.full(number, MISSING, dtype=np.int64)
    found[parts] = wholes
    return found if bool((found[parts] == wholes).all()) else None


def _sizes(codes: Places, threshold: int) -> tuple[Places, NDArray[np.float64]]:
    """Return the sizes of groups; sizes of too few groups become the nearest of enough."""
    one = np.ones(1, dtype=np.int64), np.ones(1)
    if not len(codes):
        return one
    sizes, counts = np.unique(np.unique(codes, return_counts=True)[1], return_counts=True)
    enough = counts >= threshold
    if not enough.any():
        return one
    kept = sizes[enough]
    nearest = np.searchsorted((kept[1:] + kept[:-1]) / 2, sizes)
    merged = rounded(np.bincount(nearest, counts, len(kept))).astype(np.float64)
    return kept.astype(np.int64), merged / merged.sum()


def _dealt(one: Grouping, rows: int, random: np.random.Generator) -> Places:
    """Return the group of each of `rows` in a row: groups of drawn sizes, one after the other."""
    mean = float(one.sizes @ one.shares)
    drawn = random.choice(one.sizes, int(rows / mean * 1.2) + 10, p=one.shares)
    while drawn.sum() < rows:
        drawn = np.append(drawn, random.choice(one.sizes, len(drawn), p=one.shares))
    return np.repeat(np.arange(len(drawn)), drawn)[:rows].astype(np.int64)


def _labels(one: Grouping, places: Places) -> Any:
    import pyarrow as pa
    import pyarrow.types as kinds

    kind = plain_type(one.kind)
    if kinds.is_integer(kind) or kinds.is_null(kind):
        made = pa.array(places + 1)
    else:
        digits = max(6, len(str(len(places))))
        distinct = pa.array(
            [f"{one.name}-{number + 1:0{digits}d}" for number in range(int(places.max(initial=-1)) + 1)]
        )
        made = distinct.take(pa.array(places)) if len(places) else distinct
    try:
        return made.cast(one.kind)
    except pa.ArrowInvalid:
        raise BadInputError(f"'{one.name}' is of a type that cannot hold ids for so many; store it wider") from None
