"""The public list of what data exist: renewed with every change, its digests chained, confidential ones not named."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.support.airlock_world import world as airlock_world
from tests.support.deliveries import checked
from tests.support.life_world import HTV, TWO, LifeWorld, life_world
from tests.support.registry_world import dataset

from saferoom.errors import BadInputError, IntegrityError, WrongStateError
from saferoom.hub.store import versions
from saferoom.hub.store.audit_log import AuditLog
from saferoom.hub.store.catalogue_entries import FIRST
from saferoom.hub.store.cipher import AtRest
from saferoom.hub.store.register import PublicRecords
from saferoom.hub.store.tables import CatalogueHeadRow, IngestedVersionRow
from saferoom.ids import DatasetName, Username
from saferoom.projects.catalogue import public
from saferoom.projects.catalogue.purposes import Gateway, Purpose
from saferoom.projects.catalogue.versions import Version
from saferoom.projects.paging import Cut
from saferoom.projects.register.model import CatalogueList
from saferoom.projects.register.service import FRESH

PROJECT = """\
kind: project
slug: direct
title: Direct
members: [rita]
---
kind: approval
project: direct
dataset: htv
granted_by: olga
until: 2999-01-01
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[LifeWorld]:
    made = life_world(tmp_path)
    yield made
    made.database.dispose()


def listed(world: LifeWorld) -> CatalogueList:
    return PublicRecords(world.database, world.key.verifying_key).entries()


def named(world: LifeWorld) -> dict[str, Any]:
    return {entry["name"]: entry for entry in listed(world).entries}


def heads(world: LifeWorld) -> list[CatalogueHeadRow]:
    with world.database.reading() as session:
        return list(session.query(CatalogueHeadRow).order_by(CatalogueHeadRow.number))


def version(world: LifeWorld, name: str = "2026", **changes: Any) -> Version:
    values = {"dataset": HTV, "version": name, "sha256": "a" * 64, "rows": 400, "ingested_at": world.clock.now()}
    return Version.model_validate(values | changes)


def record(world: LifeWorld, found: Version, *checks: Any) -> None:
    with world.database.transaction() as session:
        versions.record_version(session, AuditLog(session, world.clock, world.key), found, "admin:test", *checks)


def test_list_is_renewed_with_datasets_approvals_and_versions_and_chained(world: LifeWorld) -> None:
    begun = len(heads(world))
    assert set(named(world)) == {"htv", "two"}
    world.redescribe("htv", title="Wages and more")
    assert named(world)["htv"]["title"] == "Wages and more"
    world.apply(PROJECT)
    assert named(world)["htv"]["projects"] == ["direct"]
    record(world, version(world, first=date(2025, 1, 1)))
    assert [one["version"] for one in named(world)["htv"]["versions"]] == ["2026"]
    found = heads(world)
    assert [one.number for one in found] == list(range(1, begun + 4))
    assert [one.previous for one in found] == [FIRST, *(one.digest for one in found[:-1])]
    document = listed(world).document()
    digests = {entry["name"]: entry["sha256"] for entry in document["datasets"]}
    for entry in document["datasets"]:
        shown = {name: value for name, value in entry.items() if name != "sha256"}
        assert public.digest(shown) == entry["sha256"]
    assert public.list_digest(found[-1].previous, digests, 0) == document["head"]["digest"]


def test_nothing_changes_where_nothing_public_changed(world: LifeWorld) -> None:
    begun = len(heads(world))
    before = world.registry.dataset(HTV)
    world.put("dataset", HTV, before.model_copy(update={"source": "other.csv"}), before)
    assert len(heads(world)) == begun


def test_confidential_dataset_is_counted_and_named_nowhere(world: LifeWorld) -> None:
    world.apply(PROJECT)
    linked = dataset(name=DatasetName("lin"), owner=Username("omar"), linked_from=(HTV, TWO))
    world.put("dataset", "lin", linked)
    before = world.registry.dataset(HTV)
    world.put("dataset", HTV, before.model_copy(update={"undisclosed": True}), before)
    found = listed(world)
    assert (set(named(world)), found.undisclosed) == ({"two", "lin"}, 1)
    assert (named(world)["lin"]["linked_from"], named(world)["lin"]["linked_from_undisclosed"]) == (["two"], 1)
    assert "htv" not in str(found.document())
    records = PublicRecords(world.database, world.key.verifying_key)
    assert records.entry(HTV) is None
    assert {one.name for one in records.datasets(Cut(1)).items} == {"two", "lin"}
    (project,) = records.projects(Cut(1), world.clock.now().date()).items
    assert project.datasets == ()
    after = world.registry.dataset(HTV)
    world.put("dataset", HTV, after.model_copy(update={"undisclosed": False}), after)
    assert "htv" in named(world)


