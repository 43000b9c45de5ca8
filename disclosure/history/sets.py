"""Reads, per cell, the set of units behind it."""

# ruff: noqa: S608 - SQL is put together here, from checked trees and generated names only
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

from saferoom.disclosure.history.contributors import Contributors, Keys, Part, UnitSets
from saferoom.disclosure.queries.base import Base
from saferoom.disclosure.queries.engine import Engine
from saferoom.disclosure.queries.evidence import Counts
from saferoom.disclosure.statbarns.case import COUNT, Outcome
from saferoom.disclosure.tables.assemble import shown_labels, total_label

_EVERYBODY = "m0 IS NOT NULL"


def contributors_of(outcome: Outcome, engine: Engine, visible: NDArray[np.bool_], exact: bool) -> Contributors:
    """Return the units behind the `visible` inner cells; margins are unions of these and follow from them."""
    inner = outcome.cells.inner
    ranks = np.cumsum(inner) - 1
    kept = np.flatnonzero(inner & visible)
    labels = shown_labels(outcome.cells)
    cells = tuple(labels[i] for i in kept.tolist())
    parts = []
    for condition in (_EVERYBODY, *outcome.disguised_counts):
        units = tuple(
            _sets(outcome.base, engine, j, condition, ranks[kept].tolist()) for j in range(len(outcome.base.units))
        )
        parts.append(Part(outcome.subjects if condition == _EVERYBODY else frozenset({COUNT}), cells, units))
    return Contributors(tuple(parts), exact, total_label(outcome.cells))


def _sets(base: Base, engine: Engine, j: int, condition: str, ranks: list[int]) -> UnitSets:
    cells, keys = _members(base, engine, j, condition)
    distinct, positions = np.unique(keys, return_inverse=True)
    order = np.argsort(cells, kind="stable")
    cells, positions = cells[order], positions[order].astype(np.uint32)
    starts, ends = np.searchsorted(cells, ranks), np.searchsorted(cells, ranks, side="right")
    sets = (BitMap(positions[start:end]) for start, end in zip(starts.tolist(), ends.tolist(), strict=True))
    return UnitSets(base.units[j], distinct, tuple(sets))


def _members(base: Base, engine: Engine, j: int, condition: str) -> tuple[Counts, Keys]:
    """Return the rank of the inner cell and the key of the unit, for every unit of every inner cell.

    Ids are hashed by their text, so that 7 in a CSV file and 7.0 in a Parquet file are the same unit.
    """
    columns = base.dimension_columns
    # Ranks count all inner cells in the order that all results share, also those without a fitting unit.
    rank = f"dense_rank() OVER (ORDER BY {', '.join(f'{c} NULLS LAST' for c in columns)}) - 1" if columns else "0"
    keys = ", ".join((*columns, f"u{j}"))
    level = " WHERE g = 0" if base.margins else ""
    by_unit = f"SELECT {keys}, bool_or(({condition}) IS TRUE) AS fits FROM {base.sql} b{level} GROUP BY {keys}"
    text = f"regexp_replace(CAST(u{j} AS VARCHAR), '\\.0$', '')"
    found = engine.columns(
        f"{base.with_sql}SELECT cell, key FROM (SELECT {rank} AS cell, md5_number_lower({text}) AS key, fits "
        f"FROM ({by_unit}) x) y WHERE fits AND key IS NOT NULL"
    )
    return np.asarray(found["cell"], dtype=np.int64), np.asarray(found["key"], dtype=np.uint64)
