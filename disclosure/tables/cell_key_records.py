"""Record keys and cell keys: the same people have the same noise in whatever table they are counted.

Notes
-----
A record key is a keyed hash (SipHash-2-4) of the unit's id under a secret that stays on the trusted side: uniform,
stable, and not to be computed or tested by anybody without the secret. A cell's sum of record keys, modulo 2^64 (as a
fraction: modulo 1), depends on its distinct units alone. The sum goes through the hash once more before noise is looked
up, under a key of its own for every purpose, because sums of disjoint cells add up to the sum of their total and would
otherwise tie the noise of a total to that of its parts.

References
----------
Aumasson and Bernstein (2012), SipHash: a fast short-input PRF. Fraser and Wooton (2006).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.queries.evidence import Numbers

Keys = NDArray[np.uint64]
_LEAST_SECRET_BYTES = 16
_FINEST = 2.0**-53


class CellKeys:
    """Makes record keys and places under one secret.

    Parameters
    ----------
    secret : bytes
        At least 16 random bytes, the same for all releases about the same dataset.
    """

    def __init__(self, secret: bytes) -> None:
        if len(secret) < _LEAST_SECRET_BYTES:
            raise ValueError("a cell-key secret needs at least 16 bytes")
        self._secret = hashlib.sha256(secret).digest()

    def records(self, unit: str, ids: Keys) -> Keys:
        """Return the record keys of units.

        Parameters
        ----------
        unit : str
            The kind of unit, e.g. ``person_id``.
        ids : ndarray of uint64
            See `saferoom.disclosure.history.contributors`.
        """
        return siphash(self._derived(f"record {unit}"), ids)

    def places(self, sums: Keys, purpose: str) -> Numbers:
        """Return where in [0, 1) each cell's noise is looked up, shape of `sums`.

        Parameters
        ----------
        sums : ndarray of uint64
            Each cell's sum of record keys.
        """
        mixed = siphash(self._derived(f"place {purpose}"), sums)
        return np.asarray((mixed >> np.uint64(11)).astype(np.float64) * _FINEST)

    def labels(self, labels: Sequence[Sequence[object]], purpose: str) -> Numbers:
        """Return places for cells that are known by their labels only, shape (cells,)."""
        digests = [
            hashlib.blake2b(repr(tuple(cell)).encode(), digest_size=8, key=self._secret).digest() for cell in labels
        ]
        return self.places(np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64), purpose)

    def _derived(self, purpose: str) -> bytes:
        return hashlib.blake2b(purpose.encode(), digest_size=16, key=self._secret).digest()


def secret_of_table(
    secret: bytes, names: Sequence[str], cells: Sequence[Sequence[str]], columns: Sequence[Numbers]
) -> bytes:
    """Return a secret of its own for a table that does not tell who is in it.

    Under one secret for all, cells with the same labels had the same noise in whatever table, and the difference of two
    tables would be told. The table alone makes no secret: who guesses it could check the guess.

    Parameters
    ----------
    names : sequence of str
        Of the dimensions.
    cells : sequence of sequence of str
        The labels of the cells that are no totals, in any order.
    columns : sequence of ndarray of float, each of shape (cells,)
    """
    rows = sorted(zip(map(tuple, cells), *(column.tolist() for column in columns), strict=True))
    return hmac.digest(secret, repr((list(names), rows)).encode(), "sha256")


def sums_by_cell(cells: NDArray[np.int64], records: Keys, count: int) -> Keys:
    """Return the sum of record keys of each of `count` cells, modulo 2^64.

    Parameters
    ----------
    cells, records : ndarray, shape (memberships,)
        One entry for every unit in every cell, each unit once per cell.
    """
    sums = np.zeros(count, dtype=np.uint64)
    np.add.at(sums, cells, records)
    return sums


def siphash(key: bytes, words: Keys) -> Keys:
    """Return SipHash-2-4 of every 8-byte word (little-endian) under a key of 16 bytes.

    >>> key = bytes(range(16))
    >>> int(siphash(key, np.frombuffer(bytes(range(8)), dtype="<u8"))[0]).to_bytes(8, "little").hex()
    '6224939a79f5f593'
    """
    halves = np.frombuffer(key, dtype="<u8").astype(np.uint64)
    words = words.astype(np.uint64)
    state = [
        np.full(words.shape, halves[i % 2] ^ np.uint64(constant), dtype=np.uint64) for i, constant in enumerate(_START)
    ]
    length = np.full(words.shape, 8 << 56, dtype=np.uint64)
    for block in (words, length):
        state[3] = state[3] ^ block
        _rounds(state, 2)
        state[0] = state[0] ^ block
    state[2] = state[2] ^ np.uint64(0xFF)
    _rounds(state, 4)
    return np.asarray(state[0] ^ state[1] ^ state[2] ^ state[3])


_START = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)


def _rounds(v: list[Keys], count: int) -> None:
    for _ in range(count):
        v[0] = v[0] + v[1]
        v[1] = _rotated(v[1], 13) ^ v[0]
        v[0] = _rotated(v[0], 32)
        v[2] = v[2] + v[3]
        v[3] = _rotated(v[3], 16) ^ v[2]
        v[0] = v[0] + v[3]
        v[3] = _rotated(v[3], 21) ^ v[0]
        v[2] = v[2] + v[1]
        v[1] = _rotated(v[1], 17) ^ v[2]
        v[2] = _rotated(v[2], 32)


def _rotated(x: Keys, bits: int) -> Keys:
    return np.asarray((x << np.uint64(bits)) | (x >> np.uint64(64 - bits)))
