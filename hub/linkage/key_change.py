"""The key of a zone is changed: the files' keys are wrapped for a new one inside the zone, and the old one destroyed.

Nothing that holds is touched until one transaction has put the new envelopes' digests on record and the change on the
audit trail; what was prepared beside until then is undone, and what is left to exchange after it is exchanged, by
whoever is next alone with the zones. No table is written anew.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from saferoom.audit import Event
from saferoom.digests import canonical, sha256
from saferoom.errors import IntegrityError
from saferoom.hub import keys
from saferoom.hub.linkage.desk.queueing import review_files
from saferoom.hub.linkage.ingesting import store_of
from saferoom.hub.linkage.key_settling import CHANGED, finish, public_id, settle, subject
from saferoom.hub.linkage.places import (
    MAP,
    MEMORY,
    about_linkage,
    about_memory,
    alone,
    delivery_place,
    linkage_place,
    map_place,
    memory_place,
    sweep,
)
from saferoom.hub.linkage.records import Delivery, Linkage
from saferoom.hub.linkage.sealed import Stamp, names, write_next
from saferoom.hub.linkage.splitting import IDENTIFIERS, about_delivery
from saferoom.hub.linkage.zone_keys import KEY_BYTES, ZonePublic
from saferoom.hub.linkage.zones import Zone, folder_of, hand_over, publics, run_while_changing
from saferoom.hub.wiring import Instance

_INSIDE = "saferoom.hub.linkage.rewrapping"


@dataclass(frozen=True)
class Changed:
    """What a change did: ids of both keys' public halves, and how many files have their keys wrapped anew."""

    ended: str
    new: str
    files: int


@dataclass(frozen=True)
class _File:
    """A sealed table of a zone, where it is and what it is about; `whose` and `kind` say where its stamp is kept."""

    zone: Zone
    place: str
    about: Mapping[str, Any]
    stamp: Stamp | None = None
    whose: str = ""
    kind: str = ""
    signer: Zone | None = None

    def to_json(self) -> dict[str, Any]:
        stamp = None if self.stamp is None else self.stamp.to_json()
        signer = None if self.signer is None else self.signer.value
        return {"place": self.place, "about": dict(self.about), "stamp": stamp, "signer": signer}


@dataclass
class _Prepared:
    """New envelopes that lie beside those that hold: the digest of each, by place."""

    digests: dict[str, str] = field(default_factory=dict)


def rotate(instance: Instance, zone: Zone, actor: str, reason: str) -> Changed:
    """Change the key of `zone`. The caller sees to it that no service is running.

    Raises
    ------
    WrongStateError
        Keys are handed in from elsewhere.
    IntegrityError
        A file of the zone is missing, or is not what is on record; nothing was changed.
    UnavailableError
        Somebody else works with the zones just now, the old key is gone, or a process of a zone could not do its work.
    """
    home = instance.home
    keys.check_kept_here(home)
    with alone(home):
        keys.zone_key(home, zone.value)
        before = publics(home)
        files = _listed(instance)
        try:
            public = _begin(instance, zone, before)
            made = _prepare(instance, zone, files, before)
            done = Changed(public_id(before[zone.value]), public_id(public), len(made.digests))
            _record(instance, files, made, Event(actor, CHANGED, subject(zone.value), _said(reason, done, files, made)))
        except BaseException:
            settle(home)  # the trail says whether it was before or after the moment
            raise
        finish(home, zone.value)
        return done


def _listed(instance: Instance) -> tuple[_File, ...]:
    """Return every sealed table that is on record, having removed what is not."""
    with store_of(instance).reading() as now:
        deliveries = now.deliveries()
        linkages = [linkage for index in now.indexes() for linkage in now.linkages(index.name)]
    numbers: dict[str, list[int]] = {}
    for linkage in linkages:
        numbers.setdefault(linkage.index.name, []).append(linkage.number)
    sweep(instance.home, {one.id for one in deliveries}, numbers)
    of_deliveries = (file for delivery in deliveries for file in _of_delivery(delivery))
    return (*of_deliveries, *(file for linkage in linkages for file in _of_linkage(linkage)))


def _of_delivery(delivery: Delivery) -> Iterator[_File]:
    for kind, stamp in delivery.stamps.items():
        zone = Zone.LINKER if kind == IDENTIFIERS else Zone.PROVISIONER
        about = about_delivery(kind, delivery.name)
        yield _File(zone, delivery_place(delivery.id, kind), about, stamp, delivery.id, kind)


