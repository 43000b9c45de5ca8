"""What the proxy makes of a room's answers."""

from __future__ import annotations

import httpx
import pytest
from tests.support.live import Live
from tests.support.live_world import ALPHA
from tests.support.processes import below, listening

pytestmark = pytest.mark.live


def test_room_pages_carry_the_policy_set_outside_the_room(live: Live) -> None:
    room = live.room("ana", ALPHA)
    for path in ("lab", "api/status", "api/contents/none.txt", "static/favicon.ico", "no/such/page"):
        answer = room.request("GET", path)
        policy = answer.headers["content-security-policy"]
        own = f"127.0.0.1:{live.hub.port}/user/ana/alpha/"
        assert policy.startswith("default-src 'none'; ")
        assert f"connect-src {own} ws://{own} wss://{own};" in policy
        assert f"form-action {own};" in policy
        assert "sandbox allow-scripts allow-same-origin allow-forms allow-modals" in policy
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "server" not in answer.headers


def test_encoded_path_of_a_room_carries_the_same_policy(live: Live) -> None:
    live.room("ana", ALPHA)
    answer = httpx.get(f"{live.url}/user/%61na/alph%61/api", trust_env=False)
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; script-src 127.0.0.1")


@pytest.mark.parametrize("host", ["evil.example; script-src *", "a b", "x/y", ""])
def test_strange_host_gets_a_policy_that_allows_nothing(live: Live, host: str) -> None:
    live.room("ana", ALPHA)
    answer = httpx.get(f"{live.url}/user/ana/alpha/api", headers={"Host": host}, trust_env=False)
    if answer.status_code != 400:
        assert "connect-src 'none'" in answer.headers["content-security-policy"]
        assert "evil" not in answer.headers["content-security-policy"]


def test_hub_pages_carry_their_own_policy(live: Live) -> None:
    answer = httpx.get(f"{live.url}/hub/login", trust_env=False)
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "unsafe-inline" not in answer.headers["content-security-policy"]
    assert answer.headers["referrer-policy"] == "no-referrer"


def test_files_terminals_and_conversions_are_declined_in_a_room(live: Live) -> None:
    room = live.room("ana", ALPHA)
    room.execute("open('/room/table.parquet', 'w').write('x')")
    room.write("notes.txt", "hello")
    assert room.request("GET", "files/notes.txt").status_code == 403
    assert room.request("GET", "files/table.parquet").status_code == 403
    assert room.request("GET", "api/contents/table.parquet").status_code == 403
    assert room.request("GET", "api/contents/notes.txt").status_code == 200
    assert room.request("GET", "nbconvert/html/notes.txt").status_code in (403, 404)
    assert room.request("POST", "api/terminals").status_code in (403, 404)


def test_saving_through_the_proxy_never_fails(live: Live) -> None:
    room = live.room("ana", ALPHA)
    answers = [room.request("PUT", "lab/api/workspaces/default", json=_WORKSPACE).status_code for _ in range(200)]
    assert set(answers) == {204}


def test_only_the_proxy_listens_on_a_tcp_port(live: Live) -> None:
    assert live.hub.process is not None
    assert listening(below(live.hub.process.pid, itself=True)) == [("127.0.0.1", live.hub.port)]


def test_log_has_no_tokens_and_no_cell_output(live: Live) -> None:
    marker = "value-98765"
    room = live.room("ana", ALPHA)
    token = room.execute(f"import os; print('{marker}'); print(os.environ['JUPYTERHUB_API_TOKEN'])").text.split()[1]
    room.execute(f"import sys; print('{marker}', file=sys.__stderr__, flush=True); os.write(2, b'{marker}')")
    log = live.hub.log.read_text()
    assert marker not in log
    assert token not in log


_WORKSPACE = {"data": {"x": "y" * 2000}, "metadata": {"id": "default"}}
