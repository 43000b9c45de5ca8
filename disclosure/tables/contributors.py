"""The largest contributions to every cell of a cube, and what contributors know."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.queries.evidence import Mask, Numbers
from saferoom.disclosure.tables.additive import Insider, Places
from saferoom.disclosure.tables.aggregated import Aggregate
from saferoom.disclosure.tables.cube import Cube

if TYPE_CHECKING:
    from scipy.sparse import csc_array


def largest(aggregate: Aggregate, most: int) -> Numbers:
    """Return the `most` largest contributions to every cell in falling order, as far as they are known.

    Returns
    -------
    ndarray of float, shape (cells, most)
        0 where none is known. Where the input says who contributes, contributions of one holder to several parts of a
        total are one.
    """
    top = np.zeros((len(aggregate.cube), most))
    known = aggregate.largest
    if known is None or not len(known.cells):
        return top
    place, cells = _holding(aggregate.cube, known.cells)
    holders, amounts = known.holders[place], known.amounts[place]
    order = np.lexsort((holders, cells))
    cells, holders, amounts = cells[order], holders[order], amounts[order]
    first = np.flatnonzero(np.r_[True, (np.diff(cells) != 0) | (np.diff(holders) != 0)])
    amounts, cells = np.add.reduceat(amounts, first), cells[first]
    order = np.lexsort((-amounts, cells))
    cells, amounts = cells[order], amounts[order]
    starts = np.flatnonzero(np.r_[True, np.diff(cells) != 0])
    rank = np.arange(len(cells)) - np.repeat(starts, np.diff(np.r_[starts, len(cells)]))
    kept = rank < most
    top[cells[kept], rank[kept]] = amounts[kept]
    return top


def _containing(cube: Cube) -> csc_array:
    """Return which cells hold which leaves, shape (cells, leaf cells in their order)."""
    from scipy.sparse import csc_array, kron

    held = csc_array(cube.dimensions[0].sums)
    for dimension in cube.dimensions[1:]:
        held = csc_array(kron(held, dimension.sums, format="csc"))
    return held


def _holding(cube: Cube, leaves: Places) -> tuple[NDArray[np.int64], Places]:
    """Return, for every leaf cell given, all cells that hold it: the position in `leaves`, and the cell."""
    held = _containing(cube)
    number = np.cumsum(cube.leaf) - 1
    columns = number[leaves]
    lengths = np.diff(held.indptr)[columns]
    starts = held.indptr[columns]
    place = np.repeat(np.arange(len(leaves)), lengths)
    within = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return place, np.asarray(held.indices[np.repeat(starts, lengths) + within], dtype=np.int64)


def insiders(aggregate: Aggregate, primary: Mask) -> tuple[Insider, ...]:
    """Return the contributors whose own values tell them more about other cells than everybody knows.

    Notes
    -----
    Who is alone in a cell knows its value, and that it is part of all totals that hold it. Of two contributors, the
    larger one knows the value least badly. Where the input says who contributes, everybody with a cell of one or two
    contributors knows all own cells at once. In tables of counts nobody learns from being counted.
    """
    counts, values = aggregate.counts, aggregate.values
    if counts is None:
        return ()
    leaf = aggregate.cube.leaf & primary
    alone = np.flatnonzero(leaf & (counts == 1))
    if aggregate.signed:
        return _alone(aggregate, alone)
    known = aggregate.largest
    if known is None or not known.joint:
        pairs = np.flatnonzero(leaf & (counts == 2))
        top = largest(aggregate, 1)[:, 0]
        pairs = pairs[top[pairs] > 0]
        cells = np.concatenate([alone, pairs])
        own = np.concatenate([values[alone], top[pairs]])
        return _each(aggregate, cells, own, np.arange(len(cells)))
    few = np.unique(known.holders[leaf[known.cells] & (counts[known.cells] <= 2)])
    entries = np.flatnonzero(np.isin(known.holders, few) & (known.amounts > 0))
    unnamed = alone[~np.isin(alone, known.cells[entries])]
    cells = np.concatenate([known.cells[entries], unnamed])
    own = np.concatenate([known.amounts[entries], values[unnamed]])
    codes = np.concatenate([known.holders[entries], known.holders.max(initial=0) + 1 + np.arange(len(unnamed))])
    return _each(aggregate, cells, own, codes)


def _alone(aggregate: Aggregate, alone: Places) -> tuple[Insider, ...]:
    """Return who is alone in a cell, where values may be negative and so say nothing about totals."""
    values, counts = aggregate.values, aggregate.counts
    place, cells = _holding(aggregate.cube, alone)
    known = np.zeros(len(values), dtype=bool) if counts is None else counts == 1
    result = []
    for number in range(len(alone)):
        own = cells[place == number]
        low = np.where(known[own], values[own], -np.inf)
        result.append(Insider(own, low, np.where(known[own], values[own], np.inf)))
    return tuple(result)


def _each(aggregate: Aggregate, leaves: Places, own: Numbers, codes: Places) -> tuple[Insider, ...]:
    """Return one insider per code, who contributes `own` to `leaves` and so to every cell that holds them."""
    if not len(leaves):
        return ()
    place, cells = _holding(aggregate.cube, leaves)
    size = len(aggregate.values)
    keys, inverse = np.unique(codes[place] * size + cells, return_inverse=True)
    least = np.bincount(inverse, own[place], len(keys))
    code, cell = np.divmod(keys, size)
    counts = aggregate.counts if aggregate.counts is not None else np.zeros(size)
    exact = counts[cell] == 1
    values = aggregate.values[cell]
    low = np.where(exact, values, np.minimum(least, values))
    high = np.where(exact, values, np.inf)
    bounds = np.flatnonzero(np.r_[True, np.diff(code) != 0, True])
    return tuple(Insider(cell[start:end], low[start:end], high[start:end]) for start, end in pairwise(bounds.tolist()))
