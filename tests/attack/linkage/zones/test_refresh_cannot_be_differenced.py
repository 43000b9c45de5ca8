"""A refresh that adds three people: whoever stayed has the same entity in both versions, linked or not.

The memory of releases compares versions person by person. A register whose people are strangers in its next version
could be subtracted from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.zones_world import DOCUMENTS, INDEX, Row, ZonesWorld, people, pupils, taxpayers, zone_of, zones_world

from saferoom.hub.linkage.linking import map_of
from saferoom.hub.linkage.places import MAP, about_linkage, map_place
from saferoom.hub.linkage.records import Delivery, Linkage
from saferoom.hub.linkage.zones import Zone
from saferoom.projects.linkage.settling import UNLINKED

WITHOUT_KEY = DOCUMENTS.replace("key: [pupil_id]\n", "", 1)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ZonesWorld]:
    with zones_world(tmp_path) as made:
        made.apply(WITHOUT_KEY)
        yield made


def of_one_delivery(world: ZonesWorld, linkage: Linkage, delivery: Delivery) -> dict[str, str]:
    """Return the band of every record of a delivery, by its entity."""
    ref = map_of(linkage)
    place, about = map_place(ref.index, ref.number), about_linkage(MAP, ref.index, ref.number)
    rows = zone_of(world.home, Zone.PROVISIONER).read_from("linker", place, about, ref.stamp).read_all().to_pylist()
    return {row["entity_id"]: row["match_weight_band"] for row in rows if row["delivery"] == delivery.id}


def test_who_was_not_linked_stays_who_they_are_in_a_register_without_a_key(world: ZonesWorld) -> None:
    known = people(243)
    first = world.deliver("pupils", pupils(known[:200]))
    world.deliver("taxpayers", taxpayers(known[40:200]))
    world.link(INDEX)
    again: list[Row] = [*pupils(known[:200]), *pupils(known[240:])]
    second = world.deliver("pupils", again, "2")
    linkage = world.link()
    then, now = (of_one_delivery(world, linkage, one) for one in (first, second))
    assert sum(band == UNLINKED for band in then.values()) >= 40
    assert not set(then) - set(now), f"{len(set(then) - set(now))} people became strangers"
    assert len(set(now) - set(then)) == 3
