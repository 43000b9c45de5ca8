"""A change of a zone's key that was interrupted: it is finished where the audit trail has it, and else undone.

Until the trail names the next key nothing that holds has been touched; from then on nothing is left to decide.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from saferoom.digests import canonical, sha256
from saferoom.hub import keys
from saferoom.hub.home import Home
from saferoom.hub.linkage.sealed import NEXT
from saferoom.hub.linkage.zone_keys import ZonePublic

CHANGED = "key.changed"
ZONES = ("linker", "provisioner")


def subject(zone: str) -> str:
    """Return what the audit trail calls a zone's key."""
    return f"key:{zone}"


def public_id(public: ZonePublic) -> str:
    """Return what a zone's key is called: half of a digest of its public half."""
    return sha256(canonical(public.to_json()))[:32]


def settle(home: Home) -> None:
    """Finish or undo changes of zones' keys that were interrupted; the caller is alone with the zones."""
    for zone in ZONES:
        if home.next_zone_key(zone).exists() or home.next_zone_public(zone).exists():
            finish(home, zone) if _on_trail(home, zone) else _undo(home, zone)


def finish(home: Home, zone: str) -> None:
    """Put the envelopes and the key that are on record in their places; the old private key is destroyed."""
    public, coming = home.next_zone_public(zone), home.next_zone_key(zone)
    for path in _beside(home):
        path.replace(path.with_name(path.name.removesuffix(NEXT) + ".json"))
        keys.sync(path.parent)
    if public.exists():
        keys.put_in_place(home.keys / f"{zone}.pub.json", public.read_bytes(), 0o644)
    if coming.exists():
        keys.destroy(home.keys / f"{zone}.key")
        coming.replace(home.keys / f"{zone}.key")
    public.unlink(missing_ok=True)
    keys.sync(home.keys)


def _undo(home: Home, zone: str) -> None:
    for path in _beside(home):
        path.unlink()
    home.next_zone_key(zone).unlink(missing_ok=True)
    home.next_zone_public(zone).unlink(missing_ok=True)


def _on_trail(home: Home, zone: str) -> bool:
    from sqlalchemy import inspect, select

    from saferoom.hub.key_evidence import reading
    from saferoom.hub.store.audit_log import AuditLinkRow

    try:
        new = public_id(ZonePublic.from_json(json.loads(home.next_zone_public(zone).read_bytes())))
    except FileNotFoundError:
        return False
    query = select(AuditLinkRow.payload).where(AuditLinkRow.subject == subject(zone), AuditLinkRow.action == CHANGED)
    with reading(home) as session:
        if session is None or not inspect(session.connection()).has_table(AuditLinkRow.__tablename__):
            return False
        return any((payload or {}).get("new") == new for payload in session.scalars(query))


def _beside(home: Home) -> Iterator[Path]:
    """Yield the envelopes that lie beside those that hold."""
    for zone in (home.linker, home.provisioner):
        if zone.is_dir() and not zone.is_symlink():
            yield from sorted(path for path in zone.rglob(f"*{NEXT}") if not path.is_symlink())
