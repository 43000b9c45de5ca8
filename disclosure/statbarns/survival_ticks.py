"""Reads the exits of every stratum from the engine, tick by tick."""

# ruff: noqa: S608 - SQL is put together here, from generated names only
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from saferoom.disclosure.queries.base import Base
from saferoom.disclosure.queries.engine import Engine
from saferoom.disclosure.queries.evidence import Counts, Numbers, floats, integers
from saferoom.disclosure.statbarns.survival_steps import Steps, Ticks

MOST_TICKS = 500
LIVES, STEPPED = "_lives", "_stepped"
_FUZZ = 1e-9


@dataclass(frozen=True)
class Grid:
    """How times become ticks: the bounds that were asked for, or a width per stratum found here.

    Attributes
    ----------
    bounds : sequence of float, or None
    left : bool
        True where a tick has its first moment and not its last (a life table's intervals).
    """

    bounds: Sequence[float] | None
    left: bool = False

    def index(self) -> str:
        """Return SQL for the tick of a row; with bounds, 0 is before the first one of a life table."""
        if self.bounds is None:
            return f"CAST(ceil(m0 / tick - {_FUZZ}) AS BIGINT)"
        sign = ">=" if self.left else ">"
        return " + ".join(f"(m0 {sign} {bound!r}::DOUBLE)::BIGINT" for bound in map(float, self.bounds))

    def end(self, index: Counts, width: Numbers) -> Numbers:
        """Return the last moment of ticks; infinite beyond the last bound."""
        if self.bounds is None:
            return np.round(index * width, 9)
        return np.array([*map(float, self.bounds), np.inf])[index]


def lay_out(base: Base, engine: Engine, grid: Grid, least: int) -> Base:
    """Put every row on its tick, and return the rows with the stratum's place as ``d0`` beside ``tick_index``.

    Parameters
    ----------
    least : int
        Units wanted per tick; the width is a round number at which most ticks have them.

    Notes
    -----
    Times that are whole numbers keep ticks of 1 where there are enough events, so that nothing is gathered needlessly.
    """
    order = ", ".join(f"{key} NULLS LAST" for key in base.keys)
    place = f"dense_rank() OVER (ORDER BY {order}) - 1" if order else "0"
    columns = ", ".join(["m0", "m1", *(f"u{j}" for j in range(len(base.units))), *(["w"] if base.weighted else [])])
    life = "m0 >= " + repr(float(grid.bounds[0])) if grid.left and grid.bounds else "m0 IS NOT NULL"
    engine.run(
        f"CREATE TEMP TABLE _placed AS {base.with_sql}SELECT * FROM ("
        f"SELECT {place} AS d0, {columns} FROM {base.sql} b) a WHERE {life}"
    )
    fine = f"greatest({least} * max(m0) / greatest(count(*) FILTER (WHERE m1 = 1), 1), max(m0) / {MOST_TICKS}, {_FUZZ})"
    whole = "(SELECT bool_and(m0 = floor(m0)) FROM _placed)"
    power = f"10 ** floor(log10(fine) + {_FUZZ})"
    steps = " ".join(f"WHEN fine <= {power} * {factor} * (1 + {_FUZZ}) THEN {power} * {factor}" for factor in (1, 2, 5))
    engine.run(
        f"CREATE TEMP TABLE _widths AS SELECT d0, CASE {steps} ELSE {power} * 10 END AS tick FROM ("
        f"SELECT d0, CASE WHEN {whole} THEN greatest({fine}, 1) ELSE {fine} END AS fine FROM _placed GROUP BY d0) g"
    )
    engine.run(
        f"CREATE TEMP TABLE {LIVES} AS SELECT p.*, w.tick, {grid.index()} AS tick_index FROM _placed p "
        "JOIN _widths w USING (d0)"
    )
    return replace(base, sql=LIVES, with_sql="", text_dimensions=(False,), margins=False)


