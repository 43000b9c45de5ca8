"""What authors put together: what they have had judged, what their outbox gave, drafts, and safe variants."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.requests import Request

from saferoom.hub.web.airlock.commands import AddForm, Nothing
from saferoom.hub.web.airlock.evaluating import evaluating
from saferoom.hub.web.api.documents import Listed, listed
from saferoom.hub.web.api.request_documents import (
    Draft,
    DraftGroup,
    Evaluated,
    FileFacts,
    Permission,
    RequestDone,
    Route,
    Taken,
)
from saferoom.hub.web.api.routing import Caller, On, PageNumber
from saferoom.hub.web.api.routing import router as routes
from saferoom.hub.web.shell.parts import parts_of
from saferoom.ids import EvaluationId, ProjectSlug, RequestId
from saferoom.projects.airlock import drafts, model
from saferoom.projects.airlock.lists import Paging
from saferoom.projects.airlock.model import EvaluationRecord
from saferoom.projects.airlock.states import Action

router = routes("drafts")
_Project = Annotated[str, Query(description="The project's short name.")]
_Version = Annotated[int, Query(ge=0, lt=10**9, description="The draft's version that was read.")]
_DRAFT = "/requests/{request_id}/draft"


@router.get("/evaluations")
def evaluations(who: Caller, on: On, project: _Project) -> list[Evaluated]:
    """List the statistics and files that the caller had judged in a project lately, the newest first."""
    slug, airlock = ProjectSlug(project), on.airlock
    found = [*airlock.statistics_of(who, slug), *(record for record, _ in airlock.files_of(who, slug))]
    return [_evaluated(record) for record in sorted(found, key=lambda one: one.created_at, reverse=True)]


@router.get("/outbox")
def outbox(who: Caller, on: On, project: _Project, page: PageNumber = 1) -> Listed[Taken]:
    """List what was taken from the caller's outbox in a project into drafts, the newest first."""
    return listed(on.airlock.taken_page(who, ProjectSlug(project), Paging(page)), Taken)


@router.get(_DRAFT)
def draft(who: Caller, on: On, request_id: str) -> Draft:
    """Show the author what would be submitted now."""
    item = on.airlock.allowed(who, RequestId(request_id), Action.EDIT)
    wanted, submit = drafts.content_of(item), on.airlock.can(who, Action.SUBMIT, item)
    return Draft(
        id=item.id,
        state=item.state,
        version=item.version,
        title=wanted.title,
        groups=[
            DraftGroup(
                name=group.name,
                context=group.context,
                controls=group.controls,
                outputs=list(group.evaluations),
                supporting=list(group.supporting),
            )
            for group in wanted.groups
        ],
        changed=item.draft is not None and item.round > 0,
        submit=Permission(allowed=bool(submit), reason=submit.reason),
    )


@router.post(f"{_DRAFT}/outputs")
def add(who: Caller, on: On, request_id: str, command: AddForm) -> RequestDone:
    """Add a statistic or file to a group of a draft; the group is made when there is none."""
    id_, evaluation = RequestId(request_id), EvaluationId(command.evaluation)
    return _done(on.airlock.add(who, id_, command.version, evaluation, command.group, command.supporting))


@router.delete(f"{_DRAFT}/outputs/{{evaluation_id}}")
def remove(who: Caller, on: On, request_id: str, evaluation_id: str, version: _Version) -> RequestDone:
    """Take a statistic or file out of a draft."""
    return _done(on.airlock.remove(who, RequestId(request_id), version, EvaluationId(evaluation_id)))


@router.post("/requests/{request_id}/accept")
def accept(request: Request, who: Caller, on: On, request_id: str, _: Nothing) -> RequestDone:
    """Accept the safe variants that came with a return: they are computed anew, and the request is submitted again."""
    item = on.airlock.allowed(who, RequestId(request_id), Action.EDIT)
    return _done(on.airlock.accept_advice(who, item.id, evaluating(parts_of(request), who, item.project)))


def _done(after: model.Request) -> RequestDone:
    return RequestDone.model_validate(after)


def _evaluated(record: EvaluationRecord) -> Evaluated:
    kept = record.file
    facts = None
    if kept is not None:
        drawn_anew = kept.leaving != kept.content
        facts = FileFacts(
            type=kept.type, size=kept.size, sha256=kept.content, drawn_anew=drawn_anew, declared=kept.declared
        )
    return Evaluated(
        id=record.id,
        title=record.title,
        project=record.project,
        verdict=record.verdict,
        created_at=record.created_at,
        expires_at=record.expires_at,
        route=Route.model_validate(record.route),
        file=facts,
    )
