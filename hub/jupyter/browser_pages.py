"""What the hub's own pages have in common: they are for browsers, which come through the proxy, and rooms do not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from jupyterhub.handlers import BaseHandler

from saferoom.errors import SaferoomError
from saferoom.hub.jupyter.refusal import refused
from saferoom.projects.decision import Decision, forbidden

_DAY_SECONDS = 86_400
_FROM_ROOM = forbidden("not-the-browser", "Sign in with a browser, on the sign-in page.", "sign-in.proxy")


def take_cookie(handler: BaseHandler, name: str, seconds: float) -> str:
    """Return the text of a cookie that was set at most `seconds` ago; empty when there is none."""
    found = handler.get_secure_cookie(name, max_age_days=seconds / _DAY_SECONDS)
    return (found or b"").decode("utf8", "replace")


def put_cookie(handler: BaseHandler, name: str, value: str, seconds: float) -> None:
    """Set a cookie that rooms and scripts do not see."""
    handler._set_cookie(name, value, expires_days=seconds / _DAY_SECONDS, httponly=True, path=handler.hub.base_url)


class BrowserPage(BaseHandler):  # type: ignore[misc]
    """A page for browsers alone: rooms reach the hub's socket, and could begin or end a sign-in for somebody."""

    async def prepare(self) -> None:
        await super().prepare()
        if not self.authenticator.from_proxy(self):
            await asyncio.to_thread(self.authenticator.desk.note_forged_sign_in)
            raise refused(_FROM_ROOM)

    @property
    def source(self) -> str:
        return self.request.remote_ip or "unknown"

    async def ask(self, question: Callable[..., Any], *about: Any) -> Any:
        """Ask the desk without keeping everybody else waiting."""
        try:
            return await asyncio.to_thread(question, *about)
        except SaferoomError as error:
            raise refused(Decision(False, "refused", error.message, "sign-in", type(error))) from None

    async def must(self, question: Callable[..., Decision], *about: Any) -> None:
        """Raise with the sentence of a refusal."""
        decision = await self.ask(question, *about)
        if not decision:
            raise refused(decision)
