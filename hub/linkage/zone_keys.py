"""The keys of the zones: who may open what is sealed for a zone, and whose word a zone's files are.

A zone has one secret of 32 random bytes. From it come a key that opens (X25519, for HPKE) and a key that signs
(Ed25519). The public halves are for everybody: a delivery is sealed for a zone by a process that cannot open it again,
and the linker hands its results to the provisioner without sharing a key with it.

References
----------
RFC 9180 (HPKE: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM), RFC 8032 (Ed25519), RFC 5869 (HKDF).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hpke
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from saferoom.digests import canonical
from saferoom.errors import IntegrityError
from saferoom.hub.store.cipher import AtRest
from saferoom.signing import SigningKey, VerifyingKey

KEY_BYTES = 32
CARRIED_BYTES = 68
"""A key of names, sealed: 8 that say so, a nonce of 12, 32, and a tag of 16."""
_CARRIED = "saferoom/zone/carried-name/1"
_SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)


@dataclass(frozen=True)
class ZonePublic:
    """What everybody may know of a zone's keys."""

    seals: bytes
    """Raw X25519 public key: seals for the zone."""
    signs: bytes
    """Raw Ed25519 public key: tells whether something is the zone's word."""

    def wrap(self, key: bytes, about: Mapping[str, Any]) -> bytes:
        """Return `key` sealed for the zone and bound to what it is about."""
        return _SUITE.encrypt(key, X25519PublicKey.from_public_bytes(self.seals), canonical(dict(about)))

    @property
    def verifying_key(self) -> VerifyingKey:
        """The key that tells whether an envelope is the zone's."""
        return VerifyingKey(Ed25519PublicKey.from_public_bytes(self.signs))

    def to_json(self) -> dict[str, str]:
        """Return both keys in hexadecimal."""
        return {"seals": self.seals.hex(), "signs": self.signs.hex()}

    @classmethod
    def from_json(cls, document: Any) -> ZonePublic:
        """Read what `to_json` wrote.

        Raises
        ------
        IntegrityError
            It is something else.
        """
        try:
            found = cls(bytes.fromhex(document["seals"]), bytes.fromhex(document["signs"]))
        except (KeyError, TypeError, ValueError):
            raise IntegrityError(_NO_PUBLIC) from None
        if len(found.seals) != KEY_BYTES or len(found.signs) != KEY_BYTES or set(document) != {"seals", "signs"}:
            raise IntegrityError(_NO_PUBLIC)
        return found


class ZoneSecret:
    """A zone's secret; only a process of the zone holds it.

    Parameters
    ----------
    secret : bytes
        32 random bytes; after a change of the key with the key of names from before, sealed under them, as the ids of
        entities hang on it.
    zone : str
        The zone's name: one secret gives each zone other keys.
    """

    def __init__(self, secret: bytes, zone: str) -> None:
        secret, carried = secret[:KEY_BYTES], secret[KEY_BYTES:]
        if len(secret) != KEY_BYTES or len(carried) not in (0, CARRIED_BYTES):
            raise IntegrityError(f"the key of the {zone}'s zone must have {KEY_BYTES} bytes; restore it")
        self._carries = AtRest(_derived(secret, zone, "carry"))
        self._opens = X25519PrivateKey.from_private_bytes(_derived(secret, zone, "open"))
        signs = Ed25519PrivateKey.from_private_bytes(_derived(secret, zone, "sign"))
        about = {"purpose": _CARRIED, "zone": zone}
        self.names = self._carries.open(carried, about) if carried else _derived(secret, zone, "name")
        """Key of the hashes that name what has no name of its own, the same in every run."""
        self.signing_key = SigningKey(signs)
        self.public = ZonePublic(self._opens.public_key().public_bytes_raw(), signs.public_key().public_bytes_raw())

    def carrying(self, names: bytes, zone: str) -> bytes:
        """Return the key of names of an earlier secret, to be kept behind this one's 32 bytes."""
        return self._carries.seal(names, {"purpose": _CARRIED, "zone": zone})

    def __repr__(self) -> str:
        return "ZoneSecret(...)"

    def unwrap(self, wrapped: bytes, about: Mapping[str, Any]) -> bytes:
        """Return the key that was sealed for this zone about the same.

        Raises
        ------
        IntegrityError
            It is about something else, was sealed for another zone, or was changed.
        """
        try:
            return _SUITE.decrypt(wrapped, self._opens, canonical(dict(about)))
        except (InvalidTag, ValueError):
            raise IntegrityError(
                "a file of the zones is about something else than its place says, is sealed for another zone, or was "
                "changed; nothing was read from it"
            ) from None


_NO_PUBLIC = "the public half of a zone's key is not one; remove it, and it is made again from the key"


def _derived(secret: bytes, zone: str, purpose: str) -> bytes:
    info = canonical({"purpose": f"saferoom/zone/{purpose}/1", "zone": zone})
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=info).derive(secret)
