"""Shape: standard deviation, variance, skewness and kurtosis."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from saferoom.disclosure.queries.base import Base, make_base
from saferoom.disclosure.queries.counting import gather
from saferoom.disclosure.queries.evidence import ROW, Mask, Numbers, Summary, floats
from saferoom.disclosure.queries.model import Statistic
from saferoom.disclosure.rules.degrees import degrees_of_freedom
from saferoom.disclosure.rules.dominance import dominance, most_needed, weight_dominance
from saferoom.disclosure.rules.hit import Hit
from saferoom.disclosure.rules.outliers import few_differ, few_values, outliers
from saferoom.disclosure.statbarns.case import Case, Outcome
from saferoom.disclosure.statbarns.common import (
    cell_rules,
    few_values_by_cell,
    measures_with_pieces,
    subjects_of,
    value_rules,
)
from saferoom.disclosure.statbarns.powers import (
    Centred,
    central_moments,
    centred,
    only_cells,
    power_shares,
    units_apart,
)
from saferoom.policies.models import RiskAppetite

_ORDERS = {Statistic.STD: 2, Statistic.VARIANCE: 2, Statistic.SKEWNESS: 3, Statistic.KURTOSIS: 4}


class Shape:
    """Low counts, degrees of freedom, dominance, outliers, and moments of few different values.

    Notes
    -----
    With weighted central moments ``M_k = sum w (m - mean)^k / sum w`` and n rows:

    - variance: ``M_2 n / (n - 1)``;
    - skewness: ``sqrt(n (n - 1)) / (n - 2) * M_3 / M_2^1.5``;
    - kurtosis (excess): ``(n - 1) / ((n - 2) (n - 3)) * ((n + 1) (M_4 / M_2^2 - 3) + 6)``,

    which are the usual bias-corrected estimates (Joanes and Gill 1998; `var`, `skew`, `kurt` of pandas) when all
    weights are equal. Weights change no n: only proportions between them matter. Dominance is judged on the values
    themselves and on the powers of their distances from the mean: with the mean, a spread tells an outlier's value.
    """

    name = "shape"

    def evaluate(self, case: Case) -> Outcome:
        """Compute the moment, and apply the rules."""
        statistic = case.plan.query.statistic
        order = _ORDERS[statistic]
        measures, unknown = measures_with_pieces(case)
        base = make_base(case.plan, case.engine, measures)
        evidence = gather(base, case.engine, most_needed(case.policy))
        cells, summaries = evidence.cells, evidence.summaries
        units = evidence.units[0]
        hits = [*unknown, *cell_rules(case, base, cells, units, counted=False)]
        for judged in evidence.units:
            hits += dominance(judged, case.policy)
        hits += degrees_of_freedom(units, order - 1, case.policy)
        hits += weight_dominance(units, case.policy)
        found, disguised = value_rules(case, base, summaries)
        hits += found
        hits += _implicit(case, base, order)
        values, far = _values(case, base, summaries[0], order)
        hits += far
        columns = {statistic.value: np.sqrt(values) if statistic is Statistic.STD else values}
        return Outcome(cells, columns, hits, subjects_of(case.plan), units, base, base.text_dimensions, disguised)


def _values(case: Case, base: Base, summary: Summary, order: int) -> tuple[Numbers, list[Hit]]:
    """Return the moment (a variance for order 2), and what bites because of single units far from the mean."""
    engine = case.engine
    if order == 2 and _plain(base):
        variance = floats(engine.columns(base.grouped("var_samp(m0) AS v"))["v"])
        values = floats(engine.remembered(base.grouped("approx_count_distinct(m0) AS c"))["c"])
        suspicious = _suspicious(summary, variance, values, case.policy)
        if not suspicious.any():
            return variance, []
        few = only_cells(base, engine, suspicious)
        return variance, [_back(hit, suspicious) for hit in _far(case, centred(few, engine), order)]
    rows = centred(base, engine)
    hits, n = _far(case, rows, order), summary.n.astype(float)
    if order > 2:
        return _higher(order, n, *central_moments(rows, engine, (2, order))), hits
    (second,) = central_moments(rows, engine, (2,))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(n > 1, second * n / (n - 1), np.nan), hits


def _higher(order: int, n: Numbers, second: Numbers, moment: Numbers) -> Numbers:
    with np.errstate(invalid="ignore", divide="ignore"):
        if order == 3:
            return np.where(n > 2, np.sqrt(n * (n - 1)) / (n - 2) * moment / second**1.5, np.nan)
        excess = moment / second**2 - 3
        return np.where(n > 3, (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * excess + 6), np.nan)


def _far(case: Case, rows: Centred, order: int) -> list[Hit]:
    """Judge outliers, and whether only few units differ from all others."""
    hits: dict[tuple[str, str, str], Hit] = {}
    for p in range(rows.base.measures):
        shares = power_shares(rows.base, case.engine, f"e{p}", order, rows.sql)
        for hit in outliers(shares, order, case.policy):
            key = (hit.severity.value, hit.message, hit.remedy)
            hits[key] = hit if key not in hits else _both(hits[key], hit)
    apart = units_apart(rows.base, case.engine)
    return [*hits.values(), *few_differ(apart, rows.base.units or (ROW,), case.policy)]


def _both(one: Hit, other: Hit) -> Hit:
    cells = np.asarray(one.cells) | np.asarray(other.cells)
    return replace(one, cells=cells)


def _back(hit: Hit, chosen: Mask) -> Hit:
    """Return a hit about some of the chosen cells as one about all cells."""
    cells = np.zeros(len(chosen), dtype=bool)
    cells[np.flatnonzero(chosen)[np.asarray(hit.cells)]] = True
    return replace(hit, cells=cells)


def _plain(base: Base) -> bool:
    """Say whether the ends of the measure are all that is needed to find outliers: rows are units, none is weighted."""
    return all(base.unique) and not base.weighted and base.measures == 1


def _suspicious(summary: Summary, variance: Numbers, values: Numbers, policy: RiskAppetite) -> Mask:
    """Say in which cells the value furthest from the mean could break a rule, whatever the others are.

    With c2 <= c1 the rule of outliers asks for ``T < c1 * (1 + (1 + p / 100) ** 2)`` at least, or for the share of the
    (1,k) rule. Where d of n units differ from all others, the furthest has at least ``(1 - d / n) ** 2 / d``, and there
    are at most d + 1 different values; `values` estimates how many there are, of a few nearly exactly.
    """
    with np.errstate(over="ignore"):
        furthest = np.maximum(summary.high - summary.mean, summary.mean - summary.low) ** 2
    shares = [rule.share_fraction for rule in policy.dominance if rule.n == 1]
    few = max([policy.threshold_units, *policy.threshold_per_unit.values()]) - 1
    rest = np.maximum(1 - few / np.maximum(summary.n, 1), 0)
    alone = min([1 / (1 + (1 + policy.p_percent / 100) ** 2), *shares])
    share = np.where(values > 3 * (few + 1), alone, np.minimum(alone, rest**2 / few))
    squares = np.maximum(summary.n - 1, 0) * variance
    return np.asarray((squares > 0) & (furthest >= share * squares * (1 - 1e-9)))


def _implicit(case: Case, base: Base, order: int) -> list[Hit]:
    """Judge cells with as few different values as mean and moments solve for; two are judged in `value_rules`."""
    found = few_values_by_cell(base, case.engine, 0, order + 1, least=3)
    return [] if found is None else few_values([found[0]], base.units or (ROW,), case.policy)
