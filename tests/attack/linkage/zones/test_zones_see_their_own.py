"""What a process of each zone can reach, if somebody took it over: its own folder and key, and nothing else."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from tests.support.ordinary import as_ordinary_user, hand_over
from tests.support.zones_world import FAMILY, GIVEN, ZonesWorld, people, run_program

from saferoom.hub.linkage.zones import Zone, not_enforced
from saferoom.hub.sandbox import Sandbox, identity, run

REACH = """
def can(path):
    try:
        with open(path, "rb") as file:
            file.read(1)
        return True
    except OSError:
        return False

def found():
    seen = []
    for top in ("/zone", "/out", "/tmp", "/run", "/data", "/delivery", "/var", "/srv", "/mnt", "/dev/shm"):
        for folder, _, files in os.walk(top):
            seen += [f"{folder}/{name}" for name in files]
    return sorted(seen)

answer({
    "opened": [path for path in job.document["paths"] if can(path)],
    "listed": [path for path in job.document["folders"] if os.path.isdir(path)],
    "found": found(),
    "environment": sorted(os.environ),
    "network": [line.split(":")[0].strip() for line in open("/proc/net/dev") if ":" in line],
    "user": os.getuid(),
})
"""


def everything(place: ZonesWorld) -> dict[str, list[str]]:
    """Return every file and folder of the home and the inbox, by their paths on the machine."""
    known = [*place.home.root.rglob("*"), *place.inbox.rglob("*")]
    return {
        "paths": [str(path) for path in known if path.is_file()],
        "folders": [str(path) for path in known if path.is_dir()],
    }


@pytest.mark.parametrize("zone", list(Zone))
def test_process_of_a_zone_finds_its_own_folder_and_nothing_else(place: ZonesWorld, zone: Zone) -> None:
    reached = run_program(place.home, zone, REACH, everything(place))
    assert reached["opened"] == []
    assert reached["listed"] == []
    own = place.home.root / zone.value
    files = [] if zone is Zone.SPLITTER else [path for path in own.rglob("*") if path.is_file()]
    expected = sorted(f"/zone/{path.relative_to(own)}" for path in files)
    assert reached["found"] == expected
    assert reached["network"] == ["lo"]
    assert not [name for name in reached["environment"] if "SAFEROOM" in name or "KEY" in name or "TOKEN" in name]


def test_room_and_evaluator_find_nothing_of_the_zones(place: ZonesWorld) -> None:
    program = "import json, os, sys\njob = json.loads(sys.stdin.read())\n" + REACH.replace(
        "job.document", "job"
    ).replace("answer(", "(lambda found: print(json.dumps(found)))(")
    sandbox = Sandbox("room-probe", identity(place.home, "mobility"), environment={"PATH": "/usr/bin:/bin"})
    done = run(sandbox, [sys.executable, "-P", "-c", program], json.dumps(everything(place)).encode(), 30.0)
    reached = json.loads(done.stdout)
    assert (reached["opened"], reached["listed"], reached["found"]) == ([], [], [])


def test_folders_and_keys_are_closed_to_everybody_else(place: ZonesWorld) -> None:
    owners = set()
    for zone in (Zone.LINKER, Zone.PROVISIONER):
        folder = place.home.root / zone.value
        for path in [folder, *folder.rglob("*")]:
            assert stat.S_IMODE(path.lstat().st_mode) == (0o700 if path.is_dir() else 0o600), path
            assert path.lstat().st_uid == folder.lstat().st_uid
        owners.add(folder.lstat().st_uid)
        assert stat.S_IMODE((place.home.keys / f"{zone.value}.key").lstat().st_mode) == 0o600
    if os.getuid() == 0:
        assert len(owners) == 2
        assert os.getuid() not in owners


READ_ALL = """
from saferoom.hub.linkage import sealed
zone, texts = opened(job), set()
for path in sorted(zone.folder.rglob("*.json")):
    place = path.with_suffix("")
    for about in job.document["about"]:
        for signer in (None, *(public.verifying_key for public in zone.publics.values())):
            try:
                table = sealed.read(place, about, zone.secret, signed_by=signer).read_all()
            except Exception:
                continue
            texts.add(f"read {place.relative_to(zone.folder)}")
            for name in table.schema.names:
                texts.add(name)
                texts.update(str(value) for value in table.column(name).to_pylist())
