"""The one entry: a query and its context in, a judged and explained evaluation out.

Notes
-----
Nothing here decides anything itself. A statbarn computes the table with its evidence and applies its rules; protection
changes what would leave; history compares it with everything released before. The verdict is the worst finding's, and
an output without any finding passes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from saferoom.disclosure.charts.making import picture_of
from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.history.contributors import Contributors
from saferoom.disclosure.history.crosswalk import Crosswalk
from saferoom.disclosure.history.differencing import judge as judge_beside
from saferoom.disclosure.history.judgement import Judgement
from saferoom.disclosure.history.measures import Column
from saferoom.disclosure.history.memory import Memory, last_seen
from saferoom.disclosure.history.recomputed import Recomputed
from saferoom.disclosure.history.sets import contributors_of
from saferoom.disclosure.history.undone import beside as beside_what_left
from saferoom.disclosure.history.undone import news_of, with_people
from saferoom.disclosure.history.worked_out import with_told
from saferoom.disclosure.privacy import lane
from saferoom.disclosure.queries.canonical import canonical_document
from saferoom.disclosure.queries.engine import Engine, Limits
from saferoom.disclosure.queries.engines import EngineKind
from saferoom.disclosure.queries.evidence import Mask
from saferoom.disclosure.queries.model import Method, Query
from saferoom.disclosure.queries.obstacles import automatic_obstacles
from saferoom.disclosure.queries.plan import Dimension, Plan, make_plan
from saferoom.disclosure.queries.source import Source
from saferoom.disclosure.queries.wording import generated_title
from saferoom.disclosure.rules.hit import Hit
from saferoom.disclosure.rules.provenance import doubt
from saferoom.disclosure.statbarns.case import Case, Outcome
from saferoom.disclosure.statbarns.registry import STATBARNS
from saferoom.disclosure.tables.assemble import shown_labels, table, table_of_rows, total_label
from saferoom.disclosure.tables.protected import Protected
from saferoom.disclosure.tables.protection import protection_of
from saferoom.disclosure.verdict import Finding, Label, Table, Verdict
from saferoom.errors import BadInputError
from saferoom.ids import Digest
from saferoom.policies.models import ReleaseRoute, RiskAppetite


@dataclass(frozen=True)
class Context:
    """What a query is judged by.

    Attributes
    ----------
    memory : Memory or None
        Everything released before; None when there is no history to compare with, and then no contributors are
        computed either.
    crosswalks : mapping of str to Crosswalk, or None
        By kind of unit, who a project's pseudonyms are in all projects; None where ids are the same everywhere.
    secret : bytes or None
        What cell-key noise is made with; the same for all projects, and never where researchers are.
    keys_from_query : bool
        Whether whoever asks holds the data anyway, as on the command line: queries with differential privacy may then
        name the codes of columns that have no codelist.
    engine : EngineKind
        What computes; verdicts and numbers are the same.
    kept : dict or None
        Where several queries are judged on the same `sources` one after the other: what earlier ones were computed to,
        so that each is computed once.
    """

    sources: Sequence[Source]
    policy: RiskAppetite
    route: ReleaseRoute | None = None
    memory: Memory | None = None
    limits: Limits = field(default_factory=Limits)
    crosswalks: Mapping[str, Crosswalk] | None = None
    secret: bytes | None = field(default=None, repr=False)
    keys_from_query: bool = False
    engine: EngineKind = EngineKind.DUCKDB
    kept: dict[str, Sequence[Column] | None] | None = field(default=None, repr=False)


def check(
    query: Query, context: Context, improve: Improve | None = None, *, clock: Callable[[], float] | None = None
) -> Evaluation:
    """Compute what `query` declares, judge it, and say what would leave.

    Of a query with differential privacy nothing is computed: it gets a quote, and `draw` gives the numbers.

    Parameters
    ----------
    improve : Improve, optional
        Looks for remedies while the engine is still open; `saferoom.disclosure.remedies.search.Remedies` does.
    clock : callable, optional
        Seconds, from any point in time on; bounds the choice among ways to protect (``protect: {method: auto}``).

    Raises
    ------
    BadInputError
        When the query does not fit the data or cannot be computed.
    UnavailableError
        When it needs more time or memory than the limits allow.
    """
    if query.protect.method is Method.DP:
        _only_duckdb(context)
        with lane.schemas_of(context) as engine:
            return beside_what_left(lane.quote(query, context, engine), context.memory)
    with opened(context) as engine:
        judged = _pictured(_resolved(query, context, engine, clock), context)
        return judged.evaluation if improve is None else improve(judged, context, engine)


def draw(query: Query, context: Context, plan_digest: Digest) -> Evaluation:
    """Draw the noise of a query with differential privacy, once: the charge for the plan was made before.

    Raises
    ------
    BadInputError
        It is no such query, or the plan under today's rules and data is another one: nothing was drawn.
    """
    if query.protect.method is not Method.DP:
        raise BadInputError("protect.method: only queries with differential privacy (dp) are drawn")
    _only_duckdb(context)
    with lane.data_of(context) as engine:
        return beside_what_left(lane.drawn(query, context, engine, plan_digest), context.memory)


def _only_duckdb(context: Context) -> None:
    if context.engine is not EngineKind.DUCKDB:
        raise BadInputError(
            "protect.method: noise with differential privacy is drawn with the engine duckdb alone; choose it"
        )


def _resolved(query: Query, context: Context, engine: Engine, clock: Callable[[], float] | None) -> Judged:
    if query.protect.method is not Method.AUTO:
        return judge(query, context, engine)
    # It judges what it tries with this module.
    from saferoom.disclosure.remedies.automatic import protected_automatically

    return protected_automatically(query, context, engine, clock)


def _pictured(judged: Judged, context: Context) -> Judged:
    """Add the picture that was asked for, of the table that leaves and of nothing else."""
    outcome, evaluation = judged.outcome, judged.evaluation
    if evaluation.query.chart is None or evaluation.outgoing is None:
        return judged
    plan = judged.case.plan
    total = total_label(outcome.cells) if evaluation.query.margins else None
    labels = _label_columns(plan, outcome)
    drawn = _without_subtotals(evaluation.outgoing, plan)
    picture = picture_of(plan, context.sources, drawn, labels, evaluation.title, total)
    return replace(judged, evaluation=replace(evaluation, picture=picture))


def _without_subtotals(table: Table, plan: Plan) -> Table:
    parents = [set(dimension.parents) if plan.query.margins else set() for dimension in plan.dimensions]
    if not any(parents):
        return table
    kept = (row for row in table.rows if not any(label in found for label, found in zip(row, parents, strict=False)))
    return Table(table.columns, tuple(kept))


def opened(context: Context) -> Engine:
    """Return an engine, still closed, for the context's data; several queries can be judged with it one by one."""
    if not context.sources:
        raise BadInputError("from: there is no dataset to compute the statistic from")
    rows_apart = context.memory is not None
    if context.engine is EngineKind.SPARK:
        # Here, because Spark is no part of a usual installation.
        from saferoom.disclosure.queries.spark.engine import SparkEngine
        from saferoom.disclosure.queries.spark.session import settings_for

        settings = settings_for(context.limits)
        return SparkEngine(
            context.sources, context.limits, settings, crosswalks=context.crosswalks, rows_apart=rows_apart
        )
    return Engine(context.sources, context.limits, crosswalks=context.crosswalks, rows_apart=rows_apart)


