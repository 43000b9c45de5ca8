"""How many different units are behind a combination of key variables: k-anonymity counts records, and these are people.

Where a person has several records, ten records that share a key may be one person's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from saferoom.disclosure.microdata.keys import MISSING, Keys
from saferoom.errors import BadInputError

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.columns import Frame

MOST_LOOKED_AT = 20_000
"""Most combinations that are compared with all others, because few units have exactly them."""


def records_of_few_units(frame: Frame, keys: Sequence[str], ids: Any, least: int) -> int:
    """Return how many records match the records of fewer than `least` different units.

    Parameters
    ----------
    frame : Frame
        n records.
    keys : sequence of str
        Key variables. A missing value matches any, as with `saferoom.disclosure.microdata.risk.frequencies`.
    ids : pyarrow.ChunkedArray, length n
        The unit of each record; a record without one counts as no unit.

    Raises
    ------
    BadInputError
        More than `MOST_LOOKED_AT` combinations are rare, so that the plan is far from what is wanted.
    """
    units = numbered(ids)
    if not keys:
        return 0 if len(np.unique(units[units >= 0])) >= least else len(units)
    codes = Keys.of(frame, keys).codes
    patterns, of = np.unique(codes, axis=0, return_inverse=True)
    of = of.reshape(-1)
    pairs = np.unique(np.column_stack([of, units])[units >= 0], axis=0)
    own = np.bincount(pairs[:, 0], minlength=len(patterns))
    rare = np.flatnonzero(own < least)
    if len(rare) > MOST_LOOKED_AT:
        raise BadInputError("too many combinations of key variables are rare; recode more broadly")
    starts = np.searchsorted(pairs[:, 0], np.arange(len(patterns) + 1))
    records = np.bincount(of, minlength=len(patterns))
    told = patterns != MISSING
    few = 0
    for place in rare.tolist():
        matching = np.flatnonzero(((patterns == patterns[place]) | ~told | ~told[place]).all(axis=1))
        behind = np.concatenate([pairs[starts[other] : starts[other + 1], 1] for other in matching.tolist()])
        if len(np.unique(behind)) < least:
            few += int(records[place])
    return few


def numbered(ids: Any) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return each record's unit as a number, -1 where it has none."""
    encoded = ids.combine_chunks().dictionary_encode()
    return np.asarray(encoded.indices.fill_null(-1), dtype=np.int64)
