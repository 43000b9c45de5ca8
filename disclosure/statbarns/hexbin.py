"""Hexagonal bins in place of a scatter plot: how many units are in each hexagon; no point, no end of an axis."""

# ruff: noqa: S608 - SQL is put together here, from generated names and numbers only
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from saferoom.disclosure.queries.base import Base, make_base
from saferoom.disclosure.queries.counting import gather
from saferoom.disclosure.queries.evidence import ROW, Cells, Counts, Mask, Numbers, floats, integers
from saferoom.disclosure.queries.relations import COUNT
from saferoom.disclosure.rules.classes import Axis, guaranteed_shares
from saferoom.disclosure.rules.dominance import dominance, most_needed
from saferoom.disclosure.rules.hit import Hit, hit_if
from saferoom.disclosure.rules.provenance import provenance
from saferoom.disclosure.rules.threshold import threshold, threshold_of
from saferoom.disclosure.statbarns.bins import nice_step
from saferoom.disclosure.statbarns.case import Case, Outcome
from saferoom.disclosure.statbarns.common import conditional_rules, subjects_of, weight_rules
from saferoom.disclosure.statbarns.spread import spread_of
from saferoom.disclosure.verdict import Label, Risk, Verdict

_ACROSS = (30, 24, 20, 16, 12, 10, 8, 6, 5, 4, 3, 2)
_SHOWN = 0.8
"""Share of the units that hexagons shall show when the trusted side chooses their size."""


@dataclass(frozen=True)
class Grid:
    """A hexagonal grid with one centre at the origin: rows of hexagons `y` apart, every other row shifted by x / 2.

    Attributes
    ----------
    x, y : float
        Distance of two centres in a row, and of every other row; nice round numbers.
    """

    x: float
    y: float


class Hexbin:
    """Counts by hexagon; hexagons with fewer units than the threshold are left out, and look like empty ones.

    Notes
    -----
    The grid depends on round numbers alone, so that no end of the data can be read from it. When all that is left out
    together is fewer units than may be told apart, the smallest hexagons shown are left out too: otherwise the number
    of units in all would tell how many lie outside.
    """

    name = "hexagonal bins"

    def evaluate(self, case: Case) -> Outcome:
        """Choose a grid, count, leave out, and apply the rules."""
        rows = make_base(case.plan, case.engine, case.plan.measures)
        hits: list[Hit] = [*provenance(case.plan, rows), *weight_rules(case)]
        grid = _mark(case, rows)
        base = _kept(rows)
        evidence = gather(base, case.engine, most_needed(case.policy))
        cells, units, summary = evidence.cells, evidence.units[0], evidence.summaries[0]
        if len(cells) == 0:
            hits.append(_NOTHING)
        centres = case.engine.columns(base.grouped("any_value(x) AS x, any_value(y) AS y"))
        x, y = floats(centres["x"]), floats(centres["y"])
        ordered = dict.fromkeys(cells.labels[i][-1] for i in np.lexsort((y, x)).tolist())
        added = (Axis("hexagon", fixed=False, structural=False, codelist=tuple(ordered)),)
        hits += [*threshold(units, case.policy), *dominance(units, case.policy)]
        least = max(threshold_of(case.policy, kind) for kind in rows.units or (ROW,))
        hits += _classes(cells, units[0].units, (*case.axes, *added), least, case)
        for centres_of, step in ((x, grid.x), (y, grid.y)):
            hits += _bands(cells, units[0].units, centres_of, step, case.policy.near_class_fraction)
        hits += conditional_rules(case, base)
        origins = (dimension.origins for dimension in case.plan.dimensions)
        return Outcome(
            cells=cells,
            columns={
                "x": x,
                "y": y,
                "count": summary.weight if base.weighted else summary.rows.astype(float),
            },
            hits=hits,
            subjects=frozenset({COUNT}).union(subjects_of(case.plan), *origins),
            units=units,
            base=base,
            text_dimensions=rows.text_dimensions,
            added=added,
        )


