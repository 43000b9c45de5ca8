"""Encryption at rest: AES-256-GCM, with what the bytes are about as associated data.

References
----------
NIST SP 800-38D. Nonces of 96 random bits are safe for 2^32 messages under one key (section 8.3).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from saferoom.digests import canonical
from saferoom.errors import IntegrityError

KEY_BYTES = 32
_NONCE_BYTES = 12
_MAGIC = b"srseal1\0"


class AtRest:
    """Seals bytes under one key; implements `saferoom.projects.airlock.store.Cipher`.

    Parameters
    ----------
    key : bytes
        32 bytes.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise IntegrityError(f"the key for what is encrypted at rest must have {KEY_BYTES} bytes; restore it")
        self._cipher = AESGCM(key)

    def __repr__(self) -> str:
        return "AtRest(...)"

    def seal(self, data: bytes, about: Mapping[str, Any]) -> bytes:
        """Return `data` encrypted and bound to what it is about."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _MAGIC + nonce + self._cipher.encrypt(nonce, data, canonical(dict(about)))

    def open(self, sealed: bytes, about: Mapping[str, Any]) -> bytes:
        """Return what was sealed.

        Raises
        ------
        IntegrityError
            It was changed, is about something else, or was sealed with another key.
        """
        head, nonce = sealed[: len(_MAGIC)], sealed[len(_MAGIC) : len(_MAGIC) + _NONCE_BYTES]
        try:
            if head != _MAGIC or len(nonce) != _NONCE_BYTES:
                raise IntegrityError(_CHANGED)
            return self._cipher.decrypt(nonce, sealed[len(_MAGIC) + _NONCE_BYTES :], canonical(dict(about)))
        except InvalidTag:
            raise IntegrityError(_CHANGED) from None


_CHANGED = (
    "something kept encrypted was changed, put in another's place, or sealed with another key; nothing can be judged "
    "or released until it is restored from a backup"
)
