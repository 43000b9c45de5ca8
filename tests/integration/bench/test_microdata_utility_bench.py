"""The part of the microdata benchmark about utility: what it measures, and what fails."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from saferoom.hub.bench import microdata_utility as part
from saferoom.hub.bench.measure import Run
from saferoom.hub.bench.microdata_utility_reference import _testdata


def test_a_small_file_is_measured_and_reported() -> None:
    result = part.measure(2_000, None, lambda _: None)
    (one,) = result["results"]
    assert one["seconds"] > 0
    assert 0.01 < one["lost"] < 0.5
    assert any("2,000 records" in line for line in part.lines(result))


def test_what_is_too_slow_or_too_large_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(_command: list[Any]) -> Run:
        return Run({"utility": 61.0}, 1.0, 1.0, {"lost": 0.1, "ratio": 1.0, "own_mib": 701.0, "data_mib": 70.0})

    monkeypatch.setattr(part, "run_fresh", slow)
    assert [goal["holds"] for goal in part.measure(None, None, lambda _: None)["goals"]] == [False, False]


def test_published_losses_are_compared_number_by_number() -> None:
    numbers = np.random.default_rng(1).normal(size=(30, 3))
    published: dict[str, Any] = {"utility_initial": {"il1s": 0, "eigen": 0}}
    published |= {
        f"microagg_{name}": {"IL1s": 0.0, "eigen": 0.0} for name in ("mdav", "pca", "onedims", "simple", "single")
    }
    checks = list(_testdata(numbers, published))
    assert [one.holds for one in checks] == [True] * 2 + [False] * 10
