"""What shows a quality pack needs no zone: neither a key nor a file of one, and what was recorded is what is shown."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import select
from tests.support.zones_world import ZonesWorld, copied

from saferoom.errors import NotFoundError
from saferoom.hub.linkage.ingesting import store_of
from saferoom.hub.linkage.quality_of import quality_of
from saferoom.hub.linkage.zones import KEPT
from saferoom.hub.store.linkage_quality import quality_digest
from saferoom.hub.store.tables import IngestedVersionRow
from saferoom.ids import DatasetName


def test_pack_is_shown_where_keys_and_files_of_the_zones_are_gone(place: ZonesWorld, tmp_path: Path) -> None:
    with copied(place, tmp_path) as alone:
        for zone in KEPT:
            shutil.rmtree(alone.home.root / zone.value)
            (alone.home.keys / f"{zone.value}.key").unlink()
        found = quality_of(alone.instance, alone.instance.registry.dataset(DatasetName("pupils")), "1")
    (one,) = found.linkages
    assert (one.linked.index, one.linked.number, one.linked.afresh) == ("person", 1, True)
    assert one.dataset.records == 200
    assert {table.column for table in one.dataset.groups} == {"sex", "region"}
    assert [other.name for other in one.others] == ["taxpayers"]
    assert one.said


def test_pack_that_is_shown_is_the_one_that_the_version_names(place: ZonesWorld) -> None:
    with place.instance.database.reading() as session:
        versions = session.scalars(select(IngestedVersionRow).where(IngestedVersionRow.dataset == "pupils")).all()
        (recorded,) = [row.quality_pack for row in versions]
    with store_of(place.instance).reading() as now:
        linkage = now.linkage("person")
    assert linkage is not None
    (one,) = quality_of(place.instance, place.instance.registry.dataset(DatasetName("pupils")), "1").linkages
    assert recorded == one.linked.digest == quality_digest(linkage.quality)


def test_dataset_in_which_nothing_is_linked_says_so(place: ZonesWorld) -> None:
    meals = place.instance.registry.dataset(DatasetName("meals"))
    with pytest.raises(NotFoundError, match="no such version of meals came in"):
        quality_of(place.instance, meals, "1")
    derived = meals.model_copy(update={"derived": object(), "linked_from": ("pupils", "taxpayers")})
    with pytest.raises(NotFoundError, match="is told of each: pupils, taxpayers"):
        quality_of(place.instance, derived, "1")
