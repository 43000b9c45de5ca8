"""Percentages whose base is known say counts: 1.5 % of 200 is 3."""

from __future__ import annotations

import re

import numpy as np

from saferoom.disclosure.files.screens.places import Rule
from saferoom.disclosure.files.screens.subject import Subject
from saferoom.disclosure.files.screens.views import Bools, Column, Floats, View
from saferoom.disclosure.files.screens.words import Role, tokens
from saferoom.disclosure.verdict import Finding, Risk, Verdict

_NO_SHARE = frozenset(
    {
        *(
            "change",
            "growth",
            "increase",
            "decrease",
            "diff",
            "difference",
            "return",
            "variance",
            "explained",
            "r2",
            "sd",
        ),
        *(
            "se",
            "ci",
            "lower",
            "upper",
            "mean",
            "avg",
            "average",
            "median",
            "interest",
            "cv",
            "error",
            "bias",
            "missing",
        ),
        *("cumulative", "cum", "income", "pay", "cost", "price", "total", "points", "gap"),
    }
)
_BASE = re.compile(r"\bn\s*=\s*(\d{1,3}(?:,\d{3})+|\d+)", re.IGNORECASE)
IMPLIED = Rule(
    "implied-low-count",
    Risk.IMPLICIT_TABLE,
    Verdict.FAIL,
    "the percentage and its base together give a count of units below the threshold",
    "Round the percentages more coarsely, merge the categories, or blank the cells and their complements.",
)


def screen(subject: Subject) -> list[Finding]:
    """Return percentages that imply small counts."""
    found: list[Finding] = []
    for view in subject.views:
        for column in view.numeric:
            if not _is_share(column):
                continue
            for base in _bases(view, column):
                low = implied(column.numbers, column.decimals, base, subject.policy.threshold_units)
                if low.any():
                    found.append(IMPLIED.in_column(view, column, np.flatnonzero(low).tolist()))
                    break
    return found


def _is_share(column: Column) -> bool:
    return (column.role is Role.PERCENT or column.percents) and not _NO_SHARE & set(tokens(column.head))


def _bases(view: View, column: Column) -> list[Floats]:
    """Return what the percentages may be of: the n in the head, or columns of counts that they are not shares of."""
    match = _BASE.search(column.head)
    if match:
        return [np.full(view.rows, float(match[1].replace(",", "")))]
    counts = [c for c in view.numeric if c.role is Role.COUNT and c.whole]
    return [c.numbers for c in counts if not _distribution(column.numbers, c.numbers)]


def _distribution(shares: Floats, counts: Floats) -> bool:
    """Say whether percentages are the counts themselves, as shares of one total."""
    both = np.isfinite(shares) & np.isfinite(counts) & (counts > 0)
    if int(both.sum()) < 2:
        return False
    ratio = shares[both] / counts[both]
    return bool(np.all(np.abs(ratio - np.median(ratio)) <= 0.6 / counts[both] + 0.05 * np.median(ratio)))


def implied(shares: Floats, decimals: np.typing.NDArray[np.int16], base: Floats, threshold: int) -> Bools:
    """Return which shares imply a count from 1 to below `threshold`, on one side or on the other.

    Parameters
    ----------
    shares : ndarray of float, shape (rows,)
        Percentages, or fractions when none is above 1.
    decimals : ndarray of int, shape (rows,)
    base : ndarray of float, shape (rows,), units

    Notes
    -----
    A share printed to d decimals is known to half a unit of the last; the count k = share * base is a whole number
    within that. Where no whole number fits, the share is none of this base, and nothing is said about the column.

    >>> implied(np.array([1.5, 50.0]), np.array([1, 1], dtype=np.int16), np.array([200.0, 200.0]), 10).tolist()
    [True, False]
    """
    scale = 1.0 if np.nanmax(shares, initial=0.0) <= 1 else 100.0
    known = np.isfinite(shares) & np.isfinite(base) & (base > 0)
    half = np.where(known, base * 0.5 * 10.0 ** -np.maximum(decimals, 0).astype(np.float64) / scale, 0.0) + 1e-9
    k = np.where(known, base * shares / scale, np.nan)
    fits = np.floor(k + half) >= np.ceil(np.maximum(k - half, 0.0))
    if not known.any() or not bool(np.all(fits[known])) or bool(np.any(k[known] > base[known] + half[known])):
        return np.zeros(shares.shape, dtype=bool)
    low: Bools = np.zeros(shares.shape, dtype=bool)
    for count in (k, base - k):
        low |= known & (count - half > 0) & (np.floor(count + half) < threshold) & (np.floor(count + half) >= 1)
    return low
