"""Lists of requests: one's own, those to check, to sign and to audit, what has left, and the service levels."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import Query

from saferoom.disclosure.verdict import Verdict
from saferoom.hub.web.api.documents import Listed, listed
from saferoom.hub.web.api.request_documents import Audited, Band, Level, RequestLine, Sample, ServiceLevels
from saferoom.hub.web.api.routing import Caller, On, PageNumber
from saferoom.hub.web.api.routing import router as routes
from saferoom.ids import ProjectSlug
from saferoom.projects.airlock.lists import Filters, Order, Paging
from saferoom.projects.airlock.model import Lane
from saferoom.projects.airlock.states import State

router = routes("requests")
_MOST_HOURS = 24 * 366
_LATELY, _YEAR = timedelta(days=30), timedelta(days=366)


@router.get("/requests")
def my_requests(
    who: Caller, on: On, state: State | None = None, project: str | None = None, page: PageNumber = 1
) -> Listed[RequestLine]:
    """List the caller's own requests, the newest first."""
    filters = Filters(states=None if state is None else frozenset({state}), project=_slug(project))
    return listed(on.airlock.requests_page(who, filters, paging=Paging(page)), RequestLine)


@router.get("/queue")
def queue(
    who: Caller,
    on: On,
    state: State | None = None,
    project: str | None = None,
    risk: Verdict | None = None,
    lane: Lane | None = None,
    hours: Annotated[int | None, Query(ge=0, le=_MOST_HOURS, description="It has waited for longer.")] = None,
    order: Order = Order.LONGEST_WAITING,
    page: PageNumber = 1,
) -> Listed[RequestLine]:
    """List the requests that wait for this output checker."""
    filters = Filters(
        states=None if state is None else frozenset({state}),
        project=_slug(project),
        risk=risk,
        lane=lane,
        before=None if hours is None else on.clock.now() - timedelta(hours=hours),
    )
    return listed(on.airlock.queue_page(who, filters, order, Paging(page)), RequestLine)


@router.get("/audits")
def audits(who: Caller, on: On, page: PageNumber = 1) -> Listed[Sample]:
    """List the automatic releases that were drawn for an output checker to look at afterwards, the oldest first."""
    return listed(on.airlock.samples_page(who, Paging(page)), Sample)


@router.get("/audits/found")
def audits_found(who: Caller, on: On) -> list[Audited]:
    """Show output checkers by month how many releases were drawn, looked at, and found wrong."""
    return [Audited.model_validate(one) for one in on.airlock.audits_found(who)]


@router.get("/sign-offs")
def sign_offs(who: Caller, on: On, page: PageNumber = 1) -> Listed[RequestLine]:
    """List the requests that wait for this data owner's signature."""
    return listed(on.airlock.sign_offs_page(who, Paging(page)), RequestLine)


@router.get("/releases")
def releases(who: Caller, on: On, project: str | None = None, page: PageNumber = 1) -> Listed[RequestLine]:
    """List what has left, as far as the caller may know of it."""
    return listed(on.airlock.releases_page(who, Filters(project=_slug(project)), Paging(page)), RequestLine)


@router.get("/service-levels")
def service_levels(_: Caller, on: On) -> ServiceLevels:
    """Show how long decisions take, and how many requests have waited for how long."""
    airlock, now = on.airlock, on.clock.now()
    return ServiceLevels(
        lanes=[Level.model_validate(one) for one in airlock.levels_by_lane(now - _LATELY)],
        months=[Level.model_validate(one) for one in airlock.levels(now - _YEAR)],
        waiting=[Band.model_validate(one) for one in airlock.waiting()],
    )


def _slug(project: str | None) -> ProjectSlug | None:
    return None if project is None else ProjectSlug(project)
