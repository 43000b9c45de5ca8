"""Distributions of noise: the largest entropy under a mean of 0, a bounded variance and a few other conditions.

Notes
-----
The entropy is concave and all conditions are linear, so that the dual is a smooth convex function of one multiplier per
condition: ``log sum exp(-A' t) + b' t``, the multipliers of inequalities not negative. The solution has the form
``p(v) = exp(-t1 v - t2 v^2 - ...) / z``.

References
----------
Giessing (2016), section 2; Boyd and Vandenberghe (2004), Convex Optimization, section 5.1.6 (entropy maximisation).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from saferoom.disclosure.queries.evidence import Numbers
from saferoom.errors import BadInputError

_CLOSE = 1e-9
_STEPS = 60


def least_variance(noise: Numbers) -> float:
    """Return the smallest variance of a distribution on `noise` with mean 0.

    Raises
    ------
    BadInputError
        When none has mean 0.
    """
    if (noise == 0).any():
        return 0.0
    below, above = noise[noise < 0], noise[noise > 0]
    if not below.size or not above.size:
        raise BadInputError("cell key: D is too small for js: a small count can only move in one direction")
    # Two neighbours of zero, in the proportion that makes the mean 0.
    return float(-below.max() * above.min())


def largest_entropy(noise: Numbers, variance: float, *, stay: float = 0.0, monotone: bool = False) -> Numbers:
    """Return the probabilities of largest entropy on `noise`, shape of `noise`.

    Parameters
    ----------
    noise : ndarray of float, ascending
    variance : float
        The variance is at most this.
    stay : float
        The probability of no noise is at least this.
    monotone : bool
        Whether probabilities must not fall from the lowest noise up to none.
    """
    if variance <= least_variance(noise) * (1 + _CLOSE):
        return _two_points(noise)
    conditions = _conditions(noise, variance, stay, monotone)
    # Conditions that do not bind are left out, the fewest at first; each solution shows which were violated.
    multipliers = _descended(conditions)
    multipliers = _polished(conditions, multipliers)
    chances = conditions.chances(multipliers)
    if not conditions.hold(chances):
        raise BadInputError("cell key: no noise fits these parameters; use a larger D, or a smaller pstay")
    return chances


def _two_points(noise: Numbers) -> Numbers:
    chances = np.zeros(len(noise))
    if (noise == 0).any():
        chances[noise == 0] = 1.0
        return chances
    low, high = noise[noise < 0].max(), noise[noise > 0].min()
    chances[noise == low] = high / (high - low)
    chances[noise == high] = -low / (high - low)
    return chances


@dataclass(frozen=True)
class _Conditions:
    """``matrix @ p = bounds`` in the first row (the mean), ``<= bounds`` in the others."""

    matrix: Numbers
    bounds: Numbers

    def chances(self, multipliers: Numbers) -> Numbers:
        powers = -(self.matrix.T @ multipliers)
        weights = np.exp(powers - powers.max())
        return np.asarray(weights / weights.sum())

    def dual(self, multipliers: Numbers) -> tuple[float, Numbers]:
        powers = -(self.matrix.T @ multipliers)
        top = powers.max()
        weights = np.exp(powers - top)
        value = float(top + np.log(weights.sum()) + self.bounds @ multipliers)
        return value, self.bounds - self.matrix @ (weights / weights.sum())

    def hold(self, chances: Numbers) -> bool:
        left = self.matrix @ chances - self.bounds
        scale = np.maximum(np.abs(self.matrix).max(axis=1), 1.0)
        return bool(abs(left[0]) <= _CLOSE * scale[0] and (left[1:] <= _CLOSE * scale[1:]).all())


def _conditions(noise: Numbers, variance: float, stay: float, monotone: bool) -> _Conditions:
    rows, bounds = [noise, noise**2], [0.0, variance]
    here = np.flatnonzero(noise == 0)
    if stay > 0 and here.size:
        rows.append(np.where(noise == 0, -1.0, 0.0))
        bounds.append(-stay)
    if monotone and here.size:
        for place in range(int(here[0])):
            row = np.zeros(len(noise))
            row[place], row[place + 1] = 1.0, -1.0
            rows.append(row)
            bounds.append(0.0)
    return _Conditions(np.array(rows), np.array(bounds))


def _descended(conditions: _Conditions) -> Numbers:
    from scipy.optimize import minimize

    count = len(conditions.bounds)
    limits = [(None, None), *[(0.0, None)] * (count - 1)]
    scale = np.maximum(np.abs(conditions.matrix).max(axis=1), 1.0)
    scaled = _Conditions(conditions.matrix / scale[:, None], conditions.bounds / scale)
    found = minimize(
        scaled.dual,
        np.zeros(count),
        jac=True,
        bounds=limits,
        method="L-BFGS-B",
        options={"maxiter": 5_000, "maxfun": 50_000, "ftol": 1e-15, "gtol": 1e-10, "maxcor": 40},
    )
    return np.asarray(found.x / scale)


def _polished(conditions: _Conditions, multipliers: Numbers) -> Numbers:
    """Go on by Newton's steps on the conditions that bind, until they hold exactly."""
    found = multipliers.copy()
    for _ in range(_STEPS):
        chances = conditions.chances(found)
        left = conditions.bounds - conditions.matrix @ chances
        binding = found > 0
        binding[0] = True
        binding[1:] |= left[1:] < -_CLOSE / 10
        rows = conditions.matrix[binding]
        means = rows @ chances
        curvature = (rows * chances) @ rows.T - np.outer(means, means)
        step = np.linalg.lstsq(curvature, left[binding], rcond=None)[0]
        if np.abs(left[binding]).max() < _CLOSE / 1_000:
            break
        found[binding] -= step
        found[1:] = np.maximum(found[1:], 0.0)
    return found
