"""What a table gives away, counted: per cell the units, their shares, extremes; always distinct units, never rows.

All results share one order of cells, so that they can be read as parallel arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.queries.base import Base
from saferoom.disclosure.queries.engine import Engine
from saferoom.disclosure.verdict import Label
from saferoom.errors import BadInputError

MOST_CELLS = 100_000
ROW = "row"
"""The kind of unit where rows carry no ids: every row counts as its own unit."""

Numbers = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Cells:
    """The cells of a table.

    Attributes
    ----------
    labels : tuple of tuples of Label
        Per cell its categories; of a totalled dimension the entry is None and its bit in `levels` is set.
    levels : ndarray of int
        Bit i says that dimension i is totalled; 0 is an inner cell.
    """

    labels: tuple[tuple[Label, ...], ...]
    levels: Counts

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def inner(self) -> NDArray[np.bool_]:
        """Which cells are no margins."""
        return self.levels == 0


@dataclass(frozen=True)
class UnitEvidence:
    """Counts of one kind of unit, per cell, for one measure.

    Attributes
    ----------
    units : ndarray of int
        Distinct units with a non-missing measure.
    nonzero : ndarray of int
        Those among them with a measure other than zero.
    top, total : ndarray of float, shape (cells, k) and (cells,)
        The k largest absolute contributions in falling order, and the sum of all.
    top_weight, total_weight : likewise for the weights
    """

    kind: str
    units: Counts
    nonzero: Counts
    top: Numbers
    total: Numbers
    top_weight: Numbers
    total_weight: Numbers


@dataclass(frozen=True)
class Summary:
    """Sums and extremes of one measure per cell; nan where no row counts."""

    rows: Counts
    n: Counts
    total: Numbers
    weight: Numbers
    mean: Numbers
    low: Numbers
    high: Numbers


def read_cells(base: Base, found: dict[str, Any], size: int) -> Cells:
    """Return the cells that a grouped result is about."""
    columns = [read_labels(found[name]) for name in base.dimension_columns]
    labels = tuple(zip(*columns, strict=True)) if columns else ((),) * size
    levels = _ints(found["g"]) if base.margins else np.zeros(size, dtype=np.int64)
    return Cells(labels, levels)


def summarise(base: Base, engine: Engine, largest: int) -> tuple[Cells, list[Summary], list[list[UnitEvidence]]]:
    """Return the cells and, per measure, its summary and the evidence of every kind of unit.

    Parameters
    ----------
    largest : int
        How many of the largest contributions are needed.
    """
    kinds = base.units or (ROW,)
    unique = base.unique or (True,)
    if base.counts_only:
        return _count_only(base, engine, kinds, unique)
    parts = ["count(*) AS n_rows"]
    for p in range(max(base.measures, 1)):
        parts += _summary_parts(base, p)
        if any(unique):
            parts += _unit_parts(base, p, largest, f"m{p}", "w", f"m{p} <> 0", f"m{p} IS NOT NULL")
    cells, found = _bounded(base, engine, parts)
    summaries = [_summary(found, p) for p in range(max(base.measures, 1))]
    evidence = []
    for p in range(max(base.measures, 1)):
        by_kind = []
        for j, kind in enumerate(kinds):
            counted = found if unique[j] else engine.columns(_by_unit(base, p, j, largest))
            by_kind.append(_unit_evidence(kind, counted, p, largest))
        evidence.append(by_kind)
    return cells, summaries, evidence


def _bounded(base: Base, engine: Engine, parts: list[str]) -> tuple[Cells, dict[str, Any]]:
    found = engine.columns(base.grouped(", ".join(parts)) + f" LIMIT {MOST_CELLS + 1}")
    size = len(found["n_rows"])
    if size > MOST_CELLS:
        raise BadInputError(f"by: the table would have more than {MOST_CELLS:,} cells; use broader categories")
    return read_cells(base, found, size), found


def _count_only(
    base: Base, engine: Engine, kinds: tuple[str, ...], unique: tuple[bool, ...]
) -> tuple[Cells, list[Summary], list[list[UnitEvidence]]]:
    """A plain frequency needs counts alone, in one pass."""
    parts = ["count(*) AS n_rows"]
    parts += [f"count(DISTINCT u{j}) AS c{j}" for j, is_unique in enumerate(unique) if not is_unique]
    cells, found = _bounded(base, engine, parts)
    rows = _ints(found["n_rows"])
    ones = np.ones(len(cells))
    summary = Summary(rows, rows, rows.astype(np.float64), rows.astype(np.float64), ones, ones, ones)
    none = np.zeros((len(cells), 0))
    evidence = []
    for j, kind in enumerate(kinds):
        units = rows if unique[j] else _ints(found[f"c{j}"])
        evidence.append(UnitEvidence(kind, units, units, none, summary.total, none, summary.total))
    return cells, [summary], [evidence]


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
    unique = base.unique or (True,)
    parts = []
    for i, condition in enumerate(conditions):
        for j, is_unique in enumerate(unique):
            what = "*" if is_unique else f"DISTINCT u{j}"
            parts.append(f"count({what}) FILTER (WHERE m0 IS NOT NULL AND ({condition})) AS c{i}_{j}")
    found = engine.columns(base.grouped(", ".join(parts), source))
    return [[_ints(found[f"c{i}_{j}"]) for j in range(len(unique))] for i in range(len(conditions))]


def _summary_parts(base: Base, p: int) -> list[str]:
    value = f"m{p} * w" if base.weighted else f"m{p}"
    weight = f"sum(w) FILTER (WHERE m{p} IS NOT NULL)" if base.weighted else f"count(m{p})::DOUBLE"
    return [
        f"count(m{p}) AS n{p}",
        f"fsum({value}) AS sum{p}",
        f"{weight} AS weight{p}",
        f"min(m{p}) AS low{p}",
        f"max(m{p}) AS high{p}",
    ]


def _unit_parts(base: Base, p: int, largest: int, value: str, weight: str, nonzero: str, counted: str) -> list[str]:
    part = f"({value}) * {weight}" if base.weighted and value == f"m{p}" else value
    parts = [
        f"count(*) FILTER (WHERE {counted}) AS units{p}",
        f"count(*) FILTER (WHERE {counted} AND {nonzero}) AS nonzero{p}",
        f"sum(abs({part})) AS abs{p}",
    ]
    parts += [f"max(abs({part}), {largest})[{i + 1}] AS top{p}_{i}" for i in range(largest)]
    if base.weighted:
        kept = f"FILTER (WHERE m{p} IS NOT NULL)" if value == f"m{p}" else ""
        parts.append(f"sum({weight}) {kept} AS wabs{p}")
        parts += [f"(max({weight}, {largest}) {kept})[{i + 1}] AS wtop{p}_{i}" for i in range(largest)]
    return parts


def _by_unit(base: Base, p: int, j: int, largest: int) -> str:
    """Return SQL that first adds up each unit's rows, then looks at the units; rows without an id are one unit."""
    value = f"sum(m{p} * w)" if base.weighted else f"sum(m{p})"
    weight = f"sum(w) FILTER (WHERE m{p} IS NOT NULL) AS uw, " if base.weighted else ""
    keys = ", ".join((*base.keys, f"u{j}"))
    inner = (
        f"(SELECT {keys}, {value} AS c, {weight}count(m{p}) AS n, count(*) FILTER (WHERE m{p} <> 0) AS z "  # noqa: S608
        f"FROM {base.sql} GROUP BY {keys})"
    )
    return base.grouped(
        ", ".join(_unit_parts(base, p, largest, "c", "uw", "z > 0", f"n > 0 AND u{j} IS NOT NULL")), inner
    )


