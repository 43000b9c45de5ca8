"""Record-level files made by a data owner's plan: kept as they were made, and let go only while the plan is allowed.

No byte of such a file is a researcher's: its data are the project's extract, its plan is the owner's, and its seed
comes from a key of the instance. At best two output checkers see it, and then the data owner signs.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from saferoom.audit import Event
from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.files.model import FileReport
from saferoom.disclosure.verdict import Finding, Risk, Verdict
from saferoom.errors import NotFoundError, WrongStateError
from saferoom.ids import DatasetName, Digest, EvaluationId, ProjectSlug, Username
from saferoom.projects.airlock import evaluations, record_rules, routing, seals
from saferoom.projects.airlock.evaluations import Judgement
from saferoom.projects.airlock.files import FileJudgement
from saferoom.projects.airlock.judged import ByPlan
from saferoom.projects.airlock.model import EvaluationRecord, Lane, UploadedFile
from saferoom.projects.airlock.parts import Parts
from saferoom.projects.airlock.uploads import check_size
from saferoom.projects.people.entitlement import may_enter
from saferoom.projects.policies import effective
from saferoom.projects.record_plans.made import Told
from saferoom.projects.record_plans.model import RecordPlan

TYPE = "protected records"
SUFFIX = "csv"


@dataclass(frozen=True)
class Order:
    """What a file is made by; what is made by another order than holds in the end is not kept.

    Attributes
    ----------
    version : str
        Of the dataset, as it is in force for the project.
    terms : Digest
        Of the rows and variables that the project is approved for.
    """

    plan: RecordPlan
    version: str
    terms: Digest


@dataclass(frozen=True)
class Made:
    """A file as the trusted side made it."""

    csv: bytes
    told: Told
    evaluation: Evaluation


def open_plans(parts: Parts, project: ProjectSlug) -> tuple[RecordPlan, ...]:
    """Return the plans by which files may leave from `project` today."""
    now = parts.clock.now()
    found = (
        plan
        for one in record_rules.live_approvals(parts, project, now)
        for plan in parts.registry.record_plans(one.dataset)
    )
    return tuple(plan for plan in found if not plan.obstacle(project, now))


def chosen(parts: Parts, author: Username, project: ProjectSlug, dataset: DatasetName, name: str) -> Order:
    """Return the order by which `author` may have a file made by the plan `name` of `dataset`.

    Raises
    ------
    ForbiddenError, NotFoundError, WrongStateError
        The author may not work in the project; it has no approval of the dataset; there is no such plan that is open
        to it, which is said in one way whatever the reason.
    """
    may_enter(parts.registry, author, project, parts.clock.now()).enforce()
    plan = next((one for one in open_plans(parts, project) if (one.dataset, one.name) == (dataset, name)), None)
    if plan is None:
        raise NotFoundError(
            "no record plan of this name is open to this project; saferoom.record_plans() lists those that are, and "
            "the data owner can allow one"
        )
    with parts.store.reading() as tx:
        if said := record_rules.standing(parts, tx, plan, project):
            raise WrongStateError(said)
    return Order(plan, record_rules.version_of(parts, project, dataset), record_rules.terms_of(parts, project, dataset))


def record(parts: Parts, author: Username, order: Order, project: ProjectSlug, made: Made) -> EvaluationRecord:
    """Store a file that was made by `order` for its author and project."""
    now, plan, dataset = parts.clock.now(), order.plan, DatasetName(order.plan.dataset)
    if order != chosen(parts, author, project, dataset, plan.name):
        raise WrongStateError("the record plan or the project's approval changed while the file was made; ask again")
    check_size(made.csv)
    id_ = EvaluationId(parts.ids("records"))
    appetite, route = effective(parts.registry, project, [dataset])
    evaluation = Judgement(made.evaluation, (dataset,), appetite.policy, appetite.origins)
    sealed = parts.vault.put(parts.cipher.seal(evaluation.to_bytes(), evaluations.about(id_)))
    by = ByPlan(dataset, plan.name, plan.digest, plan.draws, order.terms, sealed)
    judgement = _judged(parts, plan, made, evaluation)
    file = _kept(parts, judgement.report.file, made, by)
    with parts.store.transaction() as tx:
        policy, judged = (route.policy, route.origins), routing.Judged(judgement.report.verdict, (), Lane.RECORDS)
        unsealed = EvaluationRecord(
            id=id_,
            author=author,
            project=project,
            title=file.name,
            verdict=judgement.report.verdict,
            digest=parts.vault.put(judgement.to_bytes()),
            rules=evaluations.rules_digest(appetite.policy),
            datasets=evaluations.versions(parts, project, [dataset], now),
            route=evaluations.route_of(tx, project, [judged], policy, now),
            created_at=now,
            expires_at=now + evaluations.VALID_FOR,
            file=file,
        )
        found = replace(unsealed, seal=seals.seal_evaluation(unsealed, parts.signing_key))
        tx.add_evaluation(found, Event(author, "records.made", found.id, seals.evaluation_claims(found)))
    return found


def _judged(parts: Parts, plan: RecordPlan, made: Made, judged: Judgement) -> FileJudgement:
    verdict = Verdict.worst([Verdict.REVIEW, judged.evaluation.verdict])
    name = f"{plan.dataset}-{plan.name}.{SUFFIX}"
    findings = (_finding(made.told), *judged.evaluation.findings)
    shown = parts.vault.put(json.dumps(made.told.view().to_json(), allow_nan=False).encode())
    return FileJudgement(
        report=FileReport(name, TYPE, verdict, findings),
        view=shown,
        datasets=judged.datasets,
        rules=judged.rules,
        origins=judged.origins,
        records={"plan": dict(plan.plan), "public": made.told.public(), "told": dict(made.told.document)},
    )


def _finding(told: Told) -> Finding:
    return Finding(
        rule="record_plan",
        risk=Risk.AUXILIARY_INFORMATION,
        severity=Verdict.REVIEW,
        cells=(),
        message="This file has one row per record. " + " ".join(told.sentences()),
        remedy="",
    )


def _kept(parts: Parts, name: str, made: Made, by: ByPlan) -> UploadedFile:
    content = parts.vault.put(made.csv)
    size = len(made.csv)
    return UploadedFile(name, TYPE, size, content, content, size, SUFFIX, by_plan=by)