answer({"texts": sorted(texts)})
"""


def all_texts(place: ZonesWorld, zone: Zone) -> set[str]:
    """Return every value that a process of the zone can decrypt in its folder."""
    from saferoom.hub.linkage.ingesting import store_of
    from saferoom.hub.linkage.opened import about_zone
    from saferoom.hub.linkage.places import KEPT_BY_LINKER, MAP, about_linkage
    from saferoom.hub.linkage.splitting import ATTRIBUTES, CROSSWALK, IDENTIFIERS, about_delivery

    with store_of(place.instance).reading() as now:
        deliveries = [one.name for one in now.deliveries()]
    about = [about_delivery(kind, one) for one in deliveries for kind in (ATTRIBUTES, CROSSWALK, IDENTIFIERS)]
    about += [about_linkage(kind, "person", 1) for kind in (*KEPT_BY_LINKER, MAP)]
    document = {"about": [about_zone(whose.value, one) for one in about for whose in Zone]}
    return set(run_program(place.home, zone, READ_ALL, document)["texts"])


def test_linker_can_decrypt_no_attribute(place: ZonesWorld) -> None:
    texts = all_texts(place, Zone.LINKER)
    known = people(240)
    assert sum(text.startswith("read deliveries/") for text in texts) == 2
    assert {one["given_name"] for one in known} <= texts
    assert not texts & {"meals", "region", "pay", "pupil_id", "taxpayer_id", "north", "south", "r2"}
    assert not texts & {str(1000.0 + one["number"]) for one in known}
    assert not [text for text in texts if text.startswith(("P0", "T0"))]


def test_provisioner_can_decrypt_no_name(place: ZonesWorld) -> None:
    texts = all_texts(place, Zone.PROVISIONER)
    known = people(240)
    assert sum(text.startswith("read deliveries/") for text in texts) == 4
    assert {"meals", "region", "pay", "north", "read maps/person/1/map"} <= texts
    told = "\n".join(texts).lower()
    names = {*GIVEN, *FAMILY} | {one[name] for one in known for name in ("postcode", "date_of_birth")}
    assert not [name for name in names if f"\n{name.lower()}\n" in f"\n{told}\n"]
    assert not texts & {"given_name", "surname", "date_of_birth", "postcode", "record_key"}


def test_hub_never_reads_a_key_of_a_zone(place: ZonesWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the hub reads while a zone works, its keys are not among it: they are handed over as open files."""
    keys = {(place.home.keys / f"{zone}.key").read_bytes() for zone in ("linker", "provisioner")}
    read: list[bytes] = []
    kept = Path.read_bytes

    def watched(self: Path) -> bytes:
        read.append(kept(self))
        return read[-1]

    monkeypatch.setattr(Path, "read_bytes", watched)
    monkeypatch.setattr(os, "pread", lambda *_: pytest.fail("the hub read from an open file"))
    program = "answer({'own': opened(job).secret.public.to_json()})"
    assert run_program(place.home, Zone.LINKER, program, {})["own"]["seals"]
    assert not keys & set(read)


ALONE = """
import json, sys
from pathlib import Path
from saferoom.hub.home import Home
from saferoom.hub.linkage import zones
from saferoom.hub.linkage.messages import Job
home = Home(Path(sys.argv[1]) / "home")
home.prepare()
publics = {name: one.to_json() for name, one in zones.publics(home).items()}
for zone in ("linker", "provisioner"):
    (home.root / zone / "own").write_text(zone)
zones.COMMAND, zones._MODULE = (*zones.COMMAND[:2], "-c"), Path(sys.argv[1], "program").read_text()
paths = [str(path) for path in home.root.rglob("*") if path.is_file()]
job = Job("", {"paths": paths, "folders": [str(home.linker), str(home.provisioner)]}, publics)
said = {zone.value: zones._run(home, zone, job, (), (), 60.0, lambda *_: None) for zone in zones.KEPT}
print(json.dumps({"said": said, "gaps": zones.not_enforced()}))
"""


def test_zones_are_apart_without_root_and_what_is_not_enforced_is_said() -> None:
    from tests.support.zones_world import _PRELUDE

    folder = Path(tempfile.mkdtemp(prefix="saferoom-", dir="/tmp"))
    try:
        (folder / "program").write_text(_PRELUDE + REACH)
        hand_over(folder)
        command = [*as_ordinary_user(), sys.executable, "-P", "-c", ALONE, str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120, cwd="/")
        found: dict[str, Any] = json.loads(done.stdout)
    finally:
        shutil.rmtree(folder)
    for reached in found["said"].values():
        assert (reached["opened"], reached["listed"], reached["found"]) == ([], [], ["/zone/own"])
    assert "one user of this machine" in found["gaps"][0]
    if os.getuid() == 0:
        assert not any("one user of this machine" in said for said in not_enforced())
