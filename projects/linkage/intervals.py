"""Intervals and tests for shares: of one group, of a stratified sample, and between two groups.

References
----------
Wilson, E. B. (1927), JASA 22, 209-212 (score interval). Newcombe, R. G. (1998), Statistics in Medicine 17, 873-890,
method 10 (difference of two shares). Yan, X. and Su, X. G. (2010), Statistics in Biopharmaceutical Research 2, 329-335
(stratified Wilson). Clopper, C. J. and Pearson, E. S. (1934), Biometrika 26, 404-413. Zou, G. Y. and Donner, A. (2008),
Statistics in Medicine 27, 1693-1702 (MOVER). Holm, S. (1979), Scandinavian Journal of Statistics 6, 65-70.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Share:
    """A share with its interval; all between 0 and 1."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Stratum:
    """Part of a population of which some were looked at.

    Attributes
    ----------
    size : float
        How many there are.
    share : float
        Which share of those looked at counts.
    seen : float
        How many were looked at.
    drawn : bool
        Whether they are a sample of the stratum, so that little is left to chance once most of it was looked at; False
        for a share that a model expects of all.
    """

    size: float
    share: float
    seen: float
    drawn: bool = True


def quantile(confidence: float) -> float:
    """Return the standard normal quantile of a two-sided interval."""
    return NormalDist().inv_cdf(0.5 + confidence / 2)


def wilson(successes: float, trials: float, confidence: float = CONFIDENCE) -> Share:
    """Return the share of `successes` among `trials` with Wilson's score interval.

    Counts may be expected ones: a sum of independent trials of unequal chances varies less than a binomial of their
    mean (Hoeffding 1956), so that the interval is wide enough for it.

    >>> found = wilson(81, 263)
    >>> round(found.low, 4), round(found.high, 4)
    (0.2553, 0.3662)
    """
    if trials <= 0 or not 0 <= successes <= trials * (1 + 1e-9):
        raise ValueError("a share needs trials, and no more successes than these")
    share = min(1.0, successes / trials)
    z2 = quantile(confidence) ** 2
    centre = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = math.sqrt(z2 * (share * (1 - share) / trials + z2 / (4 * trials**2))) / (1 + z2 / trials)
    return Share(share, max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half)))


def clopper_pearson(successes: int, trials: int, confidence: float = CONFIDENCE) -> Share:
    """Return the share of `successes` among `trials` with the exact interval, which is never too narrow.

    >>> found = clopper_pearson(0, 20)
    >>> round(found.high, 4)
    0.1684
    """
    from scipy.stats import beta

    if trials <= 0 or not 0 <= successes <= trials:
        raise ValueError("a share needs trials, and no more successes than these")
    tail = (1 - confidence) / 2
    low = float(beta.ppf(tail, successes, trials - successes + 1)) if successes else 0.0
    high = float(beta.ppf(1 - tail, successes + 1, trials - successes)) if successes < trials else 1.0
    return Share(successes / trials, low, high)


def stratified(strata: Sequence[Stratum], confidence: float = CONFIDENCE) -> Share:
    """Return the share in the whole of `strata`, each weighted by its size.

    Each stratum's Wilson limits are as far from its share as chance may carry them; squares of these distances add up
    over strata (Yan and Su). Where much of a small stratum was looked at, the distance shrinks by the root of the part
    that was not.
    """
    whole = math.fsum(stratum.size for stratum in strata)
    if whole <= 0:
        raise ValueError("strata need somebody in them")
    value, below, above = 0.0, 0.0, 0.0
    for stratum in strata:
        weight = stratum.size / whole
        if not weight:
            continue
        own = wilson(stratum.share * stratum.seen, stratum.seen, confidence)
        left = max(0.0, 1 - stratum.seen / stratum.size) if stratum.drawn else 1.0
        value += weight * own.value
        below += left * (weight * (own.value - own.low)) ** 2
        above += left * (weight * (own.high - own.value)) ** 2
    value = min(1.0, value)
    return Share(value, max(0.0, value - math.sqrt(below)), min(1.0, value + math.sqrt(above)))


def part(found: Share, found_of: float, missed: Share | None, missed_of: float) -> Share:
    """Return found / (found + missed), two numbers known as shares of two separate wholes.

    On the logarithm of missed / found the distances of the limits add up in squares (MOVER); where one of them may be
    nothing, the limits are those of the worst corner.
    """
    hits, misses = found.value * found_of, 0.0 if missed is None else missed.value * missed_of
    if missed is None or missed_of <= 0 or hits <= 0:
        return Share(1.0, 1.0, 1.0) if hits > 0 else Share(0.0, 0.0, 1.0)
    low_hits, high_hits = found.low * found_of, found.high * found_of
    low_misses, high_misses = missed.low * missed_of, missed.high * missed_of
    value = hits / (hits + misses)
    if min(low_hits, low_misses) <= 0:
        low = low_hits / (low_hits + high_misses) if high_misses else 1.0
        return Share(value, min(value, low), max(value, high_hits / (high_hits + low_misses)))
    ratio = math.log(misses / hits)
    up = math.hypot(math.log(high_misses / misses), math.log(hits / low_hits))
    down = math.hypot(math.log(misses / low_misses), math.log(high_hits / hits))
    return Share(value, 1 / (1 + math.exp(ratio + up)), 1 / (1 + math.exp(ratio - down)))


def difference(one: tuple[float, float], other: tuple[float, float], confidence: float = CONFIDENCE) -> Share:
    """Return the share of `one` less that of `other`, with Newcombe's hybrid score interval.

    Parameters
    ----------
    one, other : (successes, trials)

    >>> found = difference((56, 70), (48, 80))
    >>> round(found.value, 4), round(found.low, 4), round(found.high, 4)
    (0.2, 0.0524, 0.3339)
    """
    a, b = wilson(*one, confidence), wilson(*other, confidence)
    value = a.value - b.value
    low = value - math.hypot(a.value - a.low, b.high - b.value)
    high = value + math.hypot(a.high - a.value, b.value - b.low)
    return Share(value, max(-1.0, low), min(1.0, high))


def p_value(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the two-sided p value of the score test that two shares are equal.

    >>> round(p_value((56, 70), (48, 80)), 4)
    0.008
    """
    (x, n), (y, m) = one, other
    pooled = (x + y) / (n + m)
    variance = pooled * (1 - pooled) * (1 / n + 1 / m)
    if variance <= 0:
        return 1.0
    return math.erfc(abs(x / n - y / m) / math.sqrt(variance) / math.sqrt(2))


def holm(values: Sequence[float]) -> list[float]:
    """Return p values adjusted for their number, so that the chance of any false alarm stays at the level.

    >>> [round(value, 3) for value in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    order = sorted(range(len(values)), key=values.__getitem__)
    adjusted, highest = [0.0] * len(values), 0.0
    for place, index in enumerate(order):
        highest = max(highest, min(1.0, (len(values) - place) * values[index]))
        adjusted[index] = highest
    return adjusted
