"""A zone's key is changed: everything is read on, ids stay, no table is written anew; a kill leaves one valid key."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from tests.support.zones_world import INDEX, ZonesWorld, copied, people, pupils, taxpayers, zone_of, zones_world

from saferoom.errors import IntegrityError, SaferoomError, UnavailableError, WrongStateError
from saferoom.hub import keys
from saferoom.hub.housekeeping import settle_keys
from saferoom.hub.linkage.deliveries import linked_sources
from saferoom.hub.linkage.desk.queueing import shown_pairs
from saferoom.hub.linkage.ingesting import store_of
from saferoom.hub.linkage.key_change import rotate
from saferoom.hub.linkage.key_settling import CHANGED
from saferoom.hub.linkage.opened import OpenZone
from saferoom.hub.linkage.places import alone, delivery_place, linkage_place
from saferoom.hub.linkage.provisioner import materialise
from saferoom.hub.linkage.rewrapping import sign_again
from saferoom.hub.linkage.splitting import IDENTIFIERS, about_delivery
from saferoom.hub.linkage.zone_keys import ZoneSecret
from saferoom.hub.linkage.zones import Zone, publics, start_in_zone
from saferoom.hub.store.audit_log import AuditLinkRow, verify_audit_log
from saferoom.ids import DatasetName

KILLED = 137
POINTS = {
    "the next key is there": ("saferoom.hub.linkage.key_change", "run_while_changing", 1),
    "the new envelopes lie beside": ("saferoom.hub.linkage.key_change", "_record", 1),
    "all is written, not committed": ("saferoom.hub.store.zones", "AuditLog.record", 1),
    "it is on the trail": ("saferoom.hub.linkage.key_change", "finish", 1),
    "one envelope is exchanged": ("saferoom.hub.keys", "sync", 5),
    "the old key is destroyed": ("saferoom.hub.keys", "destroy", -1),
}
"""What is called next, and the how manieth call it is; -1 for after the first."""
BEFORE = ("the next key is there", "the new envelopes lie beside", "all is written, not committed")
"""Until then the old key holds."""
PROGRAM = """
import importlib, os, sys
from pathlib import Path
from saferoom.hub.home import Home
from saferoom.hub.linkage.key_change import rotate
from saferoom.hub.linkage.zones import Zone
from saferoom.hub.wiring import Instance

owner, name, calls = importlib.import_module(sys.argv[2]), sys.argv[3].split("."), int(sys.argv[4])
instance = Instance.open(Home(Path(sys.argv[1])))
for part in name[:-1]:
    owner = getattr(owner, part)
real = getattr(owner, name[-1])

def counted(*given, **named):
    global calls
    calls -= 1
    if calls == 0:
        os._exit(137)
    found = real(*given, **named)
    if calls < -1:
        os._exit(137)
    return found