def read_ticks(lives: Base, engine: Engine, grid: Grid) -> Ticks:
    """Count the exits of every tick, with the parts of the estimators that come from the times within it."""
    weight = "sum(w)" if lives.weighted else "count(*)"
    times = (
        "SELECT d0, tick_index, m0, any_value(tick) AS tick, "
        f"coalesce({weight} FILTER (WHERE m1 = 1), 0)::DOUBLE AS d, "
        f"coalesce({weight} FILTER (WHERE m1 = 0), 0)::DOUBLE AS c, count(*) FILTER (WHERE m1 = 1) AS rd, "
        f"count(*) FILTER (WHERE m1 = 0) AS rc FROM {LIVES} GROUP BY d0, tick_index, m0"
    )
    risk = f"SELECT *, sum(d + c) OVER (PARTITION BY d0 ORDER BY m0 DESC) AS n FROM ({times}) t"
    parts = (
        "any_value(tick) AS width, count(*) AS moments, sum(d) AS events, sum(c) AS censored, sum(rd) AS e, "
        "sum(rc) AS c, product(greatest(1 - d / n, 0)) AS kept, sum(d / n) AS hazard, "
        "sum(d / (n * nullif(greatest(n - d, 0), 0))) AS greenwood, sum(d / (n * n)) AS aalen"
    )
    found = engine.columns(
        f"SELECT d0, tick_index, {parts} FROM ({risk}) r GROUP BY d0, tick_index ORDER BY d0, tick_index"
    )
    index = integers(found["tick_index"])
    unique = lives.unique or (True,)
    return Ticks(
        stratum=integers(found["d0"]),
        index=index,
        end=grid.end(index, floats(found["width"])),
        moments=integers(found["moments"]),
        events=floats(found["events"]),
        censored=floats(found["censored"]),
        kept=floats(found["kept"]),
        hazard=floats(found["hazard"]),
        greenwood=np.nan_to_num(floats(found["greenwood"])),
        aalen=floats(found["aalen"]),
        event_units=np.array([_firsts(engine, j, is_unique, found, "e") for j, is_unique in enumerate(unique)]),
        censored_units=np.array([_firsts(engine, j, is_unique, found, "c") for j, is_unique in enumerate(unique)]),
    )


def _firsts(engine: Engine, j: int, unique: bool, found: dict[str, Any], what: str) -> Counts:
    """Return the units of each tick whose first event (or censoring) it holds."""
    if unique:
        return integers(found[what])
    first = (
        f"SELECT d0, u{j}, min(tick_index) AS tick_index FROM {LIVES} WHERE m1 = {int(what == 'e')} "
        f"AND u{j} IS NOT NULL GROUP BY d0, u{j}"
    )
    counted = engine.columns(
        f"SELECT count(f.u{j}) AS n FROM (SELECT DISTINCT d0, tick_index FROM {LIVES}) t "
        f"LEFT JOIN ({first}) f USING (d0, tick_index) GROUP BY d0, tick_index ORDER BY d0, tick_index"
    )
    return integers(counted["n"])


def put_on_steps(lives: Base, engine: Engine, ticks: Ticks, steps: Steps) -> Base:
    """Return the rows with stratum ``d0``, step ``d1`` (missing beyond the last one) and event ``d2``."""
    ends = ", ".join(
        f"({ticks.stratum[last]}, {number}, {ticks.index[last]})" for number, last in enumerate(steps.last.tolist())
    )
    engine.run(
        "CREATE TEMP TABLE _step_ends (d0 BIGINT, step BIGINT, last BIGINT)"
        if not ends
        else f"CREATE TEMP TABLE _step_ends AS SELECT * FROM (VALUES {ends}) v(d0, step, last)"
    )
    kept = [*(f"l.u{j}" for j in range(len(lives.units))), *(["l.w"] if lives.weighted else [])]
    engine.run(
        f"CREATE TEMP TABLE {STEPPED} AS SELECT {', '.join(['l.d0', 's.step AS d1', 'l.m1 AS d2', *kept])}, "
        f"1.0::DOUBLE AS m0 FROM {LIVES} l ASOF LEFT JOIN _step_ends s ON l.d0 = s.d0 AND l.tick_index <= s.last"
    )
    return replace(lives, sql=STEPPED, text_dimensions=(False, False, False), measures=0, conditions=0)
