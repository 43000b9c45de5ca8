"""Which noisy numbers each statistic is made of, and how it is made of them.

Everything after the noise is post-processing: it costs nothing and may be repeated.

Statistics
----------
count, histogram
    One count per cell.
sum
    One sum per cell, clamped, on a grid that begins at 0.
mean
    A count and a sum on a grid that begins in the middle of the bounds: ``middle + sum / count``.
variance, std
    A count, a sum and a sum of squares around the middle of the bounds (its own grid):
    ``squares / n - (sum / n)^2``, times ``n / (n - 1)``.
median, quantile
    One noisy choice between public candidates per cell and fraction.

Margins of error of means are by the delta method: the noise of numerator and denominator
is independent, and the noisy count stands for the true one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.privacy.plan import Aggregate, Bounds, Kind
from saferoom.disclosure.queries.forms import Statistic
from saferoom.errors import BadInputError

COUNT, SUM, SQUARES = "count", "sum", "squares"
_UNIT = 1.0
_MOST_DENOMINATOR = 1_000

Floats = NDArray[np.float64]
Noisy = Mapping[str, NDArray[np.int64]]


@dataclass(frozen=True)
class Shown:
    """A column that leaves.

    Attributes
    ----------
    values : ndarray of float64, one per cell
        NaN where there is nothing to tell, as a mean where the noisy count is below 1.
    margins : ndarray of float64 or None
        Margins of error at 95 %, because of the noise alone; None where they depend on the data.
    """

    name: str
    values: Floats
    margins: Floats | None


def aggregates_of(
    statistic: Statistic,
    bounds: tuple[float, float] | None,
    fractions: Sequence[float] = (),
    candidates: Sequence[float] = (),
) -> tuple[Aggregate, ...]:
    """Return what is drawn for a statistic; scales are still to be found.

    Raises
    ------
    BadInputError
        Bounds or candidates are missing, or the statistic has no form with differential privacy.
    """
    if statistic in (Statistic.FREQUENCY, Statistic.HISTOGRAM):
        return (_count(),)
    if statistic is Statistic.SUM:
        return (_sum(Bounds.of_total(*_needed(bounds))),)
    if statistic is Statistic.MEAN:
        return (_count(), _sum(Bounds.of_mean(*_needed(bounds))))
    if statistic in (Statistic.VARIANCE, Statistic.STD):
        around = Bounds.of_mean(*_needed(bounds))
        return (_count(), _sum(around), _squares(around))
    if statistic in (Statistic.MEDIAN, Statistic.QUANTILE):
        return tuple(_quantile(one, candidates) for one in (fractions or (0.5,)))
    raise BadInputError(
        f"protect.method: there is no {statistic} with differential privacy; there are frequency, sum, mean, variance, "
        "std, median, quantile, histogram and mobility"
    )


def shown(
    statistic: Statistic, aggregates: Sequence[Aggregate], noisy: Noisy, errors: Mapping[str, float]
) -> list[Shown]:
    """Return the columns that leave.

    Parameters
    ----------
    noisy : mapping of name to ndarray of int64
        The drawn numbers: rows for counts, steps for sums, positions of candidates for quantiles.
    errors : mapping of name to float
        Margins of error of the drawn numbers, in rows and in the measure's units.
    """
    by_name = {one.name: one for one in aggregates}
    if statistic in (Statistic.MEDIAN, Statistic.QUANTILE):
        return [Shown(one.name, np.asarray(one.candidates)[noisy[one.name]], None) for one in aggregates]
    found = [_plain(one, noisy, errors) for one in aggregates]
    if statistic in (Statistic.FREQUENCY, Statistic.HISTOGRAM, Statistic.SUM):
        return found
    count, total = found[0], found[1]
    mean = _mean(count, total, _origin(by_name[SUM]))
    if statistic is Statistic.MEAN:
        return [count, mean]
    return [count, _spread(statistic, count, total, found[2], by_name[SQUARES])]


def _plain(one: Aggregate, noisy: Noisy, errors: Mapping[str, float]) -> Shown:
    step = _UNIT if one.bounds is None else one.bounds.step
    values = noisy[one.name].astype(np.float64) * step
    return Shown(one.name, values, np.full(len(values), errors[one.name]))


def _mean(count: Shown, total: Shown, origin: float) -> Shown:
    n = _at_least_one(count.values)
    around = total.values / n
    margins = _ratio_margin(around, n, total, count)
    return Shown("mean", origin + around, margins)


def _spread(statistic: Statistic, count: Shown, total: Shown, squares: Shown, of_squares: Aggregate) -> Shown:
    n = _at_least_one(count.values)
    around = total.values / n
    second = squares.values / n + _origin(of_squares)
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = np.where(n > 1, np.maximum(0.0, second - around**2) * n / (n - 1), np.nan)
    values = variance if statistic is Statistic.VARIANCE else np.sqrt(variance)
    return Shown(str(statistic), values, None)


def _ratio_margin(ratio: Floats, n: Floats, total: Shown, count: Shown) -> Floats | None:
    if total.margins is None or count.margins is None:
        return None
    return np.asarray(np.hypot(total.margins, np.abs(ratio) * count.margins) / n, dtype=np.float64)


def _at_least_one(count: Floats) -> Floats:
    return np.where(count >= 1, count, np.nan)


def _origin(one: Aggregate) -> float:
    return 0.0 if one.bounds is None else one.bounds.origin


def _needed(bounds: tuple[float, float] | None) -> tuple[float, float]:
    if bounds is None:
        raise BadInputError(
            "protect.bounds: is needed, as [0, 100000]: values beyond are clamped, and the noise is as large as one "
            "person at a bound; choose them without looking at the data",
            field="protect.bounds",
        )
    return float(bounds[0]), float(bounds[1])


def _count() -> Aggregate:
    return Aggregate(Kind.COUNT, COUNT, _UNIT)


def _sum(bounds: Bounds) -> Aggregate:
    return Aggregate(Kind.SUM, SUM, _UNIT, bounds)


def _squares(around: Bounds) -> Aggregate:
    half = (around.upper - around.lower) / 2
    return Aggregate(Kind.SQUARES, SQUARES, _UNIT, Bounds.of_mean(0.0, half * half), around.origin)


def _quantile(fraction: float, candidates: Sequence[float]) -> Aggregate:
    if not candidates:
        raise BadInputError(
            "protect.candidates: is needed, as [0, 1000, 2000]: the values that a quantile may come out as, chosen "
            "without looking at the data",
            field="protect.candidates",
        )
    exact = Fraction(fraction).limit_denominator(_MOST_DENOMINATOR)
    if not 0 < exact < 1 or not all(math.isfinite(one) for one in candidates):
        raise BadInputError("quantiles are between 0 and 1, with finite candidates", field="protect.candidates")
    values = tuple(sorted({float(one) for one in candidates}))
    if len(values) < 2:
        raise BadInputError("a quantile needs at least two candidates", field="protect.candidates")
    return Aggregate(
        Kind.QUANTILE,
        f"p{float(exact) * 100:g}",
        _UNIT,
        fraction=(exact.numerator, exact.denominator),
        candidates=values,
    )
