"""One small world for all tests of the population, with its files as views."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import pytest

from saferoom.hub.demo.population import generate as generating
from saferoom.hub.demo.population.generate import World, generate

PEOPLE = 12_000
SEED = 7

Rows = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Return a world of three chunks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(generating, "PEOPLE_PER_CHUNK", PEOPLE // 3)
        return generate(tmp_path_factory.mktemp("population") / "world", people=PEOPLE, seed=SEED)


@pytest.fixture(scope="session")
def rows(world: World) -> Iterator[Rows]:
    """Return a function that asks the world in SQL; ``truth/people`` is the view ``truth_people``."""
    with duckdb.connect() as connection:
        for name in world.manifest["files"]:
            stem = name.removesuffix(".parquet")
            connection.execute(f"create view {stem.replace('/', '_')} as from '{world.file(stem)}'")
        yield lambda sql: connection.execute(sql).fetchall()
