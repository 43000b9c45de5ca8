"""A security key in software, and everything that a hostile one, or a page between it and the hub, could make of it.

It answers `navigator.credentials.create` and `.get` as a browser would pass them on, in JSON.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40
ES256 = -7


def b64(data: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unb64(text: str) -> bytes:
    """Return the bytes of base64url without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class SoftKey:
    """One key for one site.

    Attributes
    ----------
    counts : bool
        Whether it has a signature counter; passkeys that are synced say 0 always.
    """

    origin: str
    rp_id: str
    counts: bool = True
    count: int = 0
    flags: int = PRESENT | VERIFIED
    id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    handle: bytes = b""
    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def create(self, options: str | dict[str, Any], **changed: Any) -> str:
        """Make the key that `options` ask for; `changed` is what is not as it should be."""
        asked = json.loads(options) if isinstance(options, str) else options
        self.handle = unb64(asked["user"]["id"])
        client = self._client("webauthn.create", asked["challenge"], changed)
        name = changed.get("id", self.id)
        attested = bytes(16) + len(name).to_bytes(2, "big") + name + self.public(changed.get("alg", ES256))
        data = self._data(ATTESTED, changed) + attested
        made = {"fmt": changed.get("fmt", "none"), "attStmt": {}, "authData": data}
        return self._answer({"clientDataJSON": b64(client), "attestationObject": b64(cbor2.dumps(made))}, changed)

    def get(self, options: str | dict[str, Any], **changed: Any) -> str:
        """Sign the challenge of `options`; `changed` is what is not as it should be."""
        asked = json.loads(options) if isinstance(options, str) else options
        client = self._client("webauthn.get", asked["challenge"], changed)
        if self.counts and "count" not in changed:
            self.count += 1
        data = self._data(0, changed)
        signature = self.private.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        if changed.get("tampered"):
            data = data[:-1] + bytes([data[-1] ^ 1])
        response = {"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(signature)}
        handle = changed.get("handle", self.handle)
        return self._answer(response | {"userHandle": b64(handle) if handle is not None else None}, changed)

    def public(self, alg: int = ES256) -> bytes:
        """Return the public key as COSE has it."""
        numbers = self.private.public_key().public_numbers()
        x, y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
        return cbor2.dumps({1: 2, 3: alg, -1: 1, -2: x, -3: y})

    def _client(self, kind: str, challenge: str, changed: dict[str, Any]) -> bytes:
        said = {
            "type": changed.get("type", kind),
            "challenge": changed.get("challenge", challenge),
            "origin": changed.get("origin", self.origin),
            "crossOrigin": changed.get("cross_origin", False),
        }
        return json.dumps(said).encode()

    def _data(self, also: int, changed: dict[str, Any]) -> bytes:
        flags = changed.get("flags", self.flags) | also
        rp = hashlib.sha256(changed.get("rp_id", self.rp_id).encode()).digest()
        return rp + bytes([flags]) + int(changed.get("count", self.count)).to_bytes(4, "big")

    def _answer(self, response: dict[str, Any], changed: dict[str, Any]) -> str:
        name = b64(changed.get("id", self.id))
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})
