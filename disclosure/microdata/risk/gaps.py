"""Who really shares a key where values were missing all along: a gap protects the record that has it, and no other.

A record that does not tell its age may be of any age, so its key may be anybody's. That helps this record. Counted the
other way, it makes a bad promise: ten people who answered nothing would "share" everybody's key, and a file full of
uniques would be 10-anonymous. So limits count a gap as no company for those who tell their values.

What local suppression hides to reach k is no such gap: it hides values of records at risk alone, each by one of its
own, and leaves those told who had company before.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata.keys import MISSING, Codes, Keys
from saferoom.disclosure.microdata.patterns import Patterns, Values, patterns
from saferoom.disclosure.microdata.risk.frequencies import Frequencies
from saferoom.disclosure.microdata.risk.matching import sums_of_matching


def as_categories(keys: Keys, gaps: NDArray[np.bool_]) -> Keys:
    """Return the keys with each variable's gaps as a last category of its own.

    Parameters
    ----------
    gaps : ndarray of bool, shape (n, m)
        Values that are missing and count as such a category.
    """
    codes = np.where(gaps, np.asarray(keys.sizes, dtype=np.int32), keys.codes)
    categories = []
    for values in keys.categories:
        more = np.empty(len(values) + 1, dtype=object)
        more[:-1] = list(values)
        categories.append(more)
    return Keys(keys.names, np.asfortranarray(codes, dtype=np.int32), tuple(categories), (None,) * len(keys.names))


def without_company_of_gaps(keys: Keys, gaps: NDArray[np.bool_], weights: Values | None = None) -> Frequencies:
    """Count for every record those that share its key, but none whose value is a gap where the record tells its own.

    Parameters
    ----------
    keys : Keys
        Of n records. Missing values that are no `gaps` match anything, as in
        `saferoom.disclosure.microdata.risk.frequencies.frequencies`.
    gaps : ndarray of bool, shape (n, m)
        Values that nobody hid for k.
    weights : ndarray of float, shape (n,), persons, optional

    Notes
    -----
    f(a) is the sum of n(b) over the keys b that, in every variable, equal a, or are hidden, where a tells a value. The
    relation is not symmetric: b may count for a, and a not for b.
    """
    apart = as_categories(keys, gaps)
    found = patterns(apart, weights)
    own = fitting(keys, found)
    values = np.column_stack([found.counts.astype(np.float64), found.weights])
    sums = sums_of_matching(own, found.rows, values, apart.sizes)
    sample = np.ascontiguousarray(sums[:, 0])
    return Frequencies(found, sample, np.maximum(sums[:, 1], sample))


def fitting(keys: Keys, found: Patterns) -> Codes:
    """Return what the patterns of `as_categories` are matched by: anything where they have a gap, shape (u, m)."""
    gap = np.asarray(keys.sizes, dtype=np.int32)
    return np.where(found.rows == gap, np.int32(MISSING), found.rows)
