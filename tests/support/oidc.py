"""A hub whose people sign in through a real OpenID Connect provider on loopback, and browsers that do."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx
import yaml
from tests.support import live_world
from tests.support.live import HubProcess, free_port

from saferoom.hub.drive import HubSession
from saferoom.hub.jupyter.programs import node
from saferoom.hub.store.sign_in_links import Identity
from saferoom.hub.wiring import Instance
from saferoom.ids import Username

MODULES = Path(sys.prefix) / "oidc" / "node_modules"
CLIENT, SECRET = "saferoom", "a secret of the client's own"
_SCRIPT = Path(__file__).with_name("oidc_provider") / "provider.mjs"
_XSRF = re.compile(r'name="_xsrf" value="([^"]+)"')
_ALERT = re.compile(r'role="alert">([^<]+)<')
MFA = {"acr": "mfa", "amr": ["pwd", "otp"]}
PASSWORD_ONLY = {"acr": "0", "amr": ["pwd"]}

ACCOUNTS: dict[str, dict[str, Any]] = {
    "a-1001": {"email": "ana@example.org", "groups": ["beta", "administrators"], "username": "olga", **MFA},
    "a-1002": {"email": "lena@example.org", **MFA},
    "a-1003": {"email": "cleo@example.org", **MFA},
    "a-1004": {"email": "ben@example.org", **MFA},
    "a-2001": {"email": "ana@example.org", "username": "ana", **MFA},
    "a-2002": {"email": "new@example.org", **MFA},
    "a-2003": {"email": "other@example.org", **MFA},
    "a-3001": {"email": "carla@example.org", **PASSWORD_ONLY},
}
"""Accounts at the provider by subject; some say they are somebody else, or in groups that would be roles here."""
LINKED = {"ana": "a-1001", "lena": "a-1002", "cleo": "a-1003", "ben": "a-1004", "carla": "a-3001"}


@dataclass
class ProviderProcess:
    """npm's oidc-provider as a process of its own."""

    port: int
    clients: list[dict[str, Any]]
    process: subprocess.Popen[bytes] | None = None

    @property
    def issuer(self) -> str:
        """Its own address; another host name than the hub's, so that they share no cookies."""
        return f"http://localhost:{self.port}"

    def start(self) -> None:
        """Start it and wait until it listens."""
        settings = {"port": self.port, "clients": self.clients, "accounts": ACCOUNTS}
        environment = {"OIDC_MODULES": str(MODULES), "OIDC_SETTINGS": json.dumps(settings)}
        command = [str(node()), str(_SCRIPT)]
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"listening\n"

    def stop(self) -> None:
        """End it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            if self.process.stdout is not None:
                self.process.stdout.close()
            self.process = None


@dataclass
class Browser:
    """An HTTP client that keeps cookies and follows redirects, between the hub and the provider."""

    url: str
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.url, follow_redirects=True, trust_env=False, timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def begin(self, next_url: str | None = None) -> httpx.Response:
        """Go to the provider, where a form waits."""
        return self.http.get("/hub/oauth_login", params={"next": next_url} if next_url else None)

    def sign_in(self, account: str, next_url: str | None = None) -> httpx.Response:
        """Sign in at the provider and come back."""
        return self.http.post(self.begin(next_url).url, data={"login": account})

    def until_back(self, account: str) -> str:
        """Sign in at the provider, and return where it sends this browser, which does not go there."""
        answer = self.http.post(self.begin().url, data={"login": account}, follow_redirects=False)
        while not (target := str(answer.headers["location"])).startswith(self.url):
            answer = self.http.get(httpx.URL(answer.url).join(target), follow_redirects=False)
        return target

    def answer(self, page: httpx.Response, text: str) -> httpx.Response:
        """Fill in the form of the step that is left."""
        found = _XSRF.search(page.text)
        assert found is not None, page.text
        return self.http.post("/hub/sign-in", data={"_xsrf": found[1], "answer": text})

    def inside(self) -> bool:
        """Tell whether somebody is signed in."""
        return self.http.get("/hub/home").url.path == "/hub/home"

    def session(self, username: str) -> HubSession:
        """Return this browser's session for what drives rooms."""
        session = HubSession(self.url)
        session.http.close()
        session.http, session.username = self.http, username
        return session


def alert(page: httpx.Response) -> str:
    """Return the sentence that a page tells."""
    found = _ALERT.search(page.text)
    return found[1].strip() if found else page.text


@dataclass
class OidcWorld:
    """A hub, its provider, and the registry that says who is who."""

    hub: HubProcess
    provider: ProviderProcess
    instance: Instance

    def browser(self) -> Browser:
        """Return a new browser."""
        return Browser(self.hub.url)

    def link(self, username: str) -> None:
        """Link a person to the account at the provider, if there is no link."""
        links, name = self.instance.sign_in_links, Username(username)
        if not links.of(name):
            links.link(name, Identity(self.provider.issuer, LINKED[username]), actor="setup")


@contextmanager
def world(folder: Path, *, host: str = "127.0.0.1", **settings: Any) -> Iterator[OidcWorld]:
    """Start a provider and a hub that uses it; `host` is the hub's, `settings` are those of the settings file."""
    port = free_port()
    callback = f"http://{host}:{port}/hub/oauth_callback"
    other = {"client_id": "another", "client_secret": "another's", "redirect_uris": [callback]}
    own = {"client_id": CLIENT, "client_secret": SECRET, "redirect_uris": [callback]}
    provider = ProviderProcess(free_port(), [own, other])
    home = live_world.home_at(folder)
    instance = live_world.build(home)
    file = settings_file(folder, provider.issuer, f"http://{host}:{port}", **settings)
    hub = HubProcess(home, port, options=("--settings", str(file)))
    made = OidcWorld(hub, provider, instance)
    for username in LINKED:
        made.link(username)
    with ExitStack() as ending:
        # Each ends, whatever becomes of the others.
        ending.callback(instance.close)
        ending.callback(provider.stop)
        ending.callback(hub.stop)
        provider.start()
        hub.start()
        yield made


def settings_file(folder: Path, issuer: str, public_url: str, **settings: Any) -> Path:
    """Write a settings file and the client's secret beside it."""
    secret = folder / "client-secret"
    secret.write_text(SECRET + "\n")
    os.chmod(secret, 0o600)  # noqa: PTH101
    sign_in = {
        "method": "oidc",
        "name": "Example University",
        "issuer": issuer,
        "client_id": CLIENT,
        "client_secret_file": secret.name,
        "public_url": public_url,
        "second_factor": "claim",
        "acr_values": ["mfa"],
    }
    file = folder / "saferoom.yaml"
    file.write_text(yaml.safe_dump({"sign_in": {k: v for k, v in (sign_in | settings).items() if v is not None}}))
    return file
