"""Gathers the evidence from the engine in as few passes over the rows as possible."""

# ruff: noqa: S608 - SQL is put together here, from checked trees and generated names only
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from saferoom.disclosure.queries.base import Base
from saferoom.disclosure.queries.engine import Engine
from saferoom.disclosure.queries.evidence import (
    ROW,
    Cells,
    Counts,
    Shares,
    Summary,
    UnitEvidence,
    floats,
    integers,
    read_labels,
)
from saferoom.errors import BadInputError

MOST_CELLS = 100_000

Found = dict[str, Any]


@dataclass(frozen=True)
class Evidence:
    """Everything counted about a table.

    Attributes
    ----------
    summaries : tuple of Summary
        Per measure; of a frequency one, with every row counting 1.
    units : tuple of tuples of UnitEvidence
        Per measure and kind of unit.
    """

    cells: Cells
    summaries: tuple[Summary, ...]
    units: tuple[tuple[UnitEvidence, ...], ...]


def gather(base: Base, engine: Engine, largest: int, *, contributions: bool = True) -> Evidence:
    """Count units, sums, extremes and the `largest` largest contributions of every cell.

    Parameters
    ----------
    contributions : bool
        False where nobody's share of the total says anything about the statistic; weights are looked at all the same.

    Raises
    ------
    BadInputError
        When there are too many cells to be a table.
    """
    measures = range(max(base.measures, 1))
    unique = base.unique or (True,)
    parts = ["count(*) AS n_rows"]
    for p in measures:
        if not base.counts_only:
            parts += _summary_parts(base, p)
            parts += _row_parts(base, p, largest, contributions) if any(unique) else []
    found = engine.columns(base.grouped(", ".join(parts)) + f" LIMIT {MOST_CELLS + 1}")
    if len(found["n_rows"]) > MOST_CELLS:
        raise BadInputError(f"by: the table would have more than {MOST_CELLS:,} cells; use broader categories")
    rows = integers(found["n_rows"])
    summaries, units = [], []
    for p in measures:
        summaries.append(_counted_rows(rows) if base.counts_only else _summary(found, p, rows))
        by_kind = []
        for j, kind in enumerate(base.units or (ROW,)):
            if unique[j]:
                by_kind.append(_plain(kind, rows) if base.counts_only else _evidence(kind, found, p))
            else:
                by_kind.append(_evidence(kind, engine.columns(_by_unit(base, p, j, largest, contributions)), p))
        units.append(tuple(by_kind))
    return Evidence(_cells(base, found, len(rows)), tuple(summaries), tuple(units))


def count_units(base: Base, engine: Engine, conditions: Sequence[str], source: str | None = None) -> list[list[Counts]]:
    """Return, per condition and kind of unit, how many distinct units of each cell fulfil it.

    Parameters
    ----------
    conditions : sequence of str
        Generated SQL over the base's columns; rows without a measure never count.
    source : str, optional
        A FROM item in place of the base's own.
    """
    if not conditions:
        return []
    fulfilled = [f"m0 IS NOT NULL AND ({condition})" for condition in conditions]
    by_kind = []
    for j, is_unique in enumerate(base.unique or (True,)):
        if is_unique:
            counts = [f"count(*) FILTER (WHERE {text}) AS c{i}" for i, text in enumerate(fulfilled)]
            inner = source
        else:
            # Who fulfils a condition in any row; distinct counts within every cell would take twice as long.
            keys = ", ".join((*base.keys, f"u{j}"))
            any_row = ", ".join(f"bool_or({text}) AS f{i}" for i, text in enumerate(fulfilled))
            inner = f"(SELECT {keys}, {any_row} FROM {source or base.sql} s GROUP BY {keys})"
            counts = [f"count(u{j}) FILTER (WHERE f{i}) AS c{i}" for i in range(len(conditions))]
        by_kind.append(engine.columns(base.grouped(", ".join(counts), inner)))
    return [[integers(found[f"c{i}"]) for found in by_kind] for i in range(len(conditions))]


def _cells(base: Base, found: Found, size: int) -> Cells:
    columns = [read_labels(found[name]) for name in base.dimension_columns]
    labels = tuple(zip(*columns, strict=True)) if columns else ((),) * size
    levels = integers(found["g"]) if base.margins else np.zeros(size, dtype=np.int64)
    return Cells(labels, levels)


