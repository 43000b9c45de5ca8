"""Storage of deliveries, indexes and linkages: every write happens with its audit event.

Nothing is changed later, but for the digests of envelopes when a zone's key is changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from saferoom.audit import Event
from saferoom.clock import Clock
from saferoom.digests import canonical, sha256
from saferoom.errors import IntegrityError, WrongStateError
from saferoom.hub.catalogue.twins import TwinMade
from saferoom.hub.linkage.definition import Index, kept_index
from saferoom.hub.linkage.records import Delivery, Linkage
from saferoom.hub.linkage.sealed import Stamp
from saferoom.hub.store.audit_log import AuditLog
from saferoom.hub.store.cipher import AtRest
from saferoom.hub.store.database import Database
from saferoom.hub.store.linkage_quality import LINKED, quality_digest, subject
from saferoom.hub.store.registry import SessionRegistry
from saferoom.hub.store.registry_writer import RegistryWriter
from saferoom.hub.store.tables import IngestedVersionRow
from saferoom.hub.store.transactions import TransactionStore
from saferoom.hub.store.twins import KeptTwin, kept_shape, save_twin
from saferoom.hub.store.versions import note_linkage, record_version
from saferoom.hub.store.zones_tables import DeliveryRow, IndexRow, LinkageRow
from saferoom.ids import DatasetName
from saferoom.projects.administration.changes import compare
from saferoom.projects.catalogue.checks.report import DeliveryReport
from saferoom.projects.catalogue.versions import Version
from saferoom.signing import SigningKey

_STALE = "another delivery or linkage was recorded meanwhile; nothing was changed, run the command again"


class ZonesReading:
    """One moment of the store."""

    def __init__(self, session: Session) -> None:
        self.session = session

    @property
    def registry(self) -> SessionRegistry:
        """Datasets, projects and approvals at the same moment."""
        return SessionRegistry(self.session)

    def deliveries(self, dataset: DatasetName | None = None) -> tuple[Delivery, ...]:
        """Return the deliveries (of one dataset) by dataset and number."""
        query = select(DeliveryRow).order_by(DeliveryRow.dataset, DeliveryRow.number)
        if dataset is not None:
            query = query.where(DeliveryRow.dataset == dataset)
        return tuple(_delivery(row) for row in self.session.scalars(query))

    def delivery(self, dataset: DatasetName, version: str) -> Delivery | None:
        """Return the delivery of one version, None where it was not ingested."""
        query = select(DeliveryRow).where(DeliveryRow.dataset == dataset, DeliveryRow.version == version)
        row = self.session.scalars(query).first()
        return None if row is None else _delivery(row)

    def latest(self, dataset: DatasetName) -> Delivery | None:
        """Return the newest delivery of a dataset."""
        query = select(DeliveryRow).where(DeliveryRow.dataset == dataset).order_by(DeliveryRow.number.desc())
        row = self.session.scalars(query.limit(1)).first()
        return None if row is None else _delivery(row)

    def indexes(self) -> tuple[Index, ...]:
        """Return the indexes by name."""
        return tuple(kept_index(row.document) for row in self.session.scalars(select(IndexRow).order_by(IndexRow.name)))

    def index(self, name: str) -> Index | None:
        """Return the index called `name`."""
        row = self.session.get(IndexRow, name)
        return None if row is None else kept_index(row.document)

    def linkages(self, index: str) -> tuple[Linkage, ...]:
        """Return an index's linkages, the newest first."""
        return tuple(_linkage(row) for row in self.session.scalars(_of(index)))

    def linkage(self, index: str) -> Linkage | None:
        """Return an index's newest linkage."""
        row = self.session.scalars(_of(index).limit(1)).first()
        return None if row is None else _linkage(row)

    def twin_shape(self, dataset: DatasetName) -> str | None:
        """Return the shape of the dataset of which a twin was last tried; None before the first."""
        return kept_shape(self.session, dataset)


