"""Lists of the airlock, in SQL: what a page shows is selected, ordered and cut by the database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, String, and_, cast, false, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.functions import Function

from saferoom.disclosure.verdict import Verdict
from saferoom.hub.store.airlock_record_rows import read_claim, read_sample, read_withdrawal
from saferoom.hub.store.airlock_records import (
    ClaimRow,
    DownloadRow,
    DroppedRow,
    ReleaseRow,
    SampleRow,
    WithdrawalRow,
)
from saferoom.hub.store.airlock_rows import RISK
from saferoom.hub.store.airlock_tables import RequestDatasetRow, RequestRow, RoundRow
from saferoom.hub.store.audit_log import AuditLinkRow
from saferoom.ids import Digest, ProjectSlug, ReleaseId, RequestId, Username
from saferoom.projects.airlock.lists import Filters, Line, Listing, Order, Page, Paging, Scope
from saferoom.projects.airlock.model import Lane
from saferoom.projects.airlock.records import AuditFinding, Claim, Happening, Sample, Taken, Withdrawal
from saferoom.projects.airlock.service_levels import Audited, Decided
from saferoom.projects.airlock.states import FINAL, OWNER, Party, State

_WAITING = sorted(state.value for state in State if state not in FINAL and OWNER[state] is not Party.AUTHOR)
_DECISIONS = sorted(state.value for state in (State.APPROVED, State.RETURNED, State.REJECTED))
_VERDICTS = {number: verdict for verdict, number in RISK.items()}
_COLUMNS = (
    RequestRow.id,
    RequestRow.title,
    RequestRow.author,
    RequestRow.project,
    RequestRow.state,
    RequestRow.round,
    RequestRow.version,
    RequestRow.automatic,
    RequestRow.checkers,
    RequestRow.risk,
    RequestRow.lane,
    RequestRow.output_count,
    RequestRow.created_at,
    RequestRow.updated_at,
    RequestRow.since,
    RequestRow.submitted_at,
    RequestRow.reason,
    RequestRow.blocked,
    RequestRow.waits_because,
    RequestRow.warnings,
    RequestRow.third_asked,
    RequestRow.release_id,
)


class AirlockLists:
    """Reads lists in a session; the part of `saferoom.projects.airlock.store.Reading` that returns them."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def lines(self, listing: Listing, now: datetime) -> Page[Line]:
        where = and_(_within(listing.scope), *_matching(listing.filters))
        total = self._session.scalar(select(func.count()).select_from(RequestRow).where(where)) or 0
        query = select(*_COLUMNS).where(where).order_by(*_ORDERS[listing.order])
        rows = self._session.execute(_cut(query, listing.paging)).all()
        ids = [row.id for row in rows]
        claims, ends = self._claims(ids, now), self._ends(ids)
        return Page(tuple(_line(row, claims[row.id], ends.get(row.id)) for row in rows), total, listing.paging)

    def _claims(self, ids: Sequence[str], now: datetime) -> dict[str, list[Claim]]:
        query = select(ClaimRow).where(ClaimRow.request.in_(ids), ClaimRow.until > now).order_by(ClaimRow.id)
        found: dict[str, list[Claim]] = defaultdict(list)
        for row in self._session.scalars(query):
            found[row.request].append(read_claim(row))
        return found

    def _ends(self, ids: Sequence[str]) -> dict[str, tuple[datetime, datetime | None]]:
        """Return when requests were released, and when their releases were withdrawn."""
        query = (
            select(ReleaseRow.request, ReleaseRow.at, WithdrawalRow.at)
            .outerjoin(WithdrawalRow, WithdrawalRow.release == ReleaseRow.id)
            .where(ReleaseRow.request.in_(ids))
        )
        return {request: (released, withdrawn) for request, released, withdrawn in self._session.execute(query)}

    def downloaders(self, request: RequestId) -> tuple[Username, ...]:
        query = select(DownloadRow.by).where(DownloadRow.request == request).distinct().order_by(DownloadRow.by)
        return tuple(Username(name) for name in self._session.scalars(query))

    def withdrawals(self) -> tuple[Withdrawal, ...]:
        query = select(WithdrawalRow).order_by(WithdrawalRow.at, WithdrawalRow.release)
        return tuple(read_withdrawal(row) for row in self._session.scalars(query))

    def titles(self, scope: Scope, ids: Collection[RequestId]) -> dict[RequestId, str]:
        query = select(RequestRow.id, RequestRow.title).where(RequestRow.id.in_(sorted(ids)), _within(scope))
        return {RequestId(id_): title for id_, title in self._session.execute(query)}

    def samples(self, scope: Scope, paging: Paging) -> Page[Sample]:
        joined = SampleRow.request == RequestRow.id
        where = and_(SampleRow.finding.is_(None), joined, _within(scope))
        total = self._session.scalar(select(func.count()).select_from(SampleRow, RequestRow).where(where)) or 0
        query = select(SampleRow).join(RequestRow, joined).where(where)
        ordered = query.order_by(SampleRow.drawn_at, SampleRow.release)
        return Page(tuple(read_sample(row) for row in self._session.scalars(_cut(ordered, paging))), total, paging)

    def audited(self) -> tuple[Audited, ...]:
        month = _month(SampleRow.drawn_at)
        wrong = SampleRow.finding == AuditFinding.SHOULD_NOT_HAVE_LEFT.value
        query = (
            select(month, func.count(), func.count(SampleRow.finding), func.count().filter(wrong))
            .group_by(month)
            .order_by(month)
        )
        return tuple(Audited(*row) for row in self._session.execute(query))

    def decided(self, since: datetime) -> tuple[Decided, ...]:
        query = select(_month(RoundRow.decided_at), RoundRow.lane, RoundRow.automatic, RoundRow.seconds).where(
            RoundRow.decided_at >= since, RoundRow.seconds.is_not(None), RoundRow.decision.in_(_DECISIONS)
        )
        lanes = {lane.value: lane for lane in Lane}
        return tuple(
            Decided(month, lanes[lane], automatic, seconds or 0)
            for month, lane, automatic, seconds in self._session.execute(query)
        )

    def waiting(self, moments: Sequence[datetime]) -> dict[Lane, tuple[int, ...]]:
        until = [func.count().filter(RequestRow.submitted_at <= moment) for moment in moments]
        query = (
            select(RequestRow.lane, func.count(), *until)
            .where(RequestRow.state.in_(_WAITING), RequestRow.submitted_at.is_not(None))
            .group_by(RequestRow.lane)
        )
        return {Lane(row[0]): tuple(row[1:]) for row in self._session.execute(query)}

    def dropped(self, author: Username, project: ProjectSlug) -> frozenset[tuple[str, Digest]]:
        query = select(DroppedRow.place, DroppedRow.content).where(
            DroppedRow.author == author, DroppedRow.project == project
        )
        return frozenset((place, Digest(content)) for place, content in self._session.execute(query))

    def taken(self, author: Username, project: ProjectSlug, paging: Paging) -> Page[Taken]:
        where = and_(DroppedRow.author == author, DroppedRow.project == project)
        total = self._session.scalar(select(func.count()).select_from(DroppedRow).where(where)) or 0
        query = select(DroppedRow).where(where)
        ordered = query.order_by(DroppedRow.at.desc(), DroppedRow.place, DroppedRow.content)
        rows = self._session.scalars(_cut(ordered, paging))
        found = tuple(Taken(row.place, Digest(row.content), RequestId(row.request), row.at) for row in rows)
        return Page(found, total, paging)

    def happened(self, request: RequestId) -> tuple[Happening, ...]:
        columns = (AuditLinkRow.at, AuditLinkRow.actor, AuditLinkRow.action)
        query = select(*columns).where(AuditLinkRow.subject == request).order_by(AuditLinkRow.seq)
        return tuple(Happening(*row) for row in self._session.execute(query))


