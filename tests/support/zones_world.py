"""A small instance with two departments' registers of the same people, ready to be ingested and linked."""

from __future__ import annotations

import csv
import random
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.support.empty_store import copy_store, store_at

from saferoom.clock import FrozenClock
from saferoom.hub.administration import Administration
from saferoom.hub.home import Home
from saferoom.hub.linkage import zones
from saferoom.hub.linkage.definition import read_index
from saferoom.hub.linkage.ingesting import Delivered, ingest
from saferoom.hub.linkage.linking import Wish, link_index
from saferoom.hub.linkage.messages import Job, silent
from saferoom.hub.linkage.opened import OpenZone
from saferoom.hub.linkage.records import Delivery, Linkage
from saferoom.hub.linkage.zone_keys import ZoneSecret
from saferoom.hub.linkage.zones import Zone
from saferoom.hub.sandbox import Bind
from saferoom.hub.wiring import Instance
from saferoom.ids import DatasetName
from saferoom.projects.administration.documents import read_entries

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ACTOR = "admin:ada"
GIVEN = [
    "Ada",
    "Ben",
    "Cleo",
    "Dan",
    "Eve",
    "Finn",
    "Gwen",
    "Hugo",
    "Iris",
    "Jon",
    "Kay",
    "Liam",
    "Mona",
    "Ned",
    "Olive",
    "Pat",
    "Quin",
    "Rosa",
    "Sam",
    "Tess",
    "Uma",
    "Vic",
    "Wes",
    "Yara",
]
FAMILY = [
    "Abbot",
    "Baker",
    "Cole",
    "Dunn",
    "Ellis",
    "Ford",
    "Grant",
    "Hale",
    "Irwin",
    "Jones",
    "Kerr",
    "Lowe",
    "Mason",
    "Nash",
    "Owen",
    "Price",
    "Quirk",
    "Reed",
    "Shaw",
    "Todd",
    "Upton",
    "Vance",
    "Wood",
    "York",
    "Zeller",
    "Amber",
    "Birch",
    "Cedar",
    "Dale",
    "Elm",
]
Row = dict[str, Any]
_IDENTIFIERS = """\
  - {name: given_name, type: text, role: direct, identifies: given_name}
  - {name: surname, type: text, role: direct, identifies: surname}
  - {name: date_of_birth, type: text, role: direct, identifies: date}
  - {name: postcode, type: text, role: direct, identifies: postcode}
  - {name: sex, type: text, role: quasi, identifies: sex, codelist: [F, M]}
  - {name: person_id, type: text, role: id, linked_through: person}
"""
DOCUMENTS = f"""\
kind: person
username: olga
display_name: Olga Owner
email: olga@example.org
roles: [data-owner]
---
kind: dataset
name: pupils
title: Pupils
owner: olga
source: schools/pupils.csv
units: [person_id, pupil_id]
key: [pupil_id]
variables:
{_IDENTIFIERS}\
  - {{name: pupil_id, type: text, role: id}}
  - {{name: meals, type: boolean, role: sensitive}}
  - {{name: region, type: text, role: quasi, codelist: [north, south]}}
---
kind: dataset
name: taxpayers
title: Taxpayers
owner: olga
source: tax/people.csv
units: [person_id, taxpayer_id]
key: [taxpayer_id]
variables:
{_IDENTIFIERS}\
  - {{name: taxpayer_id, type: text, role: id}}
  - {{name: pay, type: number, role: sensitive}}
---
kind: dataset
name: meals
title: Meals by year
owner: olga
source: schools/years.csv
units: [pupil_id]
key: [pupil_id, year]
variables:
  - {{name: pupil_id, type: text, role: id}}
  - {{name: year, type: integer, role: quasi}}
  - {{name: registered, type: boolean, role: sensitive}}
"""
INDEX = """\
kind: index
name: person
title: People
unit: person
sources: [pupils, taxpayers]
plan:
  threshold: 0.9
  one_to_one: true
  groups: [sex, region]
"""


def people(count: int, seed: int = 7) -> list[Row]:
    """Return made-up people, all different."""
    rng = random.Random(seed)
    found = []
    for number in range(count):
        born = date(1980, 1, 1) + timedelta(days=rng.randrange(9000))
        found.append(
            {
                "number": number,
                "given_name": rng.choice(GIVEN),
                "surname": rng.choice(FAMILY),
                "date_of_birth": born.isoformat(),
                "postcode": f"QX{rng.randrange(1, 60)} {rng.randrange(1, 10)}" + "".join(rng.choices("ABDEFGHJ", k=2)),
                "sex": rng.choice("FM"),
            }
        )
    return found