class ZonesTransaction(ZonesReading):
    """Reads and writes of one transaction."""

    def __init__(self, session: Session, log: AuditLog, clock: Clock) -> None:
        super().__init__(session)
        self._log = log
        self._clock = clock

    def add_delivery(self, delivery: Delivery) -> None:
        """Record a delivery that is in its places."""
        stamps = _stamps(delivery.stamps)
        self.session.add(
            DeliveryRow(
                dataset=delivery.dataset,
                number=delivery.number,
                id=delivery.id,
                version=delivery.version,
                period=delivery.period,
                rows=delivery.rows,
                sha256=delivery.sha256,
                stamps=stamps,
                report=None if delivery.report is None else dict(delivery.report),
                at=delivery.at,
                by=delivery.by,
            )
        )
        payload = {
            "version": delivery.version,
            "rows": delivery.rows,
            "sha256": delivery.sha256,
            "files": {name: stamp["sha256"] for name, stamp in stamps.items()},
        }
        self._finish(delivery.by, "delivery.ingested", f"dataset:{delivery.dataset}", payload)

    def record_version(self, version: Version, by: str, checked: tuple[DeliveryReport, AtRest] | None = None) -> None:
        """Record the version that a delivery brought, with what its checks found; of a derived one nothing was."""
        record_version(self.session, self._log, version, by, checked)

    def record_twin(self, version: Version, by: str, made: TwinMade, shape: str) -> None:
        """Record the twin that was made of a version, in the place of the one of an earlier shape."""
        twin = KeptTwin(version.version, made.sha256, made.document, version.ingested_at)
        save_twin(self.session, version.dataset, twin, shape)
        payload = {"version": version.version, "sha256": made.sha256, "document": sha256(canonical(made.document))}
        self._finish(by, "dataset.twin", f"dataset:{version.dataset}", payload)

    def note_linkage(self, dataset: DatasetName, version: str, linkage: Linkage) -> None:
        """Add to a version by which model it was linked, and how well."""
        if self.session.get(IngestedVersionRow, (dataset, version)) is not None:
            quality = quality_digest(linkage.quality)
            note_linkage(self.session, dataset, version, linkage.stamps["model"].sha256, quality)

    def save_index(self, index: Index, by: str) -> None:
        """Record an index's definition."""
        document, at = index.model_dump(mode="json"), self._clock.now()
        self.session.merge(IndexRow(name=index.name, document=document, at=at, by=by))
        self._finish(by, "index.defined", subject(index.name), {"document": document})

    def add_linkage(self, linkage: Linkage) -> None:
        """Record a linkage whose files are in their places."""
        known = self.linkage(linkage.index.name)
        if known is not None and known.number >= linkage.number:
            raise WrongStateError(_STALE)
        stamps = _stamps(linkage.stamps)
        self.session.add(
            LinkageRow(
                index=linkage.index.name,
                number=linkage.number,
                document=linkage.index.model_dump(mode="json"),
                deliveries=[dict(one) for one in linkage.deliveries],
                afresh=linkage.afresh,
                passes=list(linkage.passes),
                stamps=stamps,
                queue=[list(pair) for pair in linkage.queue],
                counts=dict(linkage.counts),
                quality=dict(linkage.quality),
                at=linkage.at,
                by=linkage.by,
            )
        )
        payload = {
            "number": linkage.number,
            "deliveries": [one["id"] for one in linkage.deliveries],
            "counts": dict(linkage.counts),
            "files": {name: stamp["sha256"] for name, stamp in stamps.items()},
            "quality": quality_digest(linkage.quality),
        }
        self._finish(linkage.by, LINKED, subject(linkage.index.name), payload)

    def restamp(self, stamps: Mapping[str, Mapping[str, Stamp]], event: Event) -> None:
        """Change the digests of envelopes whose keys are wrapped for a zone's next key.

        Parameters
        ----------
        stamps : mapping
            Of a delivery's id, or of what a linkage is called (``person@3``), to what changes.
        """
        rows: list[DeliveryRow | LinkageRow] = [*self.session.scalars(select(DeliveryRow))]
        rows += self.session.scalars(select(LinkageRow))
        for row in rows:
            name = row.id if isinstance(row, DeliveryRow) else f"{row.index}@{row.number}"
            if changed := stamps.get(name):
                row.stamps = {**row.stamps, **_stamps(changed)}
        self.session.flush()
        self._log.record(event)

    def put_in_force(self, dataset: DatasetName, version: str, by: str) -> bool:
        """Make `version` the dataset's present one, where it is not; approvals that it breaks are held."""
        before = self.registry.dataset(dataset)
        change = compare("dataset", dataset, before, before.model_copy(update={"version": version}))
        if change is None:
            return False
        RegistryWriter(self.session, self._log, self._clock.now(), by).write(change)
        return True

    def _finish(self, by: str, action: str, subject: str, payload: dict[str, Any]) -> None:
        self.session.flush()
        self._log.record(Event(by, action, subject, payload))


class ZonesStore(TransactionStore[ZonesReading, ZonesTransaction]):
    """Gives out transactions."""

    def __init__(self, database: Database, clock: Clock, key: SigningKey) -> None:
        at = (database, clock, key)
        super().__init__(at, ZonesReading, lambda session, log: ZonesTransaction(session, log, clock), _STALE)


def _of(index: str) -> Select[Any]:
    return select(LinkageRow).where(LinkageRow.index == index).order_by(LinkageRow.number.desc())


def _stamps(stamps: Mapping[str, Stamp]) -> dict[str, Any]:
    return {name: stamp.to_json() for name, stamp in stamps.items()}


def _read_stamps(document: Any) -> dict[str, Stamp]:
    if not isinstance(document, dict):
        raise IntegrityError("the stamps of what the zones keep are not readable; restore them from a backup")
    return {str(name): Stamp.from_json(stamp) for name, stamp in document.items()}


def _delivery(row: DeliveryRow) -> Delivery:
    return Delivery(
        id=row.id,
        dataset=DatasetName(row.dataset),
        number=row.number,
        version=row.version,
        period=row.period,
        rows=row.rows,
        sha256=row.sha256,
        stamps=_read_stamps(row.stamps),
        report=row.report,
        at=row.at,
        by=row.by,
    )


def _linkage(row: LinkageRow) -> Linkage:
    return Linkage(
        index=kept_index(row.document),
        number=row.number,
        deliveries=tuple(row.deliveries),
        afresh=row.afresh,
        passes=tuple(row.passes),
        stamps=_read_stamps(row.stamps),
        queue=tuple((number, stratum, accepted) for number, stratum, accepted in row.queue),
        counts=row.counts,
        quality=row.quality,
        at=row.at,
        by=row.by,
    )
