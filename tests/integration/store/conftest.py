"""Both databases that a store may be on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.postgres import ON_POSTGRES, Server

from saferoom.hub.store.database import Database


@pytest.fixture(params=["sqlite", ON_POSTGRES])
def bare(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without a table, on either."""
    if request.param == "sqlite":
        made = Database(f"sqlite:///{tmp_path / 'store.sqlite'}")
    else:
        server: Server = request.getfixturevalue("postgres")
        made = Database(server.empty())
    yield made
    made.dispose()
