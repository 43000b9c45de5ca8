"""A room's WebSockets as a browser, or somebody who pretends to be one, opens them; and what was recorded of them."""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlsplit

from tests.support.live import Live
from tests.support.live_world import ALPHA
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from saferoom.hub.drive import Room
from saferoom.ids import Username
from saferoom.projects.inputs.model import Input

CARLA = Username("carla")
V1 = Subprotocol("v1.kernel.websocket.jupyter.org")
_PATIENCE_SECONDS = 20.0


def recorded(live: Live, wanted: Callable[[Input], bool]) -> Input:
    """Return the newest input that is `wanted`, once it is recorded."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        for one in live.instance.inputs.look(CARLA, ALPHA).page.items:
            if wanted(one):
                return one
        time.sleep(0.05)
    raise AssertionError("it was not recorded")


def address(room: Room, path: str) -> str:
    """Return the WebSocket address of a path below the room."""
    base = urlsplit(room.session.base_url)
    return f"ws://{base.netloc}{room.path}{path}?_xsrf={quote(room.session.xsrf(room.path))}"


def headers(room: Room) -> dict[str, str]:
    """Return what the browser sends with it."""
    cookies = [c for c in room.session.http.cookies.jar if room.path.startswith(c.path)]
    return {"Cookie": "; ".join(f"{c.name}={c.value}" for c in cookies)}


def channels(room: Room, path: str = "", **more: Any) -> ClientConnection:
    """Connect to the room's kernel, or to another path of the room."""
    made: ClientConnection = connect(
        address(room, path or f"api/kernels/{room._kernel}/channels"),
        additional_headers=headers(room),
        origin=Origin(room.session.base_url),
        max_size=None,
        proxy=None,
        **more,
    )
    return made


def v1(message: dict[str, Any]) -> bytes:
    """Return a message in the protocol that JupyterLab uses."""
    parts = [b"shell", *(json.dumps(message[p]).encode() for p in ("header", "parent_header", "metadata", "content"))]
    offsets = [8 * (len(parts) + 2)]
    for part in parts:
        offsets.append(offsets[-1] + len(part))
    return b"".join([struct.pack(f"<{len(offsets) + 1}Q", len(offsets), *offsets), *parts])


def legacy(message: dict[str, Any]) -> bytes:
    """Return a message in the older binary form."""
    return struct.pack("!II", 1, 8) + json.dumps(message).encode()


def raw(room: Room, frames: bytes) -> bytes:
    """Send bytes of a client's own making after the upgrade; return what is answered."""
    base = urlsplit(room.session.base_url)
    path = address(room, f"api/kernels/{room._kernel}/channels").partition(base.netloc)[2]
    asked = {
        **headers(room),
        "Host": base.netloc,
        "Origin": room.session.base_url,
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        "Sec-WebSocket-Version": "13",
    }
    with socket.create_connection((base.hostname or "", base.port or 80), timeout=20) as line:
        head = "".join(f"{name}: {value}\r\n" for name, value in asked.items())
        line.sendall(f"GET {path} HTTP/1.1\r\n{head}\r\n".encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += line.recv(65536)
        assert b" 101 " in answer.splitlines()[0], answer
        line.sendall(frames)
        while piece := line.recv(65536):
            answer += piece
    return answer


def masked(first: int, payload: bytes) -> bytes:
    """Return a frame with a mask of noughts."""
    size = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + struct.pack("!H", len(payload))
    return bytes([first]) + size + b"\0\0\0\0" + payload
