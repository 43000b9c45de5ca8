"""What a model leaves for differencing: its units, and those of every group that its dummies make."""

# ruff: noqa: S608 - SQL is put together here, from checked trees and generated names only
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from saferoom.disclosure.history.contributors import Part
from saferoom.disclosure.queries.base import Base
from saferoom.disclosure.queries.engine import Engine
from saferoom.disclosure.queries.evidence import Mask, integers
from saferoom.disclosure.queries.formula import Formula
from saferoom.disclosure.queries.relations import COUNT
from saferoom.disclosure.verdict import Label

PartsOf = Callable[[Engine, Mask], tuple[Part, ...]]


def model_parts(
    complete: Base,
    groups: Sequence[tuple[str, ...]],
    formula: Formula,
    labels: Sequence[Sequence[Label]],
    subjects: frozenset[str],
) -> PartsOf:
    """Return a function that reads the units of a model and of its groups.

    Parameters
    ----------
    complete : Base
        The model's rows, with c0, c1 ... for categories.
    groups : sequence of tuples of str
        The columns of each implied table.
    labels : per category of the formula, its labels
    subjects : frozenset of str
        What the coefficients are made from; because the number of units is published too, they also count.
    """

    def parts(engine: Engine, _: Mask) -> tuple[Part, ...]:
        # Here, because the history imports what a statbarn returns.
        from saferoom.disclosure.history.sets import unit_sets

        found = []
        for names in [(), *groups]:
            base = _grouped(complete, [_column(name, formula) for name in names])
            known = [labels[formula.categories.index(n)] if n in formula.categories else (0, 1) for n in names]
            codes = _cells(base, engine)
            cells = tuple(tuple(own[code] for own, code in zip(known, cell, strict=True)) for cell in codes)
            ranks = list(range(len(cells)))
            # Whoever has an outcome of zero adds nothing to a total.
            for condition in ("m0 IS NOT NULL", "m0 <> 0", *_conditions(complete)):
                units = tuple(unit_sets(base, engine, j, condition, ranks) for j in range(len(base.units)))
                found.append(Part(subjects | {COUNT}, cells, units))
        return tuple(found)

    return parts


def _conditions(base: Base) -> list[str]:
    return [f"m0 IS NOT NULL AND (k{i}) IS {truth}" for i in range(base.conditions) for truth in ("TRUE", "NOT TRUE")]


def _column(name: str, formula: Formula) -> str:
    if name in formula.categories:
        return f"c{formula.categories.index(name)}"
    position = 1 + formula.numbers.index(name)
    return f"CASE WHEN m{position} = (SELECT min(m{position}) FROM _model) THEN 0 ELSE 1 END"


def _grouped(complete: Base, columns: Sequence[str]) -> Base:
    kept = ["m0", *(f"u{j}" for j in range(len(complete.units))), *(f"k{i}" for i in range(complete.conditions))]
    dimensions = [f"{column} AS d{i}" for i, column in enumerate(columns)]
    sql = f"(SELECT {', '.join([*kept, *dimensions])} FROM {complete.sql})"
    return replace(complete, sql=sql, text_dimensions=(False,) * len(columns))


def _cells(base: Base, engine: Engine) -> list[tuple[int, ...]]:
    """Return the numbers of the groups' categories of every cell, in the order that all results share."""
    if not base.dimension_columns:
        return [()]
    found = engine.columns(base.grouped("count(*) AS n"))
    return list(zip(*(integers(found[name]).tolist() for name in base.dimension_columns), strict=True))
