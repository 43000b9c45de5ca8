"""The public list of datasets: made anew in the transaction of every change, each time with a digest of the whole.

A head's digest covers the head before it, so whoever keeps one notices if an earlier list is changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from saferoom.hub.store.airlock_records import ReleaseRow
from saferoom.hub.store.airlock_tables import RequestDatasetRow
from saferoom.hub.store.registry import SessionRegistry
from saferoom.hub.store.tables import ApprovalRow, CatalogueEntryRow, CatalogueHeadRow, DatasetRow
from saferoom.ids import DatasetName
from saferoom.projects.catalogue import limits, public
from saferoom.projects.ledger.lineages import lineages

FIRST = "0" * 64
"""What comes before the first head."""


def hidden(session: Session) -> frozenset[DatasetName]:
    """Return the datasets whose existence is confidential."""
    query = select(DatasetRow.name).where(DatasetRow.undisclosed)
    return frozenset(DatasetName(name) for name in session.scalars(query))


def renew(session: Session, names: Iterable[str], at: datetime) -> None:
    """Make the entries of `names` what is known now, and of every dataset that was linked from one or refers to one.

    Datasets that are older than the list get their entries, too, so that a head covers all of them. Nothing is written
    where nothing changes.
    """
    session.flush()
    every = frozenset(DatasetName(name) for name in session.scalars(select(DatasetRow.name)))
    kept = _digests(session)
    confidential = hidden(session)
    links = SessionRegistry(session).links()
    changed = set(names)
    concerned = {name for name in every if name not in kept or changed & set(lineages(links, [name]))}
    concerned |= _referring(session, changed)
    written = False
    for name, document in entries(session, sorted(concerned - confidential)).items():
        digest = public.digest(document)
        if kept.get(name) != digest:
            session.merge(CatalogueEntryRow(dataset=name, document=document, digest=digest, at=at))
            written = True
    for name in sorted(confidential & set(kept)):
        session.delete(session.get_one(CatalogueEntryRow, name))
    session.flush()
    before = newest_head(session)
    if written or confidential & set(kept) or before is None or before.undisclosed != len(confidential):
        _add_head(session, before, len(confidential), at)


def entries(session: Session, names: Sequence[DatasetName]) -> Mapping[DatasetName, public.Entry]:
    """Return what is public of datasets, as it is now."""
    registry, confidential = SessionRegistry(session), hidden(session)
    used = _used(session, names)
    find = limits.finder(registry.dataset)
    made = {}
    for name in names:
        dataset = registry.dataset(name)
        made[name] = public.entry(
            dataset, registry.versions(name), used[name], confidential, limits.permitted(dataset, find)
        )
    return made


def newest_head(session: Session) -> CatalogueHeadRow | None:
    """Return the newest head; None while the list was never made."""
    return session.scalars(select(CatalogueHeadRow).order_by(CatalogueHeadRow.number.desc()).limit(1)).first()


def _referring(session: Session, names: set[str]) -> set[DatasetName]:
    """Return the datasets whose references name one of `names`: it may have become confidential, or no longer be."""
    rows = session.execute(select(DatasetRow.name, DatasetRow.references).where(DatasetRow.references.is_not(None)))
    return {DatasetName(name) for name, references in rows if names & {one["dataset"] for one in references}}


def _add_head(session: Session, before: CatalogueHeadRow | None, undisclosed: int, at: datetime) -> None:
    listed = _digests(session)
    previous = FIRST if before is None else before.digest
    session.add(
        CatalogueHeadRow(
            number=1 if before is None else before.number + 1,
            at=at,
            previous=previous,
            digest=public.list_digest(previous, listed, undisclosed),
            datasets=len(listed),
            undisclosed=undisclosed,
        )
    )
    session.flush()


def _digests(session: Session) -> dict[str, str]:
    query = select(CatalogueEntryRow.dataset, CatalogueEntryRow.digest)
    return {row.dataset: row.digest for row in session.execute(query)}


def _used(session: Session, names: Sequence[DatasetName]) -> Mapping[DatasetName, public.Used]:
    projects: dict[str, list[str]] = {name: [] for name in names}
    approved = select(ApprovalRow.dataset, ApprovalRow.project).where(ApprovalRow.dataset.in_(names))
    for dataset, project in session.execute(approved.order_by(ApprovalRow.project)):
        projects[dataset].append(project)
    left = (
        select(RequestDatasetRow.dataset, func.count(ReleaseRow.id))
        .join(ReleaseRow, ReleaseRow.request == RequestDatasetRow.request)
        .where(RequestDatasetRow.dataset.in_(names))
        .group_by(RequestDatasetRow.dataset)
    )
    releases = {row[0]: row[1] for row in session.execute(left)}
    return {name: public.Used(tuple(projects[name]), releases.get(name, 0)) for name in names}
