"""The numbers of a survival curve, from what is released of it.

References
----------
Kaplan and Meier (1958); Greenwood (1926); Nelson (1972), Aalen (1978); Kalbfleisch and Prentice (2002), section 1.4, on
the log-log limits; Cutler and Ederer (1958) for the actuarial life table; Kish (1965) for effective sample sizes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.queries.evidence import Counts, Mask, Numbers
from saferoom.disclosure.statbarns.survival_steps import Steps, Ticks

_Z = 1.959963984540054
_DECIMALS = 4


@dataclass(frozen=True)
class Curve:
    """A curve's numbers, one per step.

    Attributes
    ----------
    columns : mapping of name to ndarray of float
    survival : ndarray of float
        Also where the cumulative hazard is what was asked for.
    """

    columns: dict[str, Numbers]
    survival: Numbers


@dataclass(frozen=True)
class _Terms:
    """What each step adds: to log survival and its variance, to the hazard and its variance."""

    log_kept: Numbers
    greenwood: Numbers
    hazard: Numbers
    aalen: Numbers


def curve(ticks: Ticks, steps: Steps, estimator: str, effective: Numbers) -> Curve:
    """Return the numbers of every stratum's steps.

    Parameters
    ----------
    effective : ndarray of float, per stratum
        By how much a variance computed from weights is too small: the sum of squared weights over their sum.

    Notes
    -----
    Where the number at risk is exact, estimates are those of all single times up to the step's end. Over several times
    they are given to four decimals, so that the order of events and censorings within a step cannot be solved for.
    Where some censored are carried along, estimates come from the released counts alone: d of n, less half of those
    removed.
    """
    stratum = ticks.stratum[steps.last]
    events, at_risk, single = _counts(ticks, steps, stratum)
    terms = _exact(ticks, steps)
    if estimator == "life_table":
        terms = _from_counts(events, at_risk - steps.removed / 2)
    elif steps.carried.any():
        several = np.where(single, 0.0, steps.removed / 2)
        terms = _chosen(steps.carried, _from_counts(events, at_risk - several), terms)
    survival = np.exp(_running(terms.log_kept, stratum))
    if estimator == "nelson_aalen":
        hazard = _running(terms.hazard, stratum)
        numbers = _hazard_limits(hazard, _running(terms.aalen, stratum) * effective[stratum])
        survival = np.exp(-hazard)
    else:
        numbers = _limits(survival, _running(terms.greenwood, stratum) * effective[stratum])
    if estimator != "life_table":
        coarse = _running((~single).astype(np.float64), stratum) > 0
        numbers = {name: np.where(coarse, np.round(value, _DECIMALS), value) for name, value in numbers.items()}
    return Curve({"at_risk": at_risk, "events": events, **numbers}, survival)


def _counts(ticks: Ticks, steps: Steps, stratum: Counts) -> tuple[Numbers, Numbers, Mask]:
    """Return events, numbers at risk at the beginning, and whether all exits of a step are at one time."""
    events, moments = _sums(ticks.events, steps), _sums(ticks.moments.astype(np.float64), steps)
    whole = np.bincount(ticks.stratum, ticks.events + ticks.censored, int(ticks.stratum.max(initial=-1)) + 1)
    gone = _running(events + steps.removed, stratum) - events - steps.removed
    return events, whole[stratum] - gone, np.asarray(moments <= 1)


def _sums(values: Numbers, steps: Steps) -> Numbers:
    running = np.concatenate([[0.0], np.cumsum(values)])
    return np.asarray(running[steps.last + 1] - running[steps.first])


def _running(values: Numbers, stratum: Counts) -> Numbers:
    """Return cumulative sums that begin anew in every stratum."""
    if not len(values):
        return values
    starts = np.flatnonzero(np.diff(stratum, prepend=-1))
    return np.asarray(np.concatenate([np.cumsum(part) for part in np.split(values, starts[1:])]))


def _exact(ticks: Ticks, steps: Steps) -> _Terms:
    with np.errstate(divide="ignore"):
        log_kept = np.log(ticks.kept)
    finite = np.where(np.isfinite(log_kept), log_kept, -np.inf)
    logs = np.array([finite[a : b + 1].sum() for a, b in zip(steps.first.tolist(), steps.last.tolist(), strict=True)])
    return _Terms(logs, *(_sums(values, steps) for values in (ticks.greenwood, ticks.hazard, ticks.aalen)))


def _from_counts(events: Numbers, at_risk: Numbers) -> _Terms:
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(at_risk > 0, np.minimum(events / at_risk, 1), 0.0)
        left = at_risk - events
        greenwood = np.where(left > 0, events / (at_risk * left), 0.0)
        return _Terms(np.log1p(-share), greenwood, share, np.where(at_risk > 0, events / at_risk**2, 0.0))


def _chosen(carried: Mask, counts: _Terms, exact: _Terms) -> _Terms:
    def one(name: str) -> NDArray[np.float64]:
        chosen: NDArray[np.float64] = np.where(carried, getattr(counts, name), getattr(exact, name))
        return chosen

    return _Terms(one("log_kept"), one("greenwood"), one("hazard"), one("aalen"))


def _limits(survival: Numbers, variance: Numbers) -> dict[str, Numbers]:
    """Return survival with its 95 % limits on the log-log scale; none where it is 0 or 1."""
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.exp(_Z * np.sqrt(variance) / np.abs(np.log(survival)))
        inside = (survival > 0) & (survival < 1)
        lower = np.where(inside, survival**spread, np.nan)
        upper = np.where(inside, survival ** (1 / spread), np.nan)
    return {"survival": survival, "lower": lower, "upper": upper}


def _hazard_limits(hazard: Numbers, variance: Numbers) -> dict[str, Numbers]:
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.exp(_Z * np.sqrt(variance) / hazard)
        lower, upper = (np.where(hazard > 0, value, np.nan) for value in (hazard / spread, hazard * spread))
    return {"cumulative_hazard": hazard, "lower": lower, "upper": upper}
