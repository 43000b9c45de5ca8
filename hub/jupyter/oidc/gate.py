"""Whether somebody whom the provider named gets in, and may stay: the desk of a hub with such a provider."""

from __future__ import annotations

from saferoom.hub.jupyter.desk import Desk
from saferoom.hub.jupyter.factors.desk import NO_ADDRESS
from saferoom.hub.jupyter.factors.party import RelyingParty
from saferoom.hub.jupyter.oidc.provider import Provider, Verified
from saferoom.hub.sign_in_settings import OidcSignIn
from saferoom.hub.store.proofs import Proof
from saferoom.hub.store.sign_in_links import NOT_LINKED
from saferoom.hub.wiring import Instance
from saferoom.ids import Username
from saferoom.projects.decision import ALLOWED, Decision, forbidden


class OidcDesk(Desk):
    """A desk to which nobody is signed in, or in a room, without a link to an account at the provider.

    Nothing that the provider says gives anybody a role, a project or a name here.
    """

    def __init__(self, instance: Instance, settings: OidcSignIn) -> None:
        keys = RelyingParty.at(settings.public_url) if settings.second_factor == "local" else None
        asked = (
            ""
            if settings.second_factor == "local"
            else f"{settings.name} asks for your second factor; change it there."
        )
        super().__init__(instance, keys, asked or NO_ADDRESS)
        self.settings = settings
        self.provider = Provider(settings)
        self._links = instance.sign_in_links
        self._credentials = instance.credentials

    def standing(self, username: str) -> Decision:
        """Decide whether a person may stay signed in: in good standing, linked, and not for too long."""
        return super().standing(username) and self._links.holds(
            Username(username), self.settings.issuer, self.settings.lifetime
        )

    def may_enter(self, username: str, project: str) -> Decision:
        """Decide whether a person may open, or stay in, a room: a room may outlast the session, but no link."""
        return super().may_enter(username, project) and self._links.holds(Username(username), self.settings.issuer)

    def vouched(self, verified: Verified, source: str) -> Decision:
        """Decide whether the provider said enough about how it knew the person."""
        wanted = self.settings
        if wanted.second_factor == "local" or verified.acr in wanted.acr_values or verified.amr & {*wanted.amr_values}:
            return ALLOWED
        return self._told(_one_factor(wanted.name), None, source)

    def linked(self, verified: Verified) -> Username | None:
        """Return whose account it is; None when it is nobody's."""
        return self._links.person(verified.identity)

    def may_begin(self, username: Username, source: str) -> Decision:
        """Decide whether a person who is known now may sign in."""
        return self._told(Desk.standing(self, username), username, source)

    def unknown(self, source: str) -> Decision:
        """Return the refusal of an account that is nobody's, and write it down."""
        return self._told(NOT_LINKED, None, source)

    def refused(self, code: str, source: str) -> None:
        """Write down that nobody was signed in, and why."""
        self._links.refused(None, source, code)

    def accept(self, code: str, verified: Verified, source: str) -> Decision:
        """Link the account with the code of an invitation."""
        return self._links.accept(code, verified.identity, source)

    def second_factor(self, username: Username, shown: str | Proof, source: str) -> Decision:
        """Decide whether what is `shown` is the person's own one-time code, or else a signature of an own key."""
        return self._credentials.verify_code(username, shown, source)

    def enter(self, username: Username, verified: Verified, source: str) -> Decision:
        """Let a person in, if link and standing still hold, and write it down."""
        return self.may_begin(username, source) and self._links.entered(username, verified.identity, source)

    def _told(self, decision: Decision, username: Username | None, source: str) -> Decision:
        if not decision:
            self._links.refused(username, source, decision.code)
        return decision


def _one_factor(name: str) -> Decision:
    return forbidden(
        "no-second-factor",
        f"{name} did not say that it asked for a second factor. Set one up there, and sign in with it.",
        "sign-in.second-factor",
    )