@dataclass(frozen=True)
class Judged:
    """An evaluation beside what it was made from.

    Attributes
    ----------
    visible : ndarray of bool
        Which of the outcome's cells would leave.
    """

    evaluation: Evaluation
    case: Case
    outcome: Outcome
    visible: Mask


Improve = Callable[[Judged, Context, Engine], Evaluation]
"""Adds what was found about an evaluation; it never changes the verdict."""


def judge(query: Query, context: Context, engine: Engine) -> Judged:
    """Compute and judge `query` with an open engine; see `check`."""
    if query.protect.method is Method.DP:
        raise BadInputError("protect.method: what is drawn with differential privacy is never computed without noise")
    base = query.protect.base
    if base is not None and base < context.policy.rounding_base:
        raise BadInputError(
            f"protect.base: must be at least {context.policy.rounding_base}, the policy's rounding base"
        )
    plan = make_plan(query, engine.relations)
    case = Case(plan, engine, context.policy, context.secret)
    outcome = STATBARNS[query.statistic].evaluate(case)
    return _judged(case, outcome, context)


def _judged(case: Case, outcome: Outcome, context: Context) -> Judged:
    plan, query = case.plan, case.plan.query
    protection = protection_of(case, outcome)
    protected, hits = protection.protected, protection.hits
    if outcome.parts is not None:
        # Its own account of who is behind the numbers does not look into larger units.
        hits = [*hits, *(doubt(found.doubt) for found in plan.relation.within)]
    unprotectable = query.protect.method is not Method.NONE and protected is None
    contributors = Contributors.none()
    title = generated_title(plan)
    findings = _findings(hits, outcome)
    beside = Judgement()
    visible = np.ones(len(outcome.cells), dtype=bool) if protected is None else protected.visible
    if context.memory is not None and not unprotectable:
        exact = protected is None or protected.exact
        contributors = contributors_of(outcome, case.engine, visible, exact, plan.relation.within)
        if protected is not None:
            noise, base = protected.released(query.protect.base or case.policy.rounding_base)
            contributors = replace(contributors, noise=noise, base=base)
        contributors = with_told(contributors, case, outcome, visible)
        shares = Recomputed(case, outcome, visible, lambda: opened(context), context.kept)
        known = with_people(context.memory, shares.query, shares.people)
        beside = judge_beside(contributors, known, context.policy, case.engine.tick, shares)
        findings += (*beside.findings, *news_of(shares.query, context.memory))
    verdict = _verdict(findings)
    public = _table(plan, outcome, protected, public=True)
    evaluation = Evaluation(
        query=query,
        verdict=verdict,
        findings=findings,
        table=_table(plan, outcome, None, public=False),
        protected=None if protected is None else _table(plan, outcome, protected, public=False),
        outgoing=None if verdict is Verdict.FAIL or unprotectable else public,
        title=title,
        automatic_obstacles=_obstacles(plan, outcome, context.route or ReleaseRoute()),
        canonical=canonical_document(plan),
        evidence={**_evidence(outcome, protected, beside), **last_seen(context.memory)},
        contributors=contributors,
        label_columns=_label_columns(plan, outcome),
    )
    return Judged(evaluation, case, outcome, visible)


