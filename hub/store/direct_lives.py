"""What administrators register directly has a life as well, recorded as such; and new versions of datasets are kept.

The registry is written either by the deeds of a project's life, which write the life themselves, or directly with
``saferoom admin apply``, ``end-approval`` and ``remove-member``: then the life follows here, in the same transaction.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from saferoom.audit import Event
from saferoom.errors import WrongStateError
from saferoom.hub.store.audit_log import AuditLog
from saferoom.hub.store.life_rows import listed, read_version, write_people
from saferoom.hub.store.life_tables import DatasetVersionRow, LifeDatasetRow, LifeRow, RulingRow
from saferoom.hub.store.notices_rows import tell
from saferoom.hub.store.registry import SessionRegistry, read_approval
from saferoom.hub.store.tables import ApprovalRow, DatasetRow
from saferoom.ids import ProjectSlug, Username
from saferoom.projects.approvals.model import Approval, Project
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.life import refresh
from saferoom.projects.life.model import Choice, Origin, Told
from saferoom.projects.life.states import REGISTERED, RUNNING, State
from saferoom.projects.notices.kinds import HELD
from saferoom.projects.notices.making import of_life

_UNCOMPARED = frozenset(
    {"risk_appetite", "release_route", "source", "linked_from", "gateways", "refresh", "twin", "undisclosed"}
)
"""What says nothing about the data themselves."""


def follow_project(session: Session, project: Project, at: datetime) -> None:
    """Keep a project's life beside what was registered directly.

    Raises
    ------
    WrongStateError
        It is a proposal still, or was closed for good.
    """
    row = session.get(LifeRow, project.slug)
    if row is None:
        row = _new(project, at)
        session.add(row)
    elif State(row.state) not in REGISTERED:
        raise WrongStateError(
            f"a proposal called {project.slug} is {row.state.replace('_', ' ')}; decide that, or register another name"
        )
    elif State(row.state) not in RUNNING and project.active:
        raise WrongStateError(f"project {project.slug} is closed and cannot be opened again; register a new one")
    row.title, row.ends, row.updated_at = project.title, project.ends, at
    row.purposes = listed(project.purposes)
    write_people(row, project.members)
    if not project.active and State(row.state) in RUNNING:
        row.state, row.since, row.reason = State.CLOSED.value, at, "closed in the registry"
    row.version = (row.version or 0) + 1


def follow_approval(session: Session, approval: Approval, at: datetime, actor: str) -> None:
    """Keep in a project's life what was approved, or ended, directly."""
    row = _life(session, approval.project, at)
    known = next((one for one in row.datasets if one.dataset == approval.dataset), None)
    if known is None:
        known = LifeDatasetRow(life=row.slug, dataset=approval.dataset)
        row.datasets.append(known)
    if not known.current or row.origin == Origin.ADMINISTRATOR:
        known.variables = None if approval.variables is None else list(approval.variables)
        known.rows = approval.rows
    known.current, known.waits = True, approval.held is not None and approval.ended_at is None
    ended = approval.ended_at is not None
    row.rulings.append(
        RulingRow(
            life=row.slug,
            number=max((ruling.number for ruling in row.rulings), default=0) + 1,
            round=row.round,
            amendment=None,
            dataset=approval.dataset,
            choice=(Choice.DECLINED if ended else Choice.APPROVED).value,
            by=actor,
            at=at,
            reason="ended directly" if ended else "registered directly",
            terms=None if ended else approval.terms.model_dump(mode="json"),
        )
    )
    row.updated_at, row.version = at, row.version + 1


def follow_dataset(session: Session, log: AuditLog, dataset: Dataset, at: datetime) -> None:
    """Keep a dataset's new description, and hold every approval that it breaks until its owner confirms."""
    rows = select(DatasetVersionRow).where(DatasetVersionRow.dataset == dataset.name)
    before = session.scalars(rows.order_by(DatasetVersionRow.number.desc()).limit(1)).first()
    document = dataset.model_dump(mode="json")
    # What an older version of this software wrote lacks what it did not know.
    if before is not None and _compared(read_version(before).dataset.model_dump(mode="json")) == _compared(document):
        return
    number = 1 if before is None else before.number + 1
    session.add(
        DatasetVersionRow(dataset=dataset.name, number=number, version=dataset.version, document=document, at=at)
    )
    if before is not None:
        _hold(session, log, dataset, before.number, at)


def _hold(session: Session, log: AuditLog, dataset: Dataset, previous: int, at: datetime) -> None:
    approvals = select(ApprovalRow).where(ApprovalRow.dataset == dataset.name, ApprovalRow.ended_at.is_(None))
    for row in session.scalars(approvals.order_by(ApprovalRow.project)).all():
        approval = read_approval(row)
        base = approval.held or previous
        then = read_version(session.get_one(DatasetVersionRow, (dataset.name, base))).dataset
        changes = refresh.breaking(then, dataset, approval)
        held = base if changes else None
        if held == approval.held:
            continue
        row.held = held
        payload = {"version": dataset.version, "changes": [one.sentence for one in changes]}
        action = "approval.held" if held else "approval.hold_ended"
        log.record(Event("system", action, f"approval:{dataset.name} for {row.project}", payload))
        _wait(session, row.project, dataset.name, at, waits=held is not None)


def _wait(session: Session, project: str, dataset: str, at: datetime, *, waits: bool) -> None:
    life = _life(session, project, at)
    for one in life.datasets:
        if one.dataset == dataset:
            one.waits = waits
    life.updated_at, life.version = at, life.version + 1
    if waits:
        owner = Told(Username(session.get_one(DatasetRow, dataset).owner), "")
        tell(session, of_life([owner], ProjectSlug(project), life.version, HELD, at))


def _life(session: Session, slug: str, at: datetime) -> LifeRow:
    """Return the life of a registered project; begin it where the project is older than lives are."""
    row = session.get(LifeRow, slug)
    if row is None:
        project = SessionRegistry(session).project(ProjectSlug(slug))
        row = _new(project, at)
        session.add(row)
        write_people(row, project.members)
        session.flush()
    return row


def _new(project: Project, at: datetime) -> LifeRow:
    state = State.ACTIVE if project.active else State.CLOSED
    return LifeRow(
        slug=project.slug,
        state=state.value,
        origin=Origin.ADMINISTRATOR.value,
        lead=None,
        title=project.title,
        ends=project.ends,
        words={},
        purposes=listed(project.purposes),
        round=1,
        reason="",
        created_at=at,
        updated_at=at,
        since=at,
        submitted_at=None,
        version=0,
    )


def _compared(document: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in document.items() if name not in _UNCOMPARED}
