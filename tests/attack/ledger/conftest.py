"""The same attacks on both databases that a store may be on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.ledger_world import LedgerWorld
from tests.support.postgres import ON_POSTGRES, Server
from tests.support.registry_world import store

from saferoom.hub.store.database import Database


@pytest.fixture(params=["sqlite", ON_POSTGRES])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty store on either."""
    if request.param == "sqlite":
        made = store(tmp_path)
    else:
        server: Server = request.getfixturevalue("postgres")
        made = Database(server.database())
    yield made
    made.dispose()


@pytest.fixture
def world(database: Database) -> LedgerWorld:
    """Rosa's project on olga's data; the approval alone has a limit, far above what is charged here."""
    return LedgerWorld.on(database)
