"""Attack: a made-up measure puts a chosen person into the middle, and the median tells that person's value."""

from __future__ import annotations

import pytest
from tests.support.statistics_lab import Lab, Row, finding, people, rules

from saferoom.disclosure.verdict import Verdict

QUANTILES = {"options": {"quantiles": [0.25, 0.5]}}


def _ordered() -> list[Row]:
    """People who are in an order that everybody knows, as by day of birth."""
    return [{**row, "day": place, "name": f"n{place:05}"} for place, row in enumerate(people())]


@pytest.mark.parametrize("statistic", ["median", "quantile", "iqr", "box"])
def test_attack_that_orders_people_by_another_column_goes_to_a_person(lab: Lab, statistic: str) -> None:
    rows = _ordered()
    query = {"statistic": statistic, "measure": f"pay + 1000000 * (day - {len(rows) // 2})"}
    judged = lab.check(query | (QUANTILES if statistic == "quantile" else {}), rows)
    assert judged.verdict is Verdict.REVIEW
    assert "pay" not in finding(judged, "quantile-pinned").message


@pytest.mark.parametrize(
    "measure",
    [
        "pay + 1000000 * day + 0 * grossing",
        "1000000 * day - pay",
        "pay + 1000000 * length(name) * day",
        "ln(pay) + 1000 * day",
    ],
)
def test_attack_hidden_among_more_columns_and_functions_goes_to_a_person(lab: Lab, measure: str) -> None:
    assert "quantile-pinned" in rules(lab.check({"statistic": "median", "measure": measure}, _ordered()))


def test_order_known_within_one_cell_is_enough(lab: Lab) -> None:
    query = {"statistic": "median", "measure": "pay + 1000000 * day", "by": ["region"]}
    assert len(finding(lab.check(query, _ordered()), "quantile-pinned").cells) > 1


@pytest.mark.parametrize("measure", ["pay", "pay / grossing", "pay * 12 / (grossing + 1)", "ln(pay / grossing)"])
def test_ordinary_medians_pass(lab: Lab, measure: str) -> None:
    rows: list[Row] = [{**row, "grossing": 20.0 + place % 25} for place, row in enumerate(people())]
    assert lab.check({"statistic": "median", "measure": measure}, rows).verdict is Verdict.PASS


@pytest.mark.parametrize("by", [[], ["region"]])
def test_measure_of_very_many_columns_goes_to_a_person(lab: Lab, by: list[str]) -> None:
    more = {f"c{i}": float(i) for i in range(9)}
    rows: list[Row] = [{**row, **more} for row in people()]
    measure = " + ".join(["pay", *more])
    assert "quantile-pinned" in rules(lab.check({"statistic": "median", "measure": measure, "by": by}, rows))
