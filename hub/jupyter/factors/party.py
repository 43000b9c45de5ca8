"""The hub as a relying party of Web Authentication: what it asks of security keys, and what it takes from browsers.

py_webauthn reads and verifies; what it leaves to its caller is decided here. Whatever a browser sends that is not
exactly as asked for is refused without a reason: those are for honest browsers, which do not need them.

References
----------
W3C Web Authentication Level 3, sections 7.1 (registering) and 7.2 (verifying an assertion), 5.1.2 (relying party ids).
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    base64url_to_bytes,
    bytes_to_base64url,
    parse_attestation_object,
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier as Algorithm
from webauthn.helpers.structs import (
    AttestationFormat,
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from saferoom.hub.store.proofs import Assertion, StoredKey
from saferoom.hub.store.security_keys import NewKey

NAME = "Saferoom"
LONGEST_ANSWER = 16_384
"""Characters; an attestation of the largest key there is stays far below."""
_LONGEST_ID = 1_023
_PATIENCE_MS = 120_000
_ALGORITHMS = [Algorithm.EDDSA, Algorithm.ECDSA_SHA_256, Algorithm.RSASSA_PKCS1_v1_5_SHA_256]
# Nobody is asked who made a key, so certificates are not looked at either.
_FORMATS = (AttestationFormat.NONE, AttestationFormat.PACKED)


@dataclass(frozen=True)
class Person:
    """Whom a new key is for.

    Attributes
    ----------
    handle : bytes, 32
        What the person's keys call the person: nothing that says who it is.
    keys : tuple of str
        Those the person has, which are not registered again; base64url.
    """

    username: str
    display_name: str
    handle: bytes
    keys: tuple[str, ...]


@dataclass(frozen=True)
class RelyingParty:
    """One web site.

    Attributes
    ----------
    origin : str
        Scheme, host and port, as browsers say where they are.
    """

    origin: str

    @classmethod
    def at(cls, address: str) -> RelyingParty | None:
        """Return the party of a public address; None where browsers offer no keys: an IP address, or without TLS."""
        parts = urlsplit(address)
        host = (parts.hostname or "").lower()
        if not host or _is_ip(host) or (parts.scheme != "https" and host != "localhost"):
            return None
        usual = 443 if parts.scheme == "https" else 80
        port = f":{parts.port}" if parts.port not in (None, usual) else ""
        return cls(f"{parts.scheme}://{host}{port}")

    @property
    def id(self) -> str:
        """The site's name without scheme and port: keys are made for it, and answer nobody else."""
        return urlsplit(self.origin).hostname or ""

    def creation(self, person: Person, challenge: bytes) -> str:
        """Return what a browser needs to make a key, as JSON: one that knows its person, and asks for PIN or finger."""
        selection = AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        )
        options = generate_registration_options(
            rp_id=self.id,
            rp_name=NAME,
            user_name=person.username,
            user_display_name=person.display_name,
            user_id=person.handle,
            challenge=challenge,
            timeout=_PATIENCE_MS,
            authenticator_selection=selection,
            exclude_credentials=[PublicKeyCredentialDescriptor(base64url_to_bytes(one)) for one in person.keys],
            supported_pub_key_algs=_ALGORITHMS,
        )
        return options_to_json(options)

    def request(self, challenge: bytes) -> str:
        """Return what a browser needs to have a key sign, as JSON.

        No key is named, so nothing tells whether somebody exists or has keys.
        """
        options = generate_authentication_options(
            rp_id=self.id,
            challenge=challenge,
            timeout=_PATIENCE_MS,
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return options_to_json(options)

    def made(self, answer: str, challenge: bytes, handle: bytes) -> NewKey | None:
        """Return the key that a browser says was made; None when it is not what was asked for."""
        try:
            if len(answer) > LONGEST_ANSWER:
                return None
            parsed = parse_registration_credential_json(answer)
            if parse_attestation_object(parsed.response.attestation_object).fmt not in _FORMATS:
                return None
            found = verify_registration_response(
                credential=parsed,
                expected_challenge=challenge,
                expected_rp_id=self.id,
                expected_origin=self.origin,
                require_user_verification=True,
                supported_pub_key_algs=_ALGORITHMS,
            )
            if _framed(parsed.response.client_data_json) or len(found.credential_id) > _LONGEST_ID:
                return None
        except Exception:
            return None
        return NewKey(
            bytes_to_base64url(found.credential_id),
            bytes_to_base64url(found.credential_public_key),
            bytes_to_base64url(handle),
            found.sign_count,
            found.credential_backed_up,
        )

    def assertion(self, answer: str, challenge: bytes | None) -> Assertion:
        """Return what a browser brought of a key; without a `challenge` that is open, nothing holds."""
        parsed = _parsed(answer)
        name = bytes_to_base64url(parsed.raw_id) if parsed else ""

        def count(stored: StoredKey) -> int | None:
            return self._count(parsed, challenge, stored) if parsed is not None and challenge is not None else None

        return Assertion(name, count)

    def _count(self, parsed: Any, challenge: bytes, stored: StoredKey) -> int | None:
        try:
            found = verify_authentication_response(
                credential=parsed,
                expected_challenge=challenge,
                expected_rp_id=self.id,
                expected_origin=self.origin,
                credential_public_key=base64url_to_bytes(stored.public_key),
                # Looked at where it is stored, in one transaction.
                credential_current_sign_count=0,
                require_user_verification=True,
            )
            handle = parsed.response.user_handle
            if _framed(parsed.response.client_data_json) or handle != base64url_to_bytes(stored.user_handle):
                return None
        except Exception:
            return None
        return found.new_sign_count


def _parsed(answer: str) -> Any:
    try:
        return parse_authentication_credential_json(answer) if len(answer) <= LONGEST_ANSWER else None
    except Exception:
        return None


def _framed(client_data: bytes) -> bool:
    """Tell whether the page was inside another site's: nobody shows ours that way."""
    return bool(parse_client_data_json(client_data).cross_origin)


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
