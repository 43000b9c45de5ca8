"""The secret that a plan's random numbers come from, and the commitment to it that the result tells.

Who knows the seed can undo swaps and noise; so the result holds only SHA-256 of salt and seed. Whoever keeps seed and
salt can make the same result again, and prove later that it was made so.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np

from saferoom.errors import BadInputError

LEAST_BYTES = 16
AFTER_STEPS = 0
"""Steps are numbered from 1; what is drawn after the last one (the order of rows, labels) is this number's."""


@dataclass(frozen=True)
class Seed:
    """A secret seed with its salt, both of at least 16 random bytes."""

    secret: bytes = field(repr=False)
    salt: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) < LEAST_BYTES or len(self.salt) < LEAST_BYTES:
            raise BadInputError(f"the seed and its salt must each have at least {LEAST_BYTES} bytes")

    @property
    def commitment(self) -> str:
        """SHA-256 of salt and seed, in hexadecimal digits."""
        return hashlib.sha256(self.salt + self.secret).hexdigest()

    def generator(self, step: int) -> np.random.Generator:
        """Return the generator of one step, so that a step more or less elsewhere does not change what it draws."""
        digest = hashlib.sha256(b"saferoom plan step %d\x00" % step + self.secret).digest()
        return np.random.Generator(np.random.Philox(np.random.SeedSequence(int.from_bytes(digest, "big"))))
