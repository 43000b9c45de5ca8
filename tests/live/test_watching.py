"""What a real hub tells of itself, and to whom: numbers to those who watch, nothing to rooms and signed-in people."""

from __future__ import annotations

import httpx
import pytest
from tests.support.airlock_server import plain_transport
from tests.support.live import Live
from tests.support.live_world import ALPHA
from tests.support.watching import samples, value

pytestmark = pytest.mark.live

CANARY = "kanarienvogel"
TRY_IN_A_ROOM = """
import os, socket
print(sorted(os.listdir('/run/doors')))
for path in ({path!r}, '/run/metrics.sock', '/run/doors/metrics.sock'):
    try:
        socket.socket(socket.AF_UNIX).connect(path); print('reached')
    except OSError as error:
        print(type(error).__name__)
for port in (9464, {port}):
    try:
        socket.create_connection(('127.0.0.1', port), 2); print('reached')
    except OSError as error:
        print(type(error).__name__)
"""


def test_who_watches_sees_rooms_that_run_and_every_part(live: Live) -> None:
    live.room("ana", ALPHA)
    transport = plain_transport(live.home.socket("metrics"))
    with httpx.Client(transport=transport, base_url="http://metrics", timeout=30) as client:
        assert client.get("/ready").json() == {"status": "ok"}
        found = samples(client.get("/metrics").text)
    assert value(found, "saferoom_rooms_running") >= 1
    assert value(found, "saferoom_audit_links") > 0


def test_a_room_reaches_none_of_it(live: Live) -> None:
    said = live.room("ana", ALPHA).execute(
        TRY_IN_A_ROOM.format(path=str(live.home.socket("metrics")), port=live.hub.port)
    )
    assert "['airlock.sock', 'hub.sock']" in said.text
    assert "reached" not in said.text
    assert said.text.count("Error") == 5, said.text


@pytest.mark.parametrize("path", ["services/airlock/metrics", "services/airlock/ready", "metrics", "ready"])
def test_the_proxy_leads_nobody_to_it(live: Live, path: str) -> None:
    for ask in (live.session("ana").http.get, live.session("ben").http.get):
        answer = ask(f"/{path}", headers={"Sec-Fetch-Dest": "document"})
        assert answer.status_code in (401, 403, 404)
        assert "saferoom_" not in answer.text


def test_the_hubs_own_metrics_are_closed_to_everybody(live: Live) -> None:
    """They tell how many people there are and when rooms were started; nobody here has the scope read:metrics."""
    room = live.room("ana", ALPHA)
    token = room.execute("import os; print(os.environ['JUPYTERHUB_API_TOKEN'])").text.split()[0]
    for path in ("/hub/metrics", "/hub/api/metrics"):
        assert httpx.get(f"{live.url}{path}", trust_env=False).status_code == 403
        assert live.session("ana").http.get(path).status_code == 403
        with_token = httpx.get(f"{live.url}{path}", headers={"Authorization": f"token {token}"}, trust_env=False)
        assert with_token.status_code == 403
        assert "jupyterhub_" not in with_token.text


def test_no_query_gets_into_the_hubs_log(live: Live) -> None:
    for path in ("hub/login", "hub/nowhere", "hub/api/users", "hub/", f"user/ana/{ALPHA}/nowhere", "nowhere"):
        httpx.get(f"{live.url}/{path}", params={"next": f"/hub/home?x={CANARY}", CANARY: "x"}, trust_env=False)
        live.session("ana").http.get(f"/{path}", params={"next": f"/hub/home?x={CANARY}", CANARY: "x"})
    assert "GET /hub/login?…" in live.hub.log.read_text()
    assert CANARY not in live.hub.log.read_text()
