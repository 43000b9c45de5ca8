"""Diversity: whether who shares a key still differs in what is sensitive (l-diversity, t-closeness)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata.patterns import Values
from saferoom.disclosure.microdata.risk.classes import ClassValues
from saferoom.errors import BadInputError


@dataclass(frozen=True)
class Diversity:
    """The l of l-diversity of u classes, in three ways.

    Attributes
    ----------
    distinct : ndarray of int, shape (u,)
        Different values in the class.
    entropy : ndarray of float, shape (u,)
        exp of the entropy: as diverse as that many equally frequent values.
    recursive : ndarray of int, shape (u,)
        The largest l for which the most frequent value is rarer than c times all but the l - 1 most frequent ones.
    """

    distinct: NDArray[np.int64]
    entropy: Values
    recursive: NDArray[np.int64]


def diversity(found: ClassValues, c: float = 2.0) -> Diversity:
    """Return the diversity of each class.

    Raises
    ------
    BadInputError
        When c is not above 0.

    Notes
    -----
    With counts r1 >= r2 >= ... >= rm of the values in a class, entropy l is ``exp(-sum p ln p)``, and the class is
    recursively (c, l)-diverse when ``r1 < c (r_l + ... + r_m)``.

    References
    ----------
    Machanavajjhala, Kifer, Gehrke, Venkitasubramaniam (2007). l-diversity: privacy beyond k-anonymity. ACM Trans.
    Knowledge Discovery from Data 1(1), definitions 4.1 and 4.2.
    """
    if not c > 0:
        raise BadInputError("recursive l-diversity: c must be above 0")
    total = found.total()
    share = found.counts / total[found.classes]
    surprise = np.bincount(found.classes, -share * np.log(share), found.number)
    distinct = np.bincount(found.classes, minlength=found.number)
    entropy = np.where(distinct > 0, np.exp(surprise), 0.0)
    return Diversity(distinct, entropy, _recursive(found, c, distinct))


def _recursive(found: ClassValues, c: float, distinct: NDArray[np.int64]) -> NDArray[np.int64]:
    order = np.lexsort((-found.counts, found.classes))
    counts, classes = found.counts[order], found.classes[order]
    starts = np.cumsum(distinct) - distinct
    before = np.cumsum(counts) - counts
    tails = found.total()[classes] - (before - before[starts[classes]])
    largest = counts[starts[classes]]
    return np.bincount(classes[largest < c * tails], minlength=found.number)


def closeness(found: ClassValues, *, ordered: bool) -> Values:
    """Return how far the values of each class are from those of the whole file: the t of t-closeness.

    Parameters
    ----------
    ordered : bool
        True for numbers and ranks: moving to the next value costs 1 / (values - 1); false where any two values are
        equally far apart.

    Returns
    -------
    ndarray of float, shape (u,), 0 to 1
        Earth mover's distance; 0 for a class without told values.

    References
    ----------
    Li, Li, Venkatasubramanian (2007). t-closeness: privacy beyond k-anonymity and l-diversity. ICDE, section 4.
    """
    total = found.total()
    share = found.counts / total[found.classes]
    whole = found.whole / max(found.whole.sum(), 1.0)
    if found.size < 2 or not len(found.classes):
        return np.zeros(found.number)
    far = _ordered(found, share, whole) if ordered else _equal(found, share, whole)
    return np.where(total > 0, far, 0.0)


def _equal(found: ClassValues, share: Values, whole: Values) -> Values:
    """Half the sum of ``|p - q|``; values that do not occur in a class add their q."""
    other = whole[found.values]
    occurring = np.bincount(found.classes, np.abs(share - other) - other, found.number)
    return np.asarray(np.maximum(0.5 * (1.0 + occurring), 0.0), dtype=np.float64)


def _ordered(found: ClassValues, share: Values, whole: Values) -> Values:
    """Sum ``|P - Q|`` of the cumulated shares over all values, without ever holding all values of all classes."""
    cumulated = np.minimum(np.cumsum(whole), 1.0)
    prefix = np.concatenate([[0.0], np.cumsum(cumulated)])
    entries = len(found.classes)
    first = np.ones(entries, dtype=bool)
    first[1:] = found.classes[1:] != found.classes[:-1]
    last = np.append(first[1:], True)
    running = np.cumsum(share)
    level = np.minimum(running - (running - share)[np.flatnonzero(first)][np.cumsum(first) - 1], 1.0)
    ends = np.append(found.values[1:], found.size - 1)
    ends[last] = found.size - 1
    flat = _areas(cumulated, prefix, level, found.values, ends)
    beginnings = np.zeros(int(first.sum()))
    head = _areas(cumulated, prefix, beginnings, np.zeros(len(beginnings), dtype=np.intp), found.values[first])
    area: Values = np.asarray(np.bincount(found.classes, flat, found.number), dtype=np.float64)
    area[found.classes[first]] += head
    return area / (found.size - 1)


def _areas(
    cumulated: Values, prefix: Values, level: Values, start: NDArray[np.integer], end: NDArray[np.integer]
) -> Values:
    """Return the sum of ``|level - cumulated[j]|`` for j from `start` to below `end`."""
    middle = np.clip(np.searchsorted(cumulated, level), start, end)
    below = level * (middle - start) - (prefix[middle] - prefix[start])
    above = (prefix[end] - prefix[middle]) - level * (end - middle)
    return np.asarray(below + above, dtype=np.float64)
