"""The program of a room as a pod runs it: at a port, with addresses, on a root that it cannot write.

There is no engine for containers here: bubblewrap gives it the pod's folders, and it keeps this machine's loopback.
The hub and the airlock are small servers that answer what a room asks them.
"""

from __future__ import annotations

import json
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.pod_process import SOFTWARE, pod_words

from saferoom.hub.jupyter.room_terms import Doors, Room, environment

TOKENS = {
    "ana's": {"kind": "user", "name": "ana", "scopes": ["access:servers!server=ana/alpha"]},
    "ben's": {"kind": "user", "name": "ben", "scopes": ["access:servers!server=ben/beta"]},
}
FROM_HUB = {
    "JUPYTERHUB_API_TOKEN": "the-rooms",
    "JUPYTERHUB_BASE_URL": "/",
    "JUPYTERHUB_CLIENT_ID": "jupyterhub-user-ana-alpha",
    "JUPYTERHUB_HOST": "",
    "JUPYTERHUB_OAUTH_ACCESS_SCOPES": '["access:servers!server=ana/alpha"]',
    "JUPYTERHUB_OAUTH_CALLBACK_URL": "/user/ana/alpha/oauth_callback",
    "JUPYTERHUB_OAUTH_CLIENT_ALLOWED_SCOPES": "[]",
    "JUPYTERHUB_SERVER_NAME": "alpha",
    "JUPYTERHUB_SERVICE_PREFIX": "/user/ana/alpha/",
    "JUPYTERHUB_USER": "ana",
}
STARTS_WITHIN_SECONDS = 60.0


class Outside(ThreadingHTTPServer):
    """The hub and the airlock at one port; remembers what came for the airlock."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.sent: list[tuple[str, str, bytes]] = []


class _Answers(BaseHTTPRequestHandler):
    server: Outside

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        token = self.headers.get("Authorization", "").split(" ")[-1]
        if self.path.rstrip("/") == "/hub/api":
            self._say(200, {"version": "6.1.1"})
        elif self.path == "/hub/api/user" and token in TOKENS:
            self._say(200, TOKENS[token])
        else:
            self._say(403, {"message": "Forbidden"})

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.startswith("/api/room/outbox"):
            self.server.sent.append((self.path, self.headers["Authorization"], content))
            self._say(200, {"became": "drafted", "message": "", "request": "r-1", "url": ""})
        else:
            self._say(200, {})

    def _say(self, status: int, document: Any) -> None:
        data = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@dataclass
class Running:
    """A room that runs."""

    url: str
    workspace: Path
    outside: Outside
    process: subprocess.Popen[bytes] = field(repr=False)

    def get(self, path: str, token: str = "") -> httpx.Response:
        headers = {"Authorization": f"token {token}"} if token else {}
        return httpx.get(f"{self.url}{path}", headers=headers, timeout=20, follow_redirects=False)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("pod")
    for name in ("room", "data", "tmp"):
        (folder / name).mkdir()
    mounted = {f"/{name}": (folder / name, name != "data") for name in ("tmp", "room", "data")}
    with Outside() as outside, socket.socket() as free:
        thread = threading.Thread(target=outside.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
        free.close()
        there = f"http://127.0.0.1:{outside.server_port}"
        told = environment(Room("ana", "alpha"), Doors(there, there, address), FROM_HUB, Path(SOFTWARE))
        process = subprocess.Popen(
            [*pod_words(mounted), f"{SOFTWARE}/bin/python", "-P", "-m", "saferoom.hub.jupyter.room"],
            env=told, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            running = Running(f"{address}/user/ana/alpha/", folder / "room", outside, process)
            _wait_for(running)
            yield running
        finally:
            process.kill()
            process.wait()
            outside.shutdown()


def _wait_for(room: Running) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_SECONDS
    while True:
        assert room.process.poll() is None, (room.workspace.parent / "tmp" / "server.log").read_text()[-2000:]
        try:
            if room.get("api").status_code == 200:
                return
        except httpx.TransportError:
            assert time.monotonic() < deadline
            time.sleep(0.2)


def test_it_answers_nobody_without_a_token_and_nobody_with_somebody_elses(room: Running) -> None:
    """Attack: a neighbour that got past the policies asks the room's port directly."""
    for path in ("api/contents", "api/kernels", "api/kernelspecs", "lab", "files/x.txt"):
        assert room.get(path).status_code in (302, 403), path
        assert room.get(path, "guess").status_code in (302, 403), path
        assert room.get(path, "ben's").status_code == 403, path
    started = httpx.post(f"{room.url}api/kernels", json={"name": "python3"}, timeout=20)
    assert started.status_code == 403


def test_its_person_works_in_the_workspace(room: Running) -> None:
    (room.workspace / "kept.txt").write_text("x")
    found = room.get("api/contents", "ana's")
    assert found.status_code == 200
    assert "kept.txt" in {one["name"] for one in found.json()["content"]}


def test_its_outbox_goes_to_the_airlocks_address_with_its_own_token(room: Running) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_SECONDS
    outbox = room.workspace / ".saferoom" / "ana" / "outbox"
    while not (room.workspace / "outbox").is_symlink():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    (outbox / "table.csv").write_text("a,b\n1,2\n")
    while not room.outside.sent:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert room.outside.sent == [("/api/room/outbox?name=table.csv", "token the-rooms", b"a,b\n1,2\n")]
    assert str((room.workspace / "outbox").readlink()) == "/outbox"
