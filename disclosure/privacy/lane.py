"""The privacy lane: a quote that costs nothing and reads nothing, and a draw that was paid for.

Vocabulary
----------
quote
    What a release costs and how exact it is, from the query, the rules and the schemas alone.
draw
    The release itself: noise is drawn once, by the plan that was charged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.history.contributors import Contributors
from saferoom.disclosure.privacy.cells import Rows, public_cells
from saferoom.disclosure.privacy.certificate import software
from saferoom.disclosure.privacy.declaring import Declared, declare
from saferoom.disclosure.privacy.picturing import check_picture, picture
from saferoom.disclosure.privacy.quoting import MARGIN, quote_of, table_of
from saferoom.disclosure.privacy.release import NoisyTable, release
from saferoom.disclosure.queries.canonical import canonical_document
from saferoom.disclosure.queries.engine import Engine
from saferoom.disclosure.queries.evidence import Numbers
from saferoom.disclosure.queries.model import Query
from saferoom.disclosure.queries.obstacles import automatic_obstacles
from saferoom.disclosure.queries.wording import generated_title
from saferoom.disclosure.statbarns.histogram import measure_name
from saferoom.disclosure.tables.assemble import table, total_label
from saferoom.disclosure.verdict import Finding, Label, Risk, Table, Verdict
from saferoom.errors import BadInputError
from saferoom.ids import Digest
from saferoom.policies.models import ReleaseRoute

if TYPE_CHECKING:
    from saferoom.disclosure.checker import Context

_OTHER_PLAN = (
    "the plan that was charged is not the plan of this query under the rules and data of today; evaluate the query "
    "again, which costs nothing"
)


def schemas_of(context: Context) -> Engine:
    """Return an engine, still closed, for `quote`: it knows the files' columns.

    Raises
    ------
    BadInputError
        There are no data, or some were made in a room.
    """
    _check_sources(context)
    return Engine(context.sources, context.limits, load=False)


def data_of(context: Context) -> Engine:
    """Return an engine, still closed, for `drawn`; see `schemas_of`.

    Where anybody else holds the data, that there are no rows is no error: it would tell that there is nobody.
    """
    _check_sources(context)
    return Engine(context.sources, context.limits, rows_apart=False, even_empty=not context.keys_from_query)


def quote(query: Query, context: Context, engine: Engine) -> Evaluation:
    """Say what `query` would cost and how exact it would be; nothing is charged, and no row is read.

    Raises
    ------
    BadInputError
        The query does not fit the rules, the catalogue or itself; the sentence does not depend on any row.
    """
    declared = declare(query, context, engine)
    check_picture(declared, _names(declared), context)
    return _evaluation(declared, context, table_of(declared), None, quote_of(declared))


def drawn(query: Query, context: Context, engine: Engine, plan_digest: Digest) -> Evaluation:
    """Draw the noise of `query` once; whoever calls this has been charged for the plan of `plan_digest`.

    Raises
    ------
    BadInputError
        The plan is another one: nothing was read or drawn.
    """
    declared = declare(query, context, engine)
    if declared.drawn.digest != plan_digest:
        raise BadInputError(_OTHER_PLAN)
    rows = Rows(declared.counted, declared.local.unit, declared.drawn.contributions, declared.local.one_each)
    cells = () if declared.codes is None else public_cells(declared.codes)
    noisy = release(engine, rows, cells, declared.ask, declared.drawn, declared.budget)
    leaves, names = _table(declared, noisy), _names(declared)
    said = {**quote_of(declared), "drawn": True, "software": software()}
    total = total_label(noisy.cells) if query.margins else None
    evaluation = _evaluation(declared, context, leaves, leaves, said)
    return replace(evaluation, picture=picture(declared, leaves, names, total, context))


def _check_sources(context: Context) -> None:
    if not context.sources:
        raise BadInputError("from: there is no dataset to compute the statistic from")
    for source in context.sources:
        if source.claimed:
            raise BadInputError(
                f"{source.name} was made in a room: who is behind its values cannot be known, so that it can have no "
                "part in a statistic with differential privacy; declare the preparation as views of the project's data"
            )


def _evaluation(
    declared: Declared, context: Context, table: Table, outgoing: Table | None, privacy: Mapping[str, Any]
) -> Evaluation:
    findings = (_noise_infused(),) if declared.observed else ()
    return Evaluation(
        query=declared.plan.query,
        verdict=Verdict.worst(one.severity for one in findings) if findings else Verdict.PASS,
        findings=findings,
        table=table,
        protected=None,
        outgoing=outgoing,
        title=generated_title(declared.plan),
        automatic_obstacles=_obstacles(declared, context.route or ReleaseRoute(), outgoing),
        canonical=_canonical(declared),
        contributors=Contributors.none(),
        label_columns=1 if outgoing is None else len(_names(declared)),
        privacy=privacy,
    )


def _canonical(declared: Declared) -> dict[str, Any]:
    """Return the query under names that nobody chose, with codes in an order that nobody chose."""
    document = canonical_document(declared.plan)
    protect = dict(document["protect"])
    asked = declared.plan.query.protect.keys
    if isinstance(asked, Mapping) and declared.codes is not None:
        named = {name.lower() for name in asked}
        dimensions = zip(declared.plan.dimensions, document["by"], declared.codes, strict=True)
        protect["keys"] = {name: list(codes) for one, name, codes in dimensions if one.name.lower() in named}
    if "unit" in protect:
        protect["unit"] = declared.drawn.unit
    return {**document, "protect": protect}


def _obstacles(declared: Declared, route: ReleaseRoute, outgoing: Table | None) -> tuple[str, ...]:
    texts = [kind.startswith("VARCHAR") for kind in declared.kinds]
    labels: list[set[Label]] = [set(codes) for codes in declared.codes or ()]
    if declared.codes is None:
        rows = () if outgoing is None else outgoing.rows
        labels = [{row[i] for row in rows} for i in range(len(texts))]
    return automatic_obstacles(declared.plan, texts, labels, route)


def _noise_infused() -> Finding:
    return Finding(
        rule="noise-infused",
        risk=Risk.UNPROVEN,
        severity=Verdict.REVIEW,
        cells=(),
        message="The noise follows the largest sensitivity that was observed in the data, and that is itself not "
        "protected: the result is noise-infused, not differentially private, and a person has to judge it.",
        remedy="protect: {estimator: bottom_half} gives mean ranks of small areas with differential privacy, and "
        "{estimator: regression} whole lines of larger ones.",
    )


def _names(declared: Declared) -> tuple[str, ...]:
    """Return what the table's dimensions are called, in nobody's words."""
    names = tuple(dimension.public_name for dimension in declared.plan.dimensions)
    return (*names, measure_name(declared.plan)) if declared.ask.edges else names


def _table(declared: Declared, noisy: NoisyTable) -> Table:
    """Return what leaves, under names that no researcher chose: numbers beside their margins of error."""
    columns: dict[str, Numbers] = {}
    for shown in noisy.columns:
        columns[shown.name] = shown.values
        if shown.margins is not None:
            columns[f"{shown.name}_{MARGIN}"] = shown.margins
    names = _names(declared)
    orders = dict(enumerate(declared.codes or ()))
    if declared.ask.edges:
        # Bins from left to right; written as texts they would stand in the order of letters.
        orders[len(names) - 1] = tuple(dict.fromkeys(labels[-1] for labels in noisy.cells.labels))
    return table(names, noisy.cells, columns, orders)
