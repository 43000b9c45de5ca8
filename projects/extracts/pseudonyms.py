"""Project pseudonyms, what stands in an extract where the owner's file has an id, and lineage keys, which never do.

A pseudonym is the first 63 bits of HMAC-SHA256 over the id, under a key derived (HKDF-SHA256) from the instance's
master key for one project and one unit. So the same person has the same pseudonym in every dataset and version of a
project, another one in every other project, and without the key neither can be computed back or linked.

Ids can be changed: each change begins an epoch. An id of the first epoch is the pseudonym above; an id of a later epoch
is the pseudonym of the id of the epoch before, under a key of its own. So new ids follow from old ones, without the
source's, for those who may have the key.

A lineage key is the first 64 bits of HMAC-SHA256 over the id under a key derived for one unit and no project. It is the
same in every project, so that what one project releases can be compared with what another did. It is kept beside the
pseudonyms in crosswalks, which only the trusted side reads.

References
----------
RFC 2104 (HMAC), RFC 5869 (HKDF).
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from saferoom.digests import canonical
from saferoom.ids import ProjectSlug

PSEUDONYM_BITS = 63
_BLOCK_BYTES = 64
_MASTER_BYTES = 32
_PURPOSE = "saferoom/pseudonym/1"
LINEAGE_BITS = 64
FIRST_EPOCH = 1
_LINEAGE_PURPOSE = "saferoom/lineage/1"


class _Secret:
    """A key that never leaves the trusted side."""

    secret: bytes

    def number(self, identifier: str, bits: int) -> int:
        """Return the first `bits` bits of the keyed hash of an id."""
        return int.from_bytes(hmac.digest(self.secret, identifier.encode(), "sha256")[:8]) >> (64 - bits)

    def pads(self) -> tuple[bytes, bytes]:
        """Return HMAC's inner and outer key blocks, for an engine that hashes a whole column at once."""
        block = self.secret.ljust(_BLOCK_BYTES, b"\0")
        return bytes(byte ^ 0x36 for byte in block), bytes(byte ^ 0x5C for byte in block)


@dataclass(frozen=True, repr=False)
class PseudonymKey(_Secret):
    """The key of one project and one unit; never leaves the trusted side."""

    secret: bytes

    @classmethod
    def derive(cls, master: bytes, project: ProjectSlug, unit: str, epoch: int = FIRST_EPOCH) -> PseudonymKey:
        """Derive the key of `unit` in `project` from the instance's master key (32 bytes)."""
        if epoch < FIRST_EPOCH:
            raise ValueError("epochs count from 1")
        later = {} if epoch == FIRST_EPOCH else {"epoch": str(epoch)}
        return cls(_derived(master, {"purpose": _PURPOSE, "project": project, "unit": unit, **later}))

    def pseudonym(self, identifier: str) -> int:
        """Return the pseudonym of one id: a whole number from 0 to 2^63 - 1."""
        return self.number(identifier, PSEUDONYM_BITS)


@dataclass(frozen=True, repr=False)
class LineageKey(_Secret):
    """The key of one unit in all projects; never leaves the trusted side."""

    secret: bytes

    @classmethod
    def derive(cls, master: bytes, unit: str) -> LineageKey:
        """Derive the key of `unit` from the instance's master key (32 bytes)."""
        return cls(_derived(master, {"purpose": _LINEAGE_PURPOSE, "unit": unit}))

    def key(self, identifier: str) -> int:
        """Return the lineage key of one id: a whole number from 0 to 2^64 - 1."""
        return self.number(identifier, LINEAGE_BITS)


def _derived(master: bytes, info: dict[str, str]) -> bytes:
    if len(master) != _MASTER_BYTES:
        raise ValueError(f"the master key must have {_MASTER_BYTES} bytes")
    return HKDF(algorithm=hashes.SHA256(), length=_MASTER_BYTES, salt=None, info=canonical(info)).derive(master)


def pseudonym_sql(identifier: str, inner: str, outer: str) -> str:
    """Return the DuckDB expression of `PseudonymKey.pseudonym` over a text column.

    Parameters
    ----------
    identifier, inner, outer : str
        SQL of the id as text, and of the two key blocks (parameters, never literals).
    """
    return f"({_first_bits(identifier, inner, outer)} >> {64 - PSEUDONYM_BITS})::BIGINT"


def chain(master: bytes, project: ProjectSlug, unit: str, epoch: int) -> tuple[PseudonymKey, ...]:
    """Return the keys of every epoch up to `epoch`, in their order."""
    return tuple(PseudonymKey.derive(master, project, unit, one) for one in range(FIRST_EPOCH, epoch + 1))


def chained(keys: Sequence[PseudonymKey], identifier: str) -> int:
    """Return the id of the last epoch of `keys` from what the first of them hashes."""
    number = 0
    for key in keys:
        number = key.pseudonym(identifier)
        identifier = str(number)
    return number


def chained_sql(identifier: str, pads: Sequence[tuple[str, str]]) -> str:
    """Return the DuckDB expression of `chained` over a text column; see `pseudonym_sql`.

    Parameters
    ----------
    pads : sequence of (str, str)
        SQL of the two key blocks of each key.
    """
    made = identifier
    for number, (inner, outer) in enumerate(pads):
        made = pseudonym_sql(made if number == 0 else f"({made})::VARCHAR", inner, outer)
    return made


def lineage_sql(identifier: str, inner: str, outer: str) -> str:
    """Return the DuckDB expression of `LineageKey.key` over a text column; see `pseudonym_sql`."""
    return _first_bits(identifier, inner, outer)


def _first_bits(identifier: str, inner: str, outer: str) -> str:
    digest = f"sha256({outer} || unhex(sha256({inner} || encode({identifier}))))"
    return f"('0x' || substr({digest}, 1, 16))::UBIGINT"