_NAMES = ("given_name", "surname", "date_of_birth", "postcode", "sex")


def pupils(known: Sequence[Row]) -> list[Row]:
    """Return the schools' register of people."""
    return [
        {name: one[name] for name in _NAMES}
        | {
            "pupil_id": f"P{one['number'] * 7919 % 100003:06d}",
            "meals": str(one["number"] % 5 == 0).lower(),
            "region": "north" if one["number"] % 2 else "south",
        }
        for one in known
    ]


def taxpayers(known: Sequence[Row]) -> list[Row]:
    """Return the tax office's register of people, in capitals and with a slip here and there."""
    found = []
    for one in reversed(known):
        row = {name: one[name] for name in _NAMES}
        row["surname"] = row["surname"].upper() if one["number"] % 9 else row["surname"][:-1]
        found.append(row | {"taxpayer_id": f"T{one['number'] * 6007 % 99991:06d}", "pay": 1000.0 + one["number"]})
    return found


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write rows; the file belongs to this process's user alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    path.chmod(0o600)
    return path


@dataclass
class ZonesWorld:
    """An instance, and a folder with what is delivered to it."""

    instance: Instance
    inbox: Path

    @property
    def home(self) -> Home:
        return self.instance.home

    def apply(self, documents: str) -> None:
        made = Administration(self.instance.database, self.instance.clock, self.instance.signing_key, ACTOR)
        made.apply(read_entries([(documents, "documents.yaml")]))

    def deliver(self, dataset: str, rows: Sequence[Mapping[str, Any]], version: str = "1") -> Delivery:
        file = write_csv(self.inbox / f"{dataset}-{version}.csv", rows)
        return ingest(self.instance, Delivered(DatasetName(dataset), file, version), ACTOR)

    def link(self, definition: str | None = None, *, afresh: bool = False) -> Linkage:
        read = None if definition is None else read_index(definition, "person.yaml")
        return link_index(self.instance, Wish("person", read, afresh), ACTOR)


@contextmanager
def copied(place: ZonesWorld, folder: Path) -> Iterator[ZonesWorld]:
    """Yield a copy of an instance, for tests that change it."""
    subprocess.run(["cp", "-a", f"{place.home.root}/", str(folder / "home")], check=True)
    place.instance.database.dispose()  # nobody may be connected to what is copied
    copy_store(place.home.root / "saferoom.sqlite", folder / "home" / "saferoom.sqlite")
    instance = Instance.open(Home(folder / "home"), FrozenClock(NOW))
    try:
        yield ZonesWorld(instance, folder / "inbox")
    finally:
        instance.close()


_PRELUDE = """
import json, os, sys
from pathlib import Path
from saferoom.hub.linkage.messages import Job, silent
from saferoom.hub.linkage.opened import OpenZone
from saferoom.hub.linkage.process import open_from_descriptor
from saferoom.hub.linkage.zone_keys import ZonePublic

def opened(job):
    zone = open_from_descriptor(sys.argv[1], int(sys.argv[2]))
    publics = {name: ZonePublic.from_json(one) for name, one in job.publics.items()}
    return OpenZone(zone.zone, zone.folder, publics, zone._secret)

job = Job.from_bytes(sys.stdin.buffer.read())

def answer(document):
    print(json.dumps({"answer": document}), flush=True)
"""


def run_program(
    home: Home, zone: Zone, program: str, document: Mapping[str, Any], binds: Sequence[Bind] = ()
) -> dict[str, Any]:
    """Let `program` play a process of a zone, in the zone's own sandbox; it has `job`, `opened(job)` and `answer`."""
    publics = {name: public.to_json() for name, public in zones.publics(home).items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(zones, "COMMAND", (*zones.COMMAND[:2], "-c"))
        patch.setattr(zones, "_MODULE", _PRELUDE + program)
        return zones._run(home, zone, Job("", document, publics), binds, (), 60.0, silent)


@contextmanager
def zones_world(folder: Path) -> Iterator[ZonesWorld]:
    """Yield an instance whose datasets are described and of which nothing is ingested yet."""
    home = Home(folder / "home")
    home.prepare()
    store_at(home.root / "saferoom.sqlite").dispose()
    instance = Instance.open(home, FrozenClock(NOW))
    try:
        made = ZonesWorld(instance, folder / "inbox")
        made.apply(DOCUMENTS)
        yield made
    finally:
        instance.close()


def zone_of(home: Home, zone: Zone) -> OpenZone:
    """Return a zone as its own process sees it, for tests that stand where it does."""
    secret = ZoneSecret((home.keys / f"{zone.value}.key").read_bytes(), zone.value)
    return OpenZone(zone.value, home.root / zone.value, zones.publics(home), secret)