_NOTHING = Hit(
    rule="threshold",
    risk=Risk.LOW_COUNT,
    severity=Verdict.FAIL,
    message="No hexagon holds enough units, so that every one of them would describe a few people.",
    remedy="use fewer hexagons (options.bins), a wider filter, or a histogram of one measure",
)


def _mark(case: Case, rows: Base) -> Grid:
    """Put every row into its hexagon (table _hex), say which cells stay (table _stay), and return the grid."""
    engine = case.engine
    grid = Grid(1.0, 1.0)
    for grid in _grids(case, rows):
        engine.run("DROP TABLE IF EXISTS _hex")
        engine.run(f"CREATE TEMP TABLE _hex AS {rows.with_sql}{_select(rows, grid)}")
        if _leave(case, rows) >= _SHOWN:
            break
    return grid


def _grids(case: Case, rows: Base) -> Iterator[Grid]:
    """Yield grids from fine to coarse, or the one that is asked for."""
    wanted = case.plan.query.options.bins
    across = (wanted,) if isinstance(wanted, int) else _ACROSS
    x, y = (spread_of(rows, case.engine, case.policy, measure) for measure in ("m0", "m1"))
    if x is None or y is None:
        yield Grid(1.0, 1.0)
        return
    grids = [Grid(_step(x.high - x.low, n), _step(y.high - y.low, n)) for n in across]
    yield from dict.fromkeys(grids)


def _step(width: float, parts: int) -> float:
    """Return a nice distance; of a measure that hardly varies any will do."""
    return nice_step(width / parts) if width > 0 else 1.0


def _select(rows: Base, grid: Grid) -> str:
    """Return SQL that gives every row the nearest centre.

    Centres lie on two rectangular lattices, one of them shifted by half a step in both directions; of the nearest
    centre on each the nearer one is taken, as in Carr et al. (1987), Scatterplot Matrix Techniques for Large N.
    """
    x, y = f"(m0 / {grid.x!r}::DOUBLE)", f"(m1 / {grid.y!r}::DOUBLE)"
    first = f"({x} - round({x})) ** 2 + 3 * ({y} - round({y})) ** 2"
    second = f"({x} - floor({x}) - 0.5) ** 2 + 3 * ({y} - floor({y}) - 0.5) ** 2"
    # Adding 0 makes 0 of -0.
    parts = [
        f"CASE WHEN {first} <= {second} THEN round({at}) ELSE floor({at}) + 0.5 END * {size!r}::DOUBLE + 0.0 AS {name}"
        for at, size, name in ((x, grid.x, "x"), (y, grid.y, "y"))
    ]
    marked = f"SELECT *, {', '.join(parts)} FROM {rows.sql} b WHERE m0 IS NOT NULL"
    column = f"d{len(rows.text_dimensions)}"
    label = "format('{:.12g} | {:.12g}', x, y)"
    others = ", ".join(f"m{p}" for p in range(rows.measures))
    return f"SELECT * EXCLUDE ({others}), 1.0::DOUBLE AS m0, {label} AS {column} FROM ({marked}) z"


def _hexed(rows: Base, sql: str) -> Base:
    return replace(rows, sql=sql, with_sql="", text_dimensions=(*rows.text_dimensions, True), measures=0)


def _leave(case: Case, rows: Base) -> float:
    """Write down which cells stay, and return the share of the rows that they hold."""
    base, engine = _hexed(rows, "_hex"), case.engine
    unique = rows.unique or (True,)
    counts = [f"count({'*' if is_unique else f'DISTINCT u{j}'}) AS c{j}" for j, is_unique in enumerate(unique)]
    keys = ", ".join(base.keys)
    engine.run(
        "CREATE OR REPLACE TEMP TABLE _cells AS SELECT *, row_number() OVER () - 1 AS cell FROM "
        f"(SELECT {keys}, count(*) AS n, {', '.join(counts)} FROM _hex GROUP BY {keys} ORDER BY {keys}) x"
    )
    found = engine.columns("SELECT * FROM _cells ORDER BY cell")
    units = np.array([integers(found[f"c{j}"]) for j in range(len(unique))])
    least = np.array([threshold_of(case.policy, kind) for kind in rows.units or (ROW,)])
    shown = _shown(units, least, case.policy.difference_units)
    listed = ", ".join(str(i) for i in np.flatnonzero(shown).tolist()) or "NULL"
    engine.run(f"CREATE OR REPLACE TEMP TABLE _stay AS SELECT {keys} FROM _cells WHERE cell IN ({listed})")
    rows_of = integers(found["n"])
    return float(rows_of[shown].sum() / max(rows_of.sum(), 1))


