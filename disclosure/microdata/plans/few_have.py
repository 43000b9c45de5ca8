"""Values that few have in columns that are no key variables: an exact pay, or a weight, finds its record like a name.

Which columns somebody outside may know is the data owner's word, and an exact pay is what a teaching file is made for,
so that nothing is refused here. It is said, with the number of records, to those who decide.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from saferoom.disclosure.microdata import columns
from saferoom.disclosure.microdata.keys import MISSING, Keys
from saferoom.disclosure.microdata.plans.told_again import changed_records
from saferoom.disclosure.microdata.risk.units import numbered


def records_of_few(
    before: Any, after: Any, names: Sequence[str], perturbed: Collection[str], least: int, units: Any = None
) -> Mapping[str, int]:
    """Return in how many records a column tells a value that fewer than `least` have.

    Parameters
    ----------
    before, after : pyarrow.Table, n records each, in one order
    names : sequence of str
        Columns of `after`.
    perturbed : collection of str
        Of these, a changed value is not the record's own and counts for none.
    units : pyarrow.Table of n records, optional
        Ids of the units of every kind, which are counted instead of records; a record without one counts for nobody.

    Returns
    -------
    mapping of str to int, records; without the columns that have none
    """
    kinds = [] if units is None else [numbered(columns.column(units, name)) for name in units.column_names]
    found = {}
    for name in names:
        codes = Keys.of(after, [name]).codes[:, 0].astype(np.int64) + 1
        few = np.zeros(len(codes), dtype=bool)
        for own in kinds or [np.arange(len(codes))]:
            pairs = np.unique(codes[own >= 0] * (int(own.max(initial=0)) + 1) + own[own >= 0])
            behind = np.bincount(pairs // (int(own.max(initial=0)) + 1), minlength=int(codes.max(initial=0)) + 1)
            few |= behind[codes] < least
        few &= codes > MISSING + 1
        if name in perturbed:
            few &= ~changed_records(before, after, name)
        if few.any():
            found[name] = int(few.sum())
    return found


def in_words(found: Mapping[str, int], records: int, least: int) -> str:
    """Return the sentence for those who decide."""
    counts = ", ".join(f"'{name}' ({count:,} of {records:,} records)" for name, count in found.items())
    return (
        f"No key variable, and yet told exactly where fewer than {least - 1} others have the same: {counts}. Who knows "
        "such a value finds its record, whatever the keys are: where somebody may know it, make it a key variable, "
        "round it or perturb it."
    )
