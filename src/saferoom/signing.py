"""Signatures: DSSE envelopes signed with Ed25519.

Vocabulary
----------
envelope
    A DSSE document: payload (base64), payload type and signatures over both (PAE, DSSE v1.0.2).
key id
    The first 32 hexadecimal digits of the SHA-256 of the raw public key.
ended key
    A key that another one took the place of. It counts for what it had signed until then, which is on a list, and for
    nothing else: a date that a stolen key writes proves nothing.
key ring
    An instance's key, with its ended ones.

References
----------
DSSE protocol v1.0.2, https://github.com/secure-systems-lab/dsse; RFC 8032 (Ed25519); RFC 8785 (canonical JSON).
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import FormatError, VerificationError
from securesystemslib.signer import CryptoSigner, SSlibKey  # type: ignore[attr-defined]

from saferoom.digests import canonical as canonical
from saferoom.digests import sha256 as sha256
from saferoom.errors import BadInputError, IntegrityError


class VerifyingKey:
    """A public key that tells whether an envelope is ours."""

    def __init__(self, key: Ed25519PublicKey) -> None:
        self._key = key
        raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        self.key_id = sha256(raw)[:32]

    @classmethod
    def from_pem(cls, pem: bytes) -> VerifyingKey:
        """Read a PEM (SubjectPublicKeyInfo) Ed25519 public key."""
        try:
            key = serialization.load_pem_public_key(pem)
        except ValueError as error:
            raise BadInputError("the key is not a public key in PEM form") from error
        if not isinstance(key, Ed25519PublicKey):
            raise BadInputError("the key is not an Ed25519 public key")
        return cls(key)

    def to_pem(self) -> bytes:
        """Write the key as PEM (SubjectPublicKeyInfo)."""
        return self._key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    def open(self, envelope: Mapping[str, Any], payload_type: str) -> bytes:
        """Return the payload of `envelope` if this key signed it as `payload_type`.

        Raises
        ------
        IntegrityError
            The envelope is malformed, of another type, or has no valid signature by this key.
        """
        try:
            document = Envelope.from_dict(copy.deepcopy(dict(envelope)))
        except (KeyError, TypeError, AttributeError, ValueError, FormatError) as error:
            raise IntegrityError("the envelope is not a DSSE envelope") from error
        if document.payload_type != payload_type:
            raise IntegrityError(f"the envelope is not of type {payload_type}")
        try:
            document.verify([SSlibKey.from_crypto(self._key, keyid=self.key_id)], threshold=1)
        except VerificationError as error:
            raise IntegrityError(f"no valid signature by key {self.key_id}") from error
        payload: bytes = document.payload
        return payload

    def open_json(self, envelope: Mapping[str, Any], payload_type: str) -> Any:
        """Return the payload of `envelope`, parsed as JSON; as `open`."""
        try:
            return json.loads(self.open(envelope, payload_type))
        except (ValueError, RecursionError) as error:
            raise IntegrityError("the signed payload is not JSON") from error

    def signer(self, envelope: Mapping[str, Any], payload_type: str) -> VerifyingKey:
        """Return the key that signed `envelope`, which is this one; raises as `open`."""
        self.open(envelope, payload_type)
        return self

    def ended_key(self, key_id: str) -> EndedKey | None:
        """Return the ended key of that id; None for one that holds, of which alone this is."""
        del key_id
        return None


@dataclass(frozen=True)
class EndedKey:
    """A key that signs no more.

    Attributes
    ----------
    ended_at : str
        RFC 3339, UTC.
    compromised : bool
        It ended because somebody else had it, or may have had it.
    compromised_since : str or None
        From when on, where that is known; RFC 3339, UTC.
    listed : frozenset of str
        Digests (`statement_digest`) of what it had signed when it ended.
    """

    key: VerifyingKey
    ended_at: str
    compromised: bool
    listed: frozenset[str]
    compromised_since: str | None = None


class KeyRing(VerifyingKey):
    """An instance's key, and its ended ones for what each had signed.

    Parameters
    ----------
    ended : callable
        Returns the ended keys; asked only when the current key did not sign.
    """

    def __init__(self, current: VerifyingKey, ended: Callable[[], Sequence[EndedKey]]) -> None:
        super().__init__(current._key)
        self._ended = ended

    def open(self, envelope: Mapping[str, Any], payload_type: str) -> bytes:
        """Return the payload if the current key signed it, or an ended one before its end; as `VerifyingKey.open`."""
        return self._opened(envelope, payload_type)[1]

    def signer(self, envelope: Mapping[str, Any], payload_type: str) -> VerifyingKey:
        """Return the key that signed `envelope`; raises as `open`."""
        return self._opened(envelope, payload_type)[0]

    def ended_key(self, key_id: str) -> EndedKey | None:
        """Return the ended key of that id; None where it is the current one, or none of the ring."""
        if key_id == self.key_id:
            return None
        return next((ended for ended in self._ended() if ended.key.key_id == key_id), None)

    def _opened(self, envelope: Mapping[str, Any], payload_type: str) -> tuple[VerifyingKey, bytes]:
        try:
            return self, super().open(envelope, payload_type)
        except IntegrityError:
            for ended in self._ended():
                try:
                    payload = ended.key.open(envelope, payload_type)
                except IntegrityError:
                    continue
                if statement_digest(payload, payload_type) in ended.listed:
                    return ended.key, payload
                raise IntegrityError(
                    f"key {ended.key.key_id} signed this and ended at {ended.ended_at}; what it had signed until then "
                    "is on a list, and this is not on it"
                ) from None
            raise


def statement_digest(payload: bytes, payload_type: str) -> str:
    """Return the SHA-256 of what a signature covers: the PAE of type and payload (DSSE v1.0.2)."""
    return sha256(Envelope(payload, payload_type, {}).pae())


class SigningKey:
    """A private key; lives on the trusted side only."""

    def __init__(self, key: Ed25519PrivateKey, ended: Callable[[], Sequence[EndedKey]] | None = None) -> None:
        self._key = key
        public = VerifyingKey(key.public_key())
        self.verifying_key = public if ended is None else KeyRing(public, ended)

    def after(self, ended: Callable[[], Sequence[EndedKey]]) -> SigningKey:
        """Return this key as one that took the place of ended ones, whose signatures it still knows."""
        return SigningKey(self._key, ended)

    @classmethod
    def generate(cls) -> SigningKey:
        """Make a new key."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_pem(cls, pem: bytes) -> SigningKey:
        """Read an unencrypted PKCS #8 Ed25519 private key."""
        try:
            key = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError) as error:
            raise BadInputError("the signing key is not an unencrypted PKCS #8 key in PEM form") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise BadInputError("the signing key is not an Ed25519 key")
        return cls(key)

    def to_pem(self) -> bytes:
        """Write the key as unencrypted PKCS #8; the caller keeps the file to itself (mode 0600)."""
        return self._key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def seal(self, payload: bytes, payload_type: str) -> dict[str, Any]:
        """Return a DSSE envelope over `payload`."""
        envelope = Envelope(payload, payload_type, {})
        public = SSlibKey.from_crypto(self._key.public_key(), keyid=self.verifying_key.key_id)
        envelope.sign(CryptoSigner(self._key, public))
        document: dict[str, Any] = envelope.to_dict()
        return document

    def seal_json(self, document: Any, payload_type: str) -> dict[str, Any]:
        """Return a DSSE envelope over `document` in canonical JSON."""
        return self.seal(canonical(document), payload_type)
