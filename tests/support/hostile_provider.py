"""A provider of the tests' own that says whatever it is told to say: for what no real one does."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm


class Key:
    """A signing key of a provider."""

    def __init__(self, name: str = "one") -> None:
        self.name = name
        self.private = ec.generate_private_key(ec.SECP256R1())

    @property
    def public(self) -> dict[str, Any]:
        """The public half as providers publish it."""
        document: dict[str, Any] = ECAlgorithm.to_jwk(self.private.public_key(), as_dict=True)
        return document | {"kid": self.name, "alg": "ES256", "use": "sig"}

    def sign(self, claims: dict[str, Any], **headers: Any) -> str:
        """Return an ID token."""
        return jwt.encode(claims, self.private, algorithm="ES256", headers={"kid": self.name} | headers)


@dataclass
class Hostile:
    """What the provider says at each of its addresses, and what it was asked."""

    url: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    keys: Any = None
    token: tuple[int, Any] = (200, {})
    raw: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def answer(self, path: str) -> tuple[int, bytes]:
        """Return status and body of what is said at `path`."""
        if path in self.raw:
            return 200, self.raw[path]
        if path == "/.well-known/openid-configuration":
            return 200, json.dumps(self.metadata).encode()
        if path == "/jwks":
            return 200, json.dumps(self.keys).encode()
        if path == "/token":
            return self.token[0], json.dumps(self.token[1]).encode()
        return 302, b""


@contextmanager
def hostile(tls: ssl.SSLContext | None = None) -> Iterator[Hostile]:
    """Start one on loopback."""
    said = Hostile()

    class Handler(BaseHTTPRequestHandler):
        def _say(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            said.asked.append((self.path, self.rfile.read(length).decode()))
            status, body = said.answer(self.path)
            self.send_response(status)
            if status == 302:
                self.send_header("Location", said.url + "/jwks")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = _say  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    said.url = f"{'https' if tls else 'http'}://localhost:{server.server_port}"
    said.metadata = {
        "issuer": said.url,
        "authorization_endpoint": f"{said.url}/auth",
        "token_endpoint": f"{said.url}/token",
        "jwks_uri": f"{said.url}/jwks",
    }
    try:
        yield said
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
