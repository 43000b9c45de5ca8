"""The widest bounds on contributions that rules may state: a plan's loss is found at once, in the service as well."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from tests.support.privacy_world import context_of, people, quoted

from saferoom.disclosure.privacy import noise
from saferoom.disclosure.privacy.contributions import Contributions
from saferoom.disclosure.privacy.ingredients import quantile
from saferoom.disclosure.privacy.noise import aggregate_loss
from saferoom.disclosure.privacy.plan import PrivacyMeasure, PrivacyPlan
from saferoom.projects.ledger.mechanisms import MOST_KEPT, mechanisms_of

MOST = 1_000_000
MOST_ASKED = 500
"""How often OpenDP is asked what a mechanism loses; once for every cell would be a million times."""


class Asked:
    """A mechanism that counts how often it is asked for its loss."""

    def __init__(self, mechanism: Any, times: list[int]) -> None:
        self.mechanism, self.times = mechanism, times

    def map(self, distance: object) -> object:
        """Return the loss."""
        self.times.append(1)
        return self.mechanism.map(distance)


@pytest.mark.parametrize("per_cell", [1, 7, MOST])
@pytest.mark.parametrize("protect", [{"epsilon": 20}, {"rho": 1}])
def test_quote_under_the_widest_bounds_asks_for_few_losses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, per_cell: int, protect: dict[str, float]
) -> None:
    rules = {"privacy_rows": MOST, "privacy_rows_per_cell": per_cell, "privacy_cells": MOST}
    private = {**protect, "keys": "private", "delta": 1e-8, "candidates": [0, 1, 2]}
    times: list[int] = []
    plain = noise._noisy_max
    monkeypatch.setattr(noise, "_noisy_max", lambda measure, scale: Asked(plain(measure, scale), times))
    found = quoted(context_of(people(tmp_path, 50), **rules), private, statistic="median", measure="pay", by=["word"])
    assert found.privacy is not None
    assert len(mechanisms_of(PrivacyPlan.from_json(found.privacy["plan"]))) <= MOST_KEPT
    assert 0 < len(times) < MOST_ASKED


@pytest.mark.parametrize("measure", PrivacyMeasure)
def test_loss_over_many_cells_is_the_sum_of_the_losses_of_each(measure: PrivacyMeasure) -> None:
    one = quantile(0.5, (0, 1, 2))
    alone = [aggregate_loss(measure, Contributions(rows, rows, 1), one) for rows in (3, 3, 2)]
    assert aggregate_loss(measure, Contributions(8, 3, 5), one) == sum(alone, Fraction(0))
