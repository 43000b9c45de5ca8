"""What each unit adds to a number, as sketches that tell two numbers apart which differ for a few units only.

The same people can stand behind two numbers that still differ by one person's value: one row of hers was filtered
out, or the measure treats her differently (``pay * exp(twins)``). So beside *who* is behind a number (`contributors`),
*what* each of them adds is kept, in a form that compares but does not tell.

Vocabulary
----------
share
    What a unit adds to a cell: the sum of its values (times its weights) or of its rows, in multiples of what a
    reference unit adds, so that a constant factor hides nothing.
element
    One of `BUCKETS` buckets, into which units are dealt, with a digest of the shares of the units in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.history.signatures import codes_of, groups_of, mix
from saferoom.disclosure.verdict import Label

if TYPE_CHECKING:
    from scipy.sparse import coo_array

BUCKETS = 1024
_HASH_BITS = 22
_REFERENCES = 2
"""Whoever is the reference cannot be seen to differ; so two others are taken in turn."""
_DIGITS = 22
"""Binary digits of a share that are compared: sums over rows differ in the last digits from run to run."""

Cell = tuple[Label, ...]
Elements = NDArray[np.uint32]
Keys = NDArray[np.uint64]
Positions = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Sketch:
    """One column of shares.

    Attributes
    ----------
    unit : str
        The unit's column, e.g. ``person_id``.
    subjects : frozenset of str
        What the numbers are made from; see `contributors.Part`.
    reference : int
        Which of the reference units the shares are multiples of; 2 where they are counted from the first reference
        unit's share, in multiples of what lies between the two.
    cells : tuple of Cell
    starts : ndarray of int, shape (cells + 1,)
        Where each cell begins in `elements`.
    elements : ndarray of uint32
        The bucket above, the digest below; those of a cell are in rising order.
    """

    unit: str
    subjects: frozenset[str]
    reference: int
    cells: tuple[Cell, ...]
    starts: Positions
    elements: Elements


def sketches(
    names: tuple[str, frozenset[str]],
    table: tuple[Sequence[Cell], str],
    places: Positions,
    keys: Keys,
    values: NDArray[np.float64],
) -> tuple[Sketch, ...]:
    """Return the sketches of one column of shares with all its margins, one per reference unit.

    Parameters
    ----------
    names : pair of str and frozenset of str
        The unit, and the subjects.
    table : pair of sequence of Cell and str
        Labels of the inner cells, and the label of totals.
    places : ndarray of int, shape (shares,)
        The cell of each share.
    keys : ndarray of uint64, shape (shares,)
        The unit of each share; once per cell.
    values : ndarray of float, shape (shares,)
        Zero and missing ones are no shares.
    """
    kept = np.isfinite(values) & (values != 0)
    places, mixed, values = places[kept], mix(keys[kept]), values[kept]
    order = np.argsort(mixed, kind="stable")
    firsts = order[np.flatnonzero(np.diff(mixed[order], prepend=mixed[order][:1] ^ np.uint64(1)) != 0)[:_REFERENCES]]
    found = []
    wholes = [float(values[mixed == mixed[first]].sum()) for first in firsts.tolist()]
    shares = (places, mixed, values)
    for reference, whole in enumerate(wholes):
        if whole != 0:
            found.append(_sketch((*names, reference), table, shares, (0.0, whole)))
    if len(wholes) == _REFERENCES and wholes[0] != wholes[1]:
        # Neither a factor nor a shift changes these.
        found.append(_sketch((*names, _REFERENCES), table, shares, (wholes[0], wholes[1] - wholes[0])))
    return tuple(found)


def _digests(mixed: Keys, shares: NDArray[np.float64]) -> tuple[Positions, Keys]:
    mantissa, exponent = np.frexp(shares)
    rounded = np.rint(mantissa * 2.0**_DIGITS).astype(np.int64)
    # A mantissa that is rounded up to 1 belongs to the next power.
    up = np.abs(rounded) == 2**_DIGITS
    rounded, exponent = np.where(up, rounded // 2, rounded), exponent.astype(np.int64) + up
    said = mix((rounded * 5000 + exponent).view(np.uint64))
    return (mixed >> np.uint64(54)).astype(np.int64), mix(mixed + said)


_Shares = tuple[Positions, Keys, NDArray[np.float64]]
"""Per share its cell, its unit (mixed) and its value."""


def _sketch(
    names: tuple[str, frozenset[str], int],
    table: tuple[Sequence[Cell], str],
    shares: _Shares,
    scale: tuple[float, float],
) -> Sketch:
    cells, total = table
    codes = codes_of(cells)
    labels: list[Cell] = []
    sizes, parts = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.uint32)]
    places, mixed, values = shares
    inside_one = len(np.unique(mixed)) == len(mixed)
    buckets, digests = _digests(mixed, (values - scale[0]) / scale[1])
    for level in range(2 ** len(codes)):
        kept = [column for i, column in enumerate(codes) if not level >> i & 1]
        first, place = groups_of(kept, len(cells))
        at = place[places]
        if level and not inside_one:
            at, units, sums = _added_up(at, mixed, values)
            buckets, digests = _digests(units, (sums - scale[0]) / scale[1])
        own = at * BUCKETS + buckets
        order = np.argsort(own, kind="stable")
        own, digest = own[order], digests[order]
        starts = np.flatnonzero(np.diff(own, prepend=-1))
        said = np.add.reduceat(digest, starts) if len(starts) else digest[:0]
        bucket, group = own[starts] % BUCKETS, own[starts] // BUCKETS
        low = mix(said) >> np.uint64(64 - _HASH_BITS)
        parts.append((bucket.astype(np.uint64) << np.uint64(_HASH_BITS) | low).astype(np.uint32))
        sizes.append(np.bincount(group, minlength=len(first)))
        chosen = (cells[i] for i in first.tolist())
        labels += [tuple(total if level >> i & 1 else label for i, label in enumerate(cell)) for cell in chosen]
    starts = np.concatenate([[0], np.cumsum(np.concatenate(sizes))]).astype(np.int64)
    return Sketch(*names, tuple(labels), starts, np.concatenate(parts))


def _added_up(at: Positions, mixed: Keys, values: NDArray[np.float64]) -> _Shares:
    """Return what units add to margins whose cells have several shares of theirs."""
    order = np.lexsort((mixed, at))
    at, mixed, values = at[order], mixed[order], values[order]
    fresh = np.concatenate([[True], (at[1:] != at[:-1]) | (mixed[1:] != mixed[:-1])])
    starts = np.flatnonzero(fresh[: len(at)])
    sums = np.add.reduceat(values, starts) if len(starts) else values
    kept = sums != 0
    return at[starts][kept], mixed[starts][kept], sums[kept]


@dataclass(frozen=True)
class Alike:
    """Cells of a new and of an earlier sketch that have much in common.

    Attributes
    ----------
    close : dict of int to int
        The place of a new cell that differs in 1 to `reach` buckets from an earlier one, and the place of that one.
    partly : list of tuples of int
        Places of a new and an earlier cell that differ in more buckets and agree in at least half; and in how many they
        differ.
    """

    close: dict[int, int]
    partly: list[tuple[int, int, int]]


def alike(new: Sketch, old: Sequence[Sketch], reach: int, tick: Callable[[], None]) -> list[Alike]:
    """Compare the cells of `new` with those of every sketch of `old`.

    Notes
    -----
    Units that add the same to both cancel out. Those that do not fall into as many buckets as they are, but for the few
    that share one; so the difference is about that many units. All overlaps are counted by a product of sparse
    matrices, whose rows are cells and whose columns are elements; most elements of unrelated cells are left out before
    by a table of what occurs in `new`.
    """
    from scipy.sparse import csr_array

    if not old or not len(new.elements):
        return [Alike({}, []) for _ in old]
    known, elements = np.unique(new.elements, return_inverse=True)
    ours = csr_array((np.ones(len(elements), dtype=np.int32), elements, new.starts), shape=(len(new.cells), len(known)))
    occurs = np.zeros(2**_TABLE_BITS, dtype=bool)
    occurs[_slots(known)] = True
    answers: list[Alike] = []
    for other in old:
        tick()
        if np.array_equal(new.elements, other.elements) and np.array_equal(new.starts, other.starts):
            answers.append(Alike({}, []))
            continue
        places = np.flatnonzero(occurs[_slots(other.elements)])
        columns = np.searchsorted(known, other.elements[places])
        columns[columns == len(known)] = 0
        there = known[columns] == other.elements[places]
        places, columns = places[there], columns[there]
        theirs = csr_array(
            (np.ones(len(columns), dtype=np.int32), columns, np.searchsorted(places, other.starts)),
            shape=(len(other.cells), len(known)),
        )
        answers.append(_compared(new, other, (ours @ theirs.T).tocoo(), reach))
    return answers


_TABLE_BITS = 24


def _slots(elements: Elements) -> NDArray[np.uint32]:
    return np.asarray((elements * np.uint32(2654435769)) >> np.uint32(32 - _TABLE_BITS))


def _compared(new: Sketch, old: Sketch, shared: coo_array, reach: int) -> Alike:
    sizes, others = np.diff(new.starts)[shared.row], np.diff(old.starts)[shared.col]
    apart, largest = sizes + others - 2 * shared.data, np.maximum(sizes, others)
    found = Alike({}, [])
    for i in np.flatnonzero((apart > 0) & ((apart <= 2 * reach) | (2 * shared.data >= largest))).tolist():
        row, column = int(shared.row[i]), int(shared.col[i])
        differing = _differ(_cell(new, row), _cell(old, column))
        if differing <= reach:
            found.close.setdefault(row, column)
        elif 2 * shared.data[i] >= largest[i]:
            found.partly.append((row, column, differing))
    return found


def crowded(new: Sequence[Sketch], old: Sequence[Sketch], free: int) -> dict[Cell, None]:
    """Return the cells whose units are told so many different numbers about that few of their values stay unknown.

    Parameters
    ----------
    free : int
        How many units there have to be beyond the numbers.

    Notes
    -----
    Whoever knows the ages can have ``pay``, ``pay * age``, ``pay / age`` ... added up for the same people, and solve as
    many equations as there are people. Two numbers are always allowed. That cells hold the same units shows in the
    buckets that are filled, which is exact for the few units for which it matters.
    """
    told: dict[tuple[str, bytes], list[tuple[frozenset[str], bytes]]] = {}
    for sketch in old:
        for place in _small(sketch, free):
            units, digests = _halves(_cell(sketch, place))
            told.setdefault((sketch.unit, units), []).append((sketch.subjects, digests))
    found: dict[Cell, None] = {}
    fresh: dict[tuple[str, bytes], set[bytes]] = {}
    for sketch in new:
        for place in _small(sketch, free):
            units, digests = _halves(_cell(sketch, place))
            key, size = (sketch.unit, units), len(digests) // 4
            fresh.setdefault(key, set()).add(digests)
            known = {other for subjects, other in told.get(key, ()) if subjects & sketch.subjects}
            if not fresh[key] <= known and len(fresh[key] | known) > max(_ALWAYS, size - free):
                found[sketch.cells[place]] = None
    return found


_ALWAYS, _MOST = 2, 300


def _small(sketch: Sketch, free: int) -> Iterator[int]:
    if sketch.reference == 0:
        sizes = np.diff(sketch.starts)
        yield from np.flatnonzero((sizes > 0) & (sizes <= free + _MOST)).tolist()


def _halves(elements: Elements) -> tuple[bytes, bytes]:
    return (elements >> np.uint32(_HASH_BITS)).tobytes(), (elements & np.uint32(2**_HASH_BITS - 1)).tobytes()


def _cell(sketch: Sketch, place: int) -> Elements:
    return sketch.elements[sketch.starts[place] : sketch.starts[place + 1]]


def _differ(one: Elements, other: Elements) -> int:
    """Count the buckets in which two cells differ."""
    return len(np.unique(np.setxor1d(one, other, assume_unique=True) >> np.uint32(_HASH_BITS)))
