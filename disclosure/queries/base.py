"""The rows behind a table: dimensions, effective measures, weight and unit ids under generated names.

A row counts for a measure when every measure is a finite number and the weight, where there is one, is positive.
Generated columns: ``d0..`` dimensions, ``m0, m1`` measures, ``w`` weight, ``u0..`` units, ``k0..`` conditions,
``s0..`` functions that jump, ``row_id`` a number made from the whole row where units have several rows.
"""

# ruff: noqa: S608 - SQL is put together here, from checked trees and generated names only
from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import NamedTuple

import numpy as np
from sqlglot import exp

from saferoom.disclosure.queries import language
from saferoom.disclosure.queries.classification import Classification
from saferoom.disclosure.queries.engine import Engine
from saferoom.disclosure.queries.plan import MOST_CONDITIONS, Plan, with_clause
from saferoom.disclosure.verdict import Label
from saferoom.errors import BadInputError

_NUMBERS = (
    *("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"),
    *("UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL", "BOOLEAN"),
)
_LIKELY_UNIQUE = 0.7
"""Share of different ids, as estimated, from which on they are counted exactly."""
_MOST_SORTED = 20_000_000
"""Rows up to which ids are sorted in memory."""
_SORTED = frozenset({"SMALLINT", "INTEGER", "BIGINT", "USMALLINT", "UINTEGER", "UBIGINT"})
_CATEGORIES = (*_NUMBERS, "VARCHAR", "DATE", "TIMESTAMP", "TIME", "UUID", "ENUM")


