"""Requests: the lists, one of them, and what of it can be fetched."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from saferoom.disclosure.verdict import Verdict
from saferoom.hub.web.api import documents
from saferoom.hub.web.api.documents import Listed, RequestLine, listed
from saferoom.hub.web.api.routing import Caller, On, PageNumber
from saferoom.hub.web.api.routing import router as routes
from saferoom.ids import EvaluationId, ProjectSlug, RequestId
from saferoom.projects.airlock.lists import Filters, Order, Paging
from saferoom.projects.airlock.model import Lane
from saferoom.projects.airlock.states import State

router = routes("requests")
_BYTES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {}}, "description": "The bytes as they are kept"}
}


@router.get("/requests")
def my_requests(who: Caller, on: On, state: State | None = None, page: PageNumber = 1) -> Listed[RequestLine]:
    """List the caller's own requests, the newest first."""
    filters = Filters(states=None if state is None else frozenset({state}))
    return listed(on.airlock.requests_page(who, filters, paging=Paging(page)), RequestLine)


@router.get("/queue")
def queue(
    who: Caller,
    on: On,
    state: State | None = None,
    project: str | None = None,
    risk: Verdict | None = None,
    lane: Lane | None = None,
    order: Order = Order.LONGEST_WAITING,
    page: PageNumber = 1,
) -> Listed[RequestLine]:
    """List the requests that wait for this output checker."""
    filters = Filters(
        states=None if state is None else frozenset({state}),
        project=None if project is None else ProjectSlug(project),
        risk=risk,
        lane=lane,
    )
    return listed(on.airlock.queue_page(who, filters, order, Paging(page)), RequestLine)


@router.get("/sign-offs")
def sign_offs(who: Caller, on: On, page: PageNumber = 1) -> Listed[RequestLine]:
    """List the requests that wait for this data owner's signature."""
    return listed(on.airlock.sign_offs_page(who, Paging(page)), RequestLine)


@router.get("/releases")
def releases(who: Caller, on: On, page: PageNumber = 1) -> Listed[RequestLine]:
    """List what has left, as far as the caller may know of it."""
    return listed(on.airlock.releases_page(who, paging=Paging(page)), RequestLine)


@router.get("/requests/{request_id}")
def one_request(who: Caller, on: On, request_id: str) -> documents.Request:
    """Show one request."""
    return documents.Request.model_validate(on.airlock.request(who, RequestId(request_id)))


@router.get("/requests/{request_id}/bundle", response_class=Response, responses=_BYTES)
def bundle(who: Caller, on: On, request_id: str) -> Response:
    """Fetch the signed bundle of a release; the download is recorded."""
    data = on.airlock.bundle(who, RequestId(request_id))
    return _download(data, f"{request_id}.zip", "application/zip")


@router.get("/requests/{request_id}/files/{evaluation_id}", response_class=Response, responses=_BYTES)
def file(who: Caller, on: On, request_id: str, evaluation_id: str) -> Response:
    """Fetch a file of a request as an output checker; the download is recorded."""
    suffix, data = on.airlock.download_file(who, RequestId(request_id), EvaluationId(evaluation_id))
    return _download(data, f"{evaluation_id}.{suffix}", "application/octet-stream")


def _download(data: bytes, name: str, media_type: str) -> Response:
    # The name is made of ids that were found, so nothing that a caller wrote gets into the header.
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(data, media_type=media_type, headers=headers)
