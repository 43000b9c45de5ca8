"""The noise, by OpenDP 0.16: one measurement per aggregate, built from the plan alone.

The same measurement draws and tells its loss, so that what is charged, what is drawn and what a verifier computes
again can only be the same.

Mechanisms
----------
count, sum
    Discrete Gaussian (zCDP) or discrete Laplace (pure) noise on integers: C. Canonne, G. Kamath and T. Steinke, "The
    Discrete Gaussian for Differential Privacy", NeurIPS 2020.
quantile
    The candidate of the least score plus noise (report noisy max): C. Dwork and A. Roth, "The Algorithmic Foundations
    of Differential Privacy", 2014, section 3.3. One for each cell.
private cells
    Noisy counts above a threshold: A. Korolova et al., "Releasing Search Queries and Clicks Privately", WWW 2009.

Cost: about 10 microseconds a number (Gaussian), 7 (Laplace).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.privacy.aggregates import Aggregate, Kind
from saferoom.disclosure.privacy.contributions import Contributions, root_above
from saferoom.disclosure.privacy.plan import PrivacyMeasure, PrivacyPlan

# OpenDP takes Python's int for 32 bits, which sums in steps of the grid overflow.
_WHOLE = "i64"
_WIDE = 256.0
"""Scale from which on noise on whole numbers is as good as continuous."""
_NARROW = 0.01
_KEPT = 256
_PART = 400
"""How many numbers a thread draws at a time."""
_MOST_THREADS = 8
_FINE = 2**20


@dataclass(frozen=True)
class PlanLoss:
    """What a plan costs, as OpenDP's own maps say; exact fractions of what those return.

    Attributes
    ----------
    value : Fraction
        Rho under zCDP, epsilon under pure differential privacy.
    delta : Fraction
        0 unless cells are private.
    """

    value: Fraction
    delta: Fraction = Fraction(0)


def plan_loss(plan: PrivacyPlan) -> PlanLoss:
    """Return what `plan` costs, from the plan alone: losses of aggregates add up (basic composition)."""
    value, delta = Fraction(0), Fraction(0)
    for number, aggregate in enumerate(plan.aggregates):
        if number == 0 and plan.threshold is not None:
            spent, chance = threshold_loss(plan.measure, plan.contributions, aggregate.scale, plan.threshold.count)
            value, delta = value + spent, delta + chance
        else:
            value += aggregate_loss(plan.measure, plan.contributions, aggregate)
    return PlanLoss(value, delta)


def aggregate_loss(measure: PrivacyMeasure, contributions: Contributions, aggregate: Aggregate) -> Fraction:
    """Return what one aggregate with public cells costs; what its observed sensitivity is taken for, in name only."""
    weight = aggregate.weight
    if aggregate.kind is Kind.OBSERVED:
        return 1 / Fraction(aggregate.scale)
    if aggregate.over is not None:
        contributions = contributions.together
    if aggregate.kind is Kind.QUANTILE:
        chosen = _noisy_max(measure, aggregate.scale)
        # There are two different numbers of rows at most, in up to a million cells.
        cells = Counter(contributions.worst)
        return sum((times * Fraction(chosen.map(rows * weight)) for rows, times in cells.items()), Fraction(0))
    if measure is PrivacyMeasure.PURE:
        return Fraction(_vector(measure, aggregate.scale).map(contributions.l1 * weight))
    length = root_above(sum((rows * weight) ** 2 for rows in contributions.worst))
    return Fraction(_vector(measure, aggregate.scale).map(length))


def threshold_loss(
    measure: PrivacyMeasure, contributions: Contributions, scale: float, threshold: int
) -> tuple[Fraction, Fraction]:
    """Return what a count over private cells costs: its loss and its delta."""
    length: float = contributions.l1 if measure is PrivacyMeasure.PURE else contributions.l2
    if measure is not PrivacyMeasure.PURE:
        length = math.ceil(length)
    value, delta = _thresholded(measure, scale, threshold).map((contributions.l0, length, contributions.largest))
    return Fraction(value), Fraction(delta)


def draw(plan: PrivacyPlan, aggregate: Aggregate, exact: Sequence[int]) -> list[int]:
    """Return noisy counts or sums (in steps) of each cell; nothing else may see `exact`."""
    measurement = _vector(plan.measure, aggregate.scale)
    numbers = np.asarray(exact, dtype=np.int64)
    if len(numbers) < 2 * _PART:
        drawn: list[int] = measurement(numbers)
        return drawn
    # Every number has noise of its own, so that parts can be drawn at once; OpenDP leaves Python alone meanwhile.
    parts = [numbers[start : start + _PART] for start in range(0, len(numbers), _PART)]
    with ThreadPoolExecutor(min(_MOST_THREADS, len(parts))) as pool:
        return [number for part in pool.map(measurement, parts) for number in part]


def draw_best(plan: PrivacyPlan, aggregate: Aggregate, scores: Sequence[int]) -> int:
    """Return the number of the candidate whose noisy score is least, for one cell."""
    best: int = _noisy_max(plan.measure, aggregate.scale)(list(scores))
    return best


def draw_unit(count: int) -> NDArray[np.float64]:
    """Return so many independent draws of mean 0 and variance 1 (Laplace, in steps of 1e-6), for noise infusion."""
    drawn = _vector(PrivacyMeasure.PURE, float(_FINE))([0] * count)
    return np.asarray(drawn, dtype=np.float64) / (_FINE * math.sqrt(2))


def draw_cells(plan: PrivacyPlan, exact: Mapping[str, int]) -> dict[str, int]:
    """Return the noisy counts of those private cells that are above the threshold.

    OpenDP 0.16 lets counts through that are equal to it, while its map speaks of those above: a cell of one person and
    a threshold of 1 appear in half of all draws or more, with a delta of 1e-16 where there is hardly any noise.
    """
    if plan.threshold is None:
        raise ValueError("the plan's cells are public")
    least = plan.threshold.count
    drawn: dict[str, int] = _thresholded(plan.measure, plan.aggregates[0].scale, least)(dict(exact))
    return {key: count for key, count in drawn.items() if count > least}


def noise_accuracy(measure: PrivacyMeasure, scale: float, alpha: float) -> float:
    """Return what integer noise of `scale` stays below with a probability of at least 1 - `alpha`.

    Of wide noise the continuous quantile is taken, rounded up: the discrete one is found by adding up its tail.
    """
    dp = _opendp()
    if scale > _WIDE:
        name = "laplacian" if measure is PrivacyMeasure.PURE else "gaussian"
        return float(math.ceil(getattr(dp, f"{name}_scale_to_accuracy")(scale, alpha)) + 1)
    if measure is PrivacyMeasure.PURE:
        # Where there is hardly any noise, OpenDP's exponential is beyond a float; the noise is then 0, thus below 1.
        return float(dp.discrete_laplacian_scale_to_accuracy(scale, alpha)) if scale > _NARROW else 1.0
    return float(dp.discrete_gaussian_scale_to_accuracy(scale, alpha))


def noise_margin(measure: PrivacyMeasure, scale: float, alpha: float) -> float:
    """Return the least whole number that integer noise of `scale` is not beyond, with a probability of 1 - `alpha`.

    `noise_accuracy` is what it stays *below*; whole numbers below 3 are within 2.
    """
    return float(math.ceil(noise_accuracy(measure, scale, alpha)) - 1)


@cache
def _opendp() -> ModuleType:
    import opendp.prelude as dp

    # "contrib" means that OpenDP's proofs were written but not audited by somebody outside; nothing weaker is enabled.
    dp.enable_features("contrib")
    return dp


@lru_cache(maxsize=_KEPT)
def _vector(measure: PrivacyMeasure, scale: float) -> Any:
    dp = _opendp()
    domain = dp.vector_domain(dp.atom_domain(T=_WHOLE))
    if measure is PrivacyMeasure.PURE:
        return dp.m.make_laplace(domain, dp.l1_distance(T=_WHOLE), scale)
    return dp.m.make_gaussian(domain, dp.l2_distance(T=float), scale)


@lru_cache(maxsize=_KEPT)
def _noisy_max(measure: PrivacyMeasure, scale: float) -> Any:
    dp = _opendp()
    output = dp.max_divergence() if measure is PrivacyMeasure.PURE else dp.zero_concentrated_divergence()
    domain = dp.vector_domain(dp.atom_domain(T=_WHOLE))
    return dp.m.make_noisy_max(domain, dp.linf_distance(T=_WHOLE), output, scale, negate=True)


@lru_cache(maxsize=_KEPT)
def _thresholded(measure: PrivacyMeasure, scale: float, threshold: int) -> Any:
    dp = _opendp()
    domain = dp.map_domain(dp.atom_domain(T=str), dp.atom_domain(T=_WHOLE))
    atom = dp.absolute_distance(T=_WHOLE)
    if measure is PrivacyMeasure.PURE:
        return dp.m.make_laplace_threshold(domain, dp.l01inf_distance(atom), scale, threshold)
    return dp.m.make_gaussian_threshold(domain, dp.l02inf_distance(atom), scale, threshold)
