"""Keyed Bloom-filter encodings, for a custodian that may not send identifiers, and comparing them.

Custodians who share a secret key each turn a record into one cryptographic long-term key (CLK): a bit array of fixed
length in which every piece of every identifier (bigrams of names and addresses, digits of dates, each with its place)
sets some positions. Positions come from HMAC-SHA512 under the key, so who has no key cannot compute what a name would
set. Records of one person set mostly the same positions, so encodings can be compared (Dice coefficient) by who knows
neither names nor key. Fields that tell people apart better set more positions for each piece.

Hardening (`Hardening`), because plain CLKs leak
-------------------------------------------------
- *salt*: pieces are hashed together with a field that seldom changes, such as the year of birth. The same name then
  sets other positions in every year, which ends counting across records. Records whose salt differs cannot match.
- *fold*: the array is made twice as long and its halves are put together by exclusive or, so that a position says
  less about any one piece.
- *balance*: the array is followed by its complement and the whole is put in a keyed order, so that every encoding has
  as many ones as zeros and says nothing about how long the names are.

What attacks are known
----------------------
Encodings are pseudonymous, not anonymous: keep them where identifiers would be kept, delete them after linking.
*Frequency* (Kuzu et al. 2011; Niedermeyer et al. 2014): who knows how common names are finds the most common
patterns.
*Pattern mining* (Christen et al. 2018): positions that are often set together are one bigram's; no key needed.
*Graphs* (Vidanage et al. 2020): who has a register of nearly the same people compares its own similarities with those
of the encodings. Salting stops the first two almost wholly (measured in tests/attack/linkage/spine); nothing here
stops the third, nor somebody who has the key and a list of names. Double hashing, with which CLKs were first
proposed, has few patterns for a piece and is easier to break (Niedermeyer et al. 2014); so every position is drawn by
itself here.

References
----------
Schnell, R., Bachteler, T. and Reiher, J. (2009), Privacy-preserving record linkage using Bloom filters, BMC Medical
Informatics and Decision Making 9:41. Schnell, Bachteler and Reiher (2011), A novel error-tolerant anonymous linking
code, German Record Linkage Center WP 2011-02 (CLK). Durham, E. A. et al. (2014), Composite Bloom filters for secure
record linkage, IEEE TKDE 26(12) (weights). Niedermeyer, F. et al. (2014), Cryptanalysis of basic Bloom filters used
for privacy preserving record linkage, J. Privacy and Confidentiality 6(2) (salting, double hashing). Schnell, R. and
Borgs, C. (2016), Randomized response and balanced Bloom filters for privacy preserving record linkage, IEEE ICDMW;
XOR-folding: Schnell and Borgs (2016), XOR-folding for Bloom filter-based encryptions, Joint Statistical Meetings.
Christen, P. et al. (2018), Pattern-mining based cryptanalysis of Bloom filters, PAKDD. Vidanage, A. et al. (2020), A
graph matching attack on privacy-preserving record linkage, CIKM. Kuzu, M. et al. (2011), A constraint satisfaction
cryptanalysis of Bloom filters, PETS.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from saferoom.digests import canonical
from saferoom.projects.linkage.plan import FieldKind

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Bits = NDArray[np.uint8]
"""Packed bits, shape (records, bytes)."""
LEAST_KEY_BYTES = 32
_BLOCK = 32
"""Positions of one HMAC-SHA512: 64 bytes are 32 numbers of 16 bits."""
_LETTER = 21
"""Bits of a Unicode letter."""
_PIECE = 2 * _LETTER
"""Bits of a piece: two letters, or a letter and its place."""
_LONGEST = 80
_PLACED = frozenset({FieldKind.DATE, FieldKind.ID})
"""Kinds of which single digits with their places are the pieces, not bigrams."""

HASHES: Mapping[FieldKind, int] = {
    FieldKind.GIVEN_NAME: 14,
    FieldKind.SURNAME: 14,
    FieldKind.DATE: 16,
    FieldKind.POSTCODE: 12,
    FieldKind.ADDRESS: 5,
    FieldKind.SEX: 8,
    FieldKind.ID: 16,
    FieldKind.ORGANISATION: 7,
    FieldKind.TEXT: 7,
}
"""Positions that each piece of a field of a kind sets, by how well such fields tell people apart."""


@dataclass(frozen=True)
class Hardening:
    """What is done against counting patterns; see the module."""

    fold: bool = True
    balance: bool = False


@dataclass(frozen=True)
class Encoding:
    """How records are encoded; both custodians need the same.

    Attributes
    ----------
    fields : mapping of str to FieldKind
        Columns in the order of their names do not matter; their names do.
    bits : int
        Length of an encoding before it is balanced, which doubles it.
    salt : str, optional
        What salts are, in words, where there are any (their values come with the records).
    """

    fields: Mapping[str, FieldKind]
    bits: int = 1024
    hardening: Hardening = Hardening()
    salt: str | None = None

    def digest(self, key: bytes) -> str:
        """Return a keyed digest of key and settings: the same exactly for encodings that can be compared."""
        told = {
            "fields": {name: kind.value for name, kind in self.fields.items()},
            "hashes": {name: HASHES[kind] for name, kind in self.fields.items()},
            "bits": self.bits,
            "fold": self.hardening.fold,
            "balance": self.hardening.balance,
            "salt": self.salt,
        }
        return hmac.digest(key, b"saferoom/bloom/1/check|" + canonical(told), "sha256").hex()[:32]


class Encoder:
    """Encodes records under a secret key.

    Parameters
    ----------
    key : bytes
        At least 32 random bytes, which the linker must not have.

    Raises
    ------
    ValueError
        The key is too short, or the length is no multiple of 64 between 128 and 32,768.
    """

    def __init__(self, key: bytes, encoding: Encoding) -> None:
        if len(key) < LEAST_KEY_BYTES:
            raise ValueError(f"the key needs at least {LEAST_KEY_BYTES} bytes")
        length = encoding.bits * (2 if encoding.hardening.fold else 1)
        if encoding.bits % 64 or encoding.bits < 128 or length > 1 << 16:
            raise ValueError("the length of an encoding is a multiple of 64 from 128 to 32,768 bits")
        self._key, self._encoding, self._length = key, encoding, length
        self._known: dict[tuple[str, bytes, int], NDArray[np.int64]] = {}

    def encode(self, columns: Mapping[str, Sequence[str | None]], salts: Sequence[str | None] | None = None) -> Bits:
        """Return the encodings of records.

        Parameters
        ----------
        columns : mapping of str to sequence of str or None, each of length n
            Cleaned values of every field.
        salts : sequence of str or None, length n
            Salts; records without one are salted by the empty text.

        Returns
        -------
        ndarray of uint8, shape (n, bits / 8), twice as wide when balanced
        """
        size = len(next(iter(columns.values())))
        bits = np.zeros((size, self._length), dtype=bool)
        names, salted = np.unique(np.array([salt or "" for salt in salts or [""] * size]), return_inverse=True)
        raw = [str(name).encode() for name in names]
        for name, kind in self._encoding.fields.items():
            rows, pieces = _pieces(columns[name], kind)
            self._set(bits, rows, pieces, salted[rows], (name, raw, HASHES[kind]))
        return np.packbits(self._hardened(bits), axis=1)

    def _set(
        self, bits: NDArray[np.bool_], rows: Any, pieces: Any, salted: Any, field: tuple[str, list[bytes], int]
    ) -> None:
        name, salts, hashes = field
        if not len(rows):
            return
        both = pieces | (salted.astype(np.uint64) << np.uint64(_PIECE))
        distinct, which = np.unique(both, return_inverse=True)
        mask = (1 << _PIECE) - 1
        places = np.stack([self._places(name, salts[int(one) >> _PIECE], int(one) & mask, hashes) for one in distinct])
        bits[np.repeat(rows, hashes), places[which].ravel()] = True

    def _places(self, name: str, salt: bytes, piece: int, hashes: int) -> NDArray[np.int64]:
        """Return the positions that a piece sets, drawn by HMAC; kept, because pieces come again in every chunk."""
        found = self._known.get((name, salt, piece))
        if found is None:
            message = canonical({"field": name, "salt": salt.hex(), "piece": str(piece)})
            blocks = -(-hashes // _BLOCK)
            drawn = b"".join(
                hmac.digest(self._key, b"saferoom/bloom/1/place|%d|" % i + message, "sha512") for i in range(blocks)
            )
            found = (np.frombuffer(drawn, dtype=">u2")[:hashes].astype(np.int64) * self._length) >> 16
            self._known[(name, salt, piece)] = found
        return found

    def _hardened(self, bits: NDArray[np.bool_]) -> NDArray[np.bool_]:
        hardening, half = self._encoding.hardening, self._encoding.bits
        if hardening.fold:
            bits = bits[:, :half] ^ bits[:, half:]
        if hardening.balance:
            bits = np.concatenate([bits, ~bits], axis=1)[:, self._order(2 * half)]
        return bits

    def _order(self, size: int) -> NDArray[np.int64]:
        """Return a keyed order of `size` positions: sorted by 64 bits of HMAC each."""
        drawn = [hmac.digest(self._key, b"saferoom/bloom/1/order|%d" % i, "sha256")[:8] for i in range(size)]
        return np.argsort(np.frombuffer(b"".join(drawn), dtype=">u8"), kind="stable")


def _pieces(values: Sequence[str | None], kind: FieldKind) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Return the rows and pieces (as numbers) of a column: bigrams with a mark before and after, or placed digits."""
    placed = kind in _PLACED
    texts = [("" if not value else value if placed else f"_{value}_")[:_LONGEST] for value in values]
    array = np.array(texts, dtype=f"U{max(1, max(map(len, texts), default=1))}")
    letters = array.view(np.uint32).reshape(len(texts), -1).astype(np.uint64)
    if placed:
        there = letters > 0
        found = letters | (np.arange(letters.shape[1], dtype=np.uint64) << np.uint64(_LETTER))
    else:
        there = letters[:, 1:] > 0
        found = (letters[:, :-1] << np.uint64(_LETTER)) | letters[:, 1:]
    rows, places = np.nonzero(there)
    return rows, found[rows, places]


def dice(left: ArrayLike, right: ArrayLike) -> NDArray[np.float32]:
    """Return Dice coefficients of packed encodings, row by row: twice the common ones over all ones."""
    a, b = np.asarray(left, dtype=np.uint8), np.asarray(right, dtype=np.uint8)
    common = np.bitwise_count(a & b).sum(axis=1, dtype=np.int64)
    ones = np.bitwise_count(a).sum(axis=1, dtype=np.int64) + np.bitwise_count(b).sum(axis=1, dtype=np.int64)
    found: NDArray[np.float32] = (2 * common / np.maximum(ones, 1)).astype(np.float32)
    return found
