"""Sums of powers of distances, per cell and per unit, taken around each cell's own mean."""

# ruff: noqa: S608 - SQL is put together here, from generated names only
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from saferoom.disclosure.queries.base import Base
from saferoom.disclosure.queries.counting import count_units
from saferoom.disclosure.queries.engine import Engine
from saferoom.disclosure.queries.evidence import ROW, Counts, Mask, Numbers, Shares, floats


@dataclass(frozen=True)
class Centred:
    """The rows of a base with ``e0, e1 ...``, each measure's distance from its mean in the cell."""

    base: Base
    sql: str


def centred(base: Base, engine: Engine, *, median: bool = False) -> Centred:
    """Return the rows with their distances from the (weighted) mean, or from the median.

    Notes
    -----
    Powers are taken around each cell's own mean: around any other point a large common level swallows the digits.
    """
    measures = range(base.measures)
    value = "m{p} * w" if base.weighted else "m{p}"
    weight = "sum(w) FILTER (WHERE m{p} IS NOT NULL)" if base.weighted else "count(m{p})"
    middle = "median(m{p})" if median else f"fsum({value}) / {weight}"
    means = ", ".join(f"({middle.format(p=p)}) AS c{p}" for p in measures)
    table = "_medians" if median else "_means"
    engine.run(f"CREATE TEMP TABLE {table} AS {base.grouped(means)}")
    distances = ", ".join(f"b.m{p} - c.c{p} AS e{p}" for p in measures)
    return Centred(base, f"(SELECT b.*, {distances} FROM {base.sql} b JOIN {table} c ON {same_cell(base)})")


def only_cells(base: Base, engine: Engine, chosen: Mask) -> Base:
    """Return the rows of the chosen cells alone.

    Parameters
    ----------
    chosen : ndarray of bool, one per cell, in the order that all results share
    """
    if not base.keys or bool(chosen.all()):
        return base
    keys = ", ".join(base.keys)
    order = ", ".join(f"{key} NULLS LAST" for key in base.keys)
    listed = ", ".join(str(place) for place in np.flatnonzero(chosen).tolist()) or "NULL"
    cells = f"(SELECT DISTINCT {keys} FROM {base.sql} b)"
    placed = f"SELECT *, row_number() OVER (ORDER BY {order}) - 1 AS place FROM {cells} d"
    engine.run(f"CREATE TEMP TABLE _chosen AS {base.with_sql}SELECT {keys} FROM ({placed}) p WHERE place IN ({listed})")
    # Few rows that are read several times.
    rows = f"SELECT b.* FROM {base.sql} b SEMI JOIN _chosen c ON {same_cell(base)}"
    engine.run(f"CREATE TEMP TABLE _few AS {base.with_sql}{rows}")
    return replace(base, sql="_few", with_sql="")


def units_apart(base: Base, engine: Engine) -> list[list[Counts]]:
    """Return, per measure and kind of unit, how many units of each cell have another value than the median."""
    around = centred(base, engine, median=True)
    return count_units(base, engine, [f"e{p} <> 0" for p in range(base.measures)], around.sql)


def same_cell(base: Base) -> str:
    """Return the condition that a row ``b`` and a row of one per cell ``c`` belong to the same cell."""
    return " AND ".join(f"b.{key} IS NOT DISTINCT FROM c.{key}" for key in base.keys) or "true"


def central_moments(rows: Centred, engine: Engine, orders: tuple[int, ...]) -> list[Numbers]:
    """Return the (weighted) means of the first measure's distances to each of the powers."""
    base = rows.base
    weight = "w * " if base.weighted else ""
    whole = "sum(w) FILTER (WHERE e0 IS NOT NULL)" if base.weighted else "count(e0)"
    parts = [f"fsum({weight}e0 ** {order}) / {whole} AS s{order}" for order in orders]
    found = engine.columns(base.grouped(", ".join(parts), rows.sql))
    return [floats(found[f"s{order}"]) for order in orders]


def power_shares(
    base: Base, engine: Engine, column: str, power: int, source: str | None = None, largest: int = 2
) -> Mapping[str, Shares]:
    """Return, per kind of unit, how a sum of absolute powers is spread over units.

    Parameters
    ----------
    column : str
        The generated column whose powers are added up, weighted where there are weights.
    source : str, optional
        A FROM item with that column; the base's own when left out.
    largest : int
        How many of the largest parts are returned.
    """
    rows = source or base.sql
    value = f"abs({column}) ** {power}" + (" * w" if base.weighted else "")
    found: dict[str, Shares] = {}
    for j, kind in enumerate(base.units or (ROW,)):
        if base.unique and not base.unique[j]:
            keys = ", ".join((*base.keys, f"u{j}"))
            inner = f"(SELECT {keys}, sum({value}) AS v FROM {rows} b GROUP BY {keys})"
            found[kind] = _shares(base, engine, "v", inner, largest)
        else:
            found[kind] = _shares(base, engine, value, rows, largest)
    return found


def _shares(base: Base, engine: Engine, value: str, rows: str, largest: int) -> Shares:
    parts = [f"max({value}, {largest})[{i + 1}] AS t{i}" for i in range(largest)]
    found = engine.columns(base.grouped(f"{', '.join(parts)}, sum({value}) AS total", rows))
    tops = np.column_stack([floats(found[f"t{i}"]) for i in range(largest)])
    return Shares(np.nan_to_num(tops), np.nan_to_num(floats(found["total"])))
