"""Digests of content: SHA-256 over bytes, and RFC 8785 canonical JSON as the one form of a document that is hashed."""

from __future__ import annotations

import hashlib
from typing import Any

import rfc8785

from saferoom.ids import Digest


def sha256(data: bytes) -> Digest:
    """Return the SHA-256 of `data` in hexadecimal."""
    return Digest(hashlib.sha256(data).hexdigest())


def canonical(document: Any) -> bytes:
    """Return `document` as RFC 8785 canonical JSON, the only form that is hashed or signed."""
    return rfc8785.dumps(document)
