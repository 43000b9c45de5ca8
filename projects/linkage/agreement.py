"""How far two reviewers agree who did not see each other's decisions.

`kappa` is Cohen's; where nearly all pairs are of one kind it is low however well people agree (the paradox of
prevalence), so Gwet's AC1 stands beside it.

References
----------
Cohen, J. (1960), Educational and Psychological Measurement 20, 37-46. Fleiss, J. L., Cohen, J. and Everitt, B. S.
(1969), Psychological Bulletin 72, 323-327 (standard error of kappa). Gwet, K. L. (2008), British Journal of
Mathematical and Statistical Psychology 61, 29-48 (AC1 and its variance).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from saferoom.projects.linkage.intervals import CONFIDENCE, Share, quantile, wilson

Table = Sequence[Sequence[int]]
"""Decisions of one reviewer by those of the other: square, in pairs."""


@dataclass(frozen=True)
class Coefficient:
    """A coefficient of agreement, 1 where all agree, with its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Agreement:
    """How far reviewers agree.

    Attributes
    ----------
    pairs : int
        Decided by both.
    agreed : Share
        The share of them with the same decision.
    kappa, ac1 : Coefficient or None
        None where it is not defined: everybody decided everything alike, so that chance would agree as well.
    """

    pairs: int
    agreed: Share
    kappa: Coefficient | None
    ac1: Coefficient | None

    def document(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        return {
            "pairs": self.pairs,
            "agreed": _rounded(self.agreed),
            "kappa": None if self.kappa is None else _rounded(self.kappa),
            "ac1": None if self.ac1 is None else _rounded(self.ac1),
        }


def agreement(table: Table) -> Agreement | None:
    """Return how far two reviewers agree; None where both decided nothing.

    Raises
    ------
    ValueError
        The table is not square, or has a negative count.
    """
    size = len(table)
    if any(len(row) != size or min(row) < 0 for row in table):
        raise ValueError("agreement needs a square table of counts")
    pairs = sum(map(sum, table))
    if not pairs:
        return None
    agreed = wilson(sum(table[i][i] for i in range(size)), pairs)
    return Agreement(pairs, agreed, kappa(table), ac1(table))


def kappa(table: Table) -> Coefficient | None:
    """Return Cohen's kappa with the large-sample interval of Fleiss, Cohen and Everitt.

    >>> found = kappa([[106, 10, 4], [22, 28, 10], [2, 12, 6]])
    >>> round(found.value, 3), round((found.high - found.value) / 1.96, 3)
    (0.429, 0.054)
    """
    shares, rows, columns, pairs = _shares(table)
    each = range(len(table))
    observed = sum(shares[i][i] for i in each)
    chance = sum(rows[i] * columns[i] for i in each)
    if chance >= 1 - 1e-12:
        return None
    value = (observed - chance) / (1 - chance)
    own = sum(shares[i][i] * (1 - (rows[i] + columns[i]) * (1 - value)) ** 2 for i in each)
    apart = sum(shares[i][j] * (columns[i] + rows[j]) ** 2 for i in each for j in each if i != j)
    spread = own + (1 - value) ** 2 * apart - (value - chance * (1 - value)) ** 2
    return _coefficient(value, max(0.0, spread) / (pairs * (1 - chance) ** 2))


def ac1(table: Table) -> Coefficient | None:
    """Return Gwet's AC1 with its interval.

    >>> round(ac1([[118, 5], [2, 0]]).value, 4)
    0.9408
    """
    shares, rows, columns, pairs = _shares(table)
    each, size = range(len(table)), len(table)
    means = [(rows[i] + columns[i]) / 2 for i in each]
    observed = sum(shares[i][i] for i in each)
    if size < 2:
        return None
    chance = sum(mean * (1 - mean) for mean in means) / (size - 1)
    value = (observed - chance) / (1 - chance)
    own = sum(shares[i][i] * (1 - means[i]) for i in each) / (size - 1)
    both = sum(shares[i][j] * (1 - (means[i] + means[j]) / 2) ** 2 for i in each for j in each) / (size - 1) ** 2
    spread = observed * (1 - observed) - 4 * (1 - value) * (own - observed * chance)
    spread += 4 * (1 - value) ** 2 * (both - chance**2)
    return _coefficient(value, max(0.0, spread) / (pairs * (1 - chance) ** 2))


def _shares(table: Table) -> tuple[list[list[float]], list[float], list[float], int]:
    pairs = sum(map(sum, table))
    shares = [[count / pairs for count in row] for row in table]
    return shares, [sum(row) for row in shares], [sum(column) for column in zip(*shares, strict=True)], pairs


def _coefficient(value: float, variance: float) -> Coefficient:
    half = quantile(CONFIDENCE) * math.sqrt(variance)
    return Coefficient(value, max(-1.0, value - half), min(1.0, value + half))


def _rounded(found: Share | Coefficient) -> dict[str, float]:
    return {"value": round(found.value, 3), "low": round(found.low, 3), "high": round(found.high, 3)}
