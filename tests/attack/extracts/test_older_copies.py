"""Somebody who can write to the folder of extracts puts back an older copy of it, signed and sealed as it was."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.support.airlock_world import MOBILITY, World, world

from saferoom.hub.extracts import Extracts, read_manifest
from saferoom.projects.extracts.manifest import Manifest


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("copies")) as made:
        made.instance.extracts("system").provision(MOBILITY)
        yield made


def _manifest(extracts: Extracts) -> Manifest:
    return read_manifest(extracts.extracts / MOBILITY, extracts.signing_key.verifying_key)


def _put_back(extracts: Extracts, copy: Path) -> None:
    shutil.rmtree(extracts.extracts / MOBILITY)
    shutil.copytree(copy, extracts.extracts / MOBILITY)


def test_table_of_ids_that_was_ended_does_not_come_back_with_an_older_copy(place: World, tmp_path: Path) -> None:
    extracts = place.instance.extracts("system")
    extracts.rotate(MOBILITY, "a list was seen")
    shutil.copytree(extracts.extracts / MOBILITY, tmp_path / "copy")
    assert _manifest(extracts).changes
    extracts.end_read_through(MOBILITY, "everybody has the new ids")
    _put_back(extracts, tmp_path / "copy")
    extracts.prune(MOBILITY)  # as whenever a room starts
    with extracts.opened.lease(MOBILITY) as lease:
        assert not lease.manifest.changes
        assert not (lease.folder / "id-changes").exists()
    extracts.rotate(MOBILITY, "again")
    extracts.prune(MOBILITY)
    assert _manifest(extracts).changes, "a table that was begun since stays"


def test_copy_from_before_ids_were_changed_is_made_again(place: World, tmp_path: Path) -> None:
    extracts = place.instance.extracts("system")
    shutil.copytree(extracts.extracts / MOBILITY, tmp_path / "copy")
    extracts.rotate(MOBILITY, "and again")
    epoch = {file.epoch for file in _manifest(extracts).files}
    _put_back(extracts, tmp_path / "copy")
    assert extracts.lacking(MOBILITY)
    extracts.provision(MOBILITY)
    assert {file.epoch for file in _manifest(extracts).files} == epoch


def test_next_change_of_ids_does_not_carry_an_ended_table_of_an_older_copy_on(place: World, tmp_path: Path) -> None:
    extracts = place.instance.extracts("system")
    extracts.rotate(MOBILITY, "once more")
    shutil.copytree(extracts.extracts / MOBILITY, tmp_path / "copy")
    last = {change.epoch for change in _manifest(extracts).changes}
    extracts.end_read_through(MOBILITY, "over")
    _put_back(extracts, tmp_path / "copy")
    extracts.rotate(MOBILITY, "and once more")
    with extracts.opened.lease(MOBILITY) as lease:
        tables = [pq.read_table(path) for path in (lease.folder / "id-changes").glob("*.parquet")]
    assert tables
    assert all(set(table["epoch"].to_pylist()) == last for table in tables)