def _month(column: InstrumentedAttribute[Any]) -> Function[str]:
    """Return the month of a time, which is stored in UTC, as ``2026-03``."""
    return func.substr(cast(column, String), 1, 7)


def _within(scope: Scope) -> ColumnElement[bool]:
    """Return what `Scope` says, as a condition on a request's row."""
    some: list[ColumnElement[bool]] = []
    if scope.everything:
        some.append(RequestRow.round > 0)
    if scope.author is not None:
        some.append(RequestRow.author == scope.author)
    if scope.projects:
        some.append(RequestRow.project.in_(sorted(scope.projects)))
    if scope.datasets:
        some.append(and_(RequestRow.round > 0, _uses(scope.datasets, scope.signing)))
    none: list[ColumnElement[bool]] = []
    if scope.but_author is not None:
        none.append(RequestRow.author != scope.but_author)
    if scope.but_projects:
        none.append(RequestRow.project.not_in(sorted(scope.but_projects)))
    if scope.but_signed:
        none.append(~_uses(scope.but_signed, signing=True))
    return and_(or_(*some) if some else false(), *none)


def _uses(datasets: Iterable[str], signing: bool) -> ColumnElement[bool]:
    used = RequestDatasetRow
    signs = used.signs.is_(True) if signing else true()
    return select(used.request).where(used.request == RequestRow.id, used.dataset.in_(sorted(datasets)), signs).exists()


def _matching(filters: Filters) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if filters.states is not None:
        found.append(RequestRow.state.in_(sorted(state.value for state in filters.states)))
    if filters.project is not None:
        found.append(RequestRow.project == filters.project)
    if filters.risk is not None:
        found.append(RequestRow.risk == RISK[filters.risk])
    if filters.lane is not None:
        found.append(RequestRow.lane == filters.lane.value)
    if filters.before is not None:
        found.append(RequestRow.since < filters.before)
    return found


_ORDERS: dict[Order, tuple[Any, ...]] = {
    Order.LONGEST_WAITING: (RequestRow.since, RequestRow.id),
    Order.RISKIEST: (RequestRow.risk.desc(), RequestRow.since, RequestRow.id),
    Order.NEWEST: (RequestRow.since.desc(), RequestRow.id.desc()),
}


def _cut(query: Select[Any], paging: Paging) -> Select[Any]:
    return query.limit(paging.size).offset(paging.offset)


def _line(row: Row[Any], claims: Sequence[Claim], ends: tuple[datetime, datetime | None] | None) -> Line:
    released, withdrawn = ends or (None, None)
    return Line(
        id=RequestId(row.id),
        title=row.title,
        author=Username(row.author),
        project=ProjectSlug(row.project),
        state=State(row.state),
        round=row.round,
        version=row.version,
        automatic=row.automatic,
        checkers=row.checkers,
        risk=_VERDICTS.get(row.risk, Verdict.FAIL),
        lane=Lane(row.lane),
        outputs=row.output_count,
        created_at=row.created_at,
        since=row.since or row.updated_at,
        submitted_at=row.submitted_at,
        reason=row.reason,
        blocked=row.blocked,
        waits_because=tuple(row.waits_because),
        warnings=tuple(row.warnings),
        third_asked=row.third_asked,
        release=ReleaseId(row.release_id) if row.release_id else None,
        released_at=released,
        withdrawn_at=withdrawn,
        claims=tuple(claims),
    )
