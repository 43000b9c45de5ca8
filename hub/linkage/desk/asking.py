"""The inside's way to the door: who somebody is, which pair comes next, and what was decided."""

from __future__ import annotations

import base64
import hashlib
import secrets
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
from pydantic import ValidationError

from saferoom.errors import (
    BadInputError,
    ForbiddenError,
    NotFoundError,
    SaferoomError,
    UnauthenticatedError,
    UnavailableError,
    WrongStateError,
)
from saferoom.hub.linkage.desk.names import SERVICE
from saferoom.hub.web.shell.hub_auth import Departure
from saferoom.ids import Username
from saferoom.projects.linkage.clerical import Choice, Progress
from saferoom.projects.linkage.clerical_service import Asked
from saferoom.projects.people.model import Person

_SECONDS = 15.0
_MOST_PEOPLE = 1_000
_ERRORS: Mapping[int, type[SaferoomError]] = {
    401: UnauthenticatedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: WrongStateError,
    422: BadInputError,
}
_SILENT = "the service behind this desk does not answer; try again in a moment"


@dataclass
class Door:
    """Asks the door; stands where the pages of the other services have the hub.

    Attributes
    ----------
    prefix, hub_prefix : str
        The paths of the desk and of the hub.
    """

    socket: Path
    prefix: str
    hub_prefix: str
    _people: dict[Username, Person] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # The socket needs no certificates, and the sandbox has none.
        transport = httpx.AsyncHTTPTransport(uds=str(self.socket), verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
        self._http = httpx.AsyncClient(transport=transport, base_url="http://door", timeout=_SECONDS, trust_env=False)

    def departure(self, state: str) -> Departure:
        """Return where a browser signs in, with PKCE (RFC 7636, S256)."""
        verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        asked = {
            "client_id": f"service-{SERVICE}",
            "redirect_uri": f"{self.prefix}oauth_callback",
            "response_type": "code",
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return Departure(f"{self.hub_prefix}api/oauth2/authorize?{urlencode(asked)}", verifier)

    async def token_for(self, code: str, verifier: str) -> str:
        """Exchange the code that a browser brought back for the hub's token."""
        return str((await self._ask("/token", {"code": code, "verifier": verifier}))["token"])

    async def visitor(self, token: str) -> Username:
        """Return whose browser a token belongs to; that person is a clerical reviewer."""
        try:
            person = Person.model_validate(await self._ask("/visitor", {"token": token}), strict=False)
        except ValidationError:
            raise UnavailableError(_SILENT) from None
        while len(self._people) >= _MOST_PEOPLE:
            self._people.pop(next(iter(self._people)))
        self._people[person.username] = person
        return person.username

    def person(self, username: Username) -> Person:
        """Return somebody as the door described them a moment ago."""
        if username not in self._people:
            raise NotFoundError("nobody of that name has come to this desk")
        return self._people[username]

    async def next(self, token: str) -> Asked:
        """Return what comes next for somebody."""
        found = await self._ask("/next", {"token": token})
        progress = None if found["progress"] is None else Progress(**found["progress"])
        return Asked(progress, found["link"], found["number"], None, found["undo"])

    async def shown(self, token: str, link: str, number: int) -> None:
        """Raise unless somebody may see a pair now."""
        await self._ask("/shown", {"token": token, "link": link, "number": number})

    async def decide(self, token: str, link: str, number: int, choice: Choice) -> None:
        """Take a decision."""
        await self._ask("/decide", {"token": token, "link": link, "number": number, "choice": choice.value})

    async def undo(self, token: str, link: str, number: int) -> None:
        """Take back a decision."""
        await self._ask("/undo", {"token": token, "link": link, "number": number})

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _ask(self, path: str, question: Mapping[str, Any]) -> Any:
        try:
            answer = await self._http.post(path, json=dict(question))
            document = answer.json()
        except (httpx.HTTPError, ValueError):
            raise UnavailableError(_SILENT) from None
        if answer.status_code == 200:
            return document
        kind = _ERRORS.get(answer.status_code, UnavailableError)
        raise kind(str(document.get("message", _SILENT)) if kind is not UnavailableError else _SILENT)
