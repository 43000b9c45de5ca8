"""Correlation and covariance matrices.

What is judged for every pair of columns, in every stratum, over the rows that have both: units; degrees of freedom; a
relation so close that one column tells the other; few units in the 2 x 2 table of two columns with two values, and in
the groups that such a column makes of another's total; columns that differ from one value for few; one or two units
that make the number; and, because matrices of moments give every combination of their columns, leverage over all.
"""

# ruff: noqa: S608 - SQL is put together here, from generated names only
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from saferoom.disclosure.queries import language
from saferoom.disclosure.queries.base import Base, make_base
from saferoom.disclosure.queries.evidence import ROW, Cells, Counts, Mask, Numbers, Shares, UnitEvidence
from saferoom.disclosure.queries.model import Statistic
from saferoom.disclosure.queries.plan import Plan
from saferoom.disclosure.rules.classes import Axis
from saferoom.disclosure.rules.degrees import degrees_of_freedom
from saferoom.disclosure.rules.hit import Hit
from saferoom.disclosure.rules.threshold import threshold
from saferoom.disclosure.statbarns.case import Case, Outcome
from saferoom.disclosure.statbarns.common import cell_rules, conditional_rules, measures_with_pieces, subjects_of
from saferoom.disclosure.statbarns.models.matrix_history import matrix_parts
from saferoom.disclosure.statbarns.models.matrix_rules import Marks, pair_rules
from saferoom.disclosure.statbarns.models.pairs import Pairs
from saferoom.disclosure.statbarns.models.rows import Rows, complete_rows, read_rows
from saferoom.disclosure.verdict import Label
from saferoom.errors import BadInputError

MOST_STRATA = 500


@dataclass(frozen=True)
class Strata:
    """The categories of `by`, and the columns in each."""

    cells: Cells
    pairs: tuple[Pairs, ...]


class Correlation:
    """Pairs of columns, each over the rows that have both."""

    name = "correlation and regression coefficients"

    def evaluate(self, case: Case) -> Outcome:
        """Compute the matrix, and apply the rules to every pair in every stratum."""
        names = _names(case.plan)
        measures, unknown = measures_with_pieces(case)
        base = make_base(case.plan, case.engine, measures, together=False)
        complete = complete_rows(base, case.engine, ["w"] if base.weighted else [])
        rows = read_rows(base, complete, case.engine)
        strata = _strata(rows, len(base.text_dimensions))
        width = len(names)
        hits = [*unknown, *_of_strata(case, base, strata, width)]
        # A condition is counted over everybody, also where the first column is missing.
        everybody = replace(complete, sql=f"(SELECT * REPLACE (1.0 AS m0) FROM {complete.sql})")
        hits += [replace(hit, cells=None) for hit in conditional_rules(case, everybody)]
        marks = Marks.none(len(strata.pairs), rows.numbers.shape[1])
        for place, pairs in enumerate(strata.pairs):
            judged = _ranks(pairs) if case.plan.query.options.method == "spearman" else pairs
            pair_rules(judged, case.policy, marks.of(place), width, _related(case.plan))
        units = _evidence(strata, rows, width)
        hits += [*threshold(units, case.policy), *degrees_of_freedom(units, width, case.policy)]
        hits += marks.hits(width)
        return Outcome(
            cells=_cells(strata.cells, names),
            columns={case.plan.query.statistic.value: _numbers(case.plan, strata, width)},
            hits=hits,
            subjects=subjects_of(case.plan),
            units=units,
            base=base,
            text_dimensions=base.text_dimensions,
            added=tuple(Axis(name, fixed=True, structural=True, codelist=names) for name in ("column", "with")),
            parts=matrix_parts(case.plan, complete, rows, strata.cells),
        )


def _names(plan: Plan) -> tuple[Label, ...]:
    """Return the columns' public names; names that a researcher chose never leave."""
    names: list[str] = []
    for tree in plan.measures:
        column = language.column_of(tree, plan.relation)
        owned = column is not None and column.owned
        names.append(column.name if column is not None and owned else language.write(tree).replace('"', ""))
    if len(set(names)) != len(names):
        raise BadInputError("options.columns: two of the columns are the same")
    return tuple(names)


def _strata(rows: Rows, dimensions: int) -> Strata:
    codes = rows.codes[:, :dimensions]
    if not dimensions:
        return Strata(Cells.single(), (Pairs(rows.numbers, rows.weights, rows.units),))
    found, places = np.unique(codes, axis=0, return_inverse=True)
    if len(found) > MOST_STRATA:
        raise BadInputError(f"by: a matrix takes at most {MOST_STRATA} strata; use broader categories")
    labels = tuple(tuple(rows.labels[i][code] for i, code in enumerate(cell)) for cell in found.tolist())
    cells = Cells(labels, np.zeros(len(labels), dtype=np.int64))
    return Strata(cells, tuple(_only(rows, places.ravel() == place) for place in range(len(found))))


def _only(rows: Rows, chosen: Mask) -> Pairs:
    return Pairs(rows.numbers[chosen], rows.weights[chosen], tuple(units.only(chosen) for units in rows.units))


def _ranks(pairs: Pairs) -> Pairs:
    """Return every column as ranks: what a rank correlation is made of."""
    from scipy.stats import rankdata

    return replace(
        pairs, values=rankdata(pairs.values, axis=0, nan_policy="omit") if len(pairs.values) else pairs.values
    )


def _cells(strata: Cells, names: Sequence[Label]) -> Cells:
    labels = tuple((*stratum, first, second) for stratum in strata.labels for first in names for second in names)
    return Cells(labels, np.zeros(len(labels), dtype=np.int64))


def _of_strata(case: Case, base: Base, strata: Strata, width: int) -> list[Hit]:
    """Apply what holds for every table to the strata, each of which stands for all its pairs."""
    units = [
        _counted(kind, np.array([pairs.units[j].size for pairs in strata.pairs], dtype=np.int64))
        for j, kind in enumerate(base.units or (ROW,))
    ]
    hits = cell_rules(case, base, strata.cells, units, counted=False)
    each = width * width
    return [
        replace(hit, cells=np.repeat(hit.cells, each) if hit.cells is not None and hit.cells.any() else None, absent=())
        for hit in hits
    ]


def _counted(kind: str, units: Counts) -> UnitEvidence:
    nothing = Shares.none(len(units))
    return UnitEvidence(kind, units, units, nothing, nothing)


def _evidence(strata: Strata, rows: Rows, width: int) -> list[UnitEvidence]:
    found = []
    for j, units in enumerate(rows.units):
        counts = [pairs.counts(pairs.units[j])[:width, :width].ravel() for pairs in strata.pairs]
        found.append(_counted(units.kind, np.concatenate([np.zeros(0, dtype=np.int64), *counts])))
    return found


def _related(plan: Plan) -> Mask:
    """Say which columns are computed from the same thing."""
    origins = [plan.origins(tree) for tree in plan.measures]
    return np.array([[bool(one & other) for other in origins] for one in origins])


def _numbers(plan: Plan, strata: Strata, width: int) -> Numbers:
    found = []
    for pairs in strata.pairs:
        own = Pairs(pairs.values[:, :width], pairs.weights, pairs.units)
        if plan.query.options.method == "spearman":
            matrix = np.full((width, width), np.nan)
            for i, j, ranks in own.ranked():
                matrix[i, j] = matrix[j, i] = ranks.correlation()[0, 1]
        else:
            matrix = own.covariance() if plan.query.statistic is Statistic.COVARIANCE else own.correlation()
        found.append(matrix.ravel())
    return np.concatenate([np.zeros(0), *found])
