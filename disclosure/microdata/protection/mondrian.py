"""Mondrian: records are split into boxes of at least k by one variable after another, and each box tells its ranges.

References
----------
LeFevre, DeWitt, Ramakrishnan (2006). Mondrian Multidimensional K-Anonymity. ICDE.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata.columns import check_k
from saferoom.disclosure.microdata.keys import MISSING, Keys
from saferoom.disclosure.microdata.patterns import Places, patterns
from saferoom.disclosure.microdata.protection.labels import text_of

_MOST_NAMED = 6
"""Categories that a label of several names one by one; beyond it, the first and the last."""


@dataclass(frozen=True)
class Boxed:
    """Records in boxes.

    Attributes
    ----------
    keys : Keys
        Told by box.
    boxes : int
    loss : float, 0 to 1
        Mean over records and variables of the share of the categories that a box spans (normalised certainty penalty).
    """

    keys: Keys
    boxes: int
    loss: float


def mondrian(keys: Keys, k: int, importance: Mapping[str, float] | None = None, what: str = "mondrian") -> Boxed:
    """Split the records into boxes of at least k, and tell of each variable what its box spans.

    Categories are taken in their order (numbers by size, texts by alphabet, ordered categories as they are ordered);
    missing values come before all. The variable that spans most is split first, in the middle of its records; records
    with one value stay together.

    Parameters
    ----------
    importance : mapping of str to float, optional
        Variables that matter more are split more willingly.

    Raises
    ------
    BadInputError
        When k is below 2 or above the number of records.
    """
    check_k(k, keys.records, what)
    keys.check_not_empty(what)
    found = patterns(keys)
    weights = np.array([(importance or {}).get(name, 1.0) for name in keys.names])
    weights = weights / np.maximum(np.array(keys.sizes), 1)
    boxes = list(_split(found.rows + 1, found.counts, weights, k))
    number = np.empty(len(found), dtype=np.intp)
    for box, members in enumerate(boxes):
        number[members] = box
    low = np.array([found.rows[members].min(axis=0) for members in boxes])
    high = np.array([found.rows[members].max(axis=0) for members in boxes])
    records = np.bincount(number, found.counts)
    spans = (high - low) / np.maximum(np.array(keys.sizes) - 1 + (low < 0).any(axis=0), 1)
    loss = float((spans.mean(axis=1) * records).sum() / records.sum())
    own = number[found.inverse]
    for place, name in enumerate(keys.names):
        keys = _told(keys, name, low[:, place], high[:, place], own)
    return Boxed(keys, len(boxes), loss)


def _split(rows: NDArray[np.int32], counts: NDArray[np.int64], weights: NDArray[np.float64], k: int) -> list[Places]:
    """Return the patterns of each box."""
    done: list[Places] = []
    waiting = [np.arange(len(rows))]
    while waiting:
        members = waiting.pop()
        own, size = rows[members], counts[members]
        spans = (own.max(axis=0) - own.min(axis=0)) * weights
        halves = None
        if size.sum() >= 2 * k:
            for variable in np.argsort(-spans, kind="stable"):
                halves = _halves(own[:, variable], size, k) if spans[variable] > 0 else None
                if halves is not None:
                    break
        if halves is None:
            done.append(members)
        else:
            waiting += [members[halves], members[~halves]]
    return done


def _halves(values: NDArray[np.int32], counts: NDArray[np.int64], k: int) -> NDArray[np.bool_] | None:
    """Return who is in the lower half, as near to the middle as whole values allow; None when a half is below k."""
    sums = np.cumsum(np.bincount(values, counts))
    total = sums[-1]
    allowed = np.flatnonzero((sums >= k) & (total - sums >= k))
    if not len(allowed):
        return None
    cut = allowed[np.abs(sums[allowed] - total / 2).argmin()]
    below: NDArray[np.bool_] = values <= cut
    return below


def _told(keys: Keys, name: str, low: NDArray[Any], high: NDArray[Any], own: Places) -> Keys:
    """Return keys in which every record tells what its box spans of one variable."""
    place = keys.place(name)
    if (low == high).all():
        return keys
    categories = keys.categories[place]
    spans, inverse = np.unique(np.column_stack([low, high]), axis=0, return_inverse=True)
    numbers = categories.dtype.kind in "iuf"
    labels = [_label(categories, int(first), int(last), numbers=numbers) for first, last in spans]
    code = np.array([MISSING if last == MISSING else number for number, (_, last) in enumerate(spans)], dtype=np.int32)
    made = np.empty(len(labels), dtype=object)
    made[:] = labels
    codes = keys.codes.copy(order="F")
    codes[:, place] = code[inverse.ravel()[own]]
    own_categories, kinds = list(keys.categories), list(keys.kinds)
    own_categories[place], kinds[place] = made, None
    return Keys(keys.names, codes, tuple(own_categories), tuple(kinds))


def _label(categories: Sequence[Any] | NDArray[Any], first: int, last: int, *, numbers: bool) -> str:
    if last == MISSING:
        return ""
    unknown = " or not told" if first == MISSING else ""
    first = max(first, 0)
    texts = [text_of(categories[code]) for code in range(first, last + 1)]
    if len(texts) == 1:
        return texts[0] + unknown
    if numbers:
        return (f"{texts[0]} to {texts[-1]}" if texts[0].startswith("-") else f"{texts[0]}-{texts[-1]}") + unknown
    if len(texts) <= _MOST_NAMED:
        return " or ".join(texts) + unknown
    return f"{texts[0]} to {texts[-1]}" + unknown
