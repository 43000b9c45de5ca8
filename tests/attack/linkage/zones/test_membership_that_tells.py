"""Where being in the other source tells something, nobody learns from a pack that nearly all of a group are in it."""

from __future__ import annotations

from pathlib import Path

from tests.support.zones_world import INDEX, people, pupils, taxpayers, zones_world

from saferoom.hub.linkage.records import Linkage


def rates(linkage: Linkage) -> list[float | None]:
    """Return the match rates of all groups, from the linker's pack and the provisioner's."""
    packs = [linkage.quality["identifiers"], *linkage.quality["attributes"].values()]
    rows = [row for pack in packs for source in pack["sources"] for group in source["groups"] for row in group["rows"]]
    return [row["match_rate"] for row in rows]


def test_groups_of_which_nearly_everybody_is_linked_are_blank_where_the_index_says_so(tmp_path: Path) -> None:
    with zones_world(tmp_path) as place:
        known = people(600)
        place.deliver("pupils", pupils(known))
        place.deliver("taxpayers", taxpayers(known[25:]))
        assert any(rate is not None for rate in rates(place.link(INDEX)))
        private = place.link(INDEX + "near_everybody: false\n", afresh=True)
        assert rates(private)
        assert not any(rate is not None for rate in rates(private))
