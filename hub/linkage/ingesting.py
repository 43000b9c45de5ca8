"""A data owner's delivery taken in: checked and split in a process of its own, put in its places, and recorded.

The delivered file is read by the splitter's process alone. What the hub learns are counts, digests and the report.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy.orm import Session

from saferoom.digests import canonical, sha256
from saferoom.errors import BadInputError, IntegrityError, UnavailableError, WrongStateError
from saferoom.hub import keys
from saferoom.hub.catalogue.twins import FILE, TwinMade, shape
from saferoom.hub.linkage.answers import Split, read_split
from saferoom.hub.linkage.messages import Tell, silent
from saferoom.hub.linkage.places import DELIVERIES, alone, check_written, move_in, sweep
from saferoom.hub.linkage.records import Delivery
from saferoom.hub.linkage.splitting import ATTRIBUTES, CROSSWALK, IDENTIFIERS, OUT, identifying, relating
from saferoom.hub.linkage.zone_keys import KEY_BYTES
from saferoom.hub.linkage.zones import Zone, hand_over, run_in_zone, take_back
from saferoom.hub.sandbox import Bind
from saferoom.hub.store.versions import last_profile
from saferoom.hub.store.zones import ZonesStore
from saferoom.hub.wiring import Instance
from saferoom.ids import DatasetName, new_id
from saferoom.projects.catalogue.model import Dataset
from saferoom.projects.catalogue.versions import Version

_TASK = "saferoom.hub.linkage.splitting:split"
_INSIDE = Path("/delivery")
_MOST_TWIN_BYTES = 64 << 20
_ENDINGS = (".csv", ".parquet")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_WHOSE = {IDENTIFIERS: Zone.LINKER, ATTRIBUTES: Zone.PROVISIONER, CROSSWALK: Zone.PROVISIONER}


@dataclass(frozen=True)
class Delivered:
    """What somebody delivers.

    Attributes
    ----------
    first, last : date or None
        First and last day that the data are about.
    accepted : tuple of str
        Variables (or ``rows``) that differ from the last version's as the data owner means them to.
    """

    dataset: DatasetName
    file: Path
    version: str
    first: date | None = None
    last: date | None = None
    accepted: tuple[str, ...] = ()

    @property
    def period(self) -> str | None:
        """The days in one text."""
        if self.first is None and self.last is None:
            return None
        return f"{self.first or ''}..{self.last or ''}"


def store_of(instance: Instance) -> ZonesStore:
    """Return where deliveries and linkages are on record."""
    return ZonesStore(instance.database, instance.clock, instance.signing_key)


def ingest(instance: Instance, delivered: Delivered, actor: str, tell: Tell = silent) -> Delivery:
    """Check, split and record a delivery; everything of it or nothing.

    Raises
    ------
    BadInputError
        The file is not there, or not as the dataset is described; the sentence says what, never a value.
    WrongStateError
        The version was ingested before.
    UnavailableError
        The splitting process could not do its work; nothing was changed.
    """
    _check_words(delivered)
    store, home = store_of(instance), instance.home
    with alone(home):
        with store.reading() as now:
            dataset = now.registry.dataset(delivered.dataset)
            if dataset.derived is not None:
                raise BadInputError(f"{dataset.name} is derived from other datasets; nobody delivers it")
            if now.delivery(delivered.dataset, delivered.version) is not None:
                raise _twice(delivered)
            before = now.latest(delivered.dataset)
            known = _known(now.session, instance, dataset)
            known["twin"] = now.twin_shape(delivered.dataset) != shape(dataset)
            kept = {one.id for one in now.deliveries()}
            linkages = {one.name: [kept.number for kept in now.linkages(one.name)] for one in now.indexes()}
        sweep(home, kept, linkages)
        identifier = new_id("delivery").removeprefix("delivery-")
        staging = home.splits / identifier
        try:
            made = _split(instance, dataset, delivered, staging, known, tell)
            delivery = Delivery(
                id=identifier,
                dataset=delivered.dataset,
                number=1 if before is None else before.number + 1,
                version=delivered.version,
                period=delivered.period,
                rows=made.rows,
                sha256=made.sha256,
                stamps=made.stamps,
                report=made.report.to_json(),
                at=instance.clock.now(),
                by=actor,
            )
            for zone in (Zone.LINKER, Zone.PROVISIONER):
                if (staging / zone.value).exists():
                    move_in(home, zone, staging / zone.value, f"{DELIVERIES}/{identifier}")
            _record(instance, dataset, delivered, delivery, made)
            return delivery
        finally:
            shutil.rmtree(staging, ignore_errors=True)


def _split(
    instance: Instance,
    dataset: Dataset,
    delivered: Delivered,
    staging: Path,
    known: Mapping[str, Any],
    tell: Tell,
) -> Split:
    wanted = {ATTRIBUTES} | ({IDENTIFIERS, CROSSWALK} if identifying(dataset) else set())
    zones = {_WHOSE[kind] for kind in wanted}
    staging.mkdir(mode=0o700)
    out = staging / "out"
    for zone in zones:
        (out / zone.value).mkdir(parents=True, mode=0o700)
    hand_over(out, instance.home, Zone.SPLITTER)
    inside = _INSIDE / f"delivery{delivered.file.suffix}"
    document = {
        "dataset": dataset.model_dump(mode="json"),
        "file": str(inside),
        "delivery": {"id": staging.name, "dataset": dataset.name, "version": delivered.version},
        "key": _derived_key(instance, {"purpose": "saferoom/record-key/1", "dataset": dataset.name}).hex(),
        "reference_key": _derived_key(instance, {"purpose": "saferoom/reference-key/1"}).hex(),
        "groups": {
            one.name: _derived_key(instance, {"purpose": "saferoom/group-key/1", "group": one.relates}).hex()
            for one in relating(dataset)
        },
        **known,
        "today": instance.clock.now().date().isoformat(),
        "accepted": list(delivered.accepted),
    }
    file = _within_reach(delivered.file, staging)
    answer = run_in_zone(
        instance.home,
        Zone.SPLITTER,
        _TASK,
        document,
        read_only=[Bind(file, str(inside))],
        writable=[Bind(out, str(OUT))],
        tell=tell,
    )
    take_back(out)
    made = read_split(answer, wanted, twin=bool(known["twin"]))
    keep_twin(instance, out, made.twin)
    for zone in zones:
        stamps = {kind: stamp for kind, stamp in made.stamps.items() if _WHOSE[kind] is zone}
        check_written(out / zone.value, stamps)
        (out / zone.value).rename(staging / zone.value)
    return made


def keep_twin(instance: Instance, out: Path, twin: TwinMade | None) -> None:
    """Put the twin into the vault, where it is found by its digest.

    Raises
    ------
    IntegrityError
        The file is not the one that the splitter told of.
    """
    if twin is None or twin.sha256 is None:
        return
    file = out / FILE
    if file.is_symlink() or not file.is_file() or file.stat().st_size > _MOST_TWIN_BYTES:
        raise IntegrityError("the process did not leave the twin that it told of; nothing was taken over")
    data = file.read_bytes()
    if sha256(data) != twin.sha256:
        raise IntegrityError("the process did not leave the twin that it told of; nothing was taken over")
    instance.vault.put(data)


def _known(session: Session, instance: Instance, dataset: Dataset) -> dict[str, Any]:
    """Return what a delivery is compared with: the last version's profile, and the ids of datasets it refers to."""
    before = last_profile(session, instance.cipher, DatasetName(dataset.name))
    others = {}
    for reference in dataset.references:
        profile = last_profile(session, instance.cipher, DatasetName(reference.dataset)) or {}
        others[reference.dataset] = {"ids": profile.get("ids", {})}
    return {"before": None if before is None else dict(before), "others": others}


