"""Quality packs of linkages as they are on record, given out only where they are what was recorded.

A pack passed the disclosure checker inside its zone and came out of it when its linkage was recorded: no zone is
asked for it, and no key of one is needed. Its digest is on record in two other places: in the audit trail, beside the
linkage, and with every version of a dataset that the linkage was of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from saferoom.digests import canonical, sha256
from saferoom.errors import IntegrityError
from saferoom.hub.store.audit_log import AuditLinkRow
from saferoom.hub.store.tables import IngestedVersionRow
from saferoom.hub.store.zones_tables import DeliveryRow, IndexRow, LinkageRow
from saferoom.ids import DatasetName

LINKED = "index.linked"
"""The audit trail's action of a linkage."""
_CHANGED = (
    "the quality pack of this version is not the one that was recorded, so nothing of it is shown; tell the "
    "administrator, who can restore it from a backup"
)
_NOT_RECORDED = (
    "the audit trail does not have the digest of this version's quality pack, so nothing of it is shown; the "
    "administrator can link anew: saferoom admin link {index} --afresh"
)


@dataclass(frozen=True)
class KeptPack:
    """The quality packs of one linkage.

    Attributes
    ----------
    quality : mapping
        `identifiers`: the linker's pack; `attributes`: the provisioner's, by dataset.
    digest : str
        SHA-256 of `quality` as canonical JSON.
    """

    index: str
    number: int
    at: datetime
    afresh: bool
    quality: Mapping[str, Any]
    digest: str


def subject(index: str) -> str:
    """Return what the audit trail calls an index."""
    return f"index:{index}"


def quality_digest(quality: Mapping[str, Any]) -> str:
    """Return what packs are recognised by."""
    return sha256(canonical(dict(quality)))


def kept_packs(session: Session, dataset: DatasetName, version: str) -> tuple[KeptPack, ...] | None:
    """Return the packs of a version, one for each index; None where there is no such version.

    Of each index it is the last linkage in which the version was its dataset's newest.

    Raises
    ------
    IntegrityError
        A pack is missing, or not the one on record.
    """
    recorded = session.get(IngestedVersionRow, (dataset, version))
    if recorded is None:
        return None
    query = select(DeliveryRow.id).where(DeliveryRow.dataset == dataset, DeliveryRow.version == version)
    delivery = session.scalars(query).first()
    found = () if delivery is None else tuple(_packs(session, dataset, delivery))
    digests = {pack.digest for pack in found}
    if (recorded.quality_pack is None) != (not found) or (found and recorded.quality_pack not in digests):
        raise IntegrityError(_CHANGED)
    return found


def _packs(session: Session, dataset: DatasetName, delivery: str) -> Iterator[KeptPack]:
    for index in session.scalars(select(IndexRow.name).order_by(IndexRow.name)).all():
        number = _last_of(session, index, dataset, delivery)
        if number is not None:
            yield _read(session, index, number)


def _last_of(session: Session, index: str, dataset: DatasetName, delivery: str) -> int | None:
    """Return the last linkage of an index in which `delivery` was the newest of its dataset."""
    kept = select(LinkageRow.number, LinkageRow.deliveries).where(LinkageRow.index == index)
    for number, deliveries in session.execute(kept.order_by(LinkageRow.number.desc())):
        own = [one["id"] for one in deliveries if one["dataset"] == dataset]
        if own and own[-1] == delivery:
            return int(number)
    return None


def _read(session: Session, index: str, number: int) -> KeptPack:
    columns = (LinkageRow.at, LinkageRow.afresh, LinkageRow.quality)
    query = select(*columns).where(LinkageRow.index == index, LinkageRow.number == number)
    try:
        at, afresh, quality = session.execute(query).one()
        digest = quality_digest(quality)
    except (ValueError, TypeError):  # no JSON any more, or none of an object
        raise IntegrityError(_CHANGED) from None
    audited = _audited(session, index, number)
    if audited is None:
        raise IntegrityError(_NOT_RECORDED.format(index=index))
    if digest != audited:
        raise IntegrityError(_CHANGED)
    return KeptPack(index, number, at, afresh, quality, digest)


def _audited(session: Session, index: str, number: int) -> str | None:
    """Return the digest that the audit trail has of a linkage's packs."""
    query = select(AuditLinkRow.payload).where(AuditLinkRow.subject == subject(index), AuditLinkRow.action == LINKED)
    for payload in session.scalars(query.order_by(AuditLinkRow.seq.desc())):
        if payload is not None and payload.get("number") == number:
            found = payload.get("quality")
            return found if isinstance(found, str) else None
    return None
