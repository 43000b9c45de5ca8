"""An API token with a real hub, proxy and room: good outside, and for nothing else."""

from __future__ import annotations

import httpx
import pytest
from tests.support.api_client import given_token
from tests.support.live import Live
from tests.support.live_world import ALPHA

from saferoom.hub.jupyter.programs import AIRLOCK_PREFIX

pytestmark = pytest.mark.live

INSIDE = """
from saferoom.hub.notebook.connection import Connection
from saferoom.hub.notebook.errors import RoomError

planted = Connection("/run/airlock.sock", {secret!r})
for path in ("/api/room/datasets", "{prefix}api/v1/me", "/api/v1/me"):
    try:
        print("opened", planted.get(path))
    except RoomError as error:
        print("refused", path, error)
"""


def test_token_is_good_through_the_proxy_and_for_nothing_in_a_room_or_at_the_hub(live: Live) -> None:
    room = live.room("ana", ALPHA)
    secret = given_token(live.instance, "ana")[1]
    bearer = {"Authorization": f"Bearer {secret}"}
    me = httpx.get(f"{live.url}{AIRLOCK_PREFIX}api/v1/me", headers=bearer, trust_env=False)
    assert me.json()["person"]["username"] == "ana"
    for scheme in ("token", "Bearer"):
        sent = {"Authorization": f"{scheme} {secret}"}
        assert httpx.get(f"{live.url}/hub/api/user", headers=sent, trust_env=False).status_code == 403
        kernels = httpx.get(f"{live.url}/user/ana/{ALPHA}/api/kernels", headers=sent, trust_env=False)
        assert kernels.status_code in (302, 403)
    said = room.execute(INSIDE.format(secret=secret, prefix=AIRLOCK_PREFIX)).text
    assert "opened" not in said
    assert said.count("refused") == 3
    assert "an API token opens nothing here" in said


def test_hub_gives_nobody_a_token_of_its_own(live: Live) -> None:
    session = live.session("ana")
    assert session.api("POST", "users/ana/tokens", json={"note": "mine"}).status_code == 403
    assert session.api("POST", "users/ana/tokens", json={"scopes": ["access:services"]}).status_code == 403
