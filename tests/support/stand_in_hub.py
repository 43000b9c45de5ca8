"""A stand-in for JupyterHub's API on a UNIX socket: it answers about tokens and exchanges codes, and nothing else.

The airlock's own code for asking the hub runs unchanged against it. Tests marked `live` use a real hub.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import socketserver
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from saferoom.hub.home import unix_url

AIRLOCK = "access:services!service=airlock"
SERVICE_TOKEN = "the-airlocks-own-token-0123456789"


@dataclass
class StandInHub:
    """Knows tokens and codes; `down` makes every answer a failure."""

    socket: Path
    models: dict[str, dict[str, Any]] = field(default_factory=dict)
    codes: dict[str, tuple[str, str]] = field(default_factory=dict)
    down: bool = False
    asked: int = 0

    @property
    def environment(self) -> dict[str, str]:
        """What JupyterHub gives a managed service."""
        return {
            "JUPYTERHUB_API_URL": unix_url(self.socket) + "/hub/api",
            "JUPYTERHUB_API_TOKEN": SERVICE_TOKEN,
            "JUPYTERHUB_BASE_URL": "/",
            "JUPYTERHUB_CLIENT_ID": "service-airlock",
            "JUPYTERHUB_SERVICE_PREFIX": "/services/airlock/",
            "JUPYTERHUB_OAUTH_CALLBACK_URL": "/services/airlock/oauth_callback",
            "JUPYTERHUB_OAUTH_ACCESS_SCOPES": json.dumps([AIRLOCK]),
        }

    def room_token(self, name: str, project: str) -> str:
        """Return a token as a room of `name` in `project` has it."""
        scopes = [f"access:servers!server={name}/{project}", f"users:activity!user={name}", AIRLOCK]
        return self.token({"kind": "user", "name": name, "session_id": None, "scopes": scopes})

    def browser_token(self, name: str) -> str:
        """Return a token as a browser's sign-in at the airlock yields it."""
        scopes = [AIRLOCK, f"read:users:name!user={name}"]
        return self.token({"kind": "user", "name": name, "session_id": secrets.token_hex(8), "scopes": scopes})

    def token(self, model: dict[str, Any]) -> str:
        """Return a new token that the hub describes by `model`."""
        made = secrets.token_hex(16)
        self.models[made] = model
        return made

    def revoke(self, token: str) -> None:
        """Forget a token, as the hub does when a room stops or somebody signs out."""
        del self.models[token]

    def authorize(self, url: str, name: str) -> str:
        """Play the hub's authorization page for somebody signed in as `name`; return where it sends the browser."""
        query = dict(parse_qsl(urlsplit(url).query))
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        code = secrets.token_hex(8)
        self.codes[code] = (self.browser_token(name), query["code_challenge"])
        return query["redirect_uri"] + "?" + urlencode({"code": code, "state": query["state"]})

    def exchange(self, form: dict[str, str]) -> dict[str, Any] | None:
        """Exchange a code once, for its client, with its verifier."""
        if form.get("client_secret") != SERVICE_TOKEN or form.get("code") not in self.codes:
            return None
        token, challenge = self.codes.pop(form["code"])
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).decode().rstrip("=") != challenge:
            return None
        return {"access_token": token, "token_type": "Bearer"}


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 64
    hub: StandInHub


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def address_string(self) -> str:
        return "unix"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: ARG002 - the base class's names
        return None

    def do_GET(self) -> None:
        hub = self.server.hub
        hub.asked += 1
        token = self.headers.get("Authorization", "").removeprefix("token ")
        if hub.down:
            self._answer(500, {"message": "down"})
        elif self.path == "/hub/api/user" and token in hub.models:
            self._answer(200, hub.models[token])
        else:
            self._answer(403, {"message": "Forbidden"})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        reply = None if self.server.hub.down else self.server.hub.exchange(form)
        self._answer(200 if reply else 400, reply or {"error": "invalid_grant"})

    def _answer(self, status: int, document: dict[str, Any]) -> None:
        data = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class running:  # noqa: N801 - used as `with running(hub):`
    """Serve a stand-in hub while the block runs."""

    def __init__(self, hub: StandInHub) -> None:
        self._server = _Server(str(hub.socket), _Handler)
        self._server.hub = hub
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
