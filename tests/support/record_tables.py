"""Small tables of records with published results, and measures written out record by record to compare with."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from saferoom.disclosure.microdata.keys import Codes, Keys

FRANCDAT_KEYS = ("Key1", "Key2", "Key3", "Key4")
"""The key variables of the example of Capobianchi, Polettini and Lucarelli (2001)."""


def francdat() -> pd.DataFrame:
    """Return the eight records of the example, with their sampling weights."""
    return pd.DataFrame(
        {
            "Key1": [1, 1, 1, 3, 4, 4, 6, 1],
            "Key2": [2, 2, 2, 3, 3, 3, 2, 2],
            "Key3": [5, 1, 1, 1, 1, 1, 1, 5],
            "Key4": [1, 1, 1, 5, 4, 1, 5, 1],
            "w": [18.0, 45.5, 39.0, 17.0, 541.0, 8.0, 5.0, 92.0],
        }
    )


def keys_of(codes: Any) -> Keys:
    """Return keys with these codes; every variable has categories 0 to 9."""
    own = np.asfortranarray(np.asarray(codes, dtype=np.int32))
    variables = own.shape[1]
    return Keys(
        tuple(f"k{place}" for place in range(variables)),
        own,
        tuple(np.arange(10) for _ in range(variables)),
        (None,) * variables,
    )


def agree(left: NDArray[Any], right: NDArray[Any]) -> bool:
    """Say whether two keys may be the same: equal wherever both are told."""
    return bool(((left == right) | (left < 0) | (right < 0)).all())


def naive_frequencies(codes: Codes, weights: Sequence[float], alpha: float) -> tuple[list[float], list[float]]:
    """Count sample and population frequencies by looking at every pair of records."""
    sample, population = [], []
    for own in codes:
        parts = [1.0 if (own == other).all() else alpha if agree(own, other) else 0.0 for other in codes]
        sample.append(sum(parts))
        population.append(sum(part * weight for part, weight in zip(parts, weights, strict=True)))
    return sample, population


def naive_uniques(codes: Codes, most: int) -> list[set[tuple[int, ...]]]:
    """Find every record's minimal sample uniques by trying every set of variables on every record."""
    found = []
    for own in codes:
        sets: list[tuple[int, ...]] = []
        for size in range(1, most + 1):
            for chosen in combinations(range(codes.shape[1]), size):
                part = own[list(chosen)]
                minimal = not any(set(one) <= set(chosen) for one in sets)
                if minimal and (part >= 0).all() and (codes[:, list(chosen)] == part).all(axis=1).sum() == 1:
                    sets.append(chosen)
        found.append(set(sets))
    return found
