"""Which cells a table has, known before anybody looks at the data: codes that the catalogue states, and nothing else.

A cell that appears because somebody is in it tells that somebody is in it. So categories come from codelists, from
expressions over columns with codelists (computed for every code, never for a row) and from conditions, which are true
or false. Rows with another value, or with none, are in no cell.
"""

# ruff: noqa: S608 - SQL is put together here, from checked trees and the catalogue's codes only
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from sqlglot import exp

from saferoom.disclosure.queries import language
from saferoom.disclosure.queries.base import type_of
from saferoom.disclosure.queries.classification import key_of
from saferoom.disclosure.queries.engine import Engine
from saferoom.disclosure.queries.model import Keys
from saferoom.disclosure.queries.plan import Dimension, Plan
from saferoom.disclosure.queries.relations import Column
from saferoom.disclosure.verdict import Label
from saferoom.errors import BadInputError

MOST_CELLS = 100_000
_MOST_COMBINATIONS = 5_000_000
_FIELD = "protect.keys"

Codes = tuple[Label, ...]
Named = Mapping[str, Codes]


def public_codes(plan: Plan, kinds: Sequence[str], engine: Engine, *, from_query: bool) -> tuple[Codes, ...] | None:
    """Return the codes of every dimension, in an order that nobody chose; None where the cells are private.

    Parameters
    ----------
    kinds : sequence of str
        The engine's type of each dimension.
    from_query : bool
        Whether the query may name codes of a dimension that the catalogue says nothing about: only where whoever asks
        holds the data anyway.

    Raises
    ------
    BadInputError
        A dimension's codes are not in the catalogue, the query names others, or there are too many cells.
    """
    asked = plan.query.protect.keys
    if asked is Keys.PRIVATE:
        _check_private(plan)
        return None
    named = _named(plan, asked) if isinstance(asked, Mapping) else {}
    found = tuple(
        _codes(plan, dimension, kind, engine, named.get(dimension.name), from_query)
        for dimension, kind in zip(plan.dimensions, kinds, strict=True)
    )
    cells = math.prod(len(codes) for codes in found)
    if cells > MOST_CELLS:
        raise BadInputError(
            f"by: the dimensions have {cells:,} combinations of codes, and a table with differential privacy has "
            f"{MOST_CELLS:,} cells at most; leave a dimension out, or name the codes that are wanted in protect.keys",
            field="by",
        )
    return found


def _check_private(plan: Plan) -> None:
    if not plan.dimensions:
        raise BadInputError(f"{_FIELD}: a table without dimensions has one cell, which everybody knows", field=_FIELD)
    if plan.query.margins:
        raise BadInputError(
            "margins: need cells that are known without the data; leave protect.keys or margins out", field="margins"
        )


def _named(plan: Plan, asked: Mapping[str, Codes]) -> dict[str, Codes]:
    """Return the codes that the query names, by the dimensions' names."""
    known = {dimension.name.lower(): dimension.name for dimension in plan.dimensions}
    found: dict[str, Codes] = {}
    for name, codes in asked.items():
        dimension = known.get(name.lower())
        if dimension is None or dimension in found:
            names = ", ".join(known.values()) or "none"
            raise BadInputError(
                f"{_FIELD}: names what is no dimension of the table, or one twice; the dimensions are {names}",
                field=_FIELD,
            )
        keys = [key_of(code) for code in codes]
        if not codes or len(set(keys)) != len(keys) or None in codes:
            raise BadInputError(
                f"{_FIELD}.{dimension}: must be a list of codes, each once, without null; leave it out for all of them",
                field=_FIELD,
            )
        found[dimension] = codes
    return found


def _codes(plan: Plan, dimension: Dimension, kind: str, engine: Engine, named: Codes | None, from_query: bool) -> Codes:
    known = _catalogued(plan, dimension, kind, engine)
    if known is None and named is not None and from_query:
        return _typed(dimension, kind, named)
    if known is None:
        raise _no_codes(dimension, from_query=from_query)
    if named is None:
        return known
    wanted = {key_of(code) for code in named}
    # In the catalogue's order: one that somebody chose could say something.
    kept = tuple(code for code in known if key_of(code) in wanted)
    if len(kept) != len(wanted):
        raise BadInputError(
            f"{_FIELD}.{dimension.name}: names codes that the catalogue does not have for it; codes must be written "
            "exactly as in its codelist",
            field=_FIELD,
        )
    return kept


