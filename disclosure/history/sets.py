"""Reads, per cell, the set of units behind it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

from saferoom.disclosure.history.contributors import Contributors, UnitSets
from saferoom.disclosure.queries.engine import Engine
from saferoom.disclosure.queries.evidence import Counts
from saferoom.disclosure.statbarns.case import Outcome
from saferoom.disclosure.tables.assemble import shown_labels


def contributors_of(outcome: Outcome, engine: Engine, visible: NDArray[np.bool_], exact: bool) -> Contributors:
    """Return the units behind the `visible` inner cells; margins are unions of these and follow from them."""
    base = outcome.base
    labels = shown_labels(outcome.cells)
    inner = outcome.cells.inner
    kept = np.flatnonzero(inner & visible)
    sets = []
    for j, kind in enumerate(base.units):
        cell_numbers, keys = _members(outcome, engine, j)
        distinct, positions = np.unique(keys, return_inverse=True)
        order = np.argsort(cell_numbers, kind="stable")
        sorted_cells, sorted_positions = cell_numbers[order], positions[order].astype(np.uint32)
        bounds = np.searchsorted(sorted_cells, np.arange(int(inner.sum()) + 1))
        place = {cell: rank for rank, cell in enumerate(np.flatnonzero(inner).tolist())}
        cells = []
        for cell in kept.tolist():
            rank = place[cell]
            cells.append(BitMap(sorted_positions[bounds[rank] : bounds[rank + 1]]))
        sets.append(UnitSets(kind, distinct, tuple(cells)))
    return Contributors(outcome.subjects, exact, tuple(labels[i] for i in kept), tuple(sets))


def _members(outcome: Outcome, engine: Engine, j: int) -> tuple[Counts, NDArray[np.uint64]]:
    """Return the rank of the inner cell and the key of the unit for every unit of every inner cell.

    Ids are hashed by their text, so that 7 in a CSV file and 7 in a Parquet file are the same unit.
    """
    base = outcome.base
    columns = base.dimension_columns
    order = ", ".join(f"{column} NULLS LAST" for column in columns)
    rank = f"dense_rank() OVER (ORDER BY {order}) - 1" if columns else "0"
    conditions = [f"u{j} IS NOT NULL", *(["g = 0"] if base.margins else [])]
    distinct = ", ".join([*columns, f"u{j}", "max(m0) AS m0"])
    keys = ", ".join([*columns, f"u{j}"])
    inner = f"SELECT {distinct} FROM {base.sql} b WHERE {' AND '.join(conditions)} GROUP BY {keys}"  # noqa: S608
    found = engine.columns(
        f"{base.with_sql}SELECT * FROM (SELECT {rank} AS cell, md5_number_lower(CAST(u{j} AS VARCHAR)) AS key, m0 "  # noqa: S608
        f"FROM ({inner}) x) WHERE m0 IS NOT NULL"
    )
    return np.asarray(found["cell"], dtype=np.int64), np.asarray(found["key"], dtype=np.uint64)
