"""Whether columns that leave say again what a step took away from another.

A step that hides the region, or tells it more broadly, is in vain where the district leaves beside it. Columns of one
meaning are mostly seen in the data: each value of the one goes with one value of the other, or they rise together. A
few records of which that is not true, by error or by intent, change nothing for all others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from saferoom.disclosure.microdata import columns
from saferoom.disclosure.microdata.keys import Codes, Keys
from saferoom.disclosure.microdata.plans.added_up import adds_up
from saferoom.disclosure.microdata.plans.telling import Flags, Taken, tells

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.plans.plan import Plan

_SPREAD = 0.01


def taken_and_told(
    before: Any, after: Any, plan: Plan, tied: Collection[str], moved: Collection[str]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each column that the plan took from, with columns of the result that tell it all the same.

    What a key variable tells of a column that is told more broadly is told of the k records that share it. What a plan
    calls sensitive and leaves out is taken away, too.

    Parameters
    ----------
    before, after : pyarrow.Table, n records each, in one order
    tied : collection of str
        Columns of ids, which go with anything.
    moved : collection of str
        Columns of which steps perturb the values.
    """
    names = after.column_names
    took = {name for step in plan.steps for name in step.changes(plan.keys) if name not in tied}
    gone = {name for name in plan.sensitive if name not in names}
    changed = [name for name in before.column_names if name in gone or (name in took and name in names)]
    free = [name for name in names if name not in tied]
    telling = {name: [n for n in free if n != name and (name in moved or n not in plan.keys)] for name in changed}
    return told_again(before, after, telling, moved)


def told_again(
    before: Any, after: Any, telling: Mapping[str, Sequence[str]], moved: Collection[str] = ()
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each column that was changed, with columns of the result that tell its values as they were.

    Parameters
    ----------
    telling : mapping of str to sequence of str
        For each column of `before` whose values are not to be known any more, the columns of `after` to look at.
    moved : collection of str
        Those that are perturbed themselves: they tell where they tell more than the column does that was changed.
    """
    codes: dict[str, Codes] = {}
    for name, names in telling.items():
        gone, found = changed_records(before, after, name), False
        if not gone.any():
            continue
        taken = Taken.of(_own(before, name), gone)
        for other in names:
            if other not in codes:
                codes[other] = _own(after, other)
            if not tells(codes[other], taken):
                continue
            if other in moved and name in after.column_names and tells(_own(after, name), taken):
                continue  # it tells no more than the changed column itself
            found = True
            yield name, (other,)
        exact = [other for other in names if other not in moved]
        if not found and (parts := adds_up(before, after, name, exact)):
            yield name, parts


def _own(table: Any, name: str) -> Codes:
    return Keys.of(table, [name]).codes[:, 0]


def changed_records(before: Any, after: Any, name: str) -> Flags:
    """Return the records of which a column is not what it was, shape (n,).

    What is called otherwise now and is the same of several records, neither more nor fewer, is what it was.
    """
    import pyarrow as pa

    if name not in after.column_names:
        return np.ones(len(before), dtype=bool)
    old, new = before.column(name), after.column(name)
    if old.type == new.type:
        both = pa.chunked_array([*old.chunks, *new.chunks], old.type)
        codes = _own(pa.table({name: both}), name)
        return np.asarray(codes[: len(before)] != codes[len(before) :])
    was, now = (_own(table, name).astype(np.int64) + 1 for table in (before, after))
    _, pair, counts = np.unique(was * (int(now.max(initial=0)) + 1) + now, return_inverse=True, return_counts=True)
    together = counts[pair.reshape(-1)]
    renamed = (together == np.bincount(was)[was]) & (together == np.bincount(now)[now])
    return np.asarray(~renamed | (together == 1) | ((was == 0) != (now == 0)))


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
    return int(changed_records(before, after, name).sum())
