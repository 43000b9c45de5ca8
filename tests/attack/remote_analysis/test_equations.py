"""Solving the model's equations: as many numbers as unknowns tell the counts, or the values, behind them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.support.statistics_lab import Lab, Row, people, rules

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.verdict import Verdict


def children(rare: int = 4) -> list[Row]:
    """People with none or one child, and a few with two."""
    return [{**row, "kids": 2 if i < rare else i % 2} for i, row in enumerate(people(300))]


def number(judged: Evaluation) -> float:
    return float(judged.table.rows[0][-1])  # type: ignore[arg-type]


def solved(n: float, mean: float, square: float) -> list[int]:
    """Return how many have 0, 1 and 2 from the number of people, their mean, and their mean square."""
    powers = np.vander([0.0, 1.0, 2.0], 3, increasing=True).T
    return [round(count) for count in np.linalg.solve(powers, [n, mean * n, square * n])]


def test_count_mean_and_variance_of_three_values_tell_all_counts(lab: Lab) -> None:
    rows = children()
    queries: list[dict[str, Any]] = [
        {"statistic": "frequency"},
        {"statistic": "mean", "measure": "kids"},
        {"statistic": "variance", "measure": "kids"},
    ]
    n, mean, variance = (lab.check(query, rows) for query in queries)
    square = number(variance) * (number(n) - 1) / number(n) + number(mean) ** 2
    assert solved(number(n), number(mean), square)[2] == 4
    assert variance.verdict is not Verdict.PASS


@pytest.mark.parametrize("measure", ["kids * kids", "power(kids, 2)", "kids * (kids + 0)"])
def test_mean_square_beside_the_mean_is_refused(lab: Lab, measure: str) -> None:
    rows = children()
    n = number(lab.check({"statistic": "frequency"}, rows))
    mean = number(lab.check({"statistic": "mean", "measure": "kids"}, rows))
    square = lab.check({"statistic": "mean", "measure": measure}, rows)
    assert solved(n, mean, number(square))[2] == 4
    assert square.verdict is Verdict.FAIL
    assert "implicit-table" in rules(square)


def test_counts_that_are_large_enough_pass(lab: Lab) -> None:
    rows = children(rare=60)
    for query in ({"statistic": "variance", "measure": "kids"}, {"statistic": "mean", "measure": "kids * kids"}):
        assert lab.check(query, rows).verdict is Verdict.PASS


def test_mean_of_a_cell_with_two_values_is_a_count_although_the_measure_has_many(lab: Lab) -> None:
    rows = [
        {**row, "bonus": (500.0 if i % 50 == 0 else 100.0) if i < 150 else 10.0 * i}
        for i, row in enumerate(people(400))
    ]
    rows = [{**row, "firm": "A" if i < 150 else "B"} for i, row in enumerate(rows)]
    judged = lab.check({"statistic": "mean", "measure": "bonus", "by": ["firm"]}, rows)
    mean = float(judged.table.rows[0][-1])  # type: ignore[arg-type]
    assert round((mean - 100) / 400 * 150) == 3  # whoever knows the two values and the firm's size
    assert judged.verdict is Verdict.FAIL
    assert "implicit-table" in rules(judged)
