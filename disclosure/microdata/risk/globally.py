"""Model-based risk of the whole file: how many sample uniques are unique in the population, and how many are matched.

The population counts of cells are taken to be independent Poisson numbers whose logarithms are sums of effects of the
key variables, and the sample to be drawn with one fraction pi everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from saferoom.disclosure.microdata.keys import Keys
from saferoom.disclosure.microdata.patterns import Patterns, Places, Values
from saferoom.disclosure.microdata.risk.loglinear import Table, Terms, fitted, main_effects, two_way, with_term
from saferoom.errors import BadInputError

_FITS = 1.96
_MOST_TERMS = 6


@dataclass(frozen=True)
class GlobalRisk:
    """What the model says of the sample uniques.

    Attributes
    ----------
    terms : tuple of tuple of int
        The model: its highest interactions.
    fraction : float
        The sampling fraction, pi.
    uniques : int
        Sample uniques that have a value in every variable; others are left out.
    left_out : int
        Records with a missing value.
    tau1 : float, records
        Expected number of sample uniques that are population uniques.
    tau2 : float, persons
        Expected number of right matches of sample uniques to the population.
    fit1, fit2 : float
        Estimated bias of tau1 and tau2 by its standard error. Well above 0: the model is too simple, and the risk is
        overestimated; well below: it fits chance, and the risk is underestimated. Within 2 is good.
    places : ndarray of int, shape (s,)
        The patterns of the sample uniques.
    unique_risk, match_risk : ndarray of float, shape (s,), probability
        P(F = 1) and E(1/F) of each sample unique.
    """

    terms: Terms
    fraction: float
    uniques: int
    left_out: int
    tau1: float
    tau2: float
    fit1: float
    fit2: float
    places: Places
    unique_risk: Values
    match_risk: Values

    def model(self, names: tuple[str, ...]) -> str:
        """Return the model as a formula, such as ``region*age + sex``."""
        return " + ".join("*".join(names[place] for place in term) for term in self.terms)


def global_risk(keys: Keys, found: Patterns, terms: Terms | None = None) -> GlobalRisk:
    """Estimate the global risk under one model, or under the one that forward selection chooses.

    Parameters
    ----------
    found : Patterns
        With sums of weights: the sampling fraction is records / sum of weights.
    terms : tuple of tuple of int, optional
        The model; when left out, the independent one, to which interactions of two variables are added, those first
        that bring the bias of tau2 down most, while it is more than 1.96 standard errors above 0; or that with all of
        these interactions, where it fits better still.

    Raises
    ------
    BadInputError
        When the records are the whole population (no weights), a variable has no value, or there are too many cells.

    Notes
    -----
    With expected sample counts mu = pi lambda, a sample unique has ``P(F = 1) = h1 = exp(-(1 - pi) lambda)`` and
    ``E(1/F) = h2 = (1 - exp(-(1 - pi) lambda)) / ((1 - pi) lambda)``. The bias of their sums is estimated over all
    cells by ``sum lambda exp(-mu) [-h'(lambda) (f - mu) + h''(lambda) ((f - mu)^2 - f) / (2 pi)]``; its variance
    follows from ``Var(f - mu) = mu`` and ``Var((f - mu)^2 - f) = 2 mu^2``, uncorrelated for Poisson f.

    References
    ----------
    Skinner, Holmes (1998). Estimating the re-identification risk per record in microdata. J. Official Statistics 14(4),
    361-372. Rinott, Shlomo (2006). A generalized negative binomial smoothing model for sample disclosure risk
    estimation. Privacy in Statistical Databases, LNCS 4302, 82-93 (tau1, tau2). Skinner, Shlomo (2008). Assessing
    identification risk in survey microdata using log-linear models. J. American Statistical Association 103, 989-1001
    (the bias and the forward search).
    """
    complete = found.complete
    counts, weights = found.counts[complete], found.weights[complete]
    if not len(counts):
        raise BadInputError("model: no record has a value in every key variable; name fewer key variables")
    fraction = float(counts.sum() / weights.sum())
    if not 0 < fraction < 1:
        raise BadInputError(
            "model: the risk needs a sample: weights that say how many people of the population each record stands for"
        )
    table = Table.of(found.rows[complete], counts, keys.sizes)
    if terms is not None:
        return _under(terms, found, table, fraction)
    return _chosen(found, table, fraction)


def named_model(name: str, variables: int) -> Terms | None:
    """Return the model called ``main``, ``two-way`` or ``auto`` (None: let it be chosen).

    Raises
    ------
    BadInputError
    """
    if name == "auto":
        return None
    if name in {"main", "two-way"}:
        return main_effects(variables) if name == "main" else two_way(variables)
    raise BadInputError(f"model: there is no '{name}'; there are main, two-way and auto")


def _chosen(found: Patterns, table: Table, fraction: float) -> GlobalRisk:
    best = _under(main_effects(table.counts.ndim), found, table, fraction)
    for _ in range(_MOST_TERMS):
        if best.fit2 <= _FITS:
            break
        there = set(best.terms)
        pairs = [pair for pair in combinations(range(table.counts.ndim), 2) if pair not in there]
        tried = [_under(with_term(best.terms, pair), found, table, fraction) for pair in pairs]
        better = min(tried, key=lambda one: abs(one.fit2), default=best)
        if abs(better.fit2) >= abs(best.fit2):
            break
        best = better
    if abs(best.fit2) > _FITS:
        best = min(best, _under(two_way(table.counts.ndim), found, table, fraction), key=lambda one: abs(one.fit2))
    return best


def _under(terms: Terms, found: Patterns, table: Table, fraction: float) -> GlobalRisk:
    mu = fitted(table, terms)
    places = np.flatnonzero((found.counts == 1) & found.complete)
    own = mu[tuple(found.rows[places].T)] / fraction
    left = 1.0 - fraction
    unique, match = np.exp(-left * own), _match(left * own)
    lam = mu.ravel() / fraction
    away = table.counts.ravel() - mu.ravel()
    second = away**2 - table.counts.ravel()
    base = lam * np.exp(-mu.ravel())
    h1 = np.exp(-left * lam)
    first2, second2 = _slopes(left, lam)
    fit1 = _fit(base, left * h1, left**2 * h1 / (2.0 * fraction), away, second, mu.ravel())
    fit2 = _fit(base, -first2, second2 / (2.0 * fraction), away, second, mu.ravel())
    return GlobalRisk(
        terms=terms,
        fraction=fraction,
        uniques=len(places),
        left_out=int(found.counts[~found.complete].sum()),
        tau1=float(unique.sum()),
        tau2=float(match.sum()),
        fit1=fit1,
        fit2=fit2,
        places=places,
        unique_risk=unique,
        match_risk=match,
    )


def _fit(base: Values, slope: Values, bend: Values, away: Values, squared: Values, mu: Values) -> float:
    bias = float((base * (slope * away + bend * squared)).sum())
    variance = float((base**2 * (slope**2 * mu + 2.0 * bend**2 * mu**2)).sum())
    return bias / variance**0.5 if variance > 0 else 0.0


def _match(x: Values) -> Values:
    """Return ``(1 - exp(-x)) / x``, which tends to 1."""
    result = np.ones_like(x)
    np.divide(-np.expm1(-x), x, out=result, where=x > 0)
    return result


def _slopes(left: float, lam: Values) -> tuple[Values, Values]:
    """Return the first and second derivative of h2 by lambda, by series where the closed forms cancel."""
    x = left * lam
    small = x < 0.05
    safe = np.where(small, 1.0, x)
    gone = np.exp(-safe)
    first = gone / safe - (1.0 - gone) / safe**2
    second = -gone / safe - 2.0 * gone / safe**2 + 2.0 * (1.0 - gone) / safe**3
    near = np.where(small, x, 0.0)
    first = np.where(small, -1 / 2 + near / 3 - near**2 / 8 + near**3 / 30 - near**4 / 144, first)
    second = np.where(small, 1 / 3 - near / 4 + near**2 / 10 - near**3 / 36 + near**4 / 168, second)
    return left * first, left**2 * second
