"""Local accounts: a password and a one-time code or a security key, and good standing at every request."""

from __future__ import annotations

import asyncio
import hmac
from abc import ABCMeta, abstractmethod
from typing import Any

from jupyterhub.auth import Authenticator
from jupyterhub.handlers import BaseHandler
from jupyterhub.user import User
from traitlets import Instance, Unicode

from saferoom.errors import NotFoundError
from saferoom.hub.jupyter.desk import Desk
from saferoom.hub.jupyter.factors.handlers import key_secret, note_fresh, routes
from saferoom.hub.jupyter.refusal import refused
from saferoom.hub.store.attempts import LONGEST_SOURCE
from saferoom.hub.store.proofs import Proof
from saferoom.projects.decision import forbidden

# Added by the proxy to what it passes on to the hub, and to nothing else.
FROM_PROXY = "X-Saferoom-Proxy"
_NOT_THE_FORM = forbidden("not-the-form", "Sign in with the form on the sign-in page.", "sign-in.proxy")
_UNREGISTERED = forbidden("unknown-person", "You are not registered here; ask the administrator.", "people.registered")


class _Abstract(type(Authenticator), ABCMeta):  # type: ignore[misc]
    """What has traits, and methods that must be there before there is one of it."""


class RegistryAuthenticator(Authenticator, metaclass=_Abstract):  # type: ignore[misc]
    """Lets in and keeps whom the registry knows in good standing; nobody is an administrator of the hub itself.

    JupyterHub's own administrators could enter anybody's room, so Saferoom has none: people and projects are
    administered with ``saferoom admin``.
    """

    desk = Instance(Desk, config=True)
    proxy_secret = Unicode(config=True, help="What only the proxy knows.")

    def from_proxy(self, handler: BaseHandler) -> bool:
        """Tell whether a request came through the proxy; rooms reach the hub's socket, and sign nobody in."""
        said = handler.request.headers.get(FROM_PROXY, "")
        return hmac.compare_digest(said.encode("utf-8", "replace"), self.proxy_secret.encode())

    def get_handlers(self, app: Any) -> list[tuple[str, type[BaseHandler]]]:
        """Return the addresses of this way to sign in."""
        return [*super().get_handlers(app), *routes()]

    @abstractmethod
    def claimed(self, handler: BaseHandler) -> str:
        """Return who is said to sign in with a browser."""

    async def refresh_user(self, user: User, *_: Any, **__: Any) -> bool | dict[str, Any]:
        """Look again whether a signed-in person may stay; called at most every `auth_refresh_age` seconds."""
        if not await asyncio.to_thread(self.desk.standing, user.name):
            return False
        return await self.model(user.name)

    def check_allowed(self, username: str, authentication: dict[str, Any] | None = None) -> bool:  # noqa: ARG002
        """Allow whom `authenticate` let in: who may sign in is the registry's to say, not a list's."""
        return True

    async def model(self, username: str) -> dict[str, Any]:
        """Return what JupyterHub keeps of a person, all of it the registry's."""
        try:
            groups = await asyncio.to_thread(self.desk.groups, username)
            name = await asyncio.to_thread(self.desk.display_name, username)
        except NotFoundError:
            raise refused(_UNREGISTERED) from None
        return {"name": username, "admin": False, "groups": groups, "user_info": {"display_name": name}}


class LocalAuthenticator(RegistryAuthenticator):
    """Signs people in with a password, and a one-time code or a security key."""

    def claimed(self, handler: BaseHandler) -> str:
        """Return who the form says signs in."""
        return _plain(handler.get_body_argument("username", ""))

    async def authenticate(self, handler: BaseHandler, data: dict[str, str] | None) -> dict[str, Any] | None:
        """Return who signed in, or raise with the sentence to show."""
        if not self.from_proxy(handler):
            # Rooms must not be able to try out other people's passwords.
            await asyncio.to_thread(self.desk.note_forged_sign_in)
            raise refused(_NOT_THE_FORM)
        fields = {name: (data or {}).get(name, "") for name in ("username", "password", "totp", "key")}
        username = _plain(fields["username"])
        source = handler.request.remote_ip or "unknown"
        shown: str | Proof = fields["totp"]
        if fields["key"]:
            shown = self.desk.factors.signature(username, fields["key"], key_secret(handler))
        decision = await asyncio.to_thread(self.desk.sign_in, username, fields["password"], shown, source)
        if not decision:
            raise refused(decision)
        note_fresh(handler, self.desk.factors, username)
        return await self.model(username)


def _plain(username: str) -> str:
    return username.strip().lower()[:LONGEST_SOURCE]