def _no_codes(dimension: Dimension, *, from_query: bool) -> BadInputError:
    if from_query:
        first = "Name them in protect, as keys: {sex: [f, m]}"
    else:
        first = "Ask the data owner for a codelist of each column it is made from"
    return BadInputError(
        f"by.{dimension.name}: its categories are not in the catalogue, and with differential privacy they must be "
        f'known before anybody looks at the data. {first}, make it a condition, as derive: {{old: "age >= 65"}}, or '
        "let the data find the cells with protect: {keys: private, delta: 1.0e-8}",
        field="by",
    )


def _catalogued(plan: Plan, dimension: Dimension, kind: str, engine: Engine) -> Codes | None:
    """Return every code that a dimension can have, from the catalogue alone; None where it does not say."""
    if kind == "BOOLEAN":
        return (False, True)
    tree = dimension.tree
    columns = _columns(plan, tree)
    if any(column.codelist is None for column in columns):
        return None
    if math.prod(len(column.codelist or ()) + 1 for column in columns) > _MOST_COMBINATIONS:
        raise BadInputError(
            f"by.{dimension.name}: is made from columns with more than {_MOST_COMBINATIONS:,} combinations of codes",
            field="by",
        )
    column = language.column_of(tree, plan.relation)
    bare = column is not None
    if column is not None and column.codelist and all(_is_of(code, kind) for code in column.codelist):
        return tuple(dict.fromkeys(column.codelist))
    found = _computed(plan, tree, columns, engine, missing=not bare)
    if not found:
        raise BadInputError(
            f"by.{dimension.name}: has no value for any code of the catalogue; its codelist does not fit the "
            "column's type, or the expression has no value",
            field="by",
        )
    return found if bare else tuple(sorted(found, key=_by_value))


def _columns(plan: Plan, tree: exp.Expression) -> list[Column]:
    names = {node.name for node in tree.find_all(exp.Column)}
    return [column for column in plan.relation.columns.values() if column.sql_name in names]


def _computed(plan: Plan, tree: exp.Expression, columns: Sequence[Column], engine: Engine, *, missing: bool) -> Codes:
    """Compute an expression for every combination of its columns' codes; no row of the data is read.

    Parameters
    ----------
    missing : bool
        Whether to compute it for missing values as well, which `coalesce` may turn into a category. Without, codes
        come in the order of the (only) column's codelist.
    """
    lists = []
    for number, column in enumerate(columns):
        kind = type_of(plan, engine, language.reference(column))
        codes = [*(column.codelist or ()), *([None] if missing else [])]
        rows = ", ".join(f"({place}, {_cast(code, kind)})" for place, code in enumerate(codes))
        name, place = (_quoted(column.sql_name + suffix) for suffix in ("", "_"))
        place = "" if missing else f", p.c0 AS {place}"
        lists.append(f"(SELECT p.c1 AS {name}{place} FROM (VALUES {rows}) p(c0, c1)) l{number}")
    source = f" FROM {', '.join(lists)}" if lists else ""
    value = f"SELECT TRY({language.write(tree)}) AS x"
    if missing:
        found = engine.rows(f"SELECT DISTINCT x FROM ({value}{source}) q LIMIT {MOST_CELLS + 1}")
    else:
        found = engine.rows(f"{value}{source} ORDER BY {_quoted(columns[0].sql_name + '_')}")
    return tuple(dict.fromkeys(code for (value,) in found if (code := as_code(value)) is not None))


def _quoted(name: str) -> str:
    return language.write(exp.to_identifier(name, quoted=True))


def _is_of(code: Label, kind: str) -> bool:
    """Say whether a code is a value of the engine's type as it is, so that nothing has to be converted."""
    return isinstance(code, str) if kind == "VARCHAR" else type(code) is int and kind == "BIGINT" and abs(code) < 2**53


def _cast(code: Label, kind: str) -> str:
    if code is None:
        return f"CAST(NULL AS {kind})"
    literal = exp.Literal.string(code) if isinstance(code, str) else exp.Literal.string(str(code).lower())
    return f"TRY_CAST({language.write(literal)} AS {kind})"


def as_code(value: object) -> Label:
    """Return a value of the engine as a label: whole numbers as such, None for what is no number."""
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    return value if isinstance(value, str | int | bool) else None


def _by_value(code: Label) -> tuple[bool, float, str]:
    return (isinstance(code, str), 0.0, code) if isinstance(code, str) else (False, float(code or 0), "")


def _typed(dimension: Dimension, kind: str, named: Codes) -> Codes:
    """Return codes that the query names, where they fit the dimension's type."""
    text = kind.startswith(("VARCHAR", "ENUM"))
    if any(isinstance(code, str) != text for code in named):
        raise BadInputError(
            f"{_FIELD}.{dimension.name}: its codes must be {'texts' if text else 'numbers'}, as in the data",
            field=_FIELD,
        )
    return named