def _label_columns(plan: Plan, outcome: Outcome) -> int:
    if outcome.row_names is not None:
        return len(outcome.row_header)
    return len(plan.dimensions) + len(outcome.added)


def _obstacles(plan: Plan, outcome: Outcome, route: ReleaseRoute) -> tuple[str, ...]:
    categories = [outcome.categories(i, dimension.name) for i, dimension in enumerate(plan.dimensions)]
    return automatic_obstacles(plan, outcome.text_dimensions, categories, route)


def _verdict(findings: Sequence[Finding]) -> Verdict:
    return Verdict.worst(finding.severity for finding in findings) if findings else Verdict.PASS


def _findings(hits: Sequence[Hit], outcome: Outcome) -> tuple[Finding, ...]:
    labels = shown_labels(outcome.cells)
    order = [Verdict.FAIL, Verdict.REVIEW]
    return tuple(sorted((hit.finding(labels) for hit in hits), key=lambda finding: order.index(finding.severity)))


def _table(plan: Plan, outcome: Outcome, protected: Protected | None, *, public: bool) -> Table:
    names = [dimension.public_name if public else dimension.name for dimension in plan.dimensions]
    names += [axis.name for axis in outcome.added]
    if outcome.row_names is not None:
        rows = _public_rows(plan, outcome.row_names) if public else outcome.row_names
        return table_of_rows(outcome.row_header, rows, outcome.columns)
    # Categories of a codelist, and those that a statbarn made, have an order of their own.
    axes = [*(_reading_order(d, plan) for d in plan.dimensions), *(axis.codelist for axis in outcome.added)]
    orders = {i: codelist for i, codelist in enumerate(axes) if codelist}
    cells, columns = (outcome.cells, outcome.columns) if protected is None else (protected.cells, protected.columns)
    added = {} if outcome.derived is None else outcome.derived(cells, columns)
    return table(names, cells, {**columns, **added}, orders)


def _reading_order(dimension: Dimension, plan: Plan) -> tuple[Label, ...]:
    """Return codes in the order of their codelist; with subtotals, each parent after what it holds."""
    if dimension.classification is None or not plan.query.margins:
        return dimension.codelist or ()
    return dimension.classification.reading_order


def _public_rows(plan: Plan, rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    formula = plan.formula
    if formula is None:
        return list(rows)
    public = {dimension.name: dimension.public_name for dimension in plan.dimensions}
    # The last measure of a Cox model is its event, which is no term.
    for name, tree in zip((formula.outcome, *formula.numbers), plan.measures, strict=False):
        public[name] = tree.sql(dialect="duckdb", comments=False).replace('"', "")
    return [(":".join(public.get(part, part) for part in row[0].split(":")), *row[1:]) for row in rows]


def _evidence(outcome: Outcome, protected: Protected | None, beside: Judgement) -> dict[str, Any]:
    audit = {} if protected is None or protected.audit is None else {"audit": dict(protected.audit)}
    return {
        **audit,
        **beside.evidence(),
        "cells": [list(labels) for labels in shown_labels(outcome.cells)],
        "units": {counted.kind: counted.units.tolist() for counted in outcome.units},
        "rows": outcome.base.rows,
        "ids_missing": dict(zip(outcome.base.units, outcome.base.missing_ids, strict=True)),
    }
