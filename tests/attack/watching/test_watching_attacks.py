"""Attacks on what is told to those who watch: by rooms, by signed-in people, and by what people write."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.support.airlock_server import PREFIX, Service, service
from tests.support.airlock_world import world

PATHS = ("metrics", "ready", "metrics/", "../metrics", "%6detrics", "watch/metrics")


@pytest.fixture(scope="module")
def airlock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with world(tmp_path_factory.mktemp("watching")) as place, service(place) as made:
        yield made


@pytest.mark.parametrize("path", PATHS)
def test_a_room_finds_no_numbers_at_its_door(airlock: Service, path: str) -> None:
    room = airlock.room()
    for address in (f"/{path}", f"/api/room/{path}"):
        answer = room.http.get(address, headers={"Authorization": f"token {room.token}"})
        assert answer.status_code == 404
        assert "saferoom_" not in answer.text


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", ["ana", "ben", "dora", "ada"])
def test_nobody_who_is_signed_in_finds_them_among_the_pages(airlock: Service, path: str, name: str) -> None:
    browser = airlock.browser(name)
    for address in (f"{PREFIX}{path}", f"/{path}", f"{PREFIX}api/v1/{path}"):
        answer = browser.http.get(address, headers={"Sec-Fetch-Dest": "document"})
        assert answer.status_code in (401, 404)
        assert "saferoom_" not in answer.text


def test_health_at_the_open_faces_tells_nothing_but_that_it_lives(airlock: Service) -> None:
    assert airlock.room().http.get("/health").json() == {"status": "ok"}
    assert airlock.browser().http.get(f"{PREFIX}health").json() == {"status": "ok"}
