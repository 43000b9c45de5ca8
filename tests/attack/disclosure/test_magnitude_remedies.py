"""Every remedy named in a finding about magnitudes, applied as it is written, passes."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.statistics_lab import Lab, Row, finding, people

from saferoom.disclosure.verdict import Verdict
from saferoom.policies.models import RiskAppetite

Query = dict[str, Any]
SUPPRESS: Query = {"protect": {"method": "suppress"}}
PEOPLE = people()


def spread(name: str = "level") -> list[Row]:
    """Return three groups of people, one of them with somebody far from all others."""
    return [
        {
            "person_id": i,
            "group": "abc"[i % 3],
            "half": "xy"[i % 2],
            name: 1_000.0 + (i * 7) % 101 + (i == 0) * 90_000,
        }
        for i in range(900)
    ]


@pytest.mark.parametrize("statistic", ["std", "variance", "skewness", "kurtosis", "gini", "concentration"])
@pytest.mark.parametrize(
    "remedy",
    [
        {"statistic": "quantile", "options": {"quantiles": [0.25, 0.5, 0.75]}},
        {"statistic": "iqr"},
        SUPPRESS,
    ],
)
def test_remedy_of_an_outlier_passes(lab: Lab, statistic: str, remedy: Query) -> None:
    query: Query = {"statistic": statistic, "measure": "level", "by": ["group"]}
    found = finding(lab.check(query, spread()), "outlier")
    assert found.cells == (("a",),)
    assert "quantiles or an interquartile range" in found.remedy
    assert lab.check({**query, **remedy}, spread()).verdict is Verdict.PASS


def test_remedy_of_rare_values_passes(lab: Lab) -> None:
    rows = [{"person_id": i, "x": 3 if i < 5 else i % 3} for i in range(600)]
    query: Query = {"statistic": "skewness", "measure": "x"}
    assert "case when x >= 3 then 3" in finding(lab.check(query, rows), "implicit-table").remedy
    together = {"measure": "case when x >= 2 then 2 else x end"}
    assert lab.check({**query, **together}, rows).verdict is Verdict.PASS


@pytest.mark.parametrize("remedy", [{"options": {"top": 20}}, {"options": {"top": 0.2}}])
def test_remedy_of_a_small_top_passes(lab: Lab, remedy: Query) -> None:
    query: Query = {"statistic": "concentration", "measure": "pay", "by": ["region"], "options": {"top": 5}}
    assert "at least 10 units" in finding(lab.check(query, PEOPLE), "top-units").remedy
    assert lab.check({**query, **remedy}, PEOPLE).verdict is Verdict.PASS


def ill(rare: bool) -> list[Row]:
    return [
        {"person_id": i, "e": i % 3, "o": int(i % 5 == 0 if not (rare and i % 2) else i == 1), "side": "lr"[i % 2]}
        for i in range(900)
    ]


@pytest.mark.parametrize("remedy", [SUPPRESS, {"by": []}])
def test_remedy_of_a_small_implied_table_passes(lab: Lab, remedy: Query) -> None:
    options = {"exposure": "e = 0", "outcome": "o"}
    query: Query = {"statistic": "odds_ratio", "by": ["side"], "options": options}
    judged = lab.check(query, ill(rare=True))
    assert finding(judged, "implied-table").cells == (("r",),)
    balanced = [row for row in ill(rare=True) if row["side"] == "l" or row["person_id"] % 4 == 1]
    assert lab.check({**query, **remedy}, balanced).verdict is Verdict.PASS


@pytest.mark.parametrize("remedy", [{"options": {"quantiles": [0.5, 0.75]}}])
def test_remedy_of_equal_quantiles_passes(lab: Lab, remedy: Query) -> None:
    rows = [{"person_id": i, "x": 0.0 if i < 920 else float(i)} for i in range(1_000)]
    query: Query = {"statistic": "quantile", "measure": "x", "options": {"quantiles": [0.02, 0.5, 0.915]}}
    assert "outer quantiles" in finding(lab.check(query, rows), "near-class-quantiles").remedy
    assert lab.check({**query, **remedy}, rows).verdict is Verdict.PASS


@pytest.mark.parametrize(
    "remedy", [{"statistic": "median"}, {"statistic": "frequency", "measure": None, "by": ["band"]}]
)
def test_remedy_of_a_mode_passes(lab: Lab, remedy: Query) -> None:
    query: Query = {"statistic": "mode", "measure": "age", "derive": {"band": "floor(age / 10) * 10"}}
    assert "a median" in finding(lab.check(query, PEOPLE), "mode").remedy
    changed = {key: value for key, value in {**query, **remedy}.items() if value is not None}
    assert lab.check(changed, PEOPLE).verdict is Verdict.PASS


@pytest.mark.parametrize("statistic", ["min", "max", "range"])
def test_remedies_of_an_endpoint_pass(lab: Lab, statistic: str) -> None:
    query: Query = {"statistic": statistic, "measure": "age", "by": ["region"], "margins": True}
    found = finding(lab.check(query, PEOPLE), "endpoint")
    assert "structural" in found.remedy
    policy = RiskAppetite(structural=frozenset({"age"}))
    assert lab.check(query, PEOPLE, policy=policy).verdict is Verdict.PASS
    instead: Query = {"statistic": "iqr"}
    if statistic != "range":
        instead = {"statistic": "quantile", "options": {"quantiles": [0.05, 0.95]}}
    assert lab.check({**query, **instead}, PEOPLE).verdict is Verdict.PASS


def test_remedy_of_one_large_hexagon_passes(lab: Lab) -> None:
    query: Query = {"statistic": "hexbin", "measure": "x", "options": {"y": "y", "bins": 2}}
    rows = [{"person_id": i, "x": 10 + i % 40 / 10, "y": 10 + i // 40 % 40 / 10} for i in range(1_600)]
    rows += [{"person_id": 5_000 + i, "x": 19.0 + i, "y": 19.0 + i} for i in range(20)]
    rows += [{"person_id": 6_000 + i, "x": 0.0 - i, "y": 0.0 - i} for i in range(20)]
    judged = lab.check(query, rows)
    if judged.verdict is not Verdict.PASS:
        assert "more hexagons" in finding(judged, "near-class-disclosure").remedy
    assert lab.check({**query, "options": {"y": "y", "bins": 10}}, rows).verdict is Verdict.PASS


@pytest.mark.parametrize("remedy", [SUPPRESS, {"by": []}])
def test_remedy_of_a_histogram_with_a_small_group_passes(lab: Lab, remedy: Query) -> None:
    rows = [*PEOPLE, *({**PEOPLE[i], "person_id": 90_000 + i, "region": "Isle"} for i in range(14))]
    query: Query = {"statistic": "histogram", "measure": "pay", "by": ["region"]}
    judged = lab.check(query, rows)
    assert {cell[0] for cell in finding(judged, "threshold").cells} == {"Isle"}
    assert lab.check({**query, **remedy}, rows).verdict is Verdict.PASS


@pytest.mark.parametrize("remedy", [SUPPRESS, {"by": []}])
def test_remedy_of_a_box_of_few_passes(lab: Lab, remedy: Query) -> None:
    rows = [*PEOPLE, *({**PEOPLE[i], "person_id": 90_000 + i, "region": "Isle"} for i in range(16))]
    query: Query = {"statistic": "box", "measure": "pay", "by": ["region"]}
    assert finding(lab.check(query, rows), "quantile-band").cells == (("Isle",),)
    assert lab.check({**query, **remedy}, rows).verdict is Verdict.PASS
