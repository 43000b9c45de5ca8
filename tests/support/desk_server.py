"""Serves the desk of clerical review and its door in threads, with a queue in a linker's zone, and browsers for it."""

from __future__ import annotations

import asyncio
import html
import json
import re
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import httpx
from jupyterhub.services.auth import HubOAuth
from tests.support.airlock_server import HOST, _Prompt, plain_transport
from tests.support.review_world import LINK, ReviewWorld, review_world
from tests.support.stand_in_hub import SERVICE_TOKEN, StandInHub, running

from saferoom.hub.linkage.desk.asking import Door
from saferoom.hub.linkage.desk.door import door_app
from saferoom.hub.linkage.desk.pages import DeskParts, desk_app
from saferoom.hub.linkage.desk.queueing import write_queue
from saferoom.hub.linkage.opened import OpenZone
from saferoom.hub.linkage.zone_keys import KEY_BYTES, ZoneSecret
from saferoom.hub.web.shell.hub_auth import Hub
from saferoom.hub.web.shell.navigation import REVIEW_PREFIX
from saferoom.hub.web.shell.serve import server, unix_socket
from saferoom.hub.wiring import Instance

LINKAGE = "access:services!service=linkage"
FIELDS = ("given_name", "surname", "date_of_birth", "postcode", "address")
NAMES = [
    "Aneirin",
    "Bronwen",
    "Caradog",
    "Dilys",
    "Emrys",
    "Ffion",
    "Gethin",
    "Heledd",
    "Ifor",
    "Jestyn",
    "Kit",
    "Lowri",
]
_CSRF = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass
class LinkageHub(StandInHub):
    """A hub of which browsers bring tokens for the desk."""

    scope: str = LINKAGE

    def browser_token(self, name: str) -> str:
        scopes = [self.scope, f"read:users:name!user={name}"]
        return self.token({"kind": "user", "name": name, "session_id": secrets.token_hex(8), "scopes": scopes})


def zone_at(folder: Path) -> OpenZone:
    """Return a linker's zone in a folder."""
    folder.mkdir(mode=0o700, exist_ok=True)
    return OpenZone("linker", folder, {}, ZoneSecret(secrets.token_bytes(KEY_BYTES), "linker"))


def queue_in(zone: OpenZone, link: str = LINK, pairs: int = 12) -> dict[str, Any]:
    """Write a queue of doubtful pairs: the same given name in both, another spelling of the surname in one."""
    con = duckdb.connect()
    con.execute("CREATE TABLE names AS SELECT unnest(range(12)) i, unnest($names) given_name", {"names": NAMES})
    con.execute(f"""
        CREATE TABLE schools AS SELECT 's' || i record_id, given_name, 'Penhaligon' surname,
            DATE '1990-01-01' + i::INT date_of_birth, NULL::TEXT postcode FROM names WHERE i < {pairs};
        CREATE TABLE tax AS SELECT 't' || i record_id, given_name, 'Penhalligan' surname,
            DATE '1990-01-01' + i::INT date_of_birth, '1 Sea Row' address FROM names WHERE i < {pairs};
        CREATE TABLE pairs AS SELECT 'schools' source_l, 's' || i record_id_l, 'tax' source_r, 't' || i record_id_r,
            1.5 match_weight, .11 + .83 * i / {pairs} match_probability, 'model' match_pass, i > 9 AS linked
        FROM names WHERE i < {pairs};
    """)
    return write_queue(zone, link, con, pairs="pairs", records={"schools": "schools", "tax": "tax"}, fields=FIELDS)


@dataclass
class Reviewer:
    """A browser at the desk."""

    http: httpx.Client

    def get(self, path: str = "review", **headers: str) -> httpx.Response:
        return self.http.get(REVIEW_PREFIX + path, headers={"Sec-Fetch-Dest": "document"} | headers)

    def fields(self, page: httpx.Response | None = None) -> dict[str, str]:
        """Return what the form of the page under the records sends, but for the choice."""
        text = (page or self.get()).text.split('class="desk-choices"')[1].split("</form>")[0]
        return {
            name: html.unescape(value)
            for name, value in re.findall(r'name="(\w+)" value="([^"]*)">', text)
            if name in ("csrf", "link", "number")
        }

    def post(self, path: str, fields: dict[str, str], **headers: str) -> httpx.Response:
        """Send a form as a browser does."""
        return self.http.post(REVIEW_PREFIX + path, data=fields, headers={"Origin": f"http://{HOST}"} | headers)

    def decide(self, choice: str) -> httpx.Response:
        """Decide the pair that is shown, and return the page that follows."""
        answer = self.post("review", self.fields() | {"choice": choice})
        assert answer.status_code == 303, answer.text
        return self.http.get(answer.headers["location"], headers={"Sec-Fetch-Dest": "document"})


