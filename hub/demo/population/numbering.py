"""Identifiers: every department numbers people in its own way, and none of its numbers says what another's is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from saferoom.hub.demo.population.arrays import Ints, Texts

_BITS = 20
_MASK = np.uint64((1 << _BITS) - 1)
_ROUNDS = 6
_STREAM = 2**31 + 1
_LETTERS = np.array(list("0123456789ABCDEFGHJKMNPQRSTVWXYZ"))
_LENGTH = 8
MOST = 1 << (2 * _BITS)
"""So many things can be numbered in one series."""


class Series:
    """One series of identifiers: a letter and eight letters and digits, in an order that only the seed tells.

    A Feistel network over 40 bits: a bijection, so that no identifier comes twice, whichever chunk it is made in.

    Parameters
    ----------
    seed : int
        The world's.
    letter : str
        With what identifiers begin; also tells the series apart.
    """

    def __init__(self, seed: int, letter: str) -> None:
        self.letter = letter
        # Two numbers and the first so high: no chunk draws from this stream.
        stream = np.random.SeedSequence(seed, spawn_key=(_STREAM, ord(letter)))
        self._keys: NDArray[np.uint64] = stream.generate_state(_ROUNDS, dtype=np.uint64).astype(np.uint64)

    def of(self, numbers: Ints) -> Texts:
        """Return the identifiers of `numbers` (0 and more, below `MOST`)."""
        left, right = numbers.astype(np.uint64) >> np.uint64(_BITS), numbers.astype(np.uint64) & _MASK
        for key in self._keys:
            left, right = right, left ^ _mixed(right, key)
        code = (left << np.uint64(_BITS)) | right
        places = np.arange(_LENGTH - 1, -1, -1, dtype=np.uint64) * np.uint64(5)
        letters = _LETTERS[((code[:, None] >> places) & np.uint64(31)).astype(np.int64)]
        made = np.empty(len(numbers), dtype=object)
        made[:] = [self.letter + text for text in np.ascontiguousarray(letters).view(f"<U{_LENGTH}").ravel().tolist()]
        return made


def _mixed(values: NDArray[np.uint64], key: np.uint64) -> NDArray[np.uint64]:
    """Mix `values` with `key` (the finaliser of splitmix64) down to the half's bits; overflow is meant."""
    with np.errstate(over="ignore"):
        x = values + key
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: NDArray[np.uint64] = (x ^ (x >> np.uint64(31))) & _MASK
    return mixed
