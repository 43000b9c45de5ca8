"""Record plans: what a data owner lets leave as records, and what has left by it."""

from __future__ import annotations

from datetime import date, datetime

from starlette.requests import Request

from saferoom.hub import record_plans
from saferoom.hub.web.airlock.commands import Nothing
from saferoom.hub.web.api.documents import Document
from saferoom.hub.web.api.routing import Caller, On
from saferoom.hub.web.api.routing import router as routes
from saferoom.hub.web.catalogue import present
from saferoom.hub.web.shell.parts import parts_of
from saferoom.hub.web.shell.rates import Rate
from saferoom.policies.document import written
from saferoom.projects.record_plans.allowing import PlanForm, in_words
from saferoom.projects.record_plans.model import RecordPlan

router = routes("catalogue")


class RecordFileLeft(Document):
    """A record-level file that has left, or is approved to."""

    project: str
    version: str
    """Of the dataset."""
    at: datetime
    digest: str
    """Of the plan as it was then."""


class RecordPlanShown(Document):
    """A plan by which records of a dataset may leave."""

    name: str
    digest: str
    plan: str
    """In YAML, as it can be sent again."""
    words: list[str]
    """What it does, one sentence each."""
    since: date | None
    until: date
    projects: list[str] | None
    """Null for every project with an approval."""
    releases: int
    repeats: bool
    revoked_at: datetime | None
    left: list[RecordFileLeft]


class AttemptedTable(Document):
    """A table of what a plan would do."""

    title: str
    header: list[str]
    rows: list[list[str]]


class Attempted(Document):
    """What a plan would do to the extract of a project."""

    project: str
    words: list[str]
    """Risk before and after, in sentences."""
    verdict: str
    """What changed most."""
    tables: list[AttemptedTable]


@router.get("/catalogue/{name}/record-plans")
def plans(caller: Caller, on: On, name: str) -> list[RecordPlanShown]:
    """List the plans by which records of a dataset may leave; to the data owner and to administrators only."""
    found = record_plans.listed(on, on.registry.person(caller), present.dataset(on, name))
    return [_document(one.plan, one) for one in found]


@router.post("/catalogue/{name}/record-plans", status_code=201)
def allow(caller: Caller, on: On, name: str, command: PlanForm) -> RecordPlanShown:
    """Allow a plan; for the data owner."""
    return _document(record_plans.allow(on, on.registry.person(caller), present.dataset(on, name), command))


@router.post("/catalogue/{name}/record-plans/try")
def attempted(request: Request, caller: Caller, on: On, name: str, command: PlanForm) -> Attempted:
    """Tell what a plan would do to a project's extract, before it is allowed; for the data owner, nothing is kept."""
    known, person = present.dataset(on, name), on.registry.person(caller)
    record_plans.check_owner(person, known)
    parts_of(request).rates.spend(Rate.EVALUATIONS, caller)
    found = record_plans.attempted(on, person, known, command)
    tables = [
        AttemptedTable(title=grid.place, header=list(grid.header), rows=[list(map(str, row)) for row in grid.rows])
        for grid in found.told.tables()
    ]
    words, verdict = list(found.told.sentences()), found.told.verdict
    return Attempted(project=found.project, words=words, verdict=verdict, tables=tables)


@router.post("/catalogue/{name}/record-plans/{plan}/revoke")
def revoke(caller: Caller, on: On, name: str, plan: str, _: Nothing) -> RecordPlanShown:
    """Revoke a plan now; for the data owner."""
    return _document(record_plans.revoke(on, on.registry.person(caller), present.dataset(on, name), plan))


def _document(plan: RecordPlan, shown: record_plans.Shown | None = None) -> RecordPlanShown:
    left = () if shown is None else shown.left
    return RecordPlanShown(
        name=plan.name,
        digest=plan.digest,
        plan=written(plan.plan),
        words=list(in_words(plan)),
        since=plan.since,
        until=plan.until,
        projects=None if plan.projects is None else list(plan.projects),
        releases=plan.releases,
        repeats=plan.repeats,
        revoked_at=plan.ended_at,
        left=[RecordFileLeft(project=o.project, version=o.version, at=o.at, digest=o.by.plan) for o in left],
    )