def _derived_key(instance: Instance, about: Mapping[str, Any]) -> bytes:
    """Return a key for the splitter's hashes of one kind; no zone has it."""
    hkdf = HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=canonical(dict(about)))
    return hkdf.derive(keys.pseudonym_key(instance.home))


def _record(instance: Instance, dataset: Dataset, delivered: Delivered, delivery: Delivery, made: Split) -> None:
    version = Version(
        dataset=delivery.dataset,
        version=delivery.version,
        sha256=delivery.sha256,
        rows=delivery.rows,
        first=delivered.first,
        last=delivered.last,
        breaking=made.report.breaking,
        ingested_at=delivery.at,
    )
    with store_of(instance).transaction() as transaction:
        if transaction.delivery(delivery.dataset, delivery.version) is not None:
            raise WrongStateError(f"version {delivery.version} of {delivery.dataset} was ingested meanwhile")
        if transaction.registry.dataset(delivery.dataset) != dataset:
            raise WrongStateError(f"{dataset.name} was described anew meanwhile; ingest the delivery again")
        transaction.add_delivery(delivery)
        transaction.record_version(version, delivery.by, (made.report, instance.cipher))
        if made.twin is not None:
            transaction.record_twin(version, delivery.by, made.twin, shape(dataset))
        if not dataset.indexes:  # others are in force once their records are linked
            transaction.put_in_force(delivery.dataset, delivery.version, delivery.by)


def _check_words(delivered: Delivered) -> None:
    if not _VERSION.fullmatch(delivered.version):
        raise BadInputError("a version is 1 to 40 letters, digits, dots, underscores or hyphens")
    if delivered.first is not None and delivered.last is not None and delivered.last < delivered.first:
        raise BadInputError("the last day of the period is before its first")
    if delivered.file.suffix not in _ENDINGS:
        raise BadInputError(f"{delivered.file.name}: a delivery is a .csv or .parquet file")
    if not delivered.file.is_file():
        raise BadInputError(f"{delivered.file}: there is no such file")


def _within_reach(file: Path, staging: Path) -> Path:
    """Return a file that the splitter's user can open: `file` itself, or a copy for as long as it is split."""
    origin = file.resolve()
    try:
        if os.getuid() != 0 or origin.stat().st_mode & 0o004:
            return origin
        copy = staging / f"{secrets.token_hex(8)}{file.suffix}"
        shutil.copyfile(origin, copy)
        copy.chmod(0o444)  # in a closed folder
        return copy
    except OSError as error:
        raise UnavailableError(f"{file} cannot be copied to be split ({error.strerror}); nothing was changed") from None


def _twice(delivered: Delivered) -> WrongStateError:
    return WrongStateError(
        f"version {delivered.version} of {delivered.dataset} was ingested before; give the new delivery another version"
    )