def _summary_parts(base: Base, p: int) -> list[str]:
    value, weight = (f"m{p} * w", f"sum(w) FILTER (WHERE m{p} IS NOT NULL)") if base.weighted else (f"m{p}", "")
    return [
        f"count(m{p}) AS n{p}",
        f"fsum({value}) AS sum{p}",
        f"{weight or f'count(m{p})::DOUBLE'} AS weight{p}",
        f"min(m{p}) AS low{p}",
        f"max(m{p}) AS high{p}",
    ]


def _row_parts(base: Base, p: int, largest: int, contributions: bool) -> list[str]:
    """Every row is a unit of its own: contributions are read off the rows."""
    counted = f"m{p} IS NOT NULL"
    parts = [f"count(m{p}) AS units{p}", f"count(*) FILTER (WHERE m{p} <> 0) AS nonzero{p}"]
    if contributions:
        parts += _share_parts("c", p, f"m{p} * w" if base.weighted else f"m{p}", "", largest)
    return parts + (_share_parts("w", p, "w", f"FILTER (WHERE {counted})", largest) if base.weighted else [])


def _by_unit(base: Base, p: int, j: int, largest: int, contributions: bool) -> str:
    """Return SQL that first adds up each unit's rows, then looks at the units; rows without an id are one unit."""
    keys = ", ".join((*base.keys, f"u{j}"))
    if base.counts_only:
        inner = f"(SELECT {keys}, count(*) AS n FROM {base.sql} GROUP BY {keys})"
        counts = [f"count(u{j}) AS units0", f"count(u{j}) AS nonzero0", *_share_parts("c", 0, "n::DOUBLE", "", largest)]
        return base.grouped(", ".join(counts), inner)
    value = f"m{p} * w" if base.weighted else f"m{p}"
    # Without weights every row weighs one: who has most of the rows has most of a count, and nearly all of a mean.
    weight = f"sum(w) FILTER (WHERE m{p} IS NOT NULL)" if base.weighted else f"count(m{p})::DOUBLE"
    inner = (
        f"(SELECT {keys}, sum({value}) AS c, {weight} AS w, count(m{p}) AS n, "
        f"count(*) FILTER (WHERE m{p} <> 0) AS z FROM {base.sql} GROUP BY {keys})"
    )
    counted = f"n > 0 AND u{j} IS NOT NULL"
    parts = [
        f"count(*) FILTER (WHERE {counted}) AS units{p}",
        f"count(*) FILTER (WHERE {counted} AND z > 0) AS nonzero{p}",
        *(_share_parts("c", p, "c", "", largest) if contributions else []),
        *_share_parts("w", p, "w", "", largest),
    ]
    return base.grouped(", ".join(parts), inner)


def _share_parts(letter: str, p: int, value: str, kept: str, largest: int) -> list[str]:
    top = [f"(max(abs({value}), {largest}) {kept})[{i + 1}] AS {letter}top{p}_{i}" for i in range(largest)]
    return [*top, f"sum(abs({value})) {kept} AS {letter}abs{p}"]


def _summary(found: Found, p: int, rows: Counts) -> Summary:
    return Summary(
        rows=rows,
        n=integers(found[f"n{p}"]),
        total=floats(found[f"sum{p}"]),
        weight=floats(found[f"weight{p}"]),
        low=floats(found[f"low{p}"]),
        high=floats(found[f"high{p}"]),
    )


def _counted_rows(rows: Counts) -> Summary:
    ones = np.ones(len(rows))
    return Summary(rows, rows, rows.astype(np.float64), rows.astype(np.float64), ones, ones)


def _plain(kind: str, rows: Counts) -> UnitEvidence:
    return UnitEvidence(kind, rows, rows, Shares.none(len(rows)), Shares.none(len(rows)))


def _evidence(kind: str, found: Found, p: int) -> UnitEvidence:
    return UnitEvidence(
        kind=kind,
        units=integers(found[f"units{p}"]),
        nonzero=integers(found[f"nonzero{p}"]),
        contributions=_shares(found, "c", p),
        weights=_shares(found, "w", p),
    )


def _shares(found: Found, letter: str, p: int) -> Shares:
    total = found.get(f"{letter}abs{p}")
    if total is None:
        return Shares.none(len(found[f"units{p}"]))
    tops = [name for name in found if name.startswith(f"{letter}top{p}_")]
    return Shares(np.nan_to_num(np.column_stack([floats(found[name]) for name in tops])), np.nan_to_num(floats(total)))
