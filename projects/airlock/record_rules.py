"""What has to hold of a record-level file when it is asked for, submitted, approved and released; read each time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from saferoom.digests import canonical, sha256
from saferoom.errors import IntegrityError, WrongStateError
from saferoom.ids import DatasetName, Digest, ProjectSlug
from saferoom.projects.airlock.judged import ByPlan, Left
from saferoom.projects.airlock.model import EvaluationRecord, Lane, Request
from saferoom.projects.airlock.parts import Parts
from saferoom.projects.airlock.store import Reading
from saferoom.projects.approvals.model import Approval
from saferoom.projects.extracts.coverage import in_force
from saferoom.projects.record_plans.checks import problems
from saferoom.projects.record_plans.model import RecordPlan


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
        + (", and average the random numbers of both" if by.draws and left.by.draws else "")
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
    if approval_of(parts, record.project, by.dataset) is None:
        return f"the project has no approval for {by.dataset} that holds today"
    used = {one.name: one.version for one in record.datasets}
    if used != {by.dataset: version_of(parts, record.project, by.dataset)}:
        return f"{by.dataset} was refreshed since the file was made; ask for the file again"
    if terms_of(parts, record.project, by.dataset) != by.terms:
        return "the project's approval covers other rows or variables since the file was made; ask for the file again"
    return standing(parts, tx, plan, record.project, request)


def standing(parts: Parts, tx: Reading, plan: RecordPlan, project: ProjectSlug, request: Request | None = None) -> str:
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
    version = version_of(parts, project, DatasetName(plan.dataset))
    if plan.draws and not plan.repeats and any(one.by.draws and one.version == version for one in left):
        return (
            f"a record-level file with random numbers has left of this version of {plan.dataset} before, and what was "
            "drawn twice can be averaged; its owner can allow repeats"
        )
    return ""


def live_approvals(parts: Parts, project: ProjectSlug, now: datetime) -> tuple[Approval, ...]:
    """Return the approvals of a project that hold."""
    return tuple(one for one in parts.registry.approvals(project) if one.live(now))


def approval_of(parts: Parts, project: ProjectSlug, dataset: DatasetName) -> Approval | None:
    """Return the approval of a dataset for a project that holds today, None when there is none."""
    return next((one for one in live_approvals(parts, project, parts.clock.now()) if one.dataset == dataset), None)


def version_of(parts: Parts, project: ProjectSlug, dataset: DatasetName) -> str:
    """Return the version of a dataset that is in force for a project; empty without an approval."""
    approval = approval_of(parts, project, dataset)
    return "" if approval is None else in_force(parts.registry, approval).version


def terms_of(parts: Parts, project: ProjectSlug, dataset: DatasetName) -> Digest:
    """Return the digest of what decides which rows and columns an extract has, beside its version."""
    approval = approval_of(parts, project, dataset)
    if approval is None:
        raise WrongStateError(f"the project has no approval for {dataset} that holds today")
    variables = None if approval.variables is None else sorted(approval.variables)
    return sha256(canonical({"rows": approval.rows, "variables": variables}))
