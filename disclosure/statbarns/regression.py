"""Regression coefficients: ordinary (or weighted) least squares."""

# ruff: noqa: S608 - SQL is put together here, from checked trees and generated names only
from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.queries.base import Base, make_base
from saferoom.disclosure.queries.engine import Engine
from saferoom.disclosure.queries.evidence import ROW, Cells, Shares, UnitEvidence, read_labels
from saferoom.disclosure.queries.formula import Formula
from saferoom.disclosure.rules.degrees import degrees_of_freedom
from saferoom.disclosure.rules.hit import Hit
from saferoom.disclosure.rules.provenance import provenance
from saferoom.disclosure.rules.threshold import threshold, threshold_of
from saferoom.disclosure.statbarns.case import Case, Outcome
from saferoom.disclosure.statbarns.common import conditional_rules, subjects_of
from saferoom.disclosure.statbarns.least_squares import Design, Fit, fit
from saferoom.disclosure.verdict import Label, Risk, Verdict
from saferoom.errors import BadInputError

MOST_LEVELS = 100
_MOST_LEVERAGE = 0.5
_SATURATED = 1e-9


@dataclass(frozen=True)
class Group:
    """Units with one category, or on one side of a column with two values."""

    what: str
    units: tuple[int, ...]
    """Per kind of unit."""


class Regression:
    """Few degrees of freedom, groups of few units, saturated fits; what passes these still goes to a person."""

    name = "correlation and regression coefficients"

    def evaluate(self, case: Case) -> Outcome:
        """Fit the model to the complete rows, and apply the rules."""
        formula = case.plan.formula
        if formula is None:
            raise BadInputError("options.formula: regression needs it")
        base = make_base(case.plan, case.engine, case.plan.measures)
        units = _units(base, case.engine)
        levels = [_levels(base, case.engine, i, name) for i, name in enumerate(formula.categories)]
        hits = [*provenance(case.plan, base), *threshold(units, case.policy)]
        groups = [group for _, found in levels for group in found]
        groups += _two_sided(base, case.engine, (formula.outcome, *formula.numbers))
        hits += _small_groups(groups, base.units or (ROW,), case)
        design = Design(len(formula.numbers), tuple(labels for labels, _ in levels), formula.intercept)
        hits += degrees_of_freedom(units, design.width, case.policy)
        found = fit(design, lambda: _batches(base, case.engine)) if units[0].units[0] > 0 else None
        hits += _fit_rules(found)
        complete = _only_complete(base)
        hits += conditional_rules(case, complete)
        hits.append(_PERSON)
        names = _terms(formula, [labels for labels, _ in levels])
        nothing = np.full(design.width, np.nan)
        columns = {
            "estimate": nothing if found is None else found.estimates,
            "std_error": nothing if found is None else found.standard_errors,
        }
        return Outcome(
            cells=Cells.single(),
            columns=columns,
            hits=hits,
            subjects=subjects_of(case.plan),
            units=units,
            base=complete,
            text_dimensions=base.text_dimensions,
            row_names=names,
        )


_PERSON = Hit(
    rule="regression",
    risk=Risk.UNPROVEN,
    severity=Verdict.REVIEW,
    message="Coefficients pass the checks made by the machine, but what they tell beside other models and tables has "
    "to be judged by a person.",
    remedy="let an output checker decide",
)


def _complete(base: Base) -> str:
    return " AND ".join(["m0 IS NOT NULL", *(f"{name} IS NOT NULL" for name in base.dimension_columns)])


def _only_complete(base: Base) -> Base:
    """Return the rows that the model is fitted to, as one cell."""
    return replace(base, sql=f"(SELECT * FROM {base.sql} b WHERE {_complete(base)})", text_dimensions=())


def _distinct(base: Base) -> list[str]:
    unique = base.unique or (True,)
    return ["count(*)" if is_unique else f"count(DISTINCT u{j})" for j, is_unique in enumerate(unique)]


def _units(base: Base, engine: Engine) -> list[UnitEvidence]:
    sql = f"{base.with_sql}SELECT {', '.join(_distinct(base))} FROM {base.sql} r WHERE {_complete(base)}"
    return [
        UnitEvidence(kind, np.array([count]), np.array([count]), Shares.none(1), Shares.none(1))
        for kind, count in zip(base.units or (ROW,), engine.rows(sql)[0], strict=True)
    ]