setattr(owner, name[-1], counted)
rotate(instance, Zone(sys.argv[5]), "admin:root", "yearly")
"""


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ZonesWorld]:
    with zones_world(tmp_path_factory.mktemp("zone-keys")) as place:
        known = people(160)
        place.deliver("pupils", pupils(known))
        place.deliver("taxpayers", taxpayers(known))
        place.link(INDEX)
        yield place


@pytest.fixture
def place(linked: ZonesWorld, tmp_path: Path) -> Iterator[ZonesWorld]:
    with copied(linked, tmp_path) as made:
        yield made


def read(place: ZonesWorld) -> dict[str, Any]:
    """Return everything that the zones can read: identifiers, what is reviewed, and linked data with their ids."""
    linker = zone_of(place.home, Zone.LINKER)
    found: dict[str, Any] = {"shown": shown_pairs(linker, "person@1")}
    with store_of(place.instance).reading() as now:
        for one in now.deliveries():
            file = delivery_place(one.id, IDENTIFIERS)
            stamp = one.stamps[IDENTIFIERS]
            found[one.dataset] = linker.read(file, about_delivery(IDENTIFIERS, one.name), stamp).read_all().to_pylist()
        linkage = now.linkage("person")
    assert linkage is not None
    for name in ("pupils", "taxpayers"):
        (source,) = linked_sources(place.instance, [(DatasetName(name), "1")])
        plain = place.home.root / "plain.parquet"
        materialise(zone_of(place.home, Zone.PROVISIONER), source, plain)
        found[f"linked {name}"] = pq.read_table(plain).to_pylist()
        plain.unlink()
    return found


def tables(place: ZonesWorld) -> dict[str, tuple[int, int]]:
    """Return inode and time of change of every encrypted table."""
    zones = (place.home.linker, place.home.provisioner)
    files = [path for zone in zones for path in zone.rglob("*.parquet")]
    assert files
    return {str(path): (path.stat().st_ino, path.stat().st_mtime_ns) for path in files}


def left(place: ZonesWorld) -> list[Path]:
    """Return what a change puts beside, and takes away in the end."""
    zones = (place.home.linker, place.home.provisioner)
    return [*place.home.keys.glob("*.next.*"), *(path for zone in zones for path in zone.rglob("*.next.json"))]


def opens(place: ZonesWorld, zone: Zone, secret: bytes) -> bool:
    """Tell whether a secret opens any envelope of the zone, as it lies there now."""
    old = OpenZone(zone.value, place.home.root / zone.value, publics(place.home), ZoneSecret(secret, zone.value))
    with store_of(place.instance).reading() as now:
        for one in now.deliveries():
            for kind, stamp in one.stamps.items():
                if (kind == IDENTIFIERS) == (zone is Zone.LINKER):
                    try:
                        old.read(delivery_place(one.id, kind), about_delivery(kind, one.name), stamp)
                    except IntegrityError:
                        continue
                    return True
    return False


def changes(place: ZonesWorld, zone: Zone) -> int:
    with place.instance.database.reading() as session:
        verify_audit_log(session, keys.verifying_key(place.home))
        rows = session.query(AuditLinkRow).filter_by(subject=f"key:{zone}", action=CHANGED)
        return rows.count()


@pytest.mark.parametrize("zone", [Zone.LINKER, Zone.PROVISIONER])
def test_everything_is_read_on_ids_stay_and_the_old_key_opens_nothing(place: ZonesWorld, zone: Zone) -> None:
    path = place.home.keys / f"{zone}.key"
    old, before, lie, public = path.read_bytes(), read(place), tables(place), publics(place.home)
    names = zone_of(place.home, zone).secret.names
    done = rotate(place.instance, zone, "admin:root", "yearly")
    assert read(place) == before
    assert tables(place) == lie, "a table was written anew"
    assert not opens(place, zone, old)
    assert zone_of(place.home, zone).secret.names == names
    assert publics(place.home)[zone.value] == zone_of(place.home, zone).secret.public != public[zone.value]
    assert (changes(place, zone), left(place), done.ended != done.new) == (1, [], True)
    rotate(place.instance, zone, "admin:root", "again")
    assert read(place) == before
    assert zone_of(place.home, zone).secret.names == names


def test_after_both_were_changed_deliveries_are_linked_on_with_the_same_ids(place: ZonesWorld) -> None:
    before = {row["taxpayer_id"]: row["person_id"] for row in read(place)["linked taxpayers"]}
    for zone in (Zone.LINKER, Zone.PROVISIONER):
        rotate(place.instance, zone, "admin:root", "yearly")
    place.deliver("taxpayers", taxpayers(people(165)), "2")
    place.link()
    (source,) = linked_sources(place.instance, [(DatasetName("taxpayers"), "2")])
    file = place.home.root / "plain.parquet"
    materialise(zone_of(place.home, Zone.PROVISIONER), source, file)
    after = {row["taxpayer_id"]: row["person_id"] for row in pq.read_table(file).to_pylist()}
    assert {one: after[one] for one in before if one in after} == {one: before[one] for one in before if one in after}
    assert len(set(before) & set(after)) > 100


@pytest.mark.sqlite
@pytest.mark.parametrize("zone", [Zone.LINKER, Zone.PROVISIONER])
@pytest.mark.parametrize("point", POINTS)
def test_change_that_is_killed_leaves_one_valid_key(place: ZonesWorld, zone: Zone, point: str) -> None:
    module, name, calls = POINTS[point]
    old, before = (place.home.keys / f"{zone}.key").read_bytes(), read(place)
    words = [sys.executable, "-P", "-c", PROGRAM, str(place.home.root), module, name, str(calls), zone.value]
    environment = {one: os.environ[one] for one in ("PATH", "SAFEROOM_OPENED") if one in os.environ}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == KILLED, done.stderr
    assert left(place)
    with pytest.raises(UnavailableError, match=f"rotate-key {zone}"):
        start_in_zone(place.home, zone, "saferoom.hub.linkage.process")
    settle_keys(place.instance)
    assert left(place) == []
    assert read(place) == before
    assert opens(place, zone, old) == (point in BEFORE)
    assert changes(place, zone) == (point not in BEFORE)
    rotate(place.instance, zone, "admin:root", "again")
    assert (read(place), opens(place, zone, old)) == (before, False)


def test_file_that_was_changed_or_is_gone_refuses_the_change_and_nothing_is_different(place: ZonesWorld) -> None:
    envelope = place.home.linker / f"{linkage_place('person', 1, 'spine')}.json"
    sound, before = envelope.read_bytes(), {path.name: path.read_bytes() for path in place.home.keys.iterdir()}
    said = json.loads(sound)
    for damaged in (json.dumps(said | {"rows": 3}).encode(), None):
        envelope.unlink() if damaged is None else envelope.write_bytes(damaged)
        with pytest.raises(SaferoomError, match=r"spine.*missing, was changed"):
            rotate(place.instance, Zone.LINKER, "admin:root", "yearly")
        assert {path.name: path.read_bytes() for path in place.home.keys.iterdir()} == before
        assert left(place) == []
    envelope.write_bytes(sound)
    envelope.chmod(0o600)
    assert read(place)
    assert changes(place, Zone.LINKER) == 0


def test_keys_from_elsewhere_and_a_zone_at_work_are_refused(place: ZonesWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    with alone(place.home), pytest.raises(UnavailableError, match="another delivery"):
        rotate(place.instance, Zone.LINKER, "admin:root", "yearly")
    monkeypatch.setenv("SAFEROOM_KEYS", str(place.home.root / "elsewhere"))
    with pytest.raises(WrongStateError, match="SAFEROOM_KEYS"):
        rotate(place.instance, Zone.LINKER, "admin:root", "yearly")


@pytest.mark.parametrize("said", [{"rows": 7}, {"sha256": "0" * 64}, {"more": 1}, {"key": 1}])
def test_linker_signs_for_no_other_table_than_it_had_handed_over(place: ZonesWorld, said: dict[str, Any]) -> None:
    linker = zone_of(place.home, Zone.LINKER)
    envelope = json.loads((place.home.provisioner / "maps/person/1/map.json").read_bytes())
    statement = linker.secret.signing_key.verifying_key.open_json(envelope, envelope["payloadType"])
    file = {"place": "maps/person/1/map", "envelope": envelope, "statement": statement | said}
    with pytest.raises(IntegrityError, match="another table"):
        sign_again(linker, {"files": [file]})


def test_lost_key_of_a_zone_is_said_and_healed_by_the_file(place: ZonesWorld) -> None:
    before = read(place)
    for zone in (Zone.LINKER, Zone.PROVISIONER):
        elsewhere = (place.home.keys / f"{zone}.key").rename(place.home.root / "elsewhere")
        with pytest.raises(UnavailableError, match=f"{zone}.key is gone"):
            place.deliver("meals", [{"pupil_id": "P1", "year": "2020", "registered": "true"}], f"1-{zone}")
        assert not (place.home.keys / f"{zone}.key").exists()
        elsewhere.rename(place.home.keys / f"{zone}.key")
    assert read(place) == before
