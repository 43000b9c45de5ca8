"""What a room can do at the hub, with its own token or somebody else's password: report its activity, and no more."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from socket import AF_UNIX
from socket import socket as Socket  # noqa: N812
from typing import Any

import pyotp
import pytest
from tests.support.live import Live
from tests.support.live_world import ALPHA, BETA, PASSWORD, SECRET

from saferoom.hub.drive import Room

pytestmark = pytest.mark.live

_ASK = """
import http.client, json, os, socket
def ask(method, path, body=None, token=os.environ['JUPYTERHUB_API_TOKEN'], headers={}):
    c = http.client.HTTPConnection('hub'); c.sock = socket.socket(socket.AF_UNIX); c.sock.connect('/run/hub.sock')
    h = {'Authorization': 'token ' + token} if token else {}
    c.request(method, path, body=body, headers={**h, **headers})
    r = c.getresponse(); return r.status, r.read().decode(), dict(r.getheaders())
"""


def ask(room: Room, method: str, path: str, body: object = None) -> tuple[int, Any]:
    """Ask the hub's API from inside `room` with the room's token."""
    text = None if body is None else json.dumps(body)
    output = room.execute(
        f"{_ASK}\nstatus, text, _ = ask({method!r}, '/hub/api' + {path!r}, {text!r})\nprint(status, text)"
    )
    assert not output.error, output.error
    status, _, said = output.text.strip().partition(" ")
    return int(status), json.loads(said) if said.startswith(("{", "[")) else said


def test_token_of_a_room_names_its_person_and_project_and_little_else(live: Live) -> None:
    status, said = ask(live.room("ana", ALPHA), "GET", "/user")
    assert status == 200
    assert said["name"] == "ana"
    assert set(said["scopes"]) == {
        "access:servers!server=ana/alpha",
        "access:services!service=airlock",
        "read:users:activity!user=ana",
        "read:users:groups!user=ana",
        "read:users:name!user=ana",
        "users:activity!user=ana",
    }


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/users", None),
        ("GET", "/users/ben", None),
        ("POST", "/users/mallory", None),
        ("DELETE", "/users/ben", None),
        ("PATCH", "/users/ana", {"admin": True}),
        ("GET", "/users/ana/tokens", None),
        ("POST", "/users/ana/tokens", {"note": "for later"}),
        ("POST", "/users/ben/tokens", {"note": "for later"}),
        ("POST", "/users/ana/servers/other", None),
        ("POST", "/users/ben/servers/beta", None),
        ("DELETE", "/users/ana/servers/alpha", None),
        ("DELETE", "/users/ben/servers/beta", None),
        ("POST", "/users/ben/activity", {"last_activity": "2030-01-01T00:00:00Z"}),
        ("GET", "/groups", None),
        ("POST", "/groups/beta/users", {"users": ["ana"]}),
        ("GET", "/proxy", None),
        ("POST", "/proxy", None),
        ("PATCH", "/proxy", {"ip": "127.0.0.1"}),
        ("GET", "/services", None),
        ("POST", "/shutdown", {"proxy": True, "servers": True}),
        ("POST", "/shares/ana/alpha", {"user": "ben", "scopes": ["access:servers!server=ana/alpha"]}),
    ],
)
def test_hub_api_refuses_what_is_not_the_rooms_own(live: Live, method: str, path: str, body: object) -> None:
    status, _ = ask(live.room("ana", ALPHA), method, path, body)
    assert status in (403, 404)


def test_user_list_seen_from_a_room_holds_nobody_else(live: Live) -> None:
    live.room("ben", BETA)
    status, said = ask(live.room("ana", ALPHA), "GET", "/users?state=active")
    assert status == 403 or [one["name"] for one in said] == ["ana"]


def test_sign_in_from_inside_a_room_is_refused_even_with_right_credentials(live: Live) -> None:
    live.fresh_code("ben")
    room = live.room("ana", ALPHA)
    code = pyotp.TOTP(SECRET).now()
    output = room.execute(
        f"{_ASK}\n"
        "proxied = {'X-Forwarded-For': '127.0.0.1', 'X-Saferoom-Proxy': 'x'}\n"
        "status, page, headers = ask('GET', '/hub/login', token=None, headers=proxied)\n"
        "cookie = headers['Set-Cookie'].split(';')[0]; xsrf = cookie.split('=', 1)[1]\n"
        "import urllib.parse as u\n"
        f"form = u.urlencode(dict(username='ben', password={PASSWORD!r}, totp={code!r}, _xsrf=xsrf))\n"
        "extra = {'Cookie': cookie, 'Content-Type': 'application/x-www-form-urlencoded', **proxied}\n"
        "status, page, headers = ask('POST', '/hub/login', form, token=None, headers=extra)\n"
        "words = page.partition('note fail')[2].partition('>')[2].partition('<')[0]\n"
        "print(status, 'jupyterhub-hub-login' in headers.get('Set-Cookie', ''), words)"
    )
    assert output.text.strip() == "403 False Sign in with the form on the sign-in page.", output


def test_token_of_a_stopped_room_is_worth_nothing(live: Live) -> None:
    token = live.room("cleo", ALPHA).execute("import os; print(os.environ['JUPYTERHUB_API_TOKEN'])").text.strip()
    assert _status(live, token) == 200
    live.session("cleo").stop_room(ALPHA)
    assert _status(live, token) == 403


def _status(live: Live, token: str) -> int:
    connection = HTTPConnection("hub")
    connection.sock = Socket(AF_UNIX)
    try:
        connection.sock.connect(str(live.home.socket("hub")))
        connection.request("GET", "/hub/api/user", headers={"Authorization": f"token {token}"})
        return connection.getresponse().status
    finally:
        connection.close()
