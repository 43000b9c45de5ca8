"""The same table in one layout, however its dimensions are ordered, named or split, so that it is solved the same way.

Notes
-----
Where several rounded tables are equally near, which one a solver returns depends on the order of its columns and rows.
A researcher who asks for the same table with its dimensions in another order must not get another one of them: a count
that is shown as 0 once and as the base another time is told to be neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from saferoom.disclosure.tables.additive import AdditiveTable, Places
from saferoom.disclosure.tables.cell_key_records import Keys

if TYPE_CHECKING:
    from scipy.sparse import csr_array


def canonical(table: AdditiveTable, keys: Keys, *, joined: bool) -> tuple[AdditiveTable, Places]:
    """Return the cells that are not zero, in the order of their keys, with what is left of the relations.

    Parameters
    ----------
    keys : ndarray of uint64, shape (cells,)
        The same for the same people in whatever layout.
    joined : bool
        Whether cells with the same key and value always add up alike, and so are one.

    Returns
    -------
    AdditiveTable
    ndarray of int, shape (cells,)
        The position of every cell in it; -1 where the cell is zero.
    """
    from scipy.sparse import csr_array

    there = np.flatnonzero(table.values != 0)
    parts = abs(table.relations).sum(axis=0)
    # Without joining, cells of the same people come in the order of how many sums they are in.
    order = there[np.lexsort((there, parts[there], table.values[there], keys[there]))]
    own, values = keys[order], table.values[order]
    differs = (own[1:] != own[:-1]) | (values[1:] != values[:-1]) | (not joined)
    groups = np.cumsum(np.r_[0, differs][: len(order)])
    count = int(groups[-1]) + 1 if len(groups) else 0
    place = np.full(len(table), -1, dtype=np.int64)
    place[order] = groups
    into = csr_array((np.ones(len(order)), (order, groups)), shape=(len(table), count))
    lowest, highest = np.full(count, -np.inf), np.full(count, np.inf)
    np.maximum.at(lowest, groups, table.lowest[order])
    np.minimum.at(highest, groups, table.highest[order])
    first = order[np.searchsorted(groups, np.arange(count))]
    labels = tuple(table.labels[cell] for cell in first.tolist())
    relations = _sorted_rows(csr_array(table.relations @ into))
    return AdditiveTable(labels, table.values[first], relations, lowest, highest, table.whole), place


def _sorted_rows(relations: csr_array) -> csr_array:
    """Return the different rows that say anything, in an order that depends on nothing else."""
    from scipy.sparse import csr_array

    relations.sum_duplicates()
    relations.eliminate_zeros()
    ends = zip(relations.indptr[:-1].tolist(), relations.indptr[1:].tolist(), strict=True)
    rows = {
        (tuple(relations.indices[start:end].tolist()), tuple(relations.data[start:end].tolist()))
        for start, end in ends
        if end > start
    }
    found = sorted(rows)
    indices = [column for columns, _ in found for column in columns]
    data = [sign for _, signs in found for sign in signs]
    starts = np.cumsum([0, *(len(columns) for columns, _ in found)])
    return csr_array(
        (np.array(data, dtype=np.float64), np.array(indices, dtype=np.int64), starts),
        shape=(len(found), relations.shape[1]),
    )