def _of_linkage(linkage: Linkage) -> Iterator[_File]:
    index, number = linkage.index.name, linkage.number
    for kind, stamp in linkage.stamps.items():
        if kind == MAP:
            place, zone, about = map_place(index, number), Zone.PROVISIONER, about_linkage(MAP, index, number)
            yield _File(zone, place, about, stamp, linkage.name, kind, Zone.LINKER)
        elif kind.startswith(MEMORY):
            dataset = kind.removeprefix(MEMORY)
            place, about = memory_place(index, number, dataset), about_memory(index, number, dataset)
            yield _File(Zone.PROVISIONER, place, about, stamp, linkage.name, kind)
        else:
            about = about_linkage(kind, index, number)
            yield _File(Zone.LINKER, linkage_place(index, number, kind), about, stamp, linkage.name, kind)
    for place, about in review_files(linkage.name):
        yield _File(Zone.LINKER, place, about)


def _begin(instance: Instance, zone: Zone, before: Mapping[str, ZonePublic]) -> ZonePublic:
    """Put the next key beside the zone's own, with the key of names that it carries on."""
    home, coming = instance.home, secrets.token_bytes(KEY_BYTES)
    keys.put_beside(home.next_zone_key(zone.value), coming)
    told = run_while_changing(home, zone, f"{_INSIDE}:coming_keys", {}, before)
    public = ZonePublic.from_json(told["public"])
    keys.put_beside(home.next_zone_key(zone.value), coming + bytes.fromhex(told["carried"]))
    keys.put_in_place(home.next_zone_public(zone.value), json.dumps(public.to_json()).encode(), 0o644)
    return public


def _prepare(instance: Instance, zone: Zone, files: tuple[_File, ...], before: Mapping[str, ZonePublic]) -> _Prepared:
    """Write every envelope that changes beside the one that holds."""
    home, made = instance.home, _Prepared()
    own = [file for file in files if file.zone is zone]
    told = run_while_changing(home, zone, f"{_INSIDE}:rewrap", {"files": [one.to_json() for one in own]}, before)
    made.digests.update(told["stamps"])
    signed = [file for file in files if file.signer is zone or (file.zone is zone and file.signer is not None)]
    for signer in {file.signer for file in signed if file.signer is not None}:
        asked = [
            {
                "place": file.place,
                "envelope": json.loads((folder_of(home, file.zone) / _envelope(file)).read_bytes()),
                "statement": told["statements"].get(file.place),
            }
            for file in signed
            if file.signer is signer
        ]
        answer = run_while_changing(home, signer, f"{_INSIDE}:sign_again", {"files": asked}, before)
        for file in signed:
            written = canonical(answer["envelopes"][file.place])
            place = folder_of(home, file.zone) / file.place
            write_next(place, written)
            hand_over(place.with_name(f"{place.name}.next.json"), home, file.zone)
            made.digests[file.place] = sha256(written)
    return made


def _record(instance: Instance, files: tuple[_File, ...], made: _Prepared, event: Event) -> None:
    """Put the new digests on record, and the change on the trail; this is the moment."""
    stamps: dict[str, dict[str, Stamp]] = {}
    for file in files:
        if file.stamp is not None and file.place in made.digests:
            stamps.setdefault(file.whose, {})[file.kind] = Stamp(made.digests[file.place], file.stamp.rows)
    changing = [file for file in files if file.stamp is not None and event.subject == subject(file.zone.value)]
    if any(file.place not in made.digests for file in changing):
        raise IntegrityError("a process of the zones left a file out; nothing was changed")
    _check_written(instance, files, made)
    with store_of(instance).transaction() as transaction:
        transaction.restamp(stamps, event)


def _check_written(instance: Instance, files: tuple[_File, ...], made: _Prepared) -> None:
    for file in files:
        if file.place in made.digests:
            place = folder_of(instance.home, file.zone) / file.place
            if sha256(place.with_name(f"{place.name}.next.json").read_bytes()) != made.digests[file.place]:
                raise IntegrityError("a process of the zones left other files than it told of; nothing was changed")


def _said(reason: str, done: Changed, files: tuple[_File, ...], made: _Prepared) -> dict[str, Any]:
    """Return what the trail is told: of each file on record the digest of its envelope before and after."""
    known = {file.place: file.stamp.sha256 for file in files if file.stamp is not None}
    moved = {place: [before, made.digests[place]] for place, before in known.items() if place in made.digests}
    return {"reason": reason, "ended": done.ended, "new": done.new, "files": moved}


def _envelope(file: _File) -> str:
    head, _, last = file.place.rpartition("/")
    return f"{head}/{names(last)[1]}"