@dataclass
class DeskService:
    """The running desk."""

    world: ReviewWorld
    zone: OpenZone
    hub: LinkageHub
    parts: DeskParts
    pages: Path
    door: Path
    port: int
    _open: list[httpx.Client] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where a real browser finds the pages."""
        return f"http://127.0.0.1:{self.port}{REVIEW_PREFIX}"

    def nobody(self) -> Reviewer:
        """Return a browser that nobody has signed in with."""
        http = httpx.Client(transport=plain_transport(self.pages), base_url=f"http://{HOST}", timeout=30)
        self._open.append(http)
        return Reviewer(http)

    def reviewer(self, name: str) -> Reviewer:
        """Return a browser that is signed in."""
        browser = self.nobody()
        assert self.sign_in(browser, name).status_code == 200
        return browser

    def sign_in(self, browser: Reviewer, name: str) -> httpx.Response:
        """Sign in and return the page that is then shown."""
        away = browser.get()
        assert away.status_code == 303, away.text
        back = browser.http.get(self.hub.authorize(away.headers["location"], name))
        if back.status_code != 303:
            return back
        return browser.http.get(back.headers["location"], headers={"Sec-Fetch-Dest": "document"})

    def close(self) -> None:
        for client in self._open:
            client.close()


@contextmanager
def desk_service(folder: Path, pairs: int = 12) -> Iterator[DeskService]:
    """Serve a desk whose review has as many pairs."""
    zone = zone_at(folder / "zone")
    queue_in(zone, pairs=pairs)
    short = Path(f"/tmp/desk-{secrets.token_hex(6)}")
    short.mkdir(mode=0o700)
    (folder / "world").mkdir()
    with review_world(folder / "world", pairs) as world:
        hub = LinkageHub(short / "hub.sock")
        oauth = HubOAuth(
            api_url=hub.environment["JUPYTERHUB_API_URL"],
            api_token=SERVICE_TOKEN,
            oauth_client_id="service-linkage",
            base_url=REVIEW_PREFIX,
            access_scopes={LINKAGE},
        )
        around = world.around
        instance = Instance(None, around.clock, around.database, None, around.administration.signing_key)  # type: ignore[arg-type]
        asks, door, pages = Hub(oauth), short / "door.sock", short / "pages.sock"
        parts = DeskParts.of(zone, Door(door, REVIEW_PREFIX, "/hub/"), around.clock)
        loopback = socket.create_server(("127.0.0.1", 0))
        face = desk_app(parts)
        with (
            running(hub),
            served([(unix_socket(door, 0o600), door_app(instance, asks))], asks.close),
            served([(unix_socket(pages, 0o600), face), (loopback, face)], parts.door.close),
        ):
            made = DeskService(world, zone, hub, parts, pages, door, loopback.getsockname()[1])
            try:
                yield made
            finally:
                made.close()
    for left in short.iterdir():
        left.unlink()
    short.rmdir()


@contextmanager
def served(listeners: list[tuple[socket.socket, Any]], close: Any) -> Iterator[None]:
    servers = [(listener, _Prompt(server(app).config)) for listener, app in listeners]

    async def work() -> None:
        try:
            await asyncio.gather(*(made.serve([listener]) for listener, made in servers))
        finally:
            await close()

    thread = threading.Thread(target=asyncio.run, args=(work(),))
    thread.start()
    try:
        yield
    finally:
        for _, made in servers:
            made.should_exit = True
        thread.join()


def asked_directly(service: DeskService, path: str, document: dict[str, Any]) -> httpx.Response:
    """Ask the door as the zone's process does."""
    with httpx.Client(transport=plain_transport(service.door), base_url="http://door") as http:
        return http.post(path, content=json.dumps(document), headers={"Content-Type": "application/json"})
