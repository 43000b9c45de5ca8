"""The ways of a browser: to the provider, back from it, and through what is left to do here."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from jupyterhub.handlers import BaseHandler
from oauthenticator.oauth2 import (
    STATE_COOKIE_NAME,
    OAuthCallbackHandler,
    OAuthLoginHandler,
    OAuthLogoutHandler,
    _deserialize_state,
)

from saferoom.errors import SaferoomError
from saferoom.hub.jupyter.browser_pages import BrowserPage, put_cookie, take_cookie
from saferoom.hub.jupyter.factors.handlers import key_secret, note_fresh
from saferoom.hub.jupyter.oidc.pending import LONGEST, STATE_LIFETIME, Pending
from saferoom.hub.jupyter.oidc.provider import Answer, Metadata, Verified
from saferoom.hub.jupyter.refusal import refused
from saferoom.ids import Username
from saferoom.projects.decision import Decision, forbidden, wrong_state

PENDING_COOKIE = "saferoom-sign-in"
STATE_SECONDS = STATE_LIFETIME.total_seconds()
_LONGEST_ANSWER = 100
_RULE = "sign-in.state"
_STALE = wrong_state(
    "sign-in-stale", "This sign-in is not under way in this browser any more. Begin again on the sign-in page.", _RULE
)
_DECLINED = forbidden("sign-in-declined", "The provider did not sign you in. Begin again on the sign-in page.", _RULE)


class _ThroughProxy(BrowserPage):
    """A page of a sign-in through a provider."""

    def take_cookie(self, name: str, seconds: float) -> str:
        """Return the text of a cookie that was set at most `seconds` ago; empty when there is none."""
        return take_cookie(self, name, seconds)

    def put_cookie(self, name: str, value: str, seconds: float) -> None:
        """Set a cookie that rooms and scripts do not see."""
        put_cookie(self, name, value, seconds)

    async def go_on(self, verified: Verified, username: Username | None, next_url: str) -> None:
        """Let somebody in, or on to the step that is left."""
        desk = self.authenticator.desk
        if username is not None:
            await self.must(desk.may_begin, username, self.source)
            if desk.settings.second_factor == "claim":
                await self.let_in(verified, username, next_url)
                return
        secret = self.authenticator.waiting.begin(verified, username, next_url)
        self.put_cookie(PENDING_COOKIE, secret, LONGEST.total_seconds())
        self.redirect(self.hub.base_url + "sign-in")

    async def let_in(self, verified: Verified, username: Username, next_url: str) -> None:
        """Start the session."""
        from saferoom.hub.jupyter.oidc.authenticator import Arrived

        user = await self.login_user(Arrived(username, verified))
        # A cookie of an earlier session would end this one before its time.
        self.set_hub_cookie(user)
        self.clear_cookie(PENDING_COOKIE, path=self.hub.base_url)
        note_fresh(self, self.authenticator.desk.factors, username)
        self._jupyterhub_user = user
        self.redirect(next_url or BaseHandler.get_next_url(self, user))


class BeginHandler(_ThroughProxy, OAuthLoginHandler):  # type: ignore[misc]
    """Sends a browser to the provider."""

    _metadata: Metadata
    _verifier = ""

    @property
    def _OAUTH_AUTHORIZE_URL(self) -> str:  # noqa: N802 - oauthenticator's name
        return self._metadata.authorization_endpoint

    async def get(self) -> None:
        """Begin, if the provider answers."""
        try:
            self._metadata = await self.authenticator.desk.provider.metadata()
        except SaferoomError as error:
            self.set_status(error.http_status)
            self.finish(
                await self.render_template(
                    "login.html", login_error=error.message, authenticator_login_url=self.hub.base_url + "oauth_login"
                )
            )
            return
        super().get()

    def _generate_pkce_params(self) -> tuple[str, str]:
        self._verifier, challenge = super()._generate_pkce_params()
        return self._verifier, challenge

    def _get_next_url(self) -> str:
        return str(self._validate_next_url(super()._get_next_url() or ""))

    def set_state_cookie(self, state_cookie_value: str) -> None:
        self.put_cookie(STATE_COOKIE_NAME, state_cookie_value, STATE_SECONDS)

    def authorize_redirect(self, *words: Any, extra_params: dict[str, str], **named: Any) -> None:
        settings = self.authenticator.desk.settings
        extra = {**extra_params, "nonce": nonce_of(self._verifier)}
        if settings.acr_values:
            extra["acr_values"] = " ".join(settings.acr_values)
        super().authorize_redirect(*words, extra_params=extra, **named)


class CallbackHandler(_ThroughProxy, OAuthCallbackHandler):  # type: ignore[misc]
    """Takes a browser back from the provider."""

    _state_cookie: str | None

    def get_state_cookie(self) -> str:
        if self._state_cookie is None:
            self._state_cookie = self.take_cookie(STATE_COOKIE_NAME, STATE_SECONDS)
            self.clear_cookie(STATE_COOKIE_NAME, path=self.hub.base_url)
        return self._state_cookie

    async def get(self) -> None:
        """Find out who came back."""
        state = self._checked()
        if self.get_argument("error", ""):
            # The rest of what the address says could be anybody's text.
            raise refused(_DECLINED)
        verifier = str(state["code_verifier"])
        answer = Answer(self.get_argument("code", ""), verifier, nonce_of(verifier), self.get_argument("iss", None))
        desk = self.authenticator.desk
        try:
            verified = await desk.provider.identify(answer)
        except SaferoomError as error:
            if error.http_status < 500:
                await self.ask(desk.refused, "provider-answer", self.source)
            raise refused(Decision(False, "provider", error.message, _RULE, type(error))) from None
        await self.must(desk.vouched, verified, self.source)
        username = await self.ask(desk.linked, verified)
        if username is None:
            await self.ask(desk.unknown, self.source)
        await self.go_on(verified, username, self._validate_next_url(str(state.get("next_url") or "")))

    def _checked(self) -> dict[str, Any]:
        """Return what this browser was sent to the provider with; a state comes back to it, and once."""
        state: dict[str, Any] = _deserialize_state(self.get_state_cookie()) if self.get_state_cookie() else {}
        mine = state.get("state_id")
        returned = _deserialize_state(self.get_argument("state", "").encode("ascii", "replace").decode())
        theirs = returned.get("state_id") if isinstance(returned, dict) else None
        if not isinstance(mine, str) or not isinstance(theirs, str) or not hmac.compare_digest(mine, theirs):
            raise refused(_STALE)
        if not self.authenticator.waiting.first_time(mine) or not state.get("code_verifier"):
            raise refused(_STALE)
        return state


def pending_of(handler: BaseHandler) -> Pending:
    """Return the sign-in that is under way in a browser.

    Raises
    ------
    HTTPError
        There is none.
    """
    secret = take_cookie(handler, PENDING_COOKIE, LONGEST.total_seconds())
    found: Pending | None = handler.authenticator.waiting.find(secret)
    if found is None:
        raise refused(_STALE)
    return found


class StepHandler(_ThroughProxy):
    """Asks for what is left: an invitation's code, or the person's own one-time code or security key."""

    async def get(self) -> None:
        """Show the form."""
        await self._show(self._pending())

    async def post(self) -> None:
        """Take what was typed."""
        pending = self._pending()
        text = self.get_body_argument("answer", "")[:_LONGEST_ANSWER]
        desk, username = self.authenticator.desk, pending.username
        if username is None:
            decision = await self.ask(desk.accept, text, pending.verified, self.source)
        else:
            key = self.get_body_argument("key", "")
            shown = desk.factors.signature(username, key, key_secret(self)) if key else text
            decision = await self.ask(desk.second_factor, username, shown, self.source)
        if not decision:
            self.set_status(decision.error.http_status)
            await self._show(pending, decision.reason)
            return
        # From here on this one is used up, whatever comes of it.
        self.authenticator.waiting.end(self._secret())
        if username is None:
            username = await self.ask(desk.linked, pending.verified)
            await self.go_on(pending.verified, username, pending.next_url)
        else:
            await self.let_in(pending.verified, username, pending.next_url)

    def _secret(self) -> str:
        return self.take_cookie(PENDING_COOKIE, LONGEST.total_seconds())

    def _pending(self) -> Pending:
        return pending_of(self)

    async def _show(self, pending: Pending, wrong: str = "") -> None:
        page = await self.render_template(
            "sign_in_step.html",
            invited=pending.username is None,
            keys=pending.username is not None and self.authenticator.desk.factors.party is not None,
            provider=self.authenticator.login_service,
            wrong=wrong,
            xsrf=self.xsrf_token.decode("ascii"),
            action=self.hub.base_url + "sign-in",
        )
        self.finish(page)


class SignOutHandler(OAuthLogoutHandler):  # type: ignore[misc]
    """Ends the session here; the provider's own session goes on."""

    async def handle_logout(self) -> None:
        self.clear_cookie(STATE_COOKIE_NAME, path=self.hub.base_url)
        self.clear_cookie(PENDING_COOKIE, path=self.hub.base_url)


def nonce_of(verifier: str) -> str:
    """Return the nonce that belongs to a code verifier: both are known to this browser's signed cookie alone."""
    return hashlib.sha256(b"saferoom/oidc-nonce/1\x00" + verifier.encode()).hexdigest()
