"""What the instance's signing key has signed and is still needed, found where it is kept.

Every table is looked through, whatever its JSON holds, so that a table that comes later cannot be forgotten. Only what
bears a valid signature by the key is listed; of releases only those that the audit trail has with the same bytes.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, select
from sqlalchemy.orm import Session

from saferoom.audit import HEAD_TYPE
from saferoom.disclosure.privacy.certificate import CERTIFICATE_TYPE as PRIVACY_TYPE
from saferoom.errors import IntegrityError
from saferoom.hub.home import Home
from saferoom.hub.retention_state import DELETED
from saferoom.hub.store.airlock_records import ReleaseRow
from saferoom.hub.store.audit_log import AuditLinkRow
from saferoom.hub.store.migrations.metadata import METADATA
from saferoom.hub.store.vault import FileVault
from saferoom.ids import Digest
from saferoom.projects.airlock.layout import ENVELOPE, MANIFEST_TYPE, SDC_RECORD, WITHDRAWAL_TYPE
from saferoom.projects.extracts.manifest import MANIFEST_FILE
from saferoom.projects.life.sealing import CERTIFICATE_TYPE as DELETION_TYPE
from saferoom.projects.retention.certificates import CERTIFICATE_TYPE as RETENTION_TYPE
from saferoom.signing import VerifyingKey, statement_digest

OUTSIDE = frozenset({MANIFEST_TYPE, PRIVACY_TYPE, WITHDRAWAL_TYPE, DELETION_TYPE, RETENTION_TYPE, HEAD_TYPE})
"""What people outside verify; the digests of everything else stay inside."""
_PARTS = {"payload", "payloadType", "signatures"}


@dataclass(frozen=True)
class Inventory:
    """Digests of what a key signed.

    Attributes
    ----------
    releases : int
        Releases whose bundles are listed.
    missing : int
        Releases that are on record and whose bundle is not in the vault, or not as the audit trail has it.
    """

    outside: frozenset[str]
    inside: frozenset[str]
    releases: int
    missing: int


def gather(session: Session, home: Home, vault: FileVault, key: VerifyingKey) -> Inventory:
    """Return what `key` itself signed; what keys before it signed is on lists of their own."""
    outside: set[str] = set()
    inside: set[str] = set()
    bundles, missing = _bundles(session, vault)
    releases = 0
    for place in (*_stored(session), *_certificates(session), *_manifests(home), *bundles):
        for envelope in _envelopes(place):
            if (digest := _signed(envelope, key)) is not None:
                (outside if envelope["payloadType"] in OUTSIDE else inside).add(digest)
                releases += envelope["payloadType"] == MANIFEST_TYPE
    return Inventory(frozenset(outside), frozenset(inside), releases, missing)


def _signed(envelope: dict[str, Any], key: VerifyingKey) -> str | None:
    try:
        # By this very key, whatever ring it belongs to.
        payload = VerifyingKey.open(key, envelope, envelope["payloadType"])
    except IntegrityError:
        return None
    return statement_digest(payload, envelope["payloadType"])


def _envelopes(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every DSSE envelope within a JSON value."""
    if isinstance(value, dict):
        if value.keys() >= _PARTS and isinstance(value["payloadType"], str):
            yield value
        for one in value.values():
            yield from _envelopes(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _envelopes(one)


def _stored(session: Session) -> Iterator[Any]:
    """Yield every JSON value of the database but the audit trail's, of which `_certificates` has what is signed."""
    for table in METADATA.sorted_tables:
        columns = [column for column in table.columns if isinstance(column.type, JSON)]
        if columns and table.name != AuditLinkRow.__tablename__:
            for row in session.execute(select(*columns).execution_options(yield_per=1000)):
                yield tuple(row)


def _certificates(session: Session) -> Iterator[Any]:
    """Yield the events of the audit trail that have a certificate."""
    yield from session.scalars(select(AuditLinkRow.payload).where(AuditLinkRow.action == DELETED))


def _manifests(home: Home) -> Iterator[Any]:
    """Yield the signed manifests of projects' extracts."""
    for folder in sorted(home.extracts.iterdir()):
        path = folder / MANIFEST_FILE
        if not folder.is_symlink() and path.is_file() and not path.is_symlink():
            yield from _json(path.read_bytes())


def _bundles(session: Session, vault: FileVault) -> tuple[list[Any], int]:
    """Return what bundles hold that is signed, and how many releases have no bundle as the audit trail has it."""
    found: list[Any] = []
    missing = 0
    for row in session.scalars(select(ReleaseRow).order_by(ReleaseRow.id)).all():
        try:
            if not _on_trail(session, row):
                raise IntegrityError("the audit trail has no such release")
            found.extend(_members(vault.get(Digest(row.bundle))))
        except IntegrityError:
            missing += 1
    return found, missing


def _on_trail(session: Session, row: ReleaseRow) -> bool:
    payloads = session.scalars(select(AuditLinkRow.payload).where(AuditLinkRow.subject == row.request))
    said = [payload for payload in payloads if payload and payload.get("bundle") is not None]
    return {"release": row.id, "bundle": row.bundle} in said


def _members(bundle: bytes) -> Iterable[Any]:
    try:
        with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
            return [one for name in (ENVELOPE, SDC_RECORD) for one in _json(archive.read(name))]
    except (zipfile.BadZipFile, KeyError):
        raise IntegrityError("a bundle in the vault is none") from None


def _json(data: bytes) -> list[Any]:
    try:
        return [json.loads(data)]
    except (ValueError, RecursionError):
        return []
