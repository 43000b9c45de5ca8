"""One row per unit and cell: statistics of how a total is spread over units need each unit's own total."""

# ruff: noqa: S608 - SQL is put together here, from generated names only
from __future__ import annotations

from dataclasses import replace

from saferoom.disclosure.queries.base import Base
from saferoom.disclosure.queries.engine import Engine


def unit_rows(base: Base, engine: Engine) -> Base:
    """Return a base with one row per cell and unit of the first kind, whose measures are the unit's totals.

    Notes
    -----
    With weights a unit stands for as many as its weight (the mean over its rows) and has the total of its weighted rows
    divided by that weight. Rows without an id are one unit. A condition holds for a unit when it holds for one of its
    rows; conditions are judged on the rows themselves.
    """
    if all(base.unique[:1]):
        return base
    keys = ", ".join((*base.keys, "u0"))
    used = " AND ".join(f"m{p} IS NOT NULL" for p in range(base.measures))
    weight = f"avg(w) FILTER (WHERE {used})"
    parts = [f"any_value(u{j}) AS u{j}" for j in range(1, len(base.units))]
    parts += [f"bool_or(k{i}) AS k{i}" for i in range(base.conditions)]
    if base.weighted:
        parts += [f"fsum(m{p} * w) / {weight} AS m{p}" for p in range(base.measures)]
        parts.append(f"{weight} AS w")
    else:
        parts += [f"fsum(m{p}) AS m{p}" for p in range(base.measures)]
    select = f"SELECT {keys}, {', '.join(parts)} FROM {base.sql} b GROUP BY {keys}"
    engine.run(f"CREATE TEMP TABLE _units AS {base.with_sql}{select}")
    return replace(base, sql="_units", with_sql="", jumps=0, unique=(True, *base.unique[1:]))
