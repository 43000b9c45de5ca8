"""What of a request can be read and fetched, by each side: outputs, evidence, what leaves, files, bundles."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from saferoom.digests import sha256
from saferoom.errors import NotFoundError
from saferoom.hub.web.airlock import checking, present_files, sides
from saferoom.hub.web.api import judged
from saferoom.hub.web.api.documents import Listed, listed
from saferoom.hub.web.api.judged import Judged, Leaving, Shown
from saferoom.hub.web.api.request_documents import Advice, Envelope, Permission, Request, RequestLine, Wait
from saferoom.hub.web.api.review_documents import Review, review
from saferoom.hub.web.api.routing import Caller, On, PageNumber
from saferoom.hub.web.api.routing import router as routes
from saferoom.hub.web.shell.downloads import attached
from saferoom.hub.wiring import Instance
from saferoom.ids import EvaluationId, OutputId, RequestId
from saferoom.projects.airlock import advising
from saferoom.projects.airlock.lists import Paging
from saferoom.projects.airlock.sheets import Content
from saferoom.projects.airlock.states import Action, State

router = routes("requests")
_BYTES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {}}, "description": "The bytes as they are kept"}
}
_BUNDLE: dict[int | str, dict[str, Any]] = {200: {"content": {"application/zip": {}}, "description": "The bundle"}}


@router.get("/requests/{request_id}")
def one_request(who: Caller, on: On, request_id: str) -> Request:
    """Show one request: where it stands, what was said and decided, and what the caller can do to it."""
    item = on.airlock.request(who, RequestId(request_id))
    mine = item.author == who and item.state is State.RETURNED
    wait = on.airlock.wait(item)
    known = {name: getattr(item, name) for name in Request.model_fields if hasattr(item, name)}
    return Request.model_validate(
        known
        | {
            "advice": [Advice.model_validate(one) for one in (advising.open_advice(item) if mine else ())],
            "wait": Wait.model_validate(wait) if wait else None,
            "can": {
                action: Permission(allowed=bool(one), reason=one.reason)
                for action, one in on.airlock.abilities(who, item.id).items()
            },
        }
    )


@router.get("/requests/{request_id}/outputs")
def outputs(who: Caller, on: On, request_id: str) -> list[Judged]:
    """Show what was found in each output, for those who may see the whole request; numbers once they have left."""
    id_ = RequestId(request_id)
    on.airlock.allowed(who, id_, Action.VIEW)
    sheet = on.airlock.sheet(who, id_)
    left = sheet.request.state is State.RELEASED
    found = ((output, sheet.contents[output.evaluation]) for output in sheet.request.outputs)
    return [
        judged.judged(output, content, checks=False, left=left, budget=_budget(on, content))
        for output, content in found
    ]


def _budget(on: Instance, found: Content) -> str | None:
    """Return why a quote could not be paid for at this moment; None of other outputs."""
    statistic = found.statistic
    return None if statistic is None else on.airlock.refusal(found.record, statistic.evaluation)


@router.get("/requests/{request_id}/review")
def one_review(who: Caller, on: On, request_id: str) -> Review:
    """Show everything that an output checker judges by: numbers, findings, evidence, variants, changes."""
    id_ = RequestId(request_id)
    on.airlock.allowed(who, id_, Action.DOWNLOAD_FILE)
    sheet = on.airlock.sheet(who, id_)
    return review(sheet, checking.grounds(on, who, sheet))


@router.get("/requests/{request_id}/earlier")
def earlier(who: Caller, on: On, request_id: str, page: PageNumber = 1) -> Listed[RequestLine]:
    """List what the same project released before from any of the same data, the newest first."""
    return listed(on.airlock.earlier_page(who, RequestId(request_id), Paging(page)), RequestLine)


@router.get("/requests/{request_id}/leaving")
def leaving(who: Caller, on: On, request_id: str) -> list[Leaving]:
    """Show what leaves and what was found in it, to data owners once the output checkers approve."""
    item = on.airlock.allowed(who, RequestId(request_id), Action.VIEW_LEAVING)
    return [judged.leaving(output, on.airlock.leaving(who, item.id, output.id)) for output in item.outputs]


@router.get("/requests/{request_id}/leaving/{output_id}/{suffix}", response_class=Response, responses=_BYTES)
def leaving_file(who: Caller, on: On, request_id: str, output_id: str, suffix: str) -> Response:
    """Fetch the very bytes that are about to leave."""
    found = on.airlock.leaving(who, RequestId(request_id), OutputId(output_id)).files
    if suffix not in found:
        raise NotFoundError("no such file leaves with this output")
    return attached(found[suffix], f"about-to-leave-{sha256(found[suffix])[:12]}.{suffix}")


@router.get("/requests/{request_id}/bundle", response_class=Response, responses=_BUNDLE)
def bundle(who: Caller, on: On, request_id: str) -> Response:
    """Fetch the signed bundle of a release; the download is recorded."""
    data = on.airlock.bundle(who, RequestId(request_id))
    return attached(data, f"{request_id}.zip", "application/zip")


@router.get("/requests/{request_id}/withdrawal")
def withdrawal(who: Caller, on: On, request_id: str) -> Envelope:
    """Fetch the signed statement that a release is withdrawn."""
    found = on.airlock.request(who, RequestId(request_id)).withdrawal
    if found is None:
        raise NotFoundError("this release is not withdrawn")
    return Envelope.model_validate(found.statement)


@router.get("/requests/{request_id}/files/{file_id}", response_class=Response, responses=_BYTES)
def file(who: Caller, on: On, request_id: str, file_id: str) -> Response:
    """Fetch a file of a request as an output checker; the download is recorded."""
    suffix, data = on.airlock.download_file(who, RequestId(request_id), EvaluationId(file_id))
    return attached(data, f"{file_id}.{suffix}")


@router.get("/requests/{request_id}/files/{file_id}/shown")
def shown_file(who: Caller, on: On, request_id: str, file_id: str) -> Shown:
    """Show what was read out of a file, to those who may see its content; to others it is empty."""
    view, findings = sides.content(on, who, RequestId(request_id), EvaluationId(file_id))
    return judged.shown(present_files.content(view, findings))