def _shown(units: Counts, least: Counts, apart: int) -> Mask:
    """Return which cells are shown.

    Parameters
    ----------
    units : ndarray of int, shape (kinds of unit, cells), units
    least : ndarray of int, shape (kinds of unit,), units
    apart : int, units
        What is left out holds nobody or at least so many.
    """
    shown: Mask = np.all(units >= least[:, None], axis=0)
    wanted = np.maximum(least, apart)
    while shown.any():
        hidden = units[:, ~shown].sum(axis=1)
        if not ((hidden > 0) & (hidden < wanted)).any():
            break
        candidates = np.flatnonzero(shown)
        shown[candidates[np.argmin(units[0, candidates])]] = False
    return shown


def _kept(rows: Base) -> Base:
    base = _hexed(rows, "_hex")
    matched = " AND ".join(f"b.{key} IS NOT DISTINCT FROM c.{key}" for key in base.keys)
    return replace(base, sql=f"(SELECT b.* FROM _hex b SEMI JOIN _stay c ON {matched})")


def _classes(cells: Cells, units: Counts, axes: tuple[Axis, ...], least: int, case: Case) -> list[Hit]:
    """Judge what an outsider can be sure of: a hexagon left out may hold up to the threshold."""
    hits: list[Hit] = []
    sizes: Numbers = units.astype(float)
    for i, axis in enumerate(axes):
        if axis.fixed or axis.structural:
            continue
        share = guaranteed_shares(cells, sizes, sizes, i, least - 1)
        if i == len(axes) - 1 and len(cells) == 1:
            # One hexagon alone: all others hold fewer than the threshold, but how many there are is not known.
            share = np.ones(1)
        near = share >= case.policy.near_class_fraction
        hits += hit_if(
            Hit(
                rule="near-class-disclosure",
                risk=Risk.CLASS_DISCLOSURE,
                severity=Verdict.REVIEW,
                cells=near,
                message=f"Nearly everybody in a group is in the same category of {axis.name}: whoever knows that "
                "somebody belongs to the group learns it almost surely.",
                remedy="use more hexagons (options.bins) or broader categories, protect: {method: suppress}, or let an "
                "output checker decide",
            )
        )
    return hits


def _bands(cells: Cells, units: Counts, centres: Numbers, step: float, near: float) -> list[Hit]:
    """Judge a group that lies in one narrow band of hexagons as a whole: one of its two measures is then known."""
    found: Mask = np.zeros(len(cells), dtype=bool)
    groups: dict[tuple[Label, ...], list[int]] = {}
    for i, labels in enumerate(cells.labels):
        groups.setdefault(labels[:-1], []).append(i)
    for members in groups.values():
        own, sizes = centres[members], units[members]
        for start in np.unique(own):
            # A row of hexagons and the shifted one beside it.
            inside = (own >= start) & (own <= start + step * 0.5001)
            if sizes[inside].sum() >= near * sizes.sum():
                found[np.array(members)[inside]] = True
    return hit_if(
        Hit(
            rule="near-class-band",
            risk=Risk.CLASS_DISCLOSURE,
            severity=Verdict.REVIEW,
            cells=found,
            message="Nearly everybody in a group lies in one narrow band of hexagons, which tells one of the two "
            "measures about each of them almost exactly.",
            remedy="use more hexagons (options.bins), or a histogram of the other measure",
        )
    )
