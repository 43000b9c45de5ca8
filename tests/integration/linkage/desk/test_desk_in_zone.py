"""The desk's pages as they really run: in the linker's sandbox, with the zone's key, behind the door's socket."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import httpx
import pytest
from jupyterhub.services.auth import HubOAuth
from tests.support.airlock_server import HOST, plain_transport
from tests.support.desk_server import LINKAGE, NAMES, LinkageHub, Reviewer, queue_in, served
from tests.support.review_world import LINK, review_world
from tests.support.stand_in_hub import SERVICE_TOKEN, running

from saferoom.hub import keys
from saferoom.hub.home import Home
from saferoom.hub.linkage.desk.__main__ import folder_of_sockets, start_inside
from saferoom.hub.linkage.desk.door import door_app
from saferoom.hub.linkage.desk.names import DOOR, PAGES
from saferoom.hub.linkage.opened import OpenZone
from saferoom.hub.linkage.zone_keys import ZoneSecret
from saferoom.hub.linkage.zones import Zone, folder_of, hand_over
from saferoom.hub.web.shell.hub_auth import Hub
from saferoom.hub.web.shell.navigation import REVIEW_PREFIX
from saferoom.hub.web.shell.serve import unix_socket
from saferoom.hub.wiring import Instance

_START_SECONDS = 60.0


def test_desk_in_the_linkers_sandbox_shows_pairs_and_takes_decisions(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    home = Home(tmp_path / "home")
    home.prepare()
    zone_folder = folder_of(home, Zone.LINKER)
    secret = ZoneSecret(keys.zone_key(home, Zone.LINKER.value).read_bytes(), Zone.LINKER.value)
    queue_in(OpenZone(Zone.LINKER.value, zone_folder, {}, secret))
    hand_over(zone_folder, home, Zone.LINKER)
    (tmp_path / "world").mkdir()
    with review_world(tmp_path / "world") as world:
        hub = LinkageHub(home.run / "hub.sock")
        oauth = HubOAuth(
            api_url=hub.environment["JUPYTERHUB_API_URL"],
            api_token=SERVICE_TOKEN,
            oauth_client_id="service-linkage",
            base_url=REVIEW_PREFIX,
            access_scopes={LINKAGE},
        )
        asks, around = Hub(oauth), world.around
        instance = Instance(home, around.clock, around.database, None, around.administration.signing_key)  # type: ignore[arg-type]
        sockets = folder_of_sockets(home)
        door = unix_socket(sockets / DOOR, 0o666)
        with running(hub), served([(door, door_app(instance, asks))], asks.close):
            inside = start_inside(home, sockets, asks)
            try:
                _wait(sockets / PAGES)
                text, after = _review(sockets / PAGES, hub)
            finally:
                inside.stop()
        with world.clerical.store.reading() as tx:
            assert tx.progress(LINK, around.registry.person("pia").username).own == 1  # type: ignore[arg-type]
    assert any(name in text for name in NAMES)
    assert "Noted: no match." in after
    said = "".join(capfd.readouterr())
    assert not [name for name in (*NAMES, "Penhaligon") if name in said]
    shutil.rmtree(sockets)


def _wait(socket: Path) -> None:
    ends = time.monotonic() + _START_SECONDS
    while not socket.exists():
        assert time.monotonic() < ends, "the desk did not open"
        time.sleep(0.05)


def _review(socket: Path, hub: LinkageHub) -> tuple[str, str]:
    with httpx.Client(transport=plain_transport(socket), base_url=f"http://{HOST}", timeout=30) as http:
        plain = {"Sec-Fetch-Dest": "document"}
        away = http.get(f"{REVIEW_PREFIX}review", headers=plain)
        back = http.get(hub.authorize(away.headers["location"], "pia"))
        page = http.get(back.headers["location"], headers=plain)
        fields = Reviewer(http).fields(page)
        sent = http.post(
            f"{REVIEW_PREFIX}review", data=fields | {"choice": "no-match"}, headers={"Origin": f"http://{HOST}"}
        )
        return page.text, http.get(sent.headers["location"], headers=plain).text
