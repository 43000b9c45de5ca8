"""Attack: whoever knows how many people a cell has takes the noise of the count off the estimate.

The sample code that Chetty and Friedman published draws one omega for both, so that a known N gives theta exactly.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from tests.support.observed_cells import CELLS

from saferoom.disclosure.privacy.calibrate import Budget, calibrated
from saferoom.disclosure.privacy.contributions import Contributions
from saferoom.disclosure.privacy.mos import Sums, infused, observed
from saferoom.disclosure.privacy.noise import draw, draw_unit
from saferoom.disclosure.privacy.noisy import Floats
from saferoom.disclosure.privacy.plan import PrivacyMeasure
from saferoom.disclosure.privacy.statistics import OBSERVED, Ask, aggregates_of
from saferoom.disclosure.queries.forms import Statistic

P25 = 0.25
SUMS = Sums(*np.asarray(CELLS, dtype=np.float64).T)


def _attacked(theta: Floats, counts: Floats, epsilon: float) -> Floats:
    """Return the estimates less what the counts' errors say of their noise."""
    omega = (counts - SUMS.n) * epsilon / math.sqrt(2)
    deviation = math.sqrt(2) * observed(SUMS, lambda one: one.expected(P25)) / (epsilon * SUMS.n)
    return np.asarray(theta - deviation * omega, dtype=np.float64)


def test_known_counts_do_not_take_the_noise_off_the_estimates() -> None:
    ask = Ask(Statistic.MOBILITY, shape=(len(CELLS),), estimator=OBSERVED)
    plan = calibrated(
        Budget(PrivacyMeasure.PURE, Fraction(1)), "person_id", Contributions(), ask.cells, aggregates_of(ask)
    )
    count, estimate = plan.aggregates
    epsilon = 1 / estimate.scale
    truth = SUMS.expected(P25)

    def error_after(theta: Floats, counts: Floats) -> float:
        return float(np.sqrt(np.mean((_attacked(theta, counts, epsilon) - truth) ** 2)))

    theta, _ = infused(SUMS, P25, epsilon, draw_unit(len(CELLS)))
    counts = np.asarray(draw(plan, count, SUMS.n.astype(int).tolist()), dtype=np.float64)
    plain = float(np.sqrt(np.mean((theta - truth) ** 2)))
    assert error_after(theta, counts) > plain / 2

    # The mutation: one draw for both. The attack finds everything.
    omega = draw_unit(len(CELLS))
    reused, _ = infused(SUMS, P25, epsilon, omega)
    assert error_after(reused, SUMS.n + math.sqrt(2) * omega / epsilon) < 1e-9
