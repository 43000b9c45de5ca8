"""Whether a column that leaves says again what a step took away from another.

A step that hides the region, or tells it more broadly, is in vain where the district leaves beside it. Columns of one
meaning are mostly seen in the data: each value of the one goes with one value of the other, or they rise together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata import columns
from saferoom.disclosure.microdata.keys import MISSING, Codes, Keys

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.plans.plan import Plan

_MOST_ALONE = 0.5
"""Share of values that one record alone may have, of a column that is read as categories: an id goes with anything."""
_SPREAD = 0.01
_FIRST = 20_000
LEAST_TOLD = 20
"""Fewest records that tell both columns; of fewer, that they go together is no wonder."""


def taken_and_told(
    before: Any, after: Any, plan: Plan, tied: Collection[str], moved: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Yield each column that the plan's steps took from, with a column of the result that tells it all the same.

    What a key variable tells of a column that is told more broadly is told of the k records that share it.

    Parameters
    ----------
    tied : collection of str
        Columns of ids, which go with anything.
    moved : collection of str
        Columns of which steps perturb the values, so that they tell nothing exactly.
    """
    names = after.column_names
    took = {name for step in plan.steps for name in step.changes(plan.keys) if name not in tied}
    both = [name for name in before.column_names if name in took and name in names]
    changed = [name for name in both if not before.column(name).equals(after.column(name))]
    exact = [name for name in names if name not in moved and name not in tied]
    telling = {name: [n for n in exact if name in moved or n not in plan.keys] for name in changed}
    return told_again(before, after, telling)


def told_again(before: Any, after: Any, telling: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Yield each column that steps changed, with a column of the result that tells its values as they were.

    Parameters
    ----------
    before, after : pyarrow.Table, n records each, in one order
    telling : mapping of str to sequence of str
        For each column of `before` whose values are not to be known any more, the columns of `after` to look at.
    """
    others = {other for names in telling.values() for other in names}
    codes = {other: Keys.of(after, [other]).codes[:, 0] for other in others}
    for name, names in telling.items():
        values = Keys.of(before, [name]).codes[:, 0]
        for other in names:
            if other != name and _determines(codes[other], values):
                yield name, other


def _determines(by: Codes, values: Codes) -> bool:
    """Return whether `by` tells the `values`: each of its categories goes with one, or its ranges do."""
    both = (by != MISSING) & (values != MISSING)
    by, values = by[both], values[both]
    different = len(np.unique(values))
    if len(by) < LEAST_TOLD or different < 2 or not _could(by[:_FIRST], values[:_FIRST]):
        return False
    return _one_each(by, values) or _in_ranges(by, values, different)


def _could(by: Codes, values: Codes) -> bool:
    """Return false where these records alone show that `by` does not tell the values; sorting all would cost more."""
    rising, falling = values[np.lexsort((values, by))], values[np.lexsort((-values, by))]
    if bool((np.diff(rising) >= 0).all() or (np.diff(falling) <= 0).all()):
        return True
    return _agree(by, values) or int((np.diff(rising) != 0).sum()) < len(np.unique(values))


def _one_each(by: Codes, values: Codes) -> bool:
    """Return whether all records that agree in `by` agree in the values, and most do agree with another."""
    counts = np.bincount(by)
    return bool((counts[by] == 1).mean() <= _MOST_ALONE) and _agree(by, values)


def _agree(by: Codes, values: Codes) -> bool:
    return bool((_smallest(by, values) == _smallest(by, -values) * -1).all())


def _smallest(by: Codes, values: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return for each category that occurs the smallest of its values."""
    order = np.lexsort((values, by))
    first = np.flatnonzero(np.diff(by[order], prepend=-1))
    return np.asarray(values[order][first])


def _in_ranges(by: Codes, values: Codes, different: int) -> bool:
    """Return whether every value has a range of `by` of its own; where most values are different, whether both rise."""
    finer = len(np.unique(by))
    rising = values[np.lexsort((values, by))]
    if 2 * different > len(values):
        falling = values[np.lexsort((-values, by))]
        together = bool((np.diff(rising) >= 0).all() or (np.diff(falling) <= 0).all())
        return together and 2 * finer > different
    return finer >= 2 * different and int((np.diff(rising) != 0).sum()) == different - 1


def records_changed(before: Any, after: Any, name: str) -> int:
    """Return in how many records a step changed a column to speak of: numbers by a hundredth of their spread or more.

    Noise of a trillionth, or an exchange that keeps everybody, perturbs in name alone.
    """
    old, new = columns.floats(before, name), columns.floats(after, name)
    if old is not None and new is not None:
        told = old[~np.isnan(old)]
        spread = float(told.std()) if len(told) else 0.0
        moved = np.abs(new - old) > _SPREAD * spread
        return int((moved | (np.isnan(old) != np.isnan(new))).sum())
    pairs = zip(before.column(name).to_pylist(), after.column(name).to_pylist(), strict=True)
    return sum(one != other for one, other in pairs)
