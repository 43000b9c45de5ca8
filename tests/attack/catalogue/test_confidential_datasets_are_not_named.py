"""A dataset whose existence became confidential, looked for in what the public list was told of others before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.life_world import HTV, LifeWorld, life_world
from tests.support.registry_world import dataset

from saferoom.hub.store.register import PublicRecords
from saferoom.ids import DatasetName, Username
from saferoom.projects.catalogue.describing import Reference


@pytest.fixture
def world(tmp_path: Path) -> Iterator[LifeWorld]:
    made = life_world(tmp_path)
    yield made
    made.database.dispose()


def told(world: LifeWorld) -> str:
    return str(PublicRecords(world.database, world.key.verifying_key).entries().document())


def test_reference_to_a_dataset_goes_when_its_existence_becomes_confidential(world: LifeWorld) -> None:
    before = world.registry.dataset(HTV)
    referring = dataset(name=DatasetName("ref"), owner=Username("omar"))
    name = referring.units[0]
    reference = Reference.model_validate({"variables": (name,), "dataset": HTV, "to": (before.units[0],)})
    world.put("dataset", "ref", referring.model_copy(update={"references": (reference,)}))
    assert "htv" in told(world)
    world.put("dataset", HTV, before.model_copy(update={"undisclosed": True}), before)
    assert "htv" not in told(world)
    after = world.registry.dataset(HTV)
    world.put("dataset", HTV, after.model_copy(update={"undisclosed": False}), after)
    entries = PublicRecords(world.database, world.key.verifying_key).entries().entries
    assert next(one for one in entries if one["name"] == "ref")["references"][0]["dataset"] == "htv"
