"""Odds, risk and rate ratios of two-by-two tables, with their standard errors and intervals.

Notes
-----
With A, B the (weighted) exposed with and without the outcome, C, D the unexposed, N1 = A + B, N0 = C + D, and T1,
T0 their time under observation:

- odds ratio ``A D / (B C)``; variance of its logarithm: the sum over the four cells of ``S / (cell ** 2)``, where S
  is the sum of squared weights in the cell;
- risk ratio ``(A / N1) / (C / N0)``; variance: per row ``S_A (1 / A - 1 / N1) ** 2 + S_B / N1 ** 2``;
- rate ratio ``(A / T1) / (C / T0)``; variance ``S_A / A ** 2 + S_C / C ** 2``.

Without weights these are Woolf's, the usual (Katz) and the Poisson variance (Rothman, Greenland and Lash 2008,
chapter 14). With weights they are linearised and treat rows as independent. Intervals of 95 % are
``exp(log(ratio) +- 1.96 std_error)``; ``std_error`` is that of the logarithm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from saferoom.disclosure.queries.base import Base
from saferoom.disclosure.queries.engine import Engine
from saferoom.disclosure.queries.evidence import Numbers, floats
from saferoom.disclosure.queries.model import Statistic

_QUANTILE = 1.959963984540054
"""Of the normal distribution, for intervals of 95 %."""
GROUPS = ("m0 = 1 AND m1 = 1", "m0 = 1 AND m1 = 0", "m0 = 0 AND m1 = 1", "m0 = 0 AND m1 = 0")
"""The four cells of the implied table: exposed with and without the outcome, unexposed with and without it."""


@dataclass(frozen=True)
class Sums:
    """Per stratum: weights and squared weights of the four groups, in the order of `GROUPS`, and times."""

    weights: tuple[Numbers, ...]
    squares: tuple[Numbers, ...]
    times: tuple[Numbers, Numbers] | None


def sums(rows: Base, engine: Engine) -> Sums:
    """Return the sums behind every stratum's table; exposure is ``m0``, outcome ``m1``, time ``m2``."""
    weight = "w" if rows.weighted else "1.0::DOUBLE"
    parts = [f"coalesce(fsum({weight}) FILTER (WHERE {group}), 0) AS n{i}" for i, group in enumerate(GROUPS)]
    parts += [
        f"coalesce(fsum({weight} * {weight}) FILTER (WHERE {group}), 0) AS s{i}" for i, group in enumerate(GROUPS)
    ]
    if rows.measures > 2:
        parts += [f"fsum({weight} * m2) FILTER (WHERE m0 = {side}) AS t{side}" for side in (1, 0)]
    found = engine.columns(rows.grouped(", ".join(parts)))
    times = (floats(found["t1"]), floats(found["t0"])) if rows.measures > 2 else None
    weights, squares = (tuple(floats(found[f"{letter}{i}"]) for i in range(4)) for letter in "ns")
    return Sums(weights, squares, times)


def estimates(statistic: Statistic, sums: Sums) -> dict[str, Numbers]:
    """Return the ratio, the standard error of its logarithm, and the interval."""
    a, b, c, d = sums.weights
    sa, sb, sc, sd = sums.squares
    with np.errstate(divide="ignore", invalid="ignore"):
        if statistic is Statistic.ODDS_RATIO:
            ratio = a * d / (b * c)
            variance = sa / a**2 + sb / b**2 + sc / c**2 + sd / d**2
        elif sums.times is None:
            ratio = a / (a + b) / (c / (c + d))
            variance = _risk_variance(a, b, sa, sb) + _risk_variance(c, d, sc, sd)
        else:
            ratio = a / sums.times[0] / (c / sums.times[1])
            variance = sa / a**2 + sc / c**2
        error = np.sqrt(variance)
        low, high = ratio * np.exp(-_QUANTILE * error), ratio * np.exp(_QUANTILE * error)
    return {statistic.value: ratio, "std_error": error, "ci_lower": low, "ci_upper": high}


def _risk_variance(yes: Numbers, no: Numbers, yes_squares: Numbers, no_squares: Numbers) -> Numbers:
    whole = yes + no
    return np.asarray(yes_squares * (1 / yes - 1 / whole) ** 2 + no_squares / whole**2)
