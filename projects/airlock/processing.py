"""Declared post-processing of numbers with differential privacy that were released: it costs nothing and asks nobody.

What is made sees the released table and what the catalogue makes public, so it inherits the table's certificate; see
`saferoom.projects.airlock.processed` for how that is proven before it leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from saferoom.audit import Event
from saferoom.disclosure.charts.model import Picture, Sheet
from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.privacy import postprocessing, steps
from saferoom.disclosure.privacy.certificate import PRIVATE
from saferoom.disclosure.privacy.processed import Certified, Public
from saferoom.disclosure.privacy.step_documents import MOST_STEPS, parse_steps
from saferoom.disclosure.privacy.steps import Step
from saferoom.disclosure.queries.charting import ChartKind, chart_complaint
from saferoom.disclosure.queries.model import Chart
from saferoom.errors import BadInputError, NotFoundError, WrongStateError
from saferoom.ids import EvaluationId, ProjectSlug, Username
from saferoom.projects.airlock import evaluations, privacy, processed, quotes, seals
from saferoom.projects.airlock.evaluations import Judgement
from saferoom.projects.airlock.model import EvaluationRecord
from saferoom.projects.airlock.parts import Parts
from saferoom.projects.airlock.store import Transaction
from saferoom.projects.catalogue.model import Variable
from saferoom.projects.people.entitlement import may_enter
from saferoom.projects.policies import effective
from saferoom.projects.registry import Registry

MOST_WAYS = 20
"""In how many ways one table may be processed: which ways somebody chooses could say something."""


def process(
    parts: Parts, author: Username, project: ProjectSlug, source: EvaluationId, document: Any
) -> tuple[EvaluationRecord, Evaluation]:
    """Return a new evaluation of what steps make of a released table; the same steps give the same one again.

    Parameters
    ----------
    source : EvaluationId
        A query with differential privacy, what was drawn of it, or what that was processed to.
    document : list
        The steps; see `saferoom.disclosure.privacy.step_documents`.

    Raises
    ------
    BadInputError
        There are no such steps, or they do not fit the table.
    WrongStateError
        Nothing was drawn yet, it was not released or was withdrawn, or it was processed in too many ways.
    """
    now = parts.clock.now()
    may_enter(parts.registry, author, project, now).enforce()
    declared = parse_steps(document)
    record, judgement, before = _source(parts, author, project, source)
    with parts.store.reading() as tx:
        processed.check_out(tx, record)
    # Steps on what was processed before are further steps on what was drawn.
    made = _evaluation(parts, (record, judgement), parse_steps(_together(before, declared)))
    return _recorded(parts, record, replace(judgement, evaluation=made), now), made


def _source(
    parts: Parts, author: Username, project: ProjectSlug, id_: EvaluationId
) -> tuple[EvaluationRecord, Judgement, list[Any]]:
    """Return what was drawn, and the steps that `id_` is of it."""
    record, judgement = _own(parts, author, project, privacy.known(parts, [id_]).get(id_, id_))
    if judgement.evaluation.privacy is None:
        raise BadInputError("only numbers with differential privacy can be processed without asking anybody")
    if judgement.evaluation.privacy.get("label") != PRIVATE:
        raise BadInputError("what is noise-infused only has no certificate; evaluate what you need as a query")
    if quotes.is_quote(judgement.evaluation):
        raise WrongStateError("nothing has been drawn of this query yet; submit it first, then process what comes out")
    said = processed.of(judgement.evaluation)
    if said is None:
        return record, judgement, []
    return (*_own(parts, author, project, EvaluationId(str(said["source"]))), list(said["steps"]))


def _own(parts: Parts, author: Username, project: ProjectSlug, id_: EvaluationId) -> tuple[EvaluationRecord, Judgement]:
    with parts.store.reading() as tx:
        record = tx.evaluation(id_)
    if record is None or record.file is not None or (record.author, record.project) != (author, project):
        raise NotFoundError("there is no such evaluation of yours in this project")
    return record, evaluations.load(parts, record)


def _together(before: list[Any], declared: tuple[Step, ...]) -> list[Any]:
    kept = [one for one in before if "chart" not in one]
    if len(kept) + len(declared) > MOST_STEPS:
        raise BadInputError(f"steps: with those before there are more than {MOST_STEPS}", field="steps")
    return [*kept, *(one.document() for one in declared)]


def _evaluation(parts: Parts, source: tuple[EvaluationRecord, Judgement], declared: tuple[Step, ...]) -> Evaluation:
    record, judgement = source
    drawn = judgement.evaluation
    done = postprocessing.process(processed.drawn_of(drawn), declared, public_of(parts.registry, record))
    title = f"{drawn.title}, {steps.words_of(declared)}"
    said = dict(drawn.privacy or {})
    said["columns"] = [one for one in said.get("columns", ()) if one.get("name") in done.numbers]
    said["processing"] = {
        "source": record.id,
        "steps": [one.document() for one in declared],
        "joined": done.used.to_json(),
    }
    _, route = effective(parts.registry, record.project, [dataset.name for dataset in record.datasets])
    return replace(
        drawn,
        table=done.table,
        outgoing=done.table,
        title=title,
        automatic_obstacles=(*drawn.automatic_obstacles, *steps.obstacles(declared, route.policy)),
        label_columns=done.labels,
        picture=_picture(drawn, done, declared, title),
        privacy=said,
    )


def _picture(drawn: Evaluation, done: Certified, declared: tuple[Step, ...], title: str) -> Picture | None:
    last = declared[-1]
    if not isinstance(last, steps.Picture):
        return None
    from saferoom.disclosure.charts.draw import draw

    complaint = _complaint(drawn, done, last.chart)
    if complaint:
        raise BadInputError(f"steps: {complaint}", field="steps")
    return draw(Sheet.of(done.table, done.labels, title), last.chart, drawn.query.statistic)


def _complaint(drawn: Evaluation, done: Certified, chart: Chart) -> str | None:
    if chart.kind is ChartKind.MAP:
        return "a map is asked for in the query itself (chart), which knows the boundaries of its areas"
    if drawn.query.margins:
        return "a chart of a table with totals is asked for in the query itself (chart), which leaves them out"
    return chart_complaint(chart.kind, drawn.query.statistic, done.labels)


def public_of(registry: Registry, record: EvaluationRecord) -> Public:
    """Return what the catalogue makes known of the columns of an evaluation's datasets.

    Where two datasets say something different of a column of the same name, neither counts.
    """
    variables: dict[str, list[Variable]] = {}
    for dataset in record.datasets:
        for variable in registry.dataset(dataset.name).variables:
            variables.setdefault(variable.name, []).append(variable)
    return Public(
        _agreed(variables, lambda one: one.label),
        _agreed(variables, _groups),
        _agreed(variables, lambda one: one.public_figures or None),
    )


def _groups(variable: Variable) -> dict[Any, Any] | None:
    if variable.classification is None:
        return None
    return {child: parent for parent, listed in variable.classification.children.items() for child in listed}


def _agreed(variables: Mapping[str, Sequence[Variable]], said: Callable[[Variable], Any]) -> dict[str, Any]:
    """Return what is said of each column, where somebody says it and nobody says something else."""
    found = {name: [one for one in map(said, several) if one is not None] for name, several in variables.items()}
    return {name: known[0] for name, known in found.items() if known and all(one == known[0] for one in known)}


def _recorded(parts: Parts, source: EvaluationRecord, judgement: Judgement, now: datetime) -> EvaluationRecord:
    """Store a processed table under the next free name of its source, unless it is there."""
    made = judgement.evaluation
    with parts.store.transaction() as tx:
        tx.lock()
        for number in range(1, MOST_WAYS + 1):
            id_ = EvaluationId(f"processed-{number}-{source.id}")
            known = tx.evaluation(id_)
            if known is None:
                return _added(parts, tx, replace(source, id=id_, seal={}), (judgement, now))
            same = (processed.of(evaluations.load(parts, known).evaluation) or {}).get("steps") == (
                processed.of(made) or {}
            )["steps"]
            if same and now < known.expires_at:
                return known
    raise WrongStateError(f"these numbers were processed in {MOST_WAYS} ways already; use one of those")


def _added(
    parts: Parts, tx: Transaction, draft: EvaluationRecord, content: tuple[Judgement, datetime]
) -> EvaluationRecord:
    judgement, now = content
    made = judgement.evaluation
    names = [dataset.name for dataset in draft.datasets]
    _, route = effective(parts.registry, draft.project, names)
    unsealed = replace(
        draft,
        title=made.title,
        verdict=made.verdict,
        digest=parts.vault.put(parts.cipher.seal(judgement.to_bytes(), evaluations.about(draft.id))),
        route=evaluations.route_of(tx, draft.project, [evaluations.judged(made)], (route.policy, route.origins), now),
        created_at=now,
        expires_at=now + evaluations.VALID_FOR,
    )
    found = replace(unsealed, seal=seals.seal_evaluation(unsealed, parts.signing_key))
    tx.add_evaluation(found, Event(found.author, "evaluation.processed", found.id, seals.evaluation_claims(found)))
    return found