@dataclass(frozen=True)
class Base:
    """SQL that yields the rows, and what is known about them.

    Attributes
    ----------
    sql : str
        A FROM item: a subselect, or the name of a temporary table.
    with_sql : str
        The WITH clause that `sql` needs, or an empty text.
    text_dimensions : tuple of bool
        Per dimension, whether its categories are texts.
    conditions : int
        How many conditions have a column; a measure with more of them was not checked condition by condition.
    units : tuple of str
        The kinds of unit in u0, u1, ...; empty when rows carry no ids.
    unique : tuple of bool
        Per unit, whether no id occurs in two rows.
    jumps : int
        How many functions inside the measures that jump have a column.
    missing_ids : tuple of int
        Per unit, rows without an id.
    classifications : tuple of Classification or None
        Per dimension, the parents for which margins have subtotals.
    """

    sql: str
    with_sql: str
    text_dimensions: tuple[bool, ...]
    measures: int
    weighted: bool
    conditions: int
    margins: bool
    units: tuple[str, ...]
    unique: tuple[bool, ...] = ()
    missing_ids: tuple[int, ...] = ()
    rows: int = 0
    jumps: int = 0
    classifications: tuple[Classification | None, ...] = ()

    @property
    def counts_only(self) -> bool:
        """Whether only rows and units are counted, without a measure or a weight."""
        return self.measures == 0 and not self.weighted

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns that make a cell: ``g`` is its level, see `Cells.levels`."""
        return ("g", *self.dimension_columns) if self.margins else self.dimension_columns

    @property
    def dimension_columns(self) -> tuple[str, ...]:
        """d0, d1, ..."""
        return tuple(f"d{position}" for position in range(len(self.text_dimensions)))

    def grouped(self, aggregates: str, source: str | None = None, with_sql: str | None = None) -> str:
        """Return SQL with one row per cell in the one order that all results share."""
        keys = ", ".join(self.keys)
        order = ", ".join(f"{key} NULLS LAST" for key in self.keys)
        head = self.with_sql if with_sql is None else with_sql
        group = f" GROUP BY {keys} ORDER BY {order}" if keys else ""
        return f"{head}SELECT {keys + ', ' if keys else ''}{aggregates} FROM {source or self.sql} r{group}"


def make_base(plan: Plan, engine: Engine, measures: tuple[exp.Expression, ...], *, together: bool = True) -> Base:
    """Check all types, count rows and ids, and materialise the rows where they are read several times.

    Parameters
    ----------
    together : bool
        False where every measure counts by itself, whether or not the others are there.

    Raises
    ------
    BadInputError
        When a type does not fit, naming the key.
    """
    check_types(plan, engine, measures)
    select, texts = _select(plan, engine, measures, together)
    base = Base(
        sql=f"({select})",
        with_sql=with_clause(plan),
        text_dimensions=texts,
        measures=len(measures),
        weighted=plan.weight is not None,
        conditions=min(len(plan.conditions), MOST_CONDITIONS),
        margins=plan.query.margins,
        units=tuple(str(column.unit) for column in plan.units),
        jumps=min(len(plan.jumps), MOST_CONDITIONS),
        classifications=_classifications(plan, texts) if plan.query.margins else (),
    )
    base = _counted(base, engine)
    if not base.margins and (all(base.unique) or not plan.views):
        # A dataset is read again faster than it is written; what a view yields is computed once.
        return base
    # Rows are told apart only where units have several, and only for the memory of releases.
    kept = "* EXCLUDE (row_id)" if any(base.unique) or not base.units or not engine.rows_apart else "*"
    engine.run(f"CREATE TEMP TABLE _base AS {base.with_sql}SELECT {kept} FROM ({select}) b")
    if base.margins:
        _write_parents(base, engine)
        return replace(base, sql=_long(base), with_sql="")
    return replace(base, sql="_base", with_sql="")


def _classifications(plan: Plan, texts: tuple[bool, ...]) -> tuple[Classification | None, ...]:
    found = [dimension.classification for dimension in plan.dimensions]
    for dimension, classification, is_text in zip(plan.dimensions, found, texts, strict=True):
        if classification is not None and classification.is_text != is_text:
            kind = "texts" if is_text else "no texts"
            raise BadInputError(
                f"by.{dimension.name}: its hierarchy names other codes than the column has, which are {kind}"
            )
    return tuple(found)


def _write_parents(base: Base, engine: Engine) -> None:
    """Write, per classified dimension, every code with each parent that holds it."""
    for i, classification in enumerate(base.classifications):
        if classification is not None:
            pairs = [(code, parent) for parent, codes in classification.codes.items() for code in codes]
            values = ", ".join(f"({_written(code)}, {_written(parent)})" for code, parent in pairs)
            engine.run(f"CREATE TEMP TABLE _parents{i} AS SELECT * FROM (VALUES {values}) v(code, parent)")


def _written(label: Label) -> str:
    return language.write(exp.Literal.string(label) if isinstance(label, str) else exp.Literal.number(str(label)))


def _counted(base: Base, engine: Engine) -> Base:
    """Count rows and ids, and find the units whose ids are all different.

    An estimate, which is much faster, comes first: ids that evidently repeat are not counted exactly. Taking unique ids
    for repeated ones would only cost time.
    """
    columns = [f"u{j}" for j in range(len(base.units))]
    parts = ["count(*)", *(f"count({c}), approx_count_distinct({c})" for c in columns)]
    counts = engine.rows(f"{base.with_sql}SELECT {', '.join(parts)} FROM {base.sql} r")[0]
    rows, given, estimates = counts[0], counts[1::2], counts[2::2]
    unique = tuple(
        present == rows and estimate >= _LIKELY_UNIQUE * rows and _all_different(base, engine, column, rows)
        for column, present, estimate in zip(columns, given, estimates, strict=True)
    )
    return replace(base, rows=rows, unique=unique, missing_ids=tuple(rows - present for present in given))


def _all_different(base: Base, engine: Engine, column: str, rows: int) -> bool:
    """Say whether no id occurs twice; sorting numbers is several times faster than counting distinct ones.

    Texts are told apart by their hashes. Two texts with one hash count as a repeated id, which only costs time.
    """
    kind = engine.types(f"{base.with_sql}SELECT {column} FROM {base.sql} r")[0]
    number = {"VARCHAR": f"hash({column})"}.get(kind, column if kind in _SORTED else None)
    if number is None or rows > _MOST_SORTED:
        found = engine.rows(f"{base.with_sql}SELECT count(DISTINCT {column}) FROM {base.sql} r")[0]
        return bool(found[0] == rows)
    ids = np.sort(np.asarray(engine.columns(f"{base.with_sql}SELECT {number} AS x FROM {base.sql} r")["x"]))
    return not bool((ids[1:] == ids[:-1]).any())


def _long(base: Base) -> str:
    """Return every row once per margin and subtotal it belongs to; see `Cells.levels` for ``g``."""
    columns = base.dimension_columns
    parts = []
    for ways in product(*(_ways(base, i) for i in range(len(columns)))):
        level = sum(way.level for way in ways)
        shown = ", ".join(f"{way.shown} AS {column}" for way, column in zip(ways, columns, strict=True))
        joins = "".join(way.join for way in ways)
        parts.append(f"SELECT {level} AS g, {shown}, b.* EXCLUDE ({', '.join(columns)}) FROM _base b{joins}")
    return "(" + " UNION ALL ".join(parts) + ")"


class _Way(NamedTuple):
    """How a row enters one dimension of a margin: by its own category, in the total, or by its parents."""

    level: int
    shown: str
    join: str = ""


def _ways(base: Base, i: int) -> list[_Way]:
    column, width = f"b.d{i}", len(base.dimension_columns)
    ways = [_Way(0, column), _Way(1 << i, f"CASE WHEN false THEN {column} END")]
    if base.classifications and base.classifications[i] is not None:
        ways.append(_Way(1 << width + i, f"h{i}.parent", f" JOIN _parents{i} h{i} ON {column} = h{i}.code"))
    return ways


def _select(
    plan: Plan, engine: Engine, measures: tuple[exp.Expression, ...], together: bool
) -> tuple[str, tuple[bool, ...]]:
    kinds = types_of(plan, engine, [dimension.tree for dimension in plan.dimensions])
    items = [
        _category(language.write(d.tree), kind, i)
        for i, (d, kind) in enumerate(zip(plan.dimensions, kinds, strict=True))
    ]
    usable = []
    if plan.weight is not None:
        weight = f"CAST({language.write(plan.weight)} AS DOUBLE)"
        usable += [f"isfinite({weight})", f"{weight} > 0"]
        items.append(f"CASE WHEN {' AND '.join(usable)} THEN {weight} END AS w")
    values = [f"CAST({language.write(tree)} AS DOUBLE)" for tree in measures] or ["1.0"]
    finite = [f"isfinite({value})" for value in values if value != "1.0"]
    for position, value in enumerate(values):
        needed = [*usable, *(finite if together else finite[position : position + 1])]
        chosen = f"CASE WHEN {' AND '.join(needed)} THEN {value} END" if needed else value
        items.append(f"{chosen} AS m{position}")
    items += [f"({language.write(tree)}) AS k{i}" for i, tree in enumerate(plan.conditions[:MOST_CONDITIONS])]
    items += [
        f"CAST(({language.write(tree)}) AS DOUBLE) AS s{i}" for i, tree in enumerate(plan.jumps[:MOST_CONDITIONS])
    ]
    items += [f"{language.write(language.reference(column))} AS u{i}" for i, column in enumerate(plan.units)]
    items.append(f"{_row_number(plan)} AS row_id")
    where = f" WHERE {language.write(plan.where)}" if plan.where is not None else ""
    texts = tuple(kind.startswith(("VARCHAR", "ENUM")) for kind in kinds)
    return f"SELECT {', '.join(items)} FROM {_source(plan)}{where}", texts


def _row_number(plan: Plan) -> str:
    """Return SQL for a number of the row that is made from all its values, and the same in every query."""
    names = sorted(column.sql_name for column in plan.relation.columns.values())
    values = [f"coalesce(CAST({language.write(exp.column(name, quoted=True))} AS VARCHAR), chr(30))" for name in names]
    return f"md5_number_lower(concat_ws(chr(31), {', '.join(values)}))"


def _category(text: str, kind: str, position: int) -> str:
    if kind in {"FLOAT", "DOUBLE"}:
        return f"CASE WHEN isfinite({text}) THEN {text} END AS d{position}"
    if kind.startswith("DECIMAL"):
        return f"CAST({text} AS DOUBLE) AS d{position}"
    if kind.startswith(("ENUM", "DATE", "TIME", "UUID")):
        return f"CAST({text} AS VARCHAR) AS d{position}"
    return f"{text} AS d{position}"


def presence(plan: Plan, engine: Engine, columns: Sequence[str], *, filtered: bool = True) -> str:
    """Return a FROM item with a column ``m0`` that is missing where one of `columns` is, and the units of every row.

    Parameters
    ----------
    columns : sequence of str
        As the engine knows them.
    filtered : bool
        Whether the filter applies, but for what it says of columns not being missing.
    """
    trees = [exp.column(name, quoted=True) for name in columns]
    there = [
        f"isfinite({language.write(tree)})" if kind in {"FLOAT", "DOUBLE"} else f"{language.write(tree)} IS NOT NULL"
        for tree, kind in zip(trees, types_of(plan, engine, trees), strict=True)
    ]
    items = [f"CASE WHEN {' AND '.join(there)} THEN 1.0 END AS m0"]
    items += [f"{language.write(language.reference(column))} AS u{i}" for i, column in enumerate(plan.units)]
    items.append(f"{_row_number(plan)} AS row_id")
    kept = [language.write(part) for part in plan.conjuncts if asked_to_be_there(part) is None] if filtered else []
    where = f" WHERE {' AND '.join(f'({part})' for part in kept)}" if kept else ""
    return f"({with_clause(plan)}SELECT {', '.join(items)} FROM {_source(plan)}{where})"


def asked_to_be_there(condition: exp.Expression) -> str | None:
    """Return the column, as the engine knows it, of which a condition says that it is not missing; else None."""
    said = condition.unnest()
    inside = said.this.unnest() if isinstance(said, exp.Not) else None
    if isinstance(inside, exp.Is) and isinstance(inside.expression, exp.Null) and isinstance(inside.this, exp.Column):
        return str(inside.this.name)
    return None


def _source(plan: Plan) -> str:
    return language.write(exp.to_identifier(plan.relation.sql_name, quoted=True))


def type_of(plan: Plan, engine: Engine, tree: exp.Expression) -> str:
    """Return the engine's type of an expression over the plan's rows; no row is computed."""
    return types_of(plan, engine, [tree])[0]


def types_of(plan: Plan, engine: Engine, trees: Sequence[exp.Expression]) -> list[str]:
    """Return the engine's types of expressions over the plan's rows; no row is computed."""
    return engine.types_of_each(with_clause(plan), [language.write(tree) for tree in trees], _source(plan))


def is_number(plan: Plan, engine: Engine, tree: exp.Expression) -> bool:
    """Say whether an expression over the plan's rows is a number; no row is computed."""
    try:
        kind = type_of(plan, engine, tree)
    except BadInputError:
        return False
    return kind.startswith(_NUMBERS) and not kind.endswith("]")


