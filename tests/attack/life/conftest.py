"""A world of projects for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.life_world import LifeWorld, life_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[LifeWorld]:
    made = life_world(tmp_path)
    yield made
    made.database.dispose()
