"""What a notebook says that its project may install."""

from __future__ import annotations

import pytest
from tests.support.airlock_server import Service
from tests.support.packages_server import packages as packages
from tests.support.packages_server import shared as shared

from saferoom.hub.notebook import RoomError
from saferoom.hub.notebook import packages as listed


@pytest.fixture
def room(packages: Service, monkeypatch: pytest.MonkeyPatch) -> Service:
    """An airlock whose socket and token this process has, as a room of mobility has them."""
    monkeypatch.setenv("SAFEROOM_AIRLOCK", str(packages.rooms))
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", packages.hub.room_token("ana", "mobility"))
    return packages


def test_packages_of_the_project_are_listed_with_their_versions(room: Service) -> None:
    found = listed()
    assert [(one.name, one.versions) for one in found] == [("tidal", ("1.0",))]
    assert "tidal" in repr(found)
    assert "1.0" in found._repr_html_()
    assert len(found) == 1
    assert found[0].name == "tidal"


def test_project_without_packages_is_told_whom_to_ask(room: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    service = room.world.instance.packages
    monkeypatch.setattr(type(service), "shelf", lambda *_: {})
    found = listed()
    assert len(found) == 0
    assert "ask an administrator" in repr(found)
    assert "ask an administrator" in found._repr_html_()


def test_outside_a_room_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JUPYTERHUB_API_TOKEN", raising=False)
    with pytest.raises(RoomError, match="inside a room"):
        listed()
