"""An airlock whose projects may install different packages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.airlock_server import Service, service
from tests.support.airlock_world import INCOME, MOBILITY, world
from tests.support.wheels import wheel

from saferoom.hub.packages.bringing import Bringing
from saferoom.projects.packages.model import wanted


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Mobility may install tidal 1.*, income may install deep; lonely is allowed for nobody."""
    folder = tmp_path_factory.mktemp("packages")
    with world(folder) as place:
        brought = folder / "brought"
        brought.mkdir()
        for name, version in (("tidal", "1.0"), ("tidal", "2.0"), ("deep", "1.0"), ("lonely", "1.0")):
            wheel(brought, name, version)
        instance = place.instance
        Bringing(instance.packages, instance.wheel_files, instance.clock, "admin:root").add([brought])
        instance.packages.allow("admin:root", MOBILITY, [wanted("tidal<2")])
        instance.packages.allow("admin:root", INCOME, [wanted("deep")])
        with service(place) as made:
            yield made


@pytest.fixture
def packages(shared: Service) -> Service:
    """The airlock, with nothing counted yet."""
    shared.parts.rates.__init__()  # type: ignore[misc]
    shared.parts.fetching.clear()
    return shared
