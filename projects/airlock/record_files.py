"""Record-level files made by a data owner's plan: kept as they were made, and let go only while the plan is allowed.

No byte of such a file is a researcher's: its data are the project's extract, its plan is the owner's, and its seed
comes from a key of the instance. At best two output checkers see it, and then the data owner signs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from saferoom.audit import Event
from saferoom.digests import canonical, sha256
from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.files.model import FileReport
from saferoom.disclosure.verdict import Finding, Risk, Verdict
from saferoom.errors import IntegrityError, NotFoundError, WrongStateError
from saferoom.ids import DatasetName, Digest, EvaluationId, ProjectSlug, Username
from saferoom.projects.airlock import evaluations, routing, seals
from saferoom.projects.airlock.evaluations import Judgement
from saferoom.projects.airlock.files import FileJudgement
from saferoom.projects.airlock.judged import ByPlan, Left
from saferoom.projects.airlock.model import EvaluationRecord, Lane, Request, UploadedFile
from saferoom.projects.airlock.parts import Parts
from saferoom.projects.airlock.store import Reading
from saferoom.projects.airlock.uploads import check_size
from saferoom.projects.approvals.model import Approval
from saferoom.projects.extracts.coverage import in_force
from saferoom.projects.people.entitlement import may_enter
from saferoom.projects.policies import effective
from saferoom.projects.record_plans.checks import problems
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
    found = (plan for one in _live(parts, project, now) for plan in parts.registry.record_plans(one.dataset))
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
        if said := _standing(parts, tx, plan, project):
            raise WrongStateError(said)
    return Order(plan, _version(parts, project, dataset), _terms(parts, project, dataset))


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


def released(tx: Reading, plan: RecordPlan, besides: Request | None = None) -> tuple[Left, ...]:
    """Return what has left of the plan's dataset as record-level files, or is about to, but for one request."""
    id_ = None if besides is None else besides.id
    return tuple(one for one in tx.record_files(DatasetName(plan.dataset)) if one.request != id_)


def beside(tx: Reading, outputs: Mapping[int, EvaluationRecord], besides: Request | None = None) -> tuple[str, ...]:
    """Return which other files of records have left of the same data, in sentences: two can be put together.

    Parameters
    ----------
    outputs : mapping of int to EvaluationRecord
        The outputs of a request, by position.
    """
    id_ = None if besides is None else besides.id
    return tuple(
        f"output {number}: a file of records of {by.dataset} (version {left.version}) left on {left.at.date()} by the "
        f"record plan {left.by.name}; whoever has both can put their rows together by values that both tell exactly"
        for number, record in sorted(outputs.items())
        if record.file is not None and (by := record.file.by_plan) is not None
        for left in tx.record_files(by.dataset)
        if left.request != id_
    )


def obstacle(parts: Parts, tx: Reading, request: Request) -> str:
    """Say why a record-level file of `request` may not leave now; empty when there is none or nothing is in the way."""
    made: list[ByPlan] = []
    for output in request.outputs:
        record = tx.evaluation(output.evaluation)
        by = None if record is None or record.file is None else record.file.by_plan
        if (by is None) != (output.lane is not Lane.RECORDS):
            raise IntegrityError(f"output {output.position} of request {request.id} is not the one that was judged")
        if record is None or by is None:
            continue
        said = obstacle_of(parts, tx, record, request) or _together(made, by)
        if said:
            return f"output {output.position}: {said}"
        made.append(by)
    return ""


def _together(made: list[ByPlan], by: ByPlan) -> str:
    same = any(other.dataset == by.dataset for other in made)
    return f"a request has one record-level file of {by.dataset} at most" if same else ""


def obstacle_of(parts: Parts, tx: Reading, record: EvaluationRecord, request: Request | None = None) -> str:
    """Say why the record-level file `record` may not leave now; empty when nothing is in the way."""
    by = record.file.by_plan if record.file is not None else None
    if by is None:
        raise IntegrityError(f"{record.id} is no record-level file; nothing is released")
    plan = next((one for one in parts.registry.record_plans(by.dataset) if one.name == by.name), None)
    if plan is None:
        return f"{by.dataset} has no record plan {by.name}"
    if plan.digest != by.plan:
        return f"the record plan {by.name} of {by.dataset} was changed since the file was made; ask for the file again"
    if _live_one(parts, record.project, by.dataset) is None:
        return f"the project has no approval for {by.dataset} that holds today"
    used = {one.name: one.version for one in record.datasets}
    if used != {by.dataset: _version(parts, record.project, by.dataset)}:
        return f"{by.dataset} was refreshed since the file was made; ask for the file again"
    if _terms(parts, record.project, by.dataset) != by.terms:
        return "the project's approval covers other rows or variables since the file was made; ask for the file again"
    return _standing(parts, tx, plan, record.project, request)


def _standing(parts: Parts, tx: Reading, plan: RecordPlan, project: ProjectSlug, request: Request | None = None) -> str:
    """Say what keeps the plan itself from letting one more file leave."""
    if said := plan.obstacle(project, parts.clock.now()):
        return said
    dataset = parts.registry.dataset(DatasetName(plan.dataset))
    if plan.allowed_by != dataset.owner:
        return f"{plan.dataset} has another data owner since the record plan {plan.name} was allowed"
    if wrong := next(problems(plan.read(), dataset, parts.registry.platform()), None):
        return f"the record plan {plan.name} of {plan.dataset} no longer fits the rules: {wrong[1]}"
    left = released(tx, plan, request)
    if sum(one.by.name == plan.name for one in left) >= plan.releases:
        return f"as many files have left by the record plan {plan.name} of {plan.dataset} as its owner allows"
    version = _version(parts, project, DatasetName(plan.dataset))
    if plan.draws and not plan.repeats and any(one.by.draws and one.version == version for one in left):
        return (
            f"a record-level file with random numbers has left of this version of {plan.dataset} before, and what was "
            "drawn twice can be averaged; its owner can allow repeats"
        )
    return ""


def _live(parts: Parts, project: ProjectSlug, now: datetime) -> tuple[Approval, ...]:
    return tuple(one for one in parts.registry.approvals(project) if one.live(now))


def _live_one(parts: Parts, project: ProjectSlug, dataset: DatasetName) -> Approval | None:
    return next((one for one in _live(parts, project, parts.clock.now()) if one.dataset == dataset), None)


def _version(parts: Parts, project: ProjectSlug, dataset: DatasetName) -> str:
    approval = _live_one(parts, project, dataset)
    return "" if approval is None else in_force(parts.registry, approval).version


def _terms(parts: Parts, project: ProjectSlug, dataset: DatasetName) -> Digest:
    """Return the digest of what decides which rows and columns an extract has, beside its version."""
    approval = _live_one(parts, project, dataset)
    if approval is None:
        raise WrongStateError(f"the project has no approval for {dataset} that holds today")
    variables = None if approval.variables is None else sorted(approval.variables)
    return sha256(canonical({"rows": approval.rows, "variables": variables}))
