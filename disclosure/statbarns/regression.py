"""Regression coefficients: linear, logit, probit, Poisson and Cox models.

The field's guidance is that coefficients of a model with at least ten residual degrees of freedom are safe as long as
they are no table in disguise (Ritchie 2012; ACRO; the SDC handbook). This module proves the second half instead of
assuming it, so that an ordinary model passes without a person. What is published is, to an attacker who knows
everything about everybody but outcomes, ``X'y`` (for Cox: the covariates of those with an event), the sum of squares,
and ``n``. The attacks on that, and what stops each:

saturated cells, dummies, transformations that single out one unit
    `models.leverage`: no combination of columns lies in fewer units than the threshold allows, proven for all
    combinations, not only for the columns as they are written; `models.groups` says it per column.
implied tables
    The totals of the outcome in every category, and in every combination that the formula has a term for, are judged as
    the cells of a table: units, few non-zero, dominance, two values, no variation.
influence
    No one or two units make up a coefficient, and none makes up the spread of the outcome.
few degrees of freedom
    Counted in units of every kind, never in rows; for clustered errors in clusters too.
high R-squared, perfect separation
    A fit that tells the outcome (nearly) fails, for everybody and for any category.
solving the equations of several models
    Every model records its units, and those of every group, as contributors: a second model whose population or whose
    dummies differ by a few units fails by differencing.

Residuals and fitted values never leave. What cannot be proven (very many columns for few units) goes to a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from saferoom.disclosure.queries.base import Base, make_base
from saferoom.disclosure.queries.evidence import ROW, Cells, Counts, Numbers, Shares, UnitEvidence
from saferoom.disclosure.queries.formula import Formula
from saferoom.disclosure.queries.plan import Dimension
from saferoom.disclosure.rules.degrees import degrees_of_freedom
from saferoom.disclosure.rules.hit import Hit
from saferoom.disclosure.rules.provenance import provenance
from saferoom.disclosure.rules.threshold import threshold, threshold_of
from saferoom.disclosure.statbarns.case import Case, Outcome
from saferoom.disclosure.statbarns.common import conditional_rules, measures_with_pieces, subjects_of, weight_rules
from saferoom.disclosure.statbarns.least_squares import Basis, basis
from saferoom.disclosure.statbarns.models import judging
from saferoom.disclosure.statbarns.models.design import Design, make_design
from saferoom.disclosure.statbarns.models.families import Fit, Problem, check_outcome, fit
from saferoom.disclosure.statbarns.models.groups import Grouping, groupings
from saferoom.disclosure.statbarns.models.history import model_parts
from saferoom.disclosure.statbarns.models.leverage import leverage_rules
from saferoom.disclosure.statbarns.models.rows import Rows, Units, complete_rows, read_rows
from saferoom.disclosure.verdict import Label, Risk, Verdict
from saferoom.errors import BadInputError

MOST_LEVELS = 100


@dataclass(frozen=True)
class Model:
    """A model's parts before it is fitted."""

    formula: Formula
    family: str
    rows: Rows
    design: Design
    outcome: str
    event: Numbers | None
    clusters: Units | None


class Regression:
    """Degrees of freedom, groups, leverage, influence and exact fits."""

    name = "correlation and regression coefficients"

    def evaluate(self, case: Case) -> Outcome:
        """Fit the model to the complete rows, and apply the rules."""
        formula = case.plan.formula
        if formula is None:
            raise BadInputError("options.formula: regression needs it")
        measures, hits = measures_with_pieces(case)
        widened = _with_cluster(case)
        base = make_base(widened.plan, case.engine, measures)
        complete = complete_rows(base, case.engine, ["m0", *base.dimension_columns])
        rows = read_rows(base, complete, case.engine)
        units = _evidence(rows, base)
        hits = [*hits, *provenance(case.plan, base), *threshold(units, case.policy), *weight_rules(case)]
        hits += conditional_rules(case, complete)
        model = _model(case, formula, rows, base)
        hits += degrees_of_freedom(units, model.design.width, case.policy)
        fitted, groups = None, groupings(formula, rows)
        if len(rows):
            fitted, found = _fitted(case, model, groups)
            hits += found
        columns = _columns(model, fitted, units)
        kept, subjects = len(case.plan.dimensions), subjects_of(case.plan)
        return Outcome(
            cells=Cells.single(),
            columns=columns[1],
            hits=[hit if hit.cells is None else replace(hit, remedy=_without_suppression(hit.remedy)) for hit in hits],
            subjects=subjects,
            units=units,
            base=complete,
            text_dimensions=base.text_dimensions[:kept],
            row_names=columns[0],
            parts=model_parts(complete, [grouping.names for grouping in groups], formula, rows.labels, subjects),
            named=tuple(frozenset(labels) for labels in rows.labels[:kept]),
        )


def _without_suppression(remedy: str) -> str:
    """A regression has no cells that could be blanked."""
    return remedy.split(", or protect:")[0].replace("broader categories", "broader categories, a wider filter")


def _with_cluster(case: Case) -> Case:
    """Return the case with the clusters' column as a last dimension, unless the clusters are units."""
    if not isinstance(case.plan.cluster, Dimension):
        return case
    return replace(case, plan=replace(case.plan, dimensions=(*case.plan.dimensions, case.plan.cluster)))


def _evidence(rows: Rows, base: Base) -> list[UnitEvidence]:
    nothing = Shares.none(1)
    counts = {units.kind: np.array([units.size]) for units in rows.units}
    return [UnitEvidence(kind, counts[kind], counts[kind], nothing, nothing) for kind in base.units or (ROW,)]


