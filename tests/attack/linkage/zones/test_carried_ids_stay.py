"""Records that carry an id: whoever stays is who they were, also where nobody knows the id, and where they left.

A stranger in every version could be subtracted from it by whoever has two of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
import pytest
from tests.support.zones_world import DOCUMENTS, INDEX, Row, ZonesWorld, people, pupils, taxpayers, zone_of, zones_world

from saferoom.hub.linkage.deliveries import linked_sources
from saferoom.hub.linkage.linking import map_of
from saferoom.hub.linkage.places import MAP, about_linkage, map_place
from saferoom.hub.linkage.provisioner import joined
from saferoom.hub.linkage.records import Delivery, Linkage
from saferoom.hub.linkage.zones import Zone
from saferoom.ids import DatasetName
from saferoom.projects.linkage.settling import UNLINKED

_REFERENCE = "  - {name: upn, type: text, role: direct, identifies: id}\n"
_CARRIED = (
    "  - {name: upn, type: text, role: direct, carries: person}\n"
    "  - {name: person_id, type: text, role: id, linked_through: person}\n"
)
WITH_CARRIED = (
    DOCUMENTS.replace("  - {name: meals,", _REFERENCE + "  - {name: meals,", 1)
    .replace("units: [pupil_id]\n", "units: [person_id, pupil_id]\n", 1)
    .replace("  - {name: year,", _CARRIED + "  - {name: year,", 1)
)
CARRYING = INDEX.replace("[pupils, taxpayers]", "[pupils, taxpayers, meals]")
NOBODYS = 40
"""Children in the meals of whom the register knows nothing."""
CHILDREN, LEFT = 120, 3
"""Children in the meals, and the linked ones who are not in the next version."""


def registered(known: list[Row]) -> list[Row]:
    return [row | {"upn": f"U{one['number']}"} for row, one in zip(pupils(known), known, strict=True)]


def meals(known: list[Row], years: tuple[int, ...] = (2024, 2025)) -> list[Row]:
    return [
        {"pupil_id": f"M{one['number']}", "year": year, "registered": "true", "upn": f"U{one['number']}"}
        for one in known
        for year in years
    ]


def bands(world: ZonesWorld, linkage: Linkage, delivery: Delivery) -> dict[str, str]:
    """Return the band of every record of a delivery, by its entity."""
    ref = map_of(linkage)
    place, about = map_place(ref.index, ref.number), about_linkage(MAP, ref.index, ref.number)
    rows = zone_of(world.home, Zone.PROVISIONER).read_from("linker", place, about, ref.stamp).read_all().to_pylist()
    return {row["entity_id"]: row["match_weight_band"] for row in rows if row["delivery"] == delivery.id}


def seen(world: ZonesWorld, version: str) -> dict[str, set[str]]:
    """Return the entities that the provisioner gives the rows of each child in a version of the meals."""
    (source,) = linked_sources(world.instance, [(DatasetName("meals"), version)])
    with duckdb.connect() as connection:
        relation = joined(zone_of(world.home, Zone.PROVISIONER), connection, source)
        rows = connection.execute(f"SELECT pupil_id, person_id FROM {relation}").fetchall()
    found: dict[str, set[str]] = {}
    for child, entity in rows:
        found.setdefault(str(child), set()).add(str(entity))
    return found


@dataclass
class Story:
    """Two versions of the meals, linked one after the other: a child whom nobody knows left, and linked ones did."""

    world: ZonesWorld
    linkage: Linkage
    first: Delivery
    second: Delivery
    earlier: dict[str, set[str]]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with zones_world(tmp_path_factory.mktemp("carried")) as world:
        world.apply(WITH_CARRIED)
        known = people(243)
        world.deliver("pupils", registered(known[NOBODYS:200]))
        world.deliver("taxpayers", taxpayers(known[60:200]))
        first = world.deliver("meals", meals(known[:CHILDREN]))
        world.link(CARRYING)
        earlier = seen(world, "1")
        second = world.deliver("meals", meals([*known[1 : CHILDREN - LEFT], *known[240:]]), "2")
        yield Story(world, world.link(), first, second, earlier)


def test_who_carries_an_id_that_nobody_knows_stays_who_they_are(story: Story) -> None:
    then, now = (bands(story.world, story.linkage, one) for one in (story.first, story.second))
    assert sum(band == UNLINKED for band in then.values()) == NOBODYS, "one for each child, not for each row"
    gone = [then[entity] for entity in set(then) - set(now)]
    assert sum(band == UNLINKED for band in gone) == 1, "strangers in every version can be subtracted"
    assert len(gone) == 1 + LEFT
    assert len(set(now) - set(then)) == 3
    # Who left is who they were, also in the version before, which is read through the newest map.
    assert seen(story.world, "1") == story.earlier
    assert all(len(entities) == 1 for entities in story.earlier.values())
    stayed = {f"M{number}" for number in range(1, CHILDREN - LEFT)}
    assert (
        seen(story.world, "2").items()
        >= {child: one for child, one in story.earlier.items() if child in stayed}.items()
    )


def test_linked_child_who_left_keeps_the_entity_in_the_version_before(story: Story) -> None:
    linked = CHILDREN - LEFT - NOBODYS
    assert story.linkage.counts["carried"] == {
        "meals": {"records": 2 * (linked + NOBODYS - 1 + 3), "linked": 2 * linked, "unknown": 2 * (NOBODYS - 1 + 3)}
    }
    then = bands(story.world, story.linkage, story.first)
    for number in range(CHILDREN - LEFT, CHILDREN):
        (entity,) = story.earlier[f"M{number}"]
        assert seen(story.world, "1")[f"M{number}"] == {entity}
        assert then[entity] != UNLINKED