def _levels(base: Base, engine: Engine, position: int, name: str) -> tuple[list[Label], list[Group]]:
    key = f"d{position}"
    counts = ", ".join(f"{count} AS c{j}" for j, count in enumerate(_distinct(base)))
    found = engine.columns(
        f"{base.with_sql}SELECT {key}, {counts} FROM {base.sql} r WHERE {_complete(base)} "
        f"GROUP BY {key} ORDER BY {key} LIMIT {MOST_LEVELS + 1}"
    )
    labels = read_labels(found[key])
    if len(labels) > MOST_LEVELS:
        raise BadInputError(f"options.formula: {name} has more than {MOST_LEVELS} categories; use broader ones")
    kinds = range(len(base.units or (ROW,)))
    groups = [
        Group(f"a category of {name}", tuple(int(found[f"c{j}"][row]) for j in kinds)) for row in range(len(labels))
    ]
    return labels, groups


def _two_sided(base: Base, engine: Engine, names: Sequence[str]) -> Iterator[Group]:
    """Yield both sides of every column that has just two values."""
    where = _complete(base)
    for position, name in enumerate(names):
        column = f"m{position}"
        ends = engine.rows(f"{base.with_sql}SELECT min({column}), max({column}) FROM {base.sql} r WHERE {where}")[0]
        low, high = ends
        if low is None:
            continue
        rest = f"count(*) FILTER (WHERE {column} <> {low!r}::DOUBLE AND {column} <> {high!r}::DOUBLE)"
        sides = [
            f"{count} FILTER (WHERE {column} = {value!r}::DOUBLE)" for value in (low, high) for count in _distinct(base)
        ]
        row = engine.rows(f"{base.with_sql}SELECT {rest}, {', '.join(sides)} FROM {base.sql} r WHERE {where}")[0]
        half = len(sides) // 2
        if row[0] == 0:
            yield Group(name, tuple(row[1 : 1 + half]))
            yield Group(name, tuple(row[1 + half :]))


def _small_groups(groups: Sequence[Group], kinds: Sequence[str], case: Case) -> Iterator[Hit]:
    for name in dict.fromkeys(group.what for group in groups):
        for j, kind in enumerate(kinds):
            least = threshold_of(case.policy, kind)
            if any(group.units[j] < least for group in groups if group.what == name):
                yield Hit(
                    rule="small-group",
                    risk=Risk.LOW_COUNT,
                    severity=Verdict.FAIL,
                    message=f"{name} separates fewer than {least} distinct units ({kind}) from the rest: the "
                    "coefficients then add up to the mean of these few, of one unit to its own value.",
                    remedy="use broader categories, or leave the column out",
                )


def _fit_rules(found: Fit | None) -> Iterator[Hit]:
    if found is None:
        return
    if found.unexplained < _SATURATED:
        yield Hit(
            rule="saturated",
            risk=Risk.LOW_DEGREES_OF_FREEDOM,
            severity=Verdict.FAIL,
            message="The model reproduces the outcome exactly, so whoever knows a person's other values can compute "
            "the outcome of that person.",
            remedy="leave out columns that determine the outcome",
        )
    if found.leverage > _MOST_LEVERAGE:
        yield Hit(
            rule="leverage",
            risk=Risk.LOW_COUNT,
            severity=Verdict.FAIL,
            message="One row alone decides more than half of its own fitted value, so a coefficient tells that row's "
            "outcome nearly exactly.",
            remedy="leave the column out, use its logarithm or ranks, or cap its extreme values",
        )


def _batches(base: Base, engine: Engine) -> Iterator[dict[str, NDArray[Any]]]:
    columns = [*(f"m{i}" for i in range(base.measures)), *base.dimension_columns, *(["w"] if base.weighted else [])]
    sql = f"{base.with_sql}SELECT {', '.join(columns)} FROM {base.sql} r WHERE {_complete(base)}"
    return engine.batches(sql, 100_000)


def _terms(formula: Formula, levels: Sequence[Sequence[Label]]) -> tuple[tuple[Label, ...], ...]:
    rows: list[tuple[Label, ...]] = [("(intercept)", None)] if formula.intercept else []
    rows += [(name, None) for name in formula.numbers]
    for i, (name, labels) in enumerate(zip(formula.categories, levels, strict=True)):
        kept = labels if not formula.intercept and i == 0 else labels[1:]
        rows += [(name, label) for label in kept]
    return tuple(rows)
