"""A real instance with the airlock's two faces served on UNIX sockets, for one test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.airlock_server import Service, service
from tests.support.airlock_world import World, world
from tests.support.matrix import projects
from tests.support.matrix.airlock import Judge
from tests.support.matrix.cast import EVERYBODY
from tests.support.matrix.inside import Inside


@pytest.fixture
def place(tmp_path: Path) -> Iterator[World]:
    """An instance with people, projects, data and extracts."""
    with world(tmp_path) as made:
        yield made


@pytest.fixture(scope="session")
def inside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    """One world for every condition of the permission matrix."""
    with projects.supplied(tmp_path_factory.mktemp("matrix")) as world:
        made = Inside(world, Judge(), EVERYBODY)
        yield made
        made.close()


@pytest.fixture
def airlock(place: World) -> Iterator[Service]:
    """The airlock service of that instance."""
    with service(place) as made:
        yield made
