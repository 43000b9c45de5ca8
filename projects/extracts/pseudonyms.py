"""Project pseudonyms: what stands in an extract where the owner's file has an id.

A pseudonym is the first 63 bits of HMAC-SHA256 over the id, under a key derived (HKDF-SHA256) from the instance's
master key for one project and one unit. So the same person has the same pseudonym in every dataset and version of a
project, another one in every other project, and without the key neither can be computed back or linked.

References
----------
RFC 2104 (HMAC), RFC 5869 (HKDF).
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from saferoom.digests import canonical
from saferoom.ids import ProjectSlug

PSEUDONYM_BITS = 63
_BLOCK_BYTES = 64
_MASTER_BYTES = 32
_PURPOSE = "saferoom/pseudonym/1"


@dataclass(frozen=True, repr=False)
class PseudonymKey:
    """The key of one project and one unit; never leaves the trusted side."""

    secret: bytes

    @classmethod
    def derive(cls, master: bytes, project: ProjectSlug, unit: str) -> PseudonymKey:
        """Derive the key of `unit` in `project` from the instance's master key (32 bytes)."""
        if len(master) != _MASTER_BYTES:
            raise ValueError(f"the master key must have {_MASTER_BYTES} bytes")
        info = canonical({"purpose": _PURPOSE, "project": project, "unit": unit})
        return cls(HKDF(algorithm=hashes.SHA256(), length=_MASTER_BYTES, salt=None, info=info).derive(master))

    def pseudonym(self, identifier: str) -> int:
        """Return the pseudonym of one id: a whole number from 0 to 2^63 - 1."""
        digest = hmac.digest(self.secret, identifier.encode(), "sha256")
        return int.from_bytes(digest[:8]) >> (64 - PSEUDONYM_BITS)

    def pads(self) -> tuple[bytes, bytes]:
        """Return HMAC's inner and outer key blocks, for an engine that hashes a whole column at once."""
        block = self.secret.ljust(_BLOCK_BYTES, b"\0")
        return bytes(byte ^ 0x36 for byte in block), bytes(byte ^ 0x5C for byte in block)


def pseudonym_sql(identifier: str, inner: str, outer: str) -> str:
    """Return the DuckDB expression of `PseudonymKey.pseudonym` over a text column.

    Parameters
    ----------
    identifier, inner, outer : str
        SQL of the id as text, and of the two key blocks (parameters, never literals).
    """
    digest = f"sha256({outer} || unhex(sha256({inner} || encode({identifier}))))"
    return f"(('0x' || substr({digest}, 1, 16))::UBIGINT >> {64 - PSEUDONYM_BITS})::BIGINT"