def _summary(found: dict[str, Any], p: int) -> Summary:
    total, weight = _floats(found[f"sum{p}"]), _floats(found[f"weight{p}"])
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = total / weight
    return Summary(
        rows=_ints(found["n_rows"]),
        n=_ints(found[f"n{p}"]),
        total=total,
        weight=weight,
        mean=mean,
        low=_floats(found[f"low{p}"]),
        high=_floats(found[f"high{p}"]),
    )


def _unit_evidence(kind: str, found: dict[str, Any], p: int, largest: int) -> UnitEvidence:
    size = len(found[f"units{p}"])
    weighted = f"wabs{p}" in found
    zeros = np.zeros(size)
    return UnitEvidence(
        kind=kind,
        units=_ints(found[f"units{p}"]),
        nonzero=_ints(found[f"nonzero{p}"]),
        top=np.column_stack([np.nan_to_num(_floats(found[f"top{p}_{i}"])) for i in range(largest)]),
        total=np.nan_to_num(_floats(found[f"abs{p}"])),
        top_weight=np.column_stack(
            [np.nan_to_num(_floats(found[f"wtop{p}_{i}"])) if weighted else zeros for i in range(largest)]
        ),
        total_weight=np.nan_to_num(_floats(found[f"wabs{p}"])) if weighted else zeros,
    )


def _ints(values: Any) -> Counts:
    return np.asarray(np.ma.filled(values, 0), dtype=np.int64)


def _floats(values: Any) -> Numbers:
    return np.asarray(np.ma.filled(np.ma.asarray(values).astype(np.float64), np.nan), dtype=np.float64)


def read_labels(values: Any) -> list[Label]:
    masked = np.ma.asarray(values)
    plain: list[Label] = np.where(np.ma.getmaskarray(masked), None, masked.data.astype(object)).tolist()
    if all(v is None or (isinstance(v, float) and v.is_integer() and abs(v) < 2**53) for v in plain):
        return [None if v is None else int(v) for v in plain]  # type: ignore[arg-type]
    return plain
