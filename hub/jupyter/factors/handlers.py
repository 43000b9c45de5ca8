"""The addresses of security keys: what a browser is asked at a sign-in, and the page of the own second factor."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from jupyterhub.handlers import BaseHandler
from tornado import web

from saferoom.errors import SaferoomError
from saferoom.hub.jupyter.browser_pages import BrowserPage, put_cookie, take_cookie
from saferoom.hub.jupyter.factors.challenges import CHALLENGE_LIFETIME, FRESH
from saferoom.hub.jupyter.factors.desk import Asked, FactorDesk
from saferoom.hub.jupyter.refusal import refused
from saferoom.hub.store.security_keys import LONGEST_NAME, MOST_KEYS
from saferoom.ids import Username
from saferoom.projects.decision import wrong_state

KEY_COOKIE = "saferoom-key"
FRESH_COOKIE = "saferoom-fresh"
PAGE = "second-factor"
_LONGEST_NAME = 200
_NOT_FRESH = wrong_state("not-fresh", "Sign in again before you change your second factor.", "second-factor.fresh")
_UNKNOWN_DEED = wrong_state("unknown-deed", "This page does not know that button; reload it.", "second-factor.deed")
_NEWS = {
    "added": "The security key is added. You can sign in with it from now on.",
    "removed": "The security key is removed. It opens nothing here any more.",
    "on": "One-time codes let you in again.",
    "off": "One-time codes do not let you in any more; your security keys do.",
}


def key_secret(handler: BaseHandler) -> str:
    """Return what finds the challenge that this browser was given last."""
    return take_cookie(handler, KEY_COOKIE, CHALLENGE_LIFETIME.total_seconds())


def note_fresh(handler: BaseHandler, factors: FactorDesk, username: str) -> None:
    """Remember that somebody has just signed in with this browser."""
    put_cookie(handler, FRESH_COOKIE, factors.fresh.begin(username), FRESH.total_seconds())


def routes() -> list[tuple[str, type[BaseHandler]]]:
    """Return the addresses."""
    return [(r"/security-key", ChallengeHandler), (rf"/{PAGE}", FactorHandler)]


class _FactorPage(BrowserPage):
    """What both have in common."""

    @property
    def factors(self) -> FactorDesk:
        found: FactorDesk = self.authenticator.desk.factors
        return found

    async def give(self, question: Callable[..., Asked], *about: Any) -> None:
        """Hand a challenge to the browser's script, or the sentence why there is none."""
        self.set_header("Content-Type", "application/json")
        self.set_header("Cache-Control", "no-store")
        try:
            asked = await asyncio.to_thread(question, *about)
        except SaferoomError as error:
            self.set_status(error.http_status)
            self.finish(json.dumps({"message": error.message}))
            return
        put_cookie(self, KEY_COOKIE, asked.secret, CHALLENGE_LIFETIME.total_seconds())
        self.finish(asked.options)


class ChallengeHandler(_FactorPage):
    """Gives a browser what a key has to sign before somebody is signed in."""

    async def post(self) -> None:
        """Give a challenge for whoever signs in here."""
        username = self.authenticator.claimed(self)
        await self.give(self.factors.begin_sign_in, username, self.source)


class FactorHandler(_FactorPage):
    """Shows and changes the own second factor."""

    @web.authenticated
    async def get(self) -> None:
        """Show it."""
        await self._show(news=_NEWS.get(self.get_argument("done", ""), ""))

    @web.authenticated
    async def post(self) -> None:
        """Do what a button of the page says."""
        deeds: Mapping[str, Callable[[], Awaitable[None]]] = {
            "again": self._again,
            "options": self._options,
            "add": self._add,
            "remove": self._remove,
            "codes-on": self._codes_on,
            "codes-off": self._codes_off,
        }
        deed = self.get_body_argument("deed", "")
        if deed not in deeds:
            raise refused(_UNKNOWN_DEED)
        if deed != "again":
            await self.must(self.authenticator.desk.standing, self._username)
            if not self._is_fresh():
                raise refused(_NOT_FRESH)
        await deeds[deed]()

    @property
    def _username(self) -> Username:
        return Username(self.current_user.name)

    def _is_fresh(self) -> bool:
        secret = take_cookie(self, FRESH_COOKIE, FRESH.total_seconds())
        return self.factors.fresh.holds(secret, self._username)

    async def _again(self) -> None:
        self.clear_login_cookie()
        here = urlencode({"next": self.hub.base_url + PAGE})
        self.redirect(f"{self.authenticator.login_url(self.hub.base_url)}?{here}")

    async def _options(self) -> None:
        await self.give(self.factors.begin_adding, self._username, self.source)

    async def _add(self) -> None:
        name, made = self.get_body_argument("name", "")[:_LONGEST_NAME], self.get_body_argument("key", "")
        await self._do("added", self.factors.add, name, made, key_secret(self))

    async def _remove(self) -> None:
        await self._do("removed", self.factors.remove, self.get_body_argument("id", ""))

    async def _codes_on(self) -> None:
        await self._do("on", self.factors.switch_codes, True)

    async def _codes_off(self) -> None:
        await self._do("off", self.factors.switch_codes, False)

    async def _do(self, done: str, deed: Callable[..., None], *about: Any) -> None:
        try:
            await asyncio.to_thread(deed, self._username, *about)
        except SaferoomError as error:
            self.set_status(error.http_status)
            await self._show(wrong=error.message)
            return
        self.redirect(f"{self.hub.base_url}{PAGE}?{urlencode({'done': done})}")

    async def _show(self, news: str = "", wrong: str = "") -> None:
        found = await self.ask(self.factors.factors, self._username)
        party = self.factors.party
        page = await self.render_template(
            "second_factor.html",
            factors=found,
            most=MOST_KEYS,
            longest=LONGEST_NAME,
            fresh=self._is_fresh(),
            fresh_minutes=int(FRESH.total_seconds()) // 60,
            origin=party.origin if party else "",
            why_not=self.factors.why_not,
            news=news,
            wrong=f"{wrong[:1].upper()}{wrong[1:]}." if wrong else "",
            provider=getattr(self.authenticator, "login_service", "") or "",
            action=self.hub.base_url + PAGE,
            xsrf=self.xsrf_token.decode("ascii"),
        )
        self.finish(page)
