"""Lists of projects, cut into pages by the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from saferoom.hub.store.airlock_tables import RequestRow
from saferoom.hub.store.audit_log import AuditLinkRow
from saferoom.hub.store.life_tables import AmendmentRow, HoldRow, LifeDatasetRow, LifePersonRow, LifeRow
from saferoom.hub.store.tables import DatasetRow
from saferoom.ids import DatasetName, ProjectSlug, RequestId, Username
from saferoom.projects.airlock.states import State as ReleaseState
from saferoom.projects.life.model import ADMINISTRATORS, AmendmentState
from saferoom.projects.life.states import REGISTERED, State
from saferoom.projects.life.store import Entry, Left, Line, Selection
from saferoom.projects.paging import Cut, Paged

_UNDER_WAY = tuple(state.value for state in (State.DRAFT, State.SUBMITTED, State.RETURNED, State.DECIDED))
_WITH_LEAD = (State.DRAFT.value, State.RETURNED.value)
_KNOWN_TO_OWNERS = tuple(state.value for state in REGISTERED)


def listing(session: Session, selection: Selection, cut: Cut) -> Paged[Line]:
    """Return the projects that `selection` names, the latest change first."""
    chosen = _chosen(selection)
    columns = (
        LifeRow.slug,
        LifeRow.title,
        LifeRow.state,
        LifeRow.lead,
        LifeRow.ends,
        LifeRow.since,
        LifeRow.updated_at,
    )
    ordered = select(*columns).where(*chosen).order_by(LifeRow.updated_at.desc(), LifeRow.slug)
    found = session.execute(ordered.limit(cut.size).offset(cut.offset)).all()
    total = session.scalar(select(func.count()).select_from(LifeRow).where(*chosen)) or 0
    waits = _waits(session, [row.slug for row in found])
    items = tuple(
        Line(
            ProjectSlug(row.slug),
            row.title,
            State(row.state),
            None if row.lead is None else Username(row.lead),
            row.ends,
            row.since,
            row.updated_at,
            tuple(waits.get(row.slug, ())),
        )
        for row in found
    )
    return Paged(items, total, cut)


def history(session: Session, slug: ProjectSlug, datasets: Sequence[DatasetName], cut: Cut) -> Paged[Entry]:
    """Return what the audit trail knows of a project and its approvals, newest first."""
    subjects = [f"project:{slug}", *(f"approval:{name} for {slug}" for name in datasets)]
    about = AuditLinkRow.subject.in_(subjects)
    columns = (AuditLinkRow.seq, AuditLinkRow.at, AuditLinkRow.actor, AuditLinkRow.action, AuditLinkRow.subject)
    ordered = select(*columns).where(about).order_by(AuditLinkRow.seq.desc())
    found = session.execute(ordered.limit(cut.size).offset(cut.offset)).all()
    total = session.scalar(select(func.count()).select_from(AuditLinkRow).where(about)) or 0
    return Paged(tuple(Entry(*row) for row in found), total, cut)


def releases(session: Session, slug: ProjectSlug, cut: Cut) -> Paged[Left]:
    """Return what left the project, newest first."""
    about = (RequestRow.project == slug, RequestRow.state == ReleaseState.RELEASED.value)
    ordered = select(RequestRow.id, RequestRow.title, RequestRow.approved_at).where(*about)
    ordered = ordered.order_by(RequestRow.approved_at.desc(), RequestRow.id)
    found = session.execute(ordered.limit(cut.size).offset(cut.offset)).all()
    total = session.scalar(select(func.count()).select_from(RequestRow).where(*about)) or 0
    return Paged(tuple(Left(RequestId(row.id), row.title, row.approved_at) for row in found), total, cut)


def proposals(session: Session, lead: Username) -> int:
    """Return how many proposals of `lead` are neither registered nor ended."""
    query = select(func.count()).select_from(LifeRow).where(LifeRow.lead == lead, LifeRow.state.in_(_UNDER_WAY))
    return session.scalar(query) or 0


def _chosen(selection: Selection) -> list[ColumnElement[bool]]:
    chosen: list[ColumnElement[bool]] = []
    whose = [_of(selection.of, waiting=selection.waiting)] if selection.of else []
    whose += [_owned(selection.owner, waiting=selection.waiting)] if selection.owner else []
    if whose:
        chosen.append(or_(*whose))
    elif selection.waiting:
        chosen.append(_administrators())
    if selection.states is not None:
        chosen.append(LifeRow.state.in_(sorted(state.value for state in selection.states)))
    if selection.text.strip():
        wanted = selection.text.strip().lower()
        chosen.append(
            or_(
                func.lower(LifeRow.title).contains(wanted, autoescape=True),
                LifeRow.slug.contains(wanted, autoescape=True),
            )
        )
    return chosen


def _of(username: Username, *, waiting: bool) -> ColumnElement[bool]:
    leads = LifeRow.lead == username
    if waiting:
        return and_(leads, LifeRow.state.in_(_WITH_LEAD))
    # A draft is its lead's alone.
    within = LifeRow.slug.in_(select(LifePersonRow.life).where(LifePersonRow.username == username))
    told = or_(LifeRow.submitted_at.is_not(None), LifeRow.state.in_(_KNOWN_TO_OWNERS))
    return or_(leads, and_(within, told))


def _owned(owner: Username, *, waiting: bool) -> ColumnElement[bool]:
    mine: Select[Any] = select(LifeDatasetRow.life).join(DatasetRow, DatasetRow.name == LifeDatasetRow.dataset)
    mine = mine.where(DatasetRow.owner == owner)
    if waiting:
        mine = mine.where(LifeDatasetRow.waits)
    told = or_(LifeRow.submitted_at.is_not(None), LifeRow.state.in_(_KNOWN_TO_OWNERS))
    inside = exists().where(LifePersonRow.life == LifeRow.slug, LifePersonRow.username == owner)
    return and_(LifeRow.slug.in_(mine), told, ~inside)


def _administrators() -> ColumnElement[bool]:
    confirming = exists().where(
        AmendmentRow.life == LifeRow.slug, AmendmentRow.state == AmendmentState.CONFIRMING.value
    )
    held = exists().where(HoldRow.life == LifeRow.slug, HoldRow.side == ADMINISTRATORS, HoldRow.lifted_at.is_(None))
    return or_(LifeRow.state == State.DECIDED.value, confirming, and_(LifeRow.state == State.PAUSED.value, held))


def _waits(session: Session, slugs: Sequence[str]) -> dict[str, list[DatasetName]]:
    query = select(LifeDatasetRow.life, LifeDatasetRow.dataset).where(
        LifeDatasetRow.life.in_(slugs), LifeDatasetRow.waits
    )
    found: dict[str, list[DatasetName]] = {}
    for life, dataset in session.execute(query.order_by(LifeDatasetRow.dataset)):
        found.setdefault(life, []).append(DatasetName(dataset))
    return found
