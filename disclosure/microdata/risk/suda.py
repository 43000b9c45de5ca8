"""SUDA scores: how special the uniqueness of a record is, and what contributes to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from math import comb, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata.keys import Keys
from saferoom.disclosure.microdata.patterns import Patterns, Values
from saferoom.disclosure.microdata.risk.uniques import MinimalUniques, minimal_uniques
from saferoom.errors import BadInputError

FRACTION = 0.01


class Scoring(Enum):
    """How much one minimal sample unique of k of m variables weighs."""

    ELLIOT = "elliot"
    """``prod(m - i)`` for i from k to the largest size below m that was tried; (m - k)! when all were."""
    IHSN = "ihsn"
    """``(2^(m - k) - 1) / C(m, k)``, as the International Household Survey Network's first programme did."""


@dataclass(frozen=True)
class Suda:
    """Scores of u patterns.

    Attributes
    ----------
    score : ndarray of float, shape (u,)
        Sum over the pattern's minimal sample uniques; 0 for who is not unique.
    dis : ndarray of float, shape (u,), probability
        How likely a record that agrees with a person is that person, spread over the uniques by their scores.
    uniques : MinimalUniques
    weights : tuple of float
        What a minimal sample unique of 1, 2, ... variables weighs.
    """

    patterns: Patterns
    score: Values
    dis: Values
    uniques: MinimalUniques
    weights: tuple[float, ...]

    @property
    def total(self) -> float:
        """The sum of all scores."""
        return float(self.score.sum())

    def by_variable(self) -> Values:
        """Return the share of the total that comes from sets with each variable, shape (m,), percent.

        A set of two variables counts for both, so that shares add up to more than 100.
        """
        found = np.zeros(self.uniques.variables)
        for places, members in zip(self.uniques.sets, self.uniques.members, strict=True):
            found[list(places)] += self.weights[len(places) - 1] * len(members)
        return 100.0 * found / self.total if self.total else found

    def by_level(self, sizes: Sequence[int]) -> list[Values]:
        """Return the same by category, for every variable an array of its size, percent."""
        found = [np.zeros(size) for size in sizes]
        for places, members in zip(self.uniques.sets, self.uniques.members, strict=True):
            for place in places:
                levels = np.bincount(self.patterns.rows[members, place], minlength=sizes[place])
                found[place] += self.weights[len(places) - 1] * levels
        return [100.0 * one / self.total for one in found] if self.total else found

    def by_pattern(self, chosen: NDArray[np.intp]) -> NDArray[Any]:
        """Return the same for single patterns, shape (chosen, m), percent of each one's own score."""
        rank = np.full(len(self.score), -1, dtype=np.intp)
        rank[chosen] = np.arange(len(chosen))
        found = np.zeros((len(chosen), self.uniques.variables))
        for places, members in zip(self.uniques.sets, self.uniques.members, strict=True):
            own = rank[members]
            found[np.ix_(own[own >= 0], np.array(places))] += self.weights[len(places) - 1]
        scores = self.score[chosen][:, None]
        result: NDArray[Any] = np.divide(100.0 * found, scores, out=np.zeros_like(found), where=scores > 0)
        return result


def suda(
    keys: Keys,
    found: Patterns,
    *,
    most: int | None = None,
    fraction: float = FRACTION,
    scoring: Scoring = Scoring.ELLIOT,
) -> Suda:
    """Score all special uniques.

    Parameters
    ----------
    most : int, optional
        The largest minimal sample uniques to look for; all sizes when left out.
    fraction : float, between 0 and 1
        The sampling fraction that DIS assumes.

    Raises
    ------
    BadInputError

    Notes
    -----
    With U sample uniques, P records in pairs and sampling fraction d, ``DIS = U d / (U d + P (1 - d))`` is how likely a
    unique match is correct. It is spread by scores S: with ``Q = 1 + (8 - m) / 20`` and ``A = sum(1 / S^Q)`` a record
    has ``1 / (1 + U (1 / DIS - 1) / (S^Q A))``.

    References
    ----------
    Elliot, Manning, Ford (2002). A computational algorithm for handling the special uniques problem. Int. J. of
    Uncertainty, Fuzziness and Knowledge-Based Systems 10(5), 493-509. Skinner, Elliot (2002). A measure of disclosure
    risk for microdata. J. Royal Statistical Society B 64(4), 855-867 (DIS). Elliot, Manning, Mayes, Gurd, Bane (2005).
    SUDA: a program for detecting special uniques. UNECE work session on confidentiality (DIS-SUDA).
    """
    if not 0 < fraction < 1:
        raise BadInputError("fraction: the sampling fraction of DIS is a number between 0 and 1")
    uniques = minimal_uniques(found, keys.sizes, most)
    weights = _weights(uniques.variables, uniques.most, scoring)
    score = np.zeros(len(found))
    for places, members in zip(uniques.sets, uniques.members, strict=True):
        score[members] += weights[len(places) - 1]
    return Suda(found, score, _dis(score, found, fraction, uniques.variables), uniques, weights)


def _weights(variables: int, most: int, scoring: Scoring) -> tuple[float, ...]:
    sizes = range(1, most + 1)
    if scoring is Scoring.IHSN:
        return tuple((2.0 ** (variables - k) - 1.0) / comb(variables, k) for k in sizes)
    last = min(most, variables - 1)
    return tuple(float(prod(variables - i for i in range(k, last + 1))) for k in sizes)


def _dis(score: Values, found: Patterns, fraction: float, variables: int) -> Values:
    result = np.zeros_like(score)
    scored = score > 0
    if not scored.any():
        return result
    alone = int((found.counts == 1).sum())
    pairs = 2 * int((found.counts == 2).sum())
    odds = alone * fraction / (pairs * (1.0 - fraction)) if pairs else np.inf  # DIS / (1 - DIS)
    powers = score[scored] ** (1.0 + (8.0 - variables) / 20.0)
    result[scored] = 1.0 / (1.0 + alone / odds / (powers * (1.0 / powers).sum()))
    return result