def test_linked_datasets_permit_what_their_sources_permit_now(world: LifeWorld) -> None:
    linked = dataset(name=DatasetName("lin"), owner=Username("omar"), linked_from=(HTV,))
    world.put("dataset", "lin", linked)
    assert "health" in named(world)["lin"]["purposes"]
    before = world.registry.dataset(HTV)
    narrower = before.model_copy(update={"gateways": (Gateway(law="X", excluded=(Purpose.HEALTH,)),)})
    world.put("dataset", HTV, narrower, before)
    assert "health" not in named(world)["lin"]["purposes"]


def test_version_is_recorded_once_with_its_checks_and_its_profile_sealed(world: LifeWorld, tmp_path: Path) -> None:
    report, cipher = checked(tmp_path), AtRest(b"p" * 32)
    record(world, version(world), (report, cipher))
    with pytest.raises(WrongStateError, match="htv has a version 2026 already; a version never changes"):
        record(world, version(world, rows=1))
    with world.database.reading() as session:
        row = session.get_one(IngestedVersionRow, (HTV, "2026"))
        assert row.profile is not None
        assert b"points" not in row.profile
        assert "profile" not in str(row.report)
        again = versions.last_profile(session, cipher, HTV)
        found = versions.report_of(session, HTV, "2026")
        assert versions.last_profile(session, cipher, TWO) is None
    assert again == report.profile
    assert found is not None
    assert found[0].to_json() == report.to_json()
    assert ("admin:test", "version.added", "version:2026 of htv") in world.events()
    with world.database.transaction() as session:
        versions.note_linkage(session, HTV, "2026", "b" * 64, "c" * 64)
    assert world.registry.versions(HTV)[0].linkage_model == "b" * 64


def test_profile_moved_to_another_version_or_changed_is_noticed(world: LifeWorld, tmp_path: Path) -> None:
    cipher = AtRest(b"p" * 32)
    record(world, version(world), (checked(tmp_path), cipher))
    with world.database.transaction() as session:
        row = session.get_one(IngestedVersionRow, (HTV, "2026"))
        moved = IngestedVersionRow(
            dataset=TWO, version="1", sha256="b" * 64, rows=1, breaking=False, ingested_at=row.ingested_at
        )
        moved.profile = row.profile
        session.add(moved)
    with world.database.reading() as session, pytest.raises(IntegrityError):
        versions.last_profile(session, cipher, TWO)


def test_documents_add_versions_and_never_change_them(world: LifeWorld) -> None:
    text = "kind: version\ndataset: htv\nversion: '2020'\nsha256: {}\nrows: 5\ningested_at: 2026-01-01T00:00:00Z\n"
    world.apply(text.format("a" * 64))
    world.apply(text.format("a" * 64))
    assert [one.version for one in world.registry.versions(HTV)] == ["2020"]
    with pytest.raises(BadInputError, match=r"version 2020 of htv came in before and never changes \(sha256 would\)"):
        world.apply(text.format("b" * 64))
    with pytest.raises(BadInputError, match="there is no dataset called nothing"):
        world.apply(text.format("a" * 64).replace("htv", "nothing"))
    with pytest.raises(BadInputError, match="'ingested_at' is in the future"):
        world.apply(text.format("a" * 64).replace("2026-01", "2999-01").replace("'2020'", "'2021'"))


def test_reference_to_nothing_is_refused(world: LifeWorld) -> None:
    text = (
        "kind: dataset\nname: lin\ntitle: Linked\nowner: omar\nsource: lin.csv\nunits: [person_id]\n"
        "references: [{{variables: [person_id], dataset: {}, to: [{}]}}]\n"
        "variables:\n  - {{name: person_id, type: integer, role: id}}\n  - {{name: wage, type: number}}\n"
    )
    with pytest.raises(BadInputError, match="there is no dataset called gone"):
        world.apply(text.format("gone", "person_id"))
    with pytest.raises(BadInputError, match="htv has no variable called gone"):
        world.apply(text.format("htv", "gone"))
    world.apply(text.format("htv", "person_id"))


def test_release_is_counted_and_the_head_covers_datasets_older_than_the_list(tmp_path: Path) -> None:
    with airlock_world(tmp_path) as place:
        before = place.instance.public_register.entries()
        assert (before.head, {entry["releases"] for entry in before.entries}) == (None, {0})
        place.approve(place.request())
        place.clock.advance(FRESH)
        document = place.instance.public_register.entries().document()
    assert {entry["name"]: entry["releases"] for entry in document["datasets"]} == {"register": 0, "survey": 1}
    digests = {entry["name"]: entry["sha256"] for entry in document["datasets"]}
    assert document["head"]["digest"] == public.list_digest(FIRST, digests, 0)