def check_types(plan: Plan, engine: Engine, measures: tuple[exp.Expression, ...]) -> None:
    """Check that every part of the query has a type that fits; no row is computed.

    Raises
    ------
    BadInputError
        Naming the key that does not fit.
    """
    parts = list(_typed_parts(plan, measures))
    with contextlib.suppress(BadInputError):  # which one has no type is found below
        types_of(plan, engine, [tree for _, tree, _, _ in parts])
    for key, tree, fits, wanted in parts:
        try:
            kind = type_of(plan, engine, tree)
        except BadInputError as error:
            raise BadInputError(f"{key}: {error.message}") from None
        if kind.endswith("]") or not kind.startswith(fits):
            raise BadInputError(f"{key}: must be {wanted}")


def _typed_parts(
    plan: Plan, measures: tuple[exp.Expression, ...]
) -> Iterator[tuple[str, exp.Expression, tuple[str, ...], str]]:
    for view in plan.views:
        yield f"views.{view.relation.name}", exp.Literal.number(1), ("INTEGER",), "a table"
    if plan.where is not None:
        yield "where", plan.where, ("BOOLEAN",), "a condition, true or false for every row"
    for dimension in plan.dimensions:
        yield f"by.{dimension.name}", dimension.tree, _CATEGORIES, "a number, text or date to make categories from"
    if plan.weight is not None:
        yield "weight", plan.weight, _NUMBERS, "a number"
    if plan.formula is not None:
        for tree in measures:
            yield "options.formula", tree, _NUMBERS, "numbers, except where a column stands in C(...)"
        return
    for tree in measures:
        yield "measure", tree, _NUMBERS, "a number; categories are counted with frequency"
