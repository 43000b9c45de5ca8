"""What the hub's pages ask about second factors, and the cookies by which a browser finds what it was asked."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from webauthn.helpers import base64url_to_bytes

from saferoom.errors import BadInputError
from saferoom.hub.jupyter.factors.challenges import Challenges, Fresh, Purpose
from saferoom.hub.jupyter.factors.party import Person, RelyingParty
from saferoom.hub.store.proofs import Assertion, KeySignature
from saferoom.hub.store.security_keys import Factors
from saferoom.hub.wiring import Instance
from saferoom.ids import Username

NO_ADDRESS = (
    "Security keys are not offered here. Browsers use them at an address with a name and https, or at localhost, and "
    "the administrator has set none (public_url)."
)
_HANDLE_BYTES = 32
_NOT_MADE = "the key could not be added: what it answered is not what was asked for, or it took too long; try again"


@dataclass(frozen=True)
class Asked:
    """What a browser was asked.

    Attributes
    ----------
    secret : str
        The cookie that finds it again.
    options : str
        JSON for the browser.
    """

    secret: str
    options: str


class FactorDesk:
    """Asks security keys, and keeps people's lists of them.

    Parameters
    ----------
    party : RelyingParty or None
        None where browsers offer no keys.
    why_not : str
        Why there are none, as a sentence for people.
    """

    def __init__(self, instance: Instance, party: RelyingParty | None, why_not: str = NO_ADDRESS) -> None:
        self.party = party
        self.why_not = "" if party else why_not
        self.fresh = Fresh(instance.clock)
        self._challenges = Challenges(instance.clock)
        self._instance = instance

    def begin_sign_in(self, username: str, source: str) -> Asked:
        """Ask any key of whoever `username` is; nothing is looked up, so nothing is told.

        Raises
        ------
        BadInputError
            There are no keys here.
        """
        party = self._offered()
        secret, challenge = self._challenges.begin(Purpose.SIGN_IN, username, source)
        return Asked(secret, party.request(challenge.value))

    def signature(self, username: str, answer: str, secret: str) -> KeySignature:
        """Return what a browser brought of a key as a second factor; it may well not hold."""
        keys = self._instance.security_keys
        challenge = self._challenges.take(secret, Purpose.SIGN_IN, username)
        if self.party is None:
            return KeySignature(keys, Assertion("", lambda _: None))
        return KeySignature(keys, self.party.assertion(answer, challenge.value if challenge else None))

    def begin_adding(self, username: Username, source: str) -> Asked:
        """Ask for a new key of somebody who is signed in.

        Raises
        ------
        BadInputError
            There are no keys here.
        """
        party = self._offered()
        handle, known = self._instance.security_keys.known(username)
        own = base64url_to_bytes(handle) if handle else secrets.token_bytes(_HANDLE_BYTES)
        secret, challenge = self._challenges.begin(Purpose.REGISTER, username, source, own)
        name = self._instance.registry.person(username).display_name
        return Asked(secret, party.creation(Person(username, name, own, known), challenge.value))

    def add(self, username: Username, name: str, answer: str, secret: str) -> None:
        """Add the key that a browser says was made.

        Raises
        ------
        BadInputError
            It is not what was asked for, or its name is not good.
        WrongStateError
            There are as many as there may be, or it is known already.
        """
        party = self._offered()
        challenge = self._challenges.take(secret, Purpose.REGISTER, username)
        made = party.made(answer, challenge.value, challenge.handle) if challenge else None
        if made is None:
            raise BadInputError(_NOT_MADE)
        self._instance.security_keys.add(username, made, name)

    def remove(self, username: Username, id_: str) -> None:
        """Remove an own key; see `saferoom.hub.store.security_keys.SecurityKeys.remove`."""
        self._instance.security_keys.remove(username, id_, actor=username)

    def switch_codes(self, username: Username, on: bool) -> None:
        """Say whether one-time codes count; see `saferoom.hub.store.security_keys.SecurityKeys.switch_codes`."""
        if not on:
            self._offered()
        self._instance.security_keys.switch_codes(username, on=on)

    def factors(self, username: Username) -> Factors:
        """Return a person's second factors."""
        return self._instance.security_keys.factors(username)

    def _offered(self) -> RelyingParty:
        if self.party is None:
            raise BadInputError(self.why_not)
        return self.party
