"""In a zone whose key is changed: the keys of its files, wrapped for the next key; no table is written anew.

What is wrapped anew is put beside what holds still, under a name of its own; the hub exchanges them when it is on
record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from saferoom.digests import canonical, sha256
from saferoom.errors import IntegrityError
from saferoom.hub.linkage import sealed
from saferoom.hub.linkage.opened import OpenZone, about_zone
from saferoom.hub.linkage.sealed import Stamp
from saferoom.hub.linkage.zone_keys import ZoneSecret
from saferoom.signing import VerifyingKey


def coming_keys(zone: OpenZone, _document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Answer with the public half of the zone's next key, and with the key of names, sealed under the next one."""
    coming = _coming(zone)
    return {"public": coming.public.to_json(), "carried": coming.carrying(zone.secret.names, zone.zone).hex()}


def rewrap(zone: OpenZone, document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Wrap the keys of the files that `document` names for the next key.

    Returns
    -------
    mapping
        ``stamps``: of place to the digest of its new envelope; ``statements``: of place to what another zone has to
        sign before it is one.

    Raises
    ------
    IntegrityError
        A file is missing, or is not what is on record.
    """
    coming = _coming(zone)
    if coming.names != zone.secret.names:
        raise IntegrityError("the next key of the zone does not carry its key of names; nothing was changed")
    stamps, statements = {}, {}
    for file in document["files"]:
        place = zone.folder / file["place"]
        if file["stamp"] is None and not place.with_name(sealed.names(place.name)[1]).exists():
            continue
        signer = zone.publics[file["signer"]].verifying_key if file["signer"] else None
        stamp = Stamp.from_json(file["stamp"]) if file["stamp"] else None
        about = about_zone(zone.zone, file["about"])
        found = sealed.rewrapped(place, about, zone.secret, coming.public, stamp=stamp, signed_by=signer)
        if signer is None:
            written = canonical(found)
            sealed.write_next(place, written)
            stamps[file["place"]] = sha256(written)
        else:
            statements[file["place"]] = found
    return {"stamps": stamps, "statements": statements}


def sign_again(zone: OpenZone, document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Sign what this zone had signed anew: under its next key, or with keys that were wrapped for another zone's.

    Raises
    ------
    IntegrityError
        This zone did not sign it, or it is to say of another table than it did.
    """
    key = zone.coming.signing_key if zone.coming is not None else zone.secret.signing_key
    before = zone.secret.signing_key.verifying_key
    files: Sequence[Mapping[str, Any]] = document["files"]
    return {"envelopes": {file["place"]: key.seal_json(_same(file, before), sealed.TYPE) for file in files}}


def _same(file: Mapping[str, Any], before: VerifyingKey) -> Mapping[str, Any]:
    """Return what is to be signed: of the same table as what this zone had signed."""
    said = before.open_json(file["envelope"], sealed.TYPE)
    wanted: Mapping[str, Any] = said if file["statement"] is None else file["statement"]
    if {**said, "key": wanted.get("key")} != wanted or not isinstance(wanted.get("key"), str):
        raise IntegrityError("a zone was asked to sign for another table than it had handed over; nothing was changed")
    return wanted


def _coming(zone: OpenZone) -> ZoneSecret:
    if zone.coming is None:
        raise IntegrityError(f"the {zone.zone}'s key is not being changed")
    return zone.coming
