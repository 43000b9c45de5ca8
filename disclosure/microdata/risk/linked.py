"""Records that an id ties together: what a person's, or a household's, records tell as a whole.

Ten people may share each of the keys of somebody's records, and nobody all of them: where a file says which records
belong together, six years of regions are one long key.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from saferoom.disclosure.microdata.keys import Keys
from saferoom.disclosure.microdata.patterns import group, patterns
from saferoom.disclosure.microdata.risk.frequencies import frequencies


def units_told_apart(keys: Keys, units: np.ndarray[Any, np.dtype[np.int64]], least: int) -> int:
    """Return how many units have all their records' keys together in common with fewer than `least` - 1 others.

    Parameters
    ----------
    keys : Keys
        Of n records. What is missing counts as one more category, since of several records together nobody says how
        many others fit; for units of one record it matches anything.
    units : ndarray of int, shape (n,)
        The unit of each record, from 0; -1 where it has none, which is tied to no other.
    least : int
        Fewest units that must have the same keys, each as often.

    Notes
    -----
    Units are compared with those of as many records: how many somebody has is seen in the file, and may be known.
    """
    tied = units >= 0
    codes = np.asfortranarray(keys.codes[tied])
    of, _ = group(codes, keys.sizes)
    own = units[tied]
    order = np.lexsort((of, own))
    starts = np.flatnonzero(np.diff(own[order], prepend=-1))
    sizes = np.diff(starts, append=len(order))
    apart = 0
    for size in np.unique(sizes).tolist():
        places = starts[sizes == size][:, None] + np.arange(size)
        if size == 1:
            alone = patterns(keys.with_codes(codes[order[places[:, 0]]]))
            apart += frequencies(alone, keys.sizes).records_below(least)
            continue
        together = np.asfortranarray(of[order][places].astype(np.int32))
        inverse, first = group(together, [len(of)] * size)
        counts = np.bincount(inverse, minlength=len(first))
        apart += int(counts[counts < least].sum())
    return apart
