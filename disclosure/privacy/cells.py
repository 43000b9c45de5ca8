"""The exact numbers that noise is added to: whole numbers per cell, of rows within every unit's bounds.

Nothing here may fail because of a row: expressions that cannot be computed for a row leave that row out (TRY, in views
as well), values are clamped, and rows without a unit or without a number are left out. Every step before the bounds
looks at one row alone, so that a unit changes its own rows only.

Cost: one pass over the data where each unit has one row; otherwise the rows are sorted by unit as well.
"""

# ruff: noqa: S608 - SQL is put together here, from checked trees and generated names only
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlglot import exp

from saferoom.disclosure.privacy.aggregates import Aggregate
from saferoom.disclosure.privacy.contributions import Contributions
from saferoom.disclosure.privacy.guards import guarded
from saferoom.disclosure.privacy.items import as_double, item
from saferoom.disclosure.privacy.trying import kind_of, tried
from saferoom.disclosure.queries import language
from saferoom.disclosure.queries.engine import Engine
from saferoom.disclosure.queries.plan import Plan, with_clause
from saferoom.disclosure.verdict import Label

Whole = NDArray[np.int64]
Key = tuple[Label, ...]
Cells = tuple[Key, ...]
"""Every cell's codes, known without the data."""


def public_cells(codelists: Sequence[Sequence[Label]]) -> Cells:
    """Return every combination of the dimensions' codes, the last dimension fastest; one empty key without any."""
    return tuple(product(*codelists))


@dataclass(frozen=True)
class Rows:
    """Which rows are added up, and how they are bounded.

    Attributes
    ----------
    unit : Expression
        The column of the unit of privacy.
    one_each : bool
        Whether the file was found to have one row per unit when it was taken in, so that nothing is left to bound.
    edges : tuple of float
        Of a histogram's bins, which are then the last dimension: their numbers, from 0.
    upto : float or None
        Only rows whose second measure is below this count.
    types : mapping of lower-case column to the engine's type
        Where they are known, what cannot fail is computed without TRY.
    """

    plan: Plan
    unit: exp.Expression
    contributions: Contributions
    one_each: bool
    edges: tuple[float, ...] = ()
    upto: float | None = None
    types: Mapping[str, str] = field(default_factory=dict)

    @property
    def dimensions(self) -> tuple[str, ...]:
        """d0, d1, ..."""
        return tuple(f"d{i}" for i in range(len(self.plan.dimensions) + bool(self.edges)))

    @property
    def sql(self) -> str:
        """A FROM item with ``d0..`` and, where there are measures, ``m0`` and ``m1``."""
        plain = f"(SELECT {', '.join(self._items)} FROM {self.source} WHERE {' AND '.join(self._needed)})"
        return plain if self.one_each else self._bounded(plain)

    @property
    def source(self) -> str:
        """The relation that the rows are of."""
        return language.write(exp.to_identifier(self.plan.relation.sql_name, quoted=True))

    @property
    def _measures(self) -> tuple[str, ...]:
        return tuple(self._as_number(tree) for tree in self.plan.measures[:2])

    def _as_number(self, tree: exp.Expression) -> str:
        number = f"CAST({language.write(tree)} AS DOUBLE)"
        return number if kind_of(tree, self.types) in {"whole", "float"} else f"TRY({number})"

    @property
    def _items(self) -> list[str]:
        items = [f"{language.write(tried(one.tree, self.types))} AS d{i}" for i, one in enumerate(self.plan.dimensions)]
        items += [f"{value} AS m{i}" for i, value in enumerate(self._measures)]
        if self.edges:
            steps = " ".join(
                f"WHEN {self._measures[0]} < {as_double(one)} THEN {i}" for i, one in enumerate(self.edges)
            )
            items.append(f"CASE {steps} ELSE {len(self.edges)} END AS {self.dimensions[-1]}")
        return [*items, f"{language.write(self.unit)} AS u"]

    @property
    def _needed(self) -> list[str]:
        needed = ["true"] if self._complete else [f"{language.write(self.unit)} IS NOT NULL"]
        if self.plan.where is not None:
            needed.append(f"({language.write(tried(self.plan.where, self.types))})")
        needed += [f"isfinite({value})" for value in self._measures]
        return needed if self.upto is None else [*needed, f"{self._measures[1]} < {as_double(self.upto)}"]

    @property
    def _complete(self) -> bool:
        """Whether every row was found to have its unit's id, so that the column need not be read."""
        return isinstance(self.unit, exp.Column) and self.unit.name in self.plan.relation.one_each

    def _bounded(self, plain: str) -> str:
        """Return the rows with those beyond the bounds left out: in a cell, cells of a unit, rows of a unit.

        Which of a unit's rows stay depends on this unit's rows alone, and on nothing that a researcher can choose.
        """
        cell = ", ".join(self.dimensions) or "1"
        value = ", ".join(f"m{i}" for i in range(len(self._measures))) or "1"
        bounds = self.contributions
        if bounds.rows == 1:
            # One sort, which keeps the very row that the three below would.
            order = f"hash(u, {cell}), {cell}, hash(u, {value}), {value}"
            return f"(SELECT * FROM {plain} a QUALIFY row_number() OVER (PARTITION BY u ORDER BY {order}) = 1)"
        first = f"row_number() OVER (PARTITION BY u, {cell} ORDER BY hash(u, {value}), {value}) AS r"
        second = f"dense_rank() OVER (PARTITION BY u ORDER BY hash(u, {cell}), {cell}) AS g"
        in_cell = f"(SELECT *, {first} FROM {plain} a QUALIFY r <= {bounds.per_cell})"
        in_cells = f"(SELECT *, {second} FROM {in_cell} b QUALIFY g <= {bounds.cells})"
        if bounds.rows >= bounds.per_cell * bounds.cells:
            return in_cells
        last = "row_number() OVER (PARTITION BY u ORDER BY g, r) AS t"
        return f"(SELECT *, {last} FROM {in_cells} c QUALIFY t <= {bounds.rows})"


