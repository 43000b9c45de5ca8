"""Serves the airlock's two faces on UNIX sockets in a thread, and browsers and rooms that talk to them."""

from __future__ import annotations

import asyncio
import html
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from jupyterhub.services.auth import HubOAuth
from tests.support.airlock_world import World
from tests.support.stand_in_hub import AIRLOCK, SERVICE_TOKEN, StandInHub, running

from saferoom.hub.evaluator.runner import Evaluator
from saferoom.hub.filecheck.screener import Screener
from saferoom.hub.web.app import page_app, room_app
from saferoom.hub.web.shell.hub_auth import Hub
from saferoom.hub.web.shell.intake import Intake
from saferoom.hub.web.shell.parts import Parts
from saferoom.hub.web.shell.rates import Rates
from saferoom.hub.web.shell.serve import Server, server, unix_socket
from saferoom.hub.web.shell.sessions import Sessions, SignIns

PREFIX = "/services/airlock/"
HOST = "hub.example"
_TICK_SECONDS = 0.02
_END_TICK_SECONDS = 0.002
_FRAME = re.compile(r'<iframe [^>]*src="([^"]+)"')
_CSRF = re.compile(r'name="csrf" value="([^"]+)"')


def plain_transport(path: Path) -> httpx.HTTPTransport:
    """Return what reaches a UNIX socket without TLS; reading the certificates of the world takes its time."""
    return httpx.HTTPTransport(uds=str(path), verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


@dataclass
class Browser:
    """A browser as the proxy passes its requests on: it keeps cookies and says what a browser says."""

    socket: Path
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        transport = plain_transport(self.socket)
        self.http = httpx.Client(transport=transport, base_url=f"http://{HOST}", timeout=30, headers=self.headers)

    def get(self, path: str = "", **headers: str) -> httpx.Response:
        """Open a page."""
        return self.http.get(PREFIX + path, headers={"Sec-Fetch-Dest": "document"} | headers)

    def frames(self, page: httpx.Response) -> list[httpx.Response]:
        """Open the frames of a page as its browser does."""
        headers = {"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "same-origin"}
        return [self.http.get(address, headers=headers) for address in self.frame_addresses(page)]

    def frame_addresses(self, page: httpx.Response) -> list[str]:
        """Return where the frames of a page are."""
        return [html.unescape(address) for address in _FRAME.findall(page.text)]

    def csrf(self, path: str = "releases") -> str:
        """Return the token that the forms of a page carry."""
        found = _CSRF.search(self.get(path).text)
        assert found, "the page has no form"
        return html.unescape(found[1])

    def post(self, path: str, fields: dict[str, str] | None = None, **headers: str) -> httpx.Response:
        """Send a form of one of the pages, as a browser does."""
        sent = {"csrf": self.csrf()} | (fields or {})
        return self.bare_post(path, sent, **({"Origin": f"http://{HOST}"} | headers))

    def bare_post(self, path: str, fields: dict[str, str], **headers: str) -> httpx.Response:
        """Send a form with nothing but what is given."""
        return self.http.post(PREFIX + path, data=fields, headers=headers)

    def sign_in(self, hub: StandInHub, name: str) -> httpx.Response:
        """Sign in as `name` through the hub and return the page that is then shown."""
        away = self.get()
        assert away.status_code == 303, away.text
        back = self.http.get(hub.authorize(away.headers["location"], name))
        assert back.status_code == 303, back.text
        return self.http.get(back.headers["location"], follow_redirects=True)

    def close(self) -> None:
        self.http.close()


@dataclass
class Room:
    """A room's client: a token and the airlock's socket."""

    http: httpx.Client
    token: str

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.http.get("/api/room/" + path, headers={"Authorization": f"token {self.token}"} | headers)

    def upload(self, name: str, data: bytes, evaluation: str = "", **headers: str) -> httpx.Response:
        asked = {"name": name} | ({"evaluation": evaluation} if evaluation else {})
        sent = {"Authorization": f"token {self.token}", "Content-Type": "application/octet-stream"} | headers
        return self.http.post("/api/room/files", params=asked, content=data, headers=sent)

    def snapshot(self, head: bytes, table: bytes) -> httpx.Response:
        sent = {"Authorization": f"token {self.token}", "Content-Type": "application/octet-stream"}
        return self.http.post("/api/room/snapshots", content=head + b"\n" + table, headers=sent)

    def post(self, path: str, body: Any, **headers: str) -> httpx.Response:
        return self.http.post(
            "/api/room/" + path, json=body, headers={"Authorization": f"token {self.token}"} | headers
        )


@dataclass
class Service:
    """The running service with its stand-in hub."""

    world: World
    hub: StandInHub
    parts: Parts
    pages: Path
    rooms: Path
    port: int
    _open: list[httpx.Client] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where a real browser finds the pages."""
        return f"http://127.0.0.1:{self.port}{PREFIX}"

    def browser(self, name: str = "", **headers: str) -> Browser:
        """Return a new browser, signed in as `name` when one is given."""
        browser = Browser(self.pages, headers)
        self._open.append(browser.http)
        if name:
            assert browser.sign_in(self.hub, name).status_code == 200
        return browser

    def room(self, name: str = "ana", project: str = "mobility") -> Room:
        """Return a client with the token of `name`'s room in `project`."""
        return self.with_token(self.hub.room_token(name, project))

    def with_token(self, token: str) -> Room:
        """Return a client with any token."""
        http = httpx.Client(transport=plain_transport(self.rooms), base_url="http://airlock", timeout=120)
        self._open.append(http)
        return Room(http, token)

    def close(self) -> None:
        for client in self._open:
            client.close()


@contextmanager
def service(world: World) -> Iterator[Service]:
    """Serve `world`."""
    hub = StandInHub(world.home.run / "hub-stand-in.sock")
    api = hub.environment["JUPYTERHUB_API_URL"]
    oauth = HubOAuth(
        api_url=api,
        api_token=SERVICE_TOKEN,
        oauth_client_id="service-airlock",
        base_url=PREFIX,
        access_scopes={AIRLOCK},
    )
    clock = world.instance.clock
    parts = Parts(
        instance=world.instance,
        hub=Hub(oauth),
        evaluator=Evaluator(world.instance),
        rates=Rates(),
        sessions=Sessions(clock),
        sign_ins=SignIns(clock),
        screener=Screener(world.instance),
        intake=Intake(),
    )
    pages, rooms = world.home.run / "pages.sock", world.home.socket("airlock")
    face = page_app(parts)
    listeners = [(unix_socket(pages, 0o600), face), (unix_socket(rooms, 0o666), room_app(parts))]
    loopback = socket.create_server(("127.0.0.1", 0))
    listeners.append((loopback, face))
    with running(hub), _served(parts, listeners):
        made = Service(world, hub, parts, pages, rooms, loopback.getsockname()[1])
        try:
            yield made
        finally:
            made.close()


class _Prompt(Server):
    """The service's server, which looks more often whether it may end: hundreds of tests wait for it."""

    async def main_loop(self) -> None:
        await self.on_tick(0)
        while not self.should_exit:
            await asyncio.sleep(_TICK_SECONDS)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for listening in self.servers:
            listening.close()
        for each in sockets or []:
            each.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        async with asyncio.timeout(self.config.timeout_graceful_shutdown):
            while self.server_state.connections or self.server_state.tasks:
                await asyncio.sleep(_END_TICK_SECONDS)


@contextmanager
def _served(parts: Parts, listeners: list[tuple[socket.socket, Any]]) -> Iterator[None]:
    servers = [(listener, _Prompt(server(app).config)) for listener, app in listeners]

    async def work() -> None:
        try:
            await asyncio.gather(*(made.serve([listener]) for listener, made in servers))
        finally:
            await parts.hub.close()

    thread = threading.Thread(target=asyncio.run, args=(work(),))
    thread.start()
    try:
        yield
    finally:
        for _, made in servers:
            made.should_exit = True
        thread.join()
