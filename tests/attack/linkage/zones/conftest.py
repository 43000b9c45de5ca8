"""One instance with two registers, ingested and linked, for all who only look at it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.zones_world import INDEX, ZonesWorld, people, pupils, taxpayers, zones_world


@pytest.fixture(scope="package")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ZonesWorld]:
    """Yield a linked world; nobody changes it."""
    with zones_world(tmp_path_factory.mktemp("zones")) as made:
        known = people(240)
        made.deliver("pupils", pupils(known[:200]))
        made.deliver("taxpayers", taxpayers(known[40:]))
        made.link(INDEX)
        yield made