def exact(
    engine: Engine, rows: Rows, cells: Cells, aggregates: Sequence[Aggregate], sizes: Sequence[int]
) -> dict[str, Whole]:
    """Return the exact numbers of every aggregate; nothing but the noise may see them.

    Parameters
    ----------
    sizes : sequence of int
        How many categories each dimension has; `cells` are all their combinations, the last dimension fastest.

    Returns
    -------
    mapping of name to ndarray of int64
        Of counts and sums, one per cell; of quantiles, the scores of all candidates, cells x candidates.
    """
    own = [one for one in aggregates if one.over is None]
    place = {key: number for number, key in enumerate(cells)}
    found = grouped(engine, rows, [item(one, i) for i, one in enumerate(own)])
    kept = [(place[key], values) for key, values in found if key in place]
    whole = {
        one.name: _filled(one, len(cells), [(cell, values[number]) for cell, values in kept])
        for number, one in enumerate(own)
    }
    return {one.name: _finished(one, _added(whole, one, sizes)) for one in aggregates}


def exact_found(
    engine: Engine, rows: Rows, aggregates: Sequence[Aggregate]
) -> tuple[Cells, Callable[[Aggregate, Sequence[int]], Whole]]:
    """Return the cells that the data have, and what gives an aggregate's exact numbers for some of them, as `exact`.

    Which cells there are must not be told either: see `saferoom.disclosure.privacy.noise.draw_cells`.
    """
    found = grouped(engine, rows, [item(one, i) for i, one in enumerate(aggregates)])
    number_of = {one.name: number for number, one in enumerate(aggregates)}

    def numbers(one: Aggregate, places: Sequence[int]) -> Whole:
        values = [(i, found[place][1][number_of[one.name]]) for i, place in enumerate(places)]
        return _finished(one, _filled(one, len(places), values))

    return tuple(tuple(_label(one) for one in key) for key, _ in found), numbers


def grouped(engine: Engine, rows: Rows, items: Sequence[str]) -> list[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    """Return each cell's categories and its numbers, which SQL `items` compute; nothing but the noise may see them."""
    rows = _guarded(engine, rows)
    keys = ", ".join(rows.dimensions)
    select = ", ".join(part for part in (keys, *items) if part)
    group = f" GROUP BY {keys}" if keys else ""
    head, width = with_clause(rows.plan), len(rows.dimensions)
    return [(row[:width], row[width:]) for row in engine.rows(f"{head}SELECT {select} FROM {rows.sql} q{group}")]


def _guarded(engine: Engine, rows: Rows) -> Rows:
    """Return `rows` of views that cannot fail, with the types of their columns."""
    plan = guarded(rows.plan, engine)
    columns = [column.sql_name for column in plan.relation.columns.values()]
    names = ", ".join(language.write(exp.to_identifier(name, quoted=True)) for name in columns)
    types = engine.types(f"{with_clause(plan)}SELECT {names} FROM {rows.source}")
    return replace(rows, plan=plan, types={name.lower(): kind for name, kind in zip(columns, types, strict=True)})


def _label(value: object) -> Label:
    """Return a category of the data as tables have it: dates and the like as text."""
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _filled(one: Aggregate, cells: int, found: Sequence[tuple[int, Any]]) -> Whole:
    if one.fraction is None:
        values = np.zeros(cells, dtype=np.int64)
        for cell, value in found:
            values[cell] = value
        return values
    uneven = np.zeros((cells, len(one.candidates)), dtype=np.int64)
    for cell, (upto, equal, n) in found:
        # Without dimensions there is a row even of nobody, and no histogram in it.
        uneven[cell] = _uneven(one, one.fraction, upto or {}, equal or {}, n)
    return uneven


def _uneven(
    one: Aggregate, fraction: tuple[int, int], upto: Mapping[float, int], equal: Mapping[float, int], n: int
) -> Whole:
    """Return how unevenly each candidate splits a cell: ``(den - num) below - num above`` for the fraction num/den."""
    num, den = fraction
    within = np.cumsum([upto.get(value, 0) for value in one.candidates])
    same = np.asarray([equal.get(value, 0) for value in one.candidates])
    return np.asarray((den - num) * (within - same) - num * (n - within), dtype=np.int64)


def _added(whole: Mapping[str, Whole], one: Aggregate, sizes: Sequence[int]) -> Whole:
    """Return a margin's numbers: those of the table, added up over the dimensions that are not kept."""
    if one.over is None:
        return whole[one.name]
    inner = whole[one.name.partition("@")[0]]
    dropped = tuple(i for i in range(len(sizes)) if i not in one.over)
    added = inner.reshape(*sizes, *inner.shape[1:]).sum(axis=dropped)
    return np.asarray(added.reshape(-1, *inner.shape[1:]), dtype=np.int64)


def _finished(one: Aggregate, numbers: Whole) -> Whole:
    """Return the numbers that noise is added to: of quantiles, how uneven each candidate is either way."""
    return numbers if one.fraction is None else np.abs(numbers)
