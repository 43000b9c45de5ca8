"""The maximum-observed-sensitivity estimator for small areas: noise-infused, not differentially private.

R. Chetty and J. N. Friedman, "A Practical Method to Reduce Privacy Loss When Disclosing Statistics Based on Small
Samples", AEA Papers and Proceedings 109, 2019, and Journal of Privacy and Confidentiality 9(2), 2019. The statistic is
the expected rank of children at a parents' rank p, theta = intercept + p slope of the line of each cell g:

- LS_g, the largest change of theta_g by one more person at a corner of the square of ranks: (0,0), (0,1), (1,0), (1,1);
- chi = max over cells of N_g LS_g;
- theta~_g = theta_g + sqrt(2) chi / (epsilon N_g) w, with E w = 0 and Var w = 1;
- SE~_g = sqrt(SE_g^2 + 2 (chi / (epsilon N_g))^2);
- N~_g = N_g + sqrt(2) w' / epsilon.

The largest sensitivity is one of the data, and told by the size of the noise: that is why this is no differential
privacy, and why it always goes to a person. Here w and w' are drawn independently by OpenDP (discrete Laplace, of
variance 1 in fine steps): the authors' sample code takes one draw for both, so that whoever knows N_g finds theta_g
again without any error. Standard errors hold N_g and SE_g as they are: they are shown to two digits.

Cells with fewer than three people, or without spread of the parents' ranks, have no line and nothing is told.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from saferoom.disclosure.privacy.aggregates import Kind
from saferoom.disclosure.privacy.cells import Cells, Rows, Whole, grouped
from saferoom.disclosure.privacy.items import as_double
from saferoom.disclosure.privacy.noise import draw_unit
from saferoom.disclosure.privacy.noisy import Floats, Noisy, Shown
from saferoom.disclosure.privacy.plan import PrivacyPlan
from saferoom.disclosure.privacy.statistics import RANKS, Ask
from saferoom.disclosure.queries.engine import Engine

CORNERS = ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0))
_FEWEST = 3
_NO_SPREAD = 1e-12
_DIGITS = 2
_FINE = 10**9
"""What is told has nine decimals (of the ranks' width), as whole numbers on the way."""
_NOTHING = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Sums:
    """Per cell: people, sums of parents' ranks x and children's ranks y (both from 0 to 1), squares and products."""

    n: Floats
    x: Floats
    y: Floats
    xx: Floats
    xy: Floats
    yy: Floats

    def with_one(self, x: float, y: float) -> Sums:
        """Return the sums of every cell with one more person."""
        return Sums(self.n + 1, self.x + x, self.y + y, self.xx + x * x, self.xy + x * y, self.yy + y * y)

    @property
    def spread(self) -> Floats:
        """Sum of squares of parents' ranks around their mean; NaN where there is no line."""
        found = self.xx - self.x**2 / np.maximum(self.n, 1)
        return np.asarray(np.where((found > _NO_SPREAD) & (self.n >= _FEWEST), found, np.nan), dtype=np.float64)

    @property
    def slope(self) -> Floats:
        """Of the least-squares line."""
        return np.asarray((self.xy - self.x * self.y / np.maximum(self.n, 1)) / self.spread, dtype=np.float64)

    def expected(self, at: float) -> Floats:
        """Return the expected rank of children at a parents' rank: theta."""
        n = np.maximum(self.n, 1)
        return np.asarray(self.y / n + self.slope * (at - self.x / n), dtype=np.float64)

    def error(self, at: float) -> Floats:
        """Return the standard error of `expected`, by ordinary least squares."""
        n = np.maximum(self.n, 1)
        left = self.yy - self.y**2 / n - self.slope**2 * self.spread
        variance = np.maximum(left, 0.0) / (n - 2) * (1 / n + (at - self.x / n) ** 2 / self.spread)
        return np.asarray(np.sqrt(variance), dtype=np.float64)


def sensitivity(sums: Sums, statistic: Callable[[Sums], Floats]) -> Floats:
    """Return LS_g of every cell for a statistic of its sums; NaN where there is no line."""
    theta = statistic(sums)
    return np.asarray(np.max([np.abs(statistic(sums.with_one(x, y)) - theta) for x, y in CORNERS], axis=0))


def observed(sums: Sums, statistic: Callable[[Sums], Floats]) -> float:
    """Return chi; 0 where no cell has a line."""
    found = sums.n * sensitivity(sums, statistic)
    return float(np.max(found[np.isfinite(found)], initial=0.0))


def infused(sums: Sums, at: float, epsilon: float, unit_noise: Floats) -> tuple[Floats, Floats]:
    """Return theta~ and SE~ of every cell.

    Parameters
    ----------
    unit_noise : ndarray of float64, one per cell
        w: mean 0, variance 1, drawn for this and for nothing else.
    """
    deviation = math.sqrt(2) * observed(sums, lambda one: one.expected(at)) / (epsilon * np.maximum(sums.n, 1))
    error = np.sqrt(sums.error(at) ** 2 + deviation**2)
    return sums.expected(at) + deviation * unit_noise, np.asarray(error, dtype=np.float64)


def exact_sums(engine: Engine, rows: Rows, cells: Cells, ask: Ask) -> Sums:
    """Return the sums of every cell, with ranks clamped to their bounds and brought to 0 and 1."""
    low, high = (float(one) for one in ask.bounds or RANKS)
    edges, width = (as_double(low), as_double(high)), as_double(high - low)
    y, x = (f"((least(greatest(m{i}, {edges[0]}), {edges[1]}) - {edges[0]}) / {width})" for i in (0, 1))
    items = ["count(*)", f"sum({x})", f"sum({y})", f"sum({x} * {x})", f"sum({x} * {y})", f"sum({y} * {y})"]
    found = dict(grouped(engine, rows, items))
    none = (0.0,) * 6
    table = np.asarray([[one or 0.0 for one in found.get(key, none)] for key in cells], dtype=np.float64)
    return Sums(*table.reshape(-1, 6).T)


def draw_observed(engine: Engine, rows: Rows, cells: Cells, ask: Ask, plan: PrivacyPlan) -> dict[str, Whole]:
    """Return theta~ and SE~ for every rank that is asked for, as whole numbers in billionths of the ranks' width.

    Returns
    -------
    mapping of name to ndarray of int64, one per cell
        Of the plan's observed aggregates, and ``se_`` before each name.
    """
    sums, found = exact_sums(engine, rows, cells, ask), {}
    for one in plan.aggregates:
        if one.kind is Kind.OBSERVED and one.fraction is not None:
            theta, error = infused(sums, one.fraction[0] / one.fraction[1], 1 / one.scale, draw_unit(len(cells)))
            found[one.name], found[_error_of(one.name)] = _told(theta), _told(_two_digits(error))
    return found


def columns(ask: Ask, plan: PrivacyPlan, noisy: Noisy) -> Iterator[Shown]:
    """Yield the columns of `draw_observed`'s numbers; before the draw, those of nothing."""
    low, high = ask.bounds or RANKS
    for one in plan.aggregates:
        if one.kind is Kind.OBSERVED:
            theta = _read(noisy[one.name]) * (high - low)
            error = _read(noisy.get(_error_of(one.name), noisy[one.name])) * (high - low)
            yield Shown(f"expected_rank_{one.name}", low + theta, None)
            yield Shown(f"expected_rank_{one.name}_se", error, None)


def _error_of(name: str) -> str:
    return f"se_{name}"


def _two_digits(values: Floats) -> Floats:
    return np.asarray([float(f"{one:.{_DIGITS}g}") for one in values.tolist()], dtype=np.float64)


def _told(values: Floats) -> Whole:
    known = np.isfinite(values)
    return np.where(known, np.rint(np.where(known, values, 0.0) * _FINE), _NOTHING).astype(np.int64)


def _read(values: Whole) -> Floats:
    return np.where(values == _NOTHING, np.nan, values / _FINE)
