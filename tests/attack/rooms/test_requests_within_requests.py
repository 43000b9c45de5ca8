"""Nobody puts a request into the body of another one: servers behind the proxy would take it for the next person's."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import httpx
import pytest
from tests.support.live import Live

pytestmark = pytest.mark.live

HIDDEN = b"GET /hub/hidden HTTP/1.1\r\nHost: x\r\nCookie: hidden\r\n\r\n"


def answer(live: Live, head: str) -> bytes:
    """Return everything that the proxy answers before it closes the connection, or is silent for a while."""
    place = urlsplit(live.url)
    with socket.create_connection((str(place.hostname), int(place.port or 0))) as line:
        line.settimeout(1.5)
        line.sendall(f"{head} HTTP/1.1\r\nHost: {place.netloc}\r\n".encode())
        line.sendall(b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(HIDDEN), HIDDEN))
        found = b""
        try:
            while piece := line.recv(65536):
                found += piece
        except TimeoutError:
            return found
        return found + b" (closed)"


@pytest.mark.parametrize("path", ["/hub/x", "/services/airlock/x", "/user/ana/alpha/x"])
@pytest.mark.parametrize("method", ["DELETE", "OPTIONS", "GET", "HEAD", "PURGE", "PROPFIND"])
def test_body_of_no_said_length_is_refused_where_there_should_be_none(live: Live, method: str, path: str) -> None:
    said = answer(live, f"{method} {path}")
    assert said.startswith(b"HTTP/1.1 411 "), said[:200]
    assert said.endswith(b" (closed)")
    assert said.count(b"HTTP/1.1") == 1
    for _ in range(5):
        page = httpx.get(f"{live.url}/hub/login", trust_env=False)
        assert (page.status_code, "Sign in" in page.text) == (200, True)
    assert "/hub/hidden" not in live.hub.log.read_text()


def test_connection_to_a_kernel_has_no_body(live: Live) -> None:
    upgrade = "GET /user/ana/alpha/api/kernels/x/channels HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    head = upgrade + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    place = urlsplit(live.url)
    for framing in ("Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"):
        with socket.create_connection((str(place.hostname), int(place.port or 0))) as line:
            line.settimeout(5)
            line.sendall(f"{head}Host: {place.netloc}\r\n{framing}\r\nhello".encode())
            assert line.recv(65536).startswith(b"HTTP/1.1 411 ")


def test_bodies_where_they_belong_may_come_in_pieces(live: Live) -> None:
    with httpx.Client(base_url=live.url, trust_env=False) as client:
        sent = client.post("/hub/login", content=iter([b"username=", b"nobody"]))
    assert sent.status_code in (400, 403)
