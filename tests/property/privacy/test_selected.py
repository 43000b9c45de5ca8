"""Counts that a threshold has let through are within their margins in 95 of the 100 draws in which they are shown."""

from __future__ import annotations

import numpy as np
import pytest

from saferoom.disclosure.privacy.noise import noise_accuracy
from saferoom.disclosure.privacy.plan import PrivacyMeasure
from saferoom.disclosure.privacy.selected import margins_above


@pytest.mark.parametrize("measure", PrivacyMeasure)
@pytest.mark.parametrize(("scale", "threshold"), [(1.0, 19), (2.236, 14), (9.3, 60)])
def test_shown_counts_are_within_their_margins_in_95_of_100_draws(
    measure: PrivacyMeasure, scale: float, threshold: int
) -> None:
    shown = np.arange(threshold, threshold + 60 * int(scale + 1))
    margins = margins_above(measure, scale, threshold, shown)
    assert margins is not None
    for true in range(1, threshold + 30 * int(scale + 1)):
        noise = (shown - true).astype(float)
        logs = -np.abs(noise) / scale if measure is PrivacyMeasure.PURE else -(noise**2) / (2 * scale**2)
        chances = np.exp(logs - logs.max())
        held = chances[np.abs(noise) <= margins].sum() / chances.sum()
        assert held >= 0.95 - 1e-9, true


@pytest.mark.parametrize("measure", PrivacyMeasure)
def test_margin_just_above_the_threshold_reaches_down_to_one_and_far_above_is_that_of_the_noise(
    measure: PrivacyMeasure,
) -> None:
    margins = margins_above(measure, 5.0, 40, np.asarray([40, 10_000]))
    assert margins is not None
    assert margins[0] == 39
    assert margins[1] == pytest.approx(noise_accuracy(measure, 5.0, 0.05), abs=1)


def test_margin_of_noise_too_wide_to_be_tabulated_is_not_told() -> None:
    assert margins_above(PrivacyMeasure.PURE, 1e9, 10**10, np.asarray([10**11])) is None
