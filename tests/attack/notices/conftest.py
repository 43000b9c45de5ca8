"""A real instance, where everybody has an address, and a mail server that keeps what it gets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.airlock_world import PEOPLE, World, world
from tests.support.smtp_sink import Sink, sink

from saferoom.hub.store import tables


@pytest.fixture
def people(tmp_path: Path) -> Iterator[World]:
    """An instance with people, projects, data and extracts."""
    with world(tmp_path) as made:
        for name in PEOPLE:
            made.change(tables.PersonRow, name, email=f"{name}@example.org")
        yield made


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Sink]:
    with sink(tmp_path / "mail") as made:
        yield made