def _model(case: Case, formula: Formula, rows: Rows, base: Base) -> Model:
    family = case.plan.query.options.family or "ols"
    labels = rows.labels[: len(formula.categories)]
    for name, found in zip(formula.categories, labels, strict=True):
        if len(found) > MOST_LEVELS:
            raise BadInputError(f"options.formula: {name} has more than {MOST_LEVELS} categories; use broader ones")
    design = make_design(formula, labels, intercept=formula.intercept or family == "cox")
    event = rows.numbers[:, 1 + len(formula.numbers)] if family == "cox" else None
    check_outcome(family, rows.numbers[:, 0], event)
    return Model(formula, family, rows, design, formula.outcome, event, _clusters(case, rows, base))


def _clusters(case: Case, rows: Rows, base: Base) -> Units | None:
    cluster = case.plan.cluster
    if cluster is None:
        return None
    if isinstance(cluster, Dimension):
        return Units.of("clusters", rows.codes[:, -1])
    return rows.units[base.units.index(str(cluster.unit))]


def _fitted(case: Case, model: Model, groups: Sequence[Grouping]) -> tuple[Fit | None, list[Hit]]:
    """Fit the model and judge it; where there is too little of everything, only say so."""
    rows, policy = model.rows, case.policy
    if len(rows) <= model.design.width:
        return None, []
    matrix = model.design.matrix(rows)
    spanned = basis(matrix, rows.weights)
    outcome = rows.numbers[:, 0] if model.event is None else model.event
    name = model.outcome if model.event is None else "the event"
    hits = list(_outcome_rules(case, model, groups, name, outcome))
    hits += leverage_rules((spanned.orthogonal, spanned.triangle), rows.units, policy)
    hits += judging.influence_rules(judging.Influence(spanned, outcome, rows.weights), name, rows.units, policy)
    fitted = fit(_problem(case, model, matrix, spanned))
    hits += judging.fit_rules(fitted, groups)
    if fitted.working is not None and not fitted.certain and float(fitted.working.min()) > 0:
        working = basis(matrix, fitted.working)
        hits += leverage_rules((working.orthogonal, working.triangle), rows.units, policy, weighted=True)
    if model.clusters is not None:
        hits += _few_clusters(model.clusters, case)
    return fitted, _distinct(hits)


def _problem(case: Case, model: Model, matrix: Numbers, spanned: Basis) -> Problem:
    clusters: Counts | None = None if model.clusters is None else model.clusters.index
    if model.event is not None:
        columns = matrix[:, 1:] - matrix[:, 1:].mean(axis=0)
        spanned = basis(columns, model.rows.weights)
    return Problem(
        family=model.family,
        errors=case.plan.query.options.errors or "classical",
        basis=spanned,
        outcome=model.rows.numbers[:, 0],
        weights=model.rows.weights,
        constant=model.design.has_constant,
        event=model.event,
        clusters=clusters,
    )


def _outcome_rules(case: Case, model: Model, groups: Sequence[Grouping], name: str, outcome: Numbers) -> Sequence[Hit]:
    rows, policy, formula = model.rows, case.policy, model.formula
    own = 1 + len(formula.numbers) + (model.event is not None)
    pieces = [rows.numbers[:, i] for i in range(own, rows.numbers.shape[1])]
    columns = {name: outcome} | {label: rows.numbers[:, i] for i, label in enumerate(formula.numbers, start=1)}
    columns |= {f"part {i} of what the columns add up": values for i, values in enumerate(pieces, start=1)}
    contents = [outcome, *(pieces if model.event is None else ())]
    return [
        *judging.group_rules(groups, name, contents, rows, policy),
        *judging.rare_rules(columns, rows.units, policy),
        *judging.near_class_rules(groups, formula, rows, policy),
    ]


def _distinct(hits: Sequence[Hit]) -> list[Hit]:
    return list({(hit.rule, hit.message): hit for hit in hits}.values())


def _few_clusters(clusters: Units, case: Case) -> list[Hit]:
    least = max(threshold_of(case.policy, clusters.kind), case.policy.residual_degrees_of_freedom + 1)
    if clusters.size >= least:
        return []
    return [
        Hit(
            rule="few-clusters",
            risk=Risk.LOW_DEGREES_OF_FREEDOM,
            severity=Verdict.FAIL,
            message=f"The standard errors are made from fewer than {least} clusters, so the total of a single cluster "
            "can be solved for.",
            remedy="use smaller clusters, or errors: robust",
        )
    ]


def _columns(
    model: Model, fitted: Fit | None, units: Sequence[UnitEvidence]
) -> tuple[tuple[tuple[Label, ...], ...], dict[str, Numbers]]:
    """Return the rows of the table and its columns: coefficients, then what is said about the whole model."""
    columns = model.design.columns if model.event is None else model.design.columns[1:]
    terms: list[tuple[Label, ...]] = [column.row for column in columns]
    nothing = np.full(len(terms), np.nan)
    names = ("estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high")
    values = dict.fromkeys(names, nothing) if fitted is None else fitted.columns()
    summary: dict[tuple[Label, ...], float] = {("(units)", counted.kind): float(counted.units[0]) for counted in units}
    summary |= {(f"({name})", None): value for name, value in ({} if fitted is None else fitted.summary).items()}
    if model.clusters is not None:
        summary["(clusters)", None] = float(model.clusters.size)
    told = np.array(list(summary.values()))
    empty = np.full(len(told), np.nan)
    found = {name: np.concatenate([column, told if name == "estimate" else empty]) for name, column in values.items()}
    return (*terms, *summary), found
