"""A real instance with the airlock's pages served on a loopback port."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser as Chromium
from tests.support.airlock_server import Service, service
from tests.support.airlock_world import World, world
from tests.support.album import Album
from tests.support.stories import Stage, same_ids


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
def stage(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, chromium: Chromium, airlock: Service
) -> Stage:
    """Where a story plays; its pictures go into the guides when that is asked for."""
    same_ids(monkeypatch)
    return Stage(chromium, airlock, Album(write=request.config.getoption("--screenshots", default=False)))
