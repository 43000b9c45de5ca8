"""The public register's side of the store; implements `saferoom.projects.register.store.Records`.

Only columns that are public are read: no person's name gets as far as this module.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, Select, func, or_, select
from sqlalchemy.orm import Session

from saferoom.audit import HEAD_TYPE, Opener
from saferoom.clock import parse
from saferoom.hub.store import catalogue_entries
from saferoom.hub.store.airlock import AirlockReading
from saferoom.hub.store.airlock_records import ReleaseRow, WithdrawalRow
from saferoom.hub.store.airlock_tables import OutputRow, RequestDatasetRow, RequestRow
from saferoom.hub.store.audit_log import AuditHeadRow
from saferoom.hub.store.database import Database
from saferoom.hub.store.life_tables import LifeRow
from saferoom.hub.store.tables import ApprovalRow, CatalogueEntryRow, CatalogueHeadRow, DatasetRow, ProjectRow
from saferoom.ids import DatasetName, Digest, ProjectSlug, ReleaseId
from saferoom.projects.airlock.service_levels import Decided
from saferoom.projects.paging import Cut, Paged
from saferoom.projects.register.model import (
    CatalogueHead,
    CatalogueList,
    Head,
    PublicDataset,
    PublicProject,
    PublicRelease,
    Totals,
    Withdrawn,
    public_state,
)

_RELEASES: Select[Any] = (
    select(
        ReleaseRow.id,
        ReleaseRow.at,
        ReleaseRow.bundle,
        RequestRow.id.label("request"),
        RequestRow.round,
        RequestRow.project,
        RequestRow.datasets,
        RequestRow.automatic,
        RequestRow.checkers,
        RequestRow.link_seq,
        RequestRow.link_digest,
        WithdrawalRow.at.label("withdrawn_at"),
        WithdrawalRow.cause,
        WithdrawalRow.statement,
    )
    .join(RequestRow, RequestRow.id == ReleaseRow.request)
    .outerjoin(WithdrawalRow, WithdrawalRow.release == ReleaseRow.id)
)
_PROJECTS: Select[Any] = select(
    ProjectRow.slug, ProjectRow.title, ProjectRow.ends, ProjectRow.active, ProjectRow.paused, LifeRow.words
).outerjoin(LifeRow, LifeRow.slug == ProjectRow.slug)


class PublicRecords:
    """Answers from the store as it is at each call.

    Parameters
    ----------
    key : Opener
        Checks the signed heads of the audit trail before they are shown.
    """

    def __init__(self, database: Database, key: Opener) -> None:
        self._database = database
        self._key = key

    def totals(self, today: date) -> Totals:
        open_ = (ProjectRow.active, or_(ProjectRow.ends.is_(None), ProjectRow.ends >= today), ~ProjectRow.paused)
        with self._database.reading() as session:
            return Totals(
                projects=_count(session, select(ProjectRow.slug)),
                active=_count(session, select(ProjectRow.slug).where(*open_)),
                datasets=_count(session, select(DatasetRow.name)),
                releases=_count(session, select(ReleaseRow.id)),
                withdrawn=_count(session, select(WithdrawalRow.release)),
            )

    def projects(self, cut: Cut, today: date) -> Paged[PublicProject]:
        ordered = _PROJECTS.order_by(func.lower(ProjectRow.title), ProjectRow.slug)
        with self._database.reading() as session:
            found = session.execute(ordered.limit(cut.size).offset(cut.offset)).all()
            total = _count(session, select(ProjectRow.slug))
            return Paged(_projects(session, found, today), total, cut)

    def project(self, slug: ProjectSlug, today: date) -> PublicProject | None:
        with self._database.reading() as session:
            found = session.execute(_PROJECTS.where(ProjectRow.slug == slug)).all()
            return next(iter(_projects(session, found, today)), None)

    def datasets(self, cut: Cut) -> Paged[PublicDataset]:
        used = select(func.count()).where(ApprovalRow.dataset == DatasetRow.name).scalar_subquery()
        left = (
            select(func.count(ReleaseRow.id))
            .join(RequestDatasetRow, RequestDatasetRow.request == ReleaseRow.request)
            .where(RequestDatasetRow.dataset == DatasetRow.name)
            .scalar_subquery()
        )
        named = ~DatasetRow.undisclosed
        query = select(DatasetRow.name, DatasetRow.title, DatasetRow.version, used, left).where(named)
        ordered = query.order_by(func.lower(DatasetRow.title), DatasetRow.name)
        with self._database.reading() as session:
            found = session.execute(ordered.limit(cut.size).offset(cut.offset))
            items = tuple(PublicDataset(DatasetName(name), *rest) for name, *rest in found)
            return Paged(items, _count(session, select(DatasetRow.name).where(named)), cut)

    def entries(self) -> CatalogueList:
        with self._database.reading() as session:
            head = catalogue_entries.newest_head(session)
            kept = {row.dataset: row.document for row in session.scalars(select(CatalogueEntryRow))}
            hidden = catalogue_entries.hidden(session)
            names = [DatasetName(name) for name in session.scalars(select(DatasetRow.name)) if name not in hidden]
            # Datasets that are older than the list have no entry yet.
            made = catalogue_entries.entries(session, [name for name in names if name not in kept])
            found = [made.get(name) or kept[name] for name in names]
            ordered = sorted(found, key=lambda one: (one["title"].lower(), one["name"]))
            return CatalogueList(tuple(ordered), len(hidden), _catalogue_head(head))

    def entry(self, name: DatasetName) -> Mapping[str, Any] | None:
        with self._database.reading() as session:
            row = session.get(DatasetRow, name)
            if row is None or row.undisclosed:
                return None
            kept = session.get(CatalogueEntryRow, name)
            return catalogue_entries.entries(session, [name])[name] if kept is None else kept.document

    def releases(self, cut: Cut, project: ProjectSlug | None = None) -> Paged[PublicRelease]:
        chosen = () if project is None else (RequestRow.project == project,)
        ordered = _RELEASES.where(*chosen).order_by(ReleaseRow.at.desc(), ReleaseRow.id)
        counted = select(ReleaseRow.id).join(RequestRow, RequestRow.id == ReleaseRow.request).where(*chosen)
        with self._database.reading() as session:
            found = session.execute(ordered.limit(cut.size).offset(cut.offset)).all()
            return Paged(_releases(session, found), _count(session, counted), cut)

    def release(self, id_: ReleaseId) -> PublicRelease | None:
        with self._database.reading() as session:
            found = session.execute(_RELEASES.where(ReleaseRow.id == id_)).all()
            return next(iter(_releases(session, found)), None)

    def decided(self, since: datetime) -> tuple[Decided, ...]:
        with self._database.reading() as session:
            return AirlockReading(session).decided(since)

    def head(self) -> Head | None:
        newest = select(AuditHeadRow.envelope).order_by(AuditHeadRow.id.desc()).limit(1)
        with self._database.reading() as session:
            envelope = session.scalars(newest).first()
        if envelope is None:
            return None
        said = self._key.open_json(envelope, HEAD_TYPE)
        return Head(said["seq"], parse(said["at"]), Digest(said["digest"]), envelope)


def _catalogue_head(row: CatalogueHeadRow | None) -> CatalogueHead | None:
    if row is None:
        return None
    digests = Digest(row.previous), Digest(row.digest)
    return CatalogueHead(row.number, row.at, *digests, row.datasets, row.undisclosed)


def _count(session: Session, query: Select[Any]) -> int:
    return session.scalar(select(func.count()).select_from(query.subquery())) or 0


def _projects(session: Session, found: Iterable[Row[Any]], today: date) -> tuple[PublicProject, ...]:
    rows = tuple(found)
    slugs = [row.slug for row in rows]
    datasets = _approved(session, slugs)
    left = select(RequestRow.project, func.count()).join(ReleaseRow, ReleaseRow.request == RequestRow.id)
    chosen = left.where(RequestRow.project.in_(slugs)).group_by(RequestRow.project)
    releases = {row[0]: row[1] for row in session.execute(chosen)}
    return tuple(
        PublicProject(
            slug=ProjectSlug(row.slug),
            title=row.title,
            state=public_state(active=row.active, paused=row.paused, ends=row.ends, today=today),
            ends=row.ends,
            datasets=tuple(datasets.get(row.slug, ())),
            releases=releases.get(row.slug, 0),
            **{name: str((row.words or {}).get(name, "")) for name in ("question", "benefit", "gateway")},
        )
        for row in rows
    )


def _approved(session: Session, slugs: Collection[str]) -> Mapping[str, list[DatasetName]]:
    found: dict[str, list[DatasetName]] = defaultdict(list)
    named = select(DatasetRow.name).where(~DatasetRow.undisclosed)
    query = select(ApprovalRow.project, ApprovalRow.dataset).where(
        ApprovalRow.project.in_(slugs), ApprovalRow.dataset.in_(named)
    )
    for project, dataset in session.execute(query.order_by(ApprovalRow.dataset)):
        found[project].append(DatasetName(dataset))
    return found


def _releases(session: Session, found: Iterable[Row[Any]]) -> tuple[PublicRelease, ...]:
    rows = tuple(found)
    outputs = _lanes(session, [row.request for row in rows])
    hidden = catalogue_entries.hidden(session)
    return tuple(
        PublicRelease(
            id=ReleaseId(row.id),
            at=row.at,
            project=ProjectSlug(row.project),
            datasets=tuple(
                (DatasetName(used["name"]), str(used["version"])) for used in row.datasets if used["name"] not in hidden
            ),
            outputs=outputs.get(row.request, {}),
            automatic=row.automatic,
            checkers=0 if row.automatic else max(row.checkers, 1),
            bundle=Digest(row.bundle),
            link=row.link_seq,
            link_digest=Digest(row.link_digest),
            withdrawn=Withdrawn(row.withdrawn_at, row.cause, row.statement) if row.withdrawn_at else None,
        )
        for row in rows
    )


def _lanes(session: Session, requests: Collection[str]) -> Mapping[str, dict[str, int]]:
    """Return how many outputs of each lane left with each request."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    query = (
        select(OutputRow.request, OutputRow.lane, func.count())
        .join(RequestRow, (RequestRow.id == OutputRow.request) & (RequestRow.round == OutputRow.round))
        .where(OutputRow.request.in_(requests))
        .group_by(OutputRow.request, OutputRow.lane)
        .order_by(OutputRow.lane)
    )
    for request, lane, count in session.execute(query):
        found[request][lane] = count
    return found
