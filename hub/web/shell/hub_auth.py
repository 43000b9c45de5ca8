"""Who is asking, according to the hub: a thin layer over JupyterHub's own `HubOAuth`.

Nothing is cached. Asking costs a few milliseconds over the hub's socket, and a token that was revoked, or whose
room has stopped, is refused at its very next use.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import structlog
from jupyterhub.httpclient import JupyterHubHTTPClient
from jupyterhub.services.auth import HubOAuth
from tornado.httputil import url_concat

from saferoom.errors import BadInputError, ForbiddenError, UnauthenticatedError, UnavailableError
from saferoom.hub.web.shell.logs import where
from saferoom.ids import ProjectSlug, Username, project_slug, username

_log = structlog.get_logger()
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{16,512}")
_ROOM_SCOPE = "access:servers!server="
_HUB_SECONDS = 10.0
_Answer = TypeVar("_Answer")


@dataclass(frozen=True)
class Resident:
    """A person inside a room of a project, both read from the hub's answer about the room's token."""

    username: Username
    project: ProjectSlug


@dataclass(frozen=True)
class Departure:
    """Where to send a browser to sign in, and what must come back with it."""

    url: str
    verifier: str = field(repr=False)


class Hub:
    """Asks the hub about tokens and sends browsers there to sign in."""

    def __init__(self, oauth: HubOAuth) -> None:
        self._oauth = oauth

    @classmethod
    def from_environment(cls) -> Hub:
        """Use the address and the service's token that JupyterHub put into the environment."""
        return cls(HubOAuth(cache_max_age=1))

    @property
    def prefix(self) -> str:
        """The path below which the proxy sends requests here, e.g. ``/services/airlock/``."""
        prefix: str = self._oauth.base_url
        return prefix

    @property
    def hub_prefix(self) -> str:
        """The hub's own path, e.g. ``/hub/``."""
        prefix: str = self._oauth.hub_prefix
        return prefix

    async def resident(self, token: str) -> Resident:
        """Return who lives in the room that `token` belongs to.

        Raises
        ------
        UnauthenticatedError
            The hub does not know the token (any more).
        ForbiddenError
            The token is valid, but it is not a room's: a browser's, a person's own or a service's.
        """
        model = await self._model(token)
        if model is None:
            raise UnauthenticatedError("the hub does not know this room's token; restart the room and try again")
        return resident_of(model)

    async def visitor(self, token: str) -> Username:
        """Return whose browser `token` belongs to; raises as `resident`."""
        model = await self._model(token)
        if model is None:
            raise UnauthenticatedError("your session has ended; sign in again")
        if model.get("kind") != "user" or not self._oauth.check_scopes(self._oauth.access_scopes, model):
            raise ForbiddenError("this sign-in does not open the airlock")
        return _person(model)

    def departure(self, state: str) -> Departure:
        """Return where a browser signs in, with PKCE (RFC 7636, S256)."""
        verifier, challenge, method = self._oauth.generate_pkce_code_challenge()
        parameters = {"state": state, "code_challenge": challenge, "code_challenge_method": method}
        return Departure(url_concat(self._oauth.login_url, parameters), verifier)

    async def token_for(self, code: str, verifier: str) -> str:
        """Exchange the code that a browser brought back for the hub's token."""
        token = await _asked(lambda: self._oauth.token_for_code(code, code_verifier=verifier, sync=False))
        if not isinstance(token, str):
            raise UnavailableError("the hub's answer was not understood; sign in again")
        return token

    async def close(self) -> None:
        """Close the connections to the hub."""
        await JupyterHubHTTPClient.loop_instance().close()

    async def _model(self, token: str) -> Mapping[str, Any] | None:
        if not _TOKEN.fullmatch(token):
            return None
        model = await _asked(lambda: self._oauth.user_for_token(token, use_cache=False, sync=False))
        if model is None or isinstance(model, Mapping):
            return model
        raise UnavailableError("the hub's answer was not understood")


def resident_of(model: Mapping[str, Any]) -> Resident:
    """Read person and project from the hub's `model` of a room's token.

    A room's token opens exactly one server, one of its own person's, and belongs to no browser session. A person's
    own token opens all servers (``access:servers!user=NAME``), a service's none.
    """
    refusal = ForbiddenError("only a room's own token opens the airlock from here")
    scopes = model.get("scopes")
    if model.get("kind") != "user" or model.get("session_id") or not isinstance(scopes, list):
        raise refusal
    servers = [scope for scope in scopes if isinstance(scope, str) and scope.startswith("access:servers")]
    if len(servers) != 1 or not servers[0].startswith(_ROOM_SCOPE):
        raise refusal
    owner, _, project = servers[0].removeprefix(_ROOM_SCOPE).partition("/")
    if owner != model.get("name"):
        raise refusal
    try:
        return Resident(_person(model), project_slug(project))
    except BadInputError:
        raise refusal from None


def _person(model: Mapping[str, Any]) -> Username:
    name = model.get("name")
    if not isinstance(name, str):
        raise UnavailableError("the hub's answer was not understood")
    return username(name)


async def _asked(question: Callable[[], Awaitable[_Answer]]) -> _Answer:
    """Ask the hub, and turn whatever goes wrong on the way into one clear error."""
    try:
        async with asyncio.timeout(_HUB_SECONDS):
            return await question()
    except Exception as error:  # the layers below raise tornado's, aiohttp's and their own errors
        _log.warning("hub does not answer", **where(error))
        raise UnavailableError("the hub does not answer; try again in a moment") from None
