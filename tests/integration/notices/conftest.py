"""A real instance, with the airlock's pages where a test wants them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.airlock_server import Service, service
from tests.support.airlock_world import PEOPLE, World, world
from tests.support.smtp_sink import Sink, sink

from saferoom.hub.store import tables


@pytest.fixture
def place(tmp_path: Path) -> Iterator[World]:
    """An instance with people, projects, data and extracts."""
    with world(tmp_path) as made:
        yield made


@pytest.fixture
def airlock(place: World) -> Iterator[Service]:
    """The airlock service of that instance."""
    with service(place) as made:
        yield made


@pytest.fixture
def people(place: World) -> World:
    """The instance, where everybody has an address."""
    for name in PEOPLE:
        place.change(tables.PersonRow, name, email=f"{name}@example.org")
    return place


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Sink]:
    """A mail server that keeps what it gets."""
    with sink(tmp_path / "mail") as made:
        yield made
