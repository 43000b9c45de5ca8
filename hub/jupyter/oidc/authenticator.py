"""The authenticator of a hub whose people sign in through an OpenID Connect provider."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from jupyterhub.handlers import BaseHandler
from oauthenticator.oauth2 import OAuthenticator
from traitlets import Instance

from saferoom.clock import SystemClock
from saferoom.hub.jupyter.authenticator import RegistryAuthenticator
from saferoom.hub.jupyter.oidc.gate import OidcDesk
from saferoom.hub.jupyter.oidc.handlers import BeginHandler, CallbackHandler, SignOutHandler, StepHandler, pending_of
from saferoom.hub.jupyter.oidc.pending import Waiting
from saferoom.hub.jupyter.oidc.provider import Verified
from saferoom.hub.jupyter.refusal import refused
from saferoom.ids import Username
from saferoom.projects.decision import forbidden

_THROUGH_PROVIDER = forbidden("not-the-provider", "Sign in through the provider on the sign-in page.", "sign-in.method")


@dataclass(frozen=True)
class Arrived:
    """Somebody who went through every step; only this module's handlers can say so."""

    username: Username
    verified: Verified


class OidcAuthenticator(RegistryAuthenticator, OAuthenticator):  # type: ignore[misc]
    """Has oauthenticator take people to the provider and back (state, PKCE), and verifies what it says itself.

    oauthenticator reads ID tokens without looking at their signature and takes groups and names from the provider;
    neither is used.
    """

    login_handler = BeginHandler
    callback_handler = CallbackHandler
    logout_handler = SignOutHandler
    desk = Instance(OidcDesk, config=True)

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.waiting = Waiting(SystemClock())

    def get_handlers(self, app: Any) -> list[tuple[str, type[BaseHandler]]]:
        """Return the addresses of this way to sign in."""
        return [*super().get_handlers(app), (r"/sign-in", StepHandler)]

    def claimed(self, handler: BaseHandler) -> str:
        """Return whom the provider named in this browser."""
        return pending_of(handler).username or ""

    async def authenticate(self, handler: BaseHandler, data: Any = None, **_: Any) -> dict[str, Any]:
        """Let in who arrived through this hub's own steps; a form or a code brought here by itself lets in nobody."""
        if not isinstance(data, Arrived) or not self.from_proxy(handler):
            raise refused(_THROUGH_PROVIDER)
        source = handler.request.remote_ip or "unknown"
        decision = await asyncio.to_thread(self.desk.enter, data.username, data.verified, source)
        if not decision:
            raise refused(decision)
        return await self.model(data.username)
