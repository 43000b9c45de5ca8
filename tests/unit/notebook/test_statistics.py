"""Builders of the further statistics, and charts in a notebook."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import saferoom
from saferoom.disclosure.charts.model import Picture
from saferoom.disclosure.queries.model import parse_query
from saferoom.hub.notebook import Result, RoomError

PICTURE = Picture(b"<svg/>", b"\x89PNG")
BUILT: list[tuple[Callable[[], Result], dict[str, Any]]] = [
    (
        lambda: saferoom.histogram("pay", bins=8, by="sex"),
        {"statistic": "histogram", "measure": "pay", "by": ["sex"], "options": {"bins": 8}},
    ),
    (
        lambda: saferoom.histogram("pay", bins=(0, 10, 20)),
        {"statistic": "histogram", "measure": "pay", "options": {"bins": [0, 10, 20]}},
    ),
    (lambda: saferoom.hexbin("age", "pay"), {"statistic": "hexbin", "measure": "age", "options": {"y": "pay"}}),
    (lambda: saferoom.box("pay", by="sex"), {"statistic": "box", "measure": "pay", "by": ["sex"]}),
    (lambda: saferoom.gini("pay"), {"statistic": "gini", "measure": "pay"}),
    (
        lambda: saferoom.concentration("pay", top=4),
        {"statistic": "concentration", "measure": "pay", "options": {"top": 4}},
    ),
    (
        lambda: saferoom.ratio("pay", "hours"),
        {"statistic": "ratio", "measure": "pay", "options": {"denominator": "hours"}},
    ),
    (
        lambda: saferoom.odds_ratio("smokes", "ill"),
        {"statistic": "odds_ratio", "options": {"exposure": "smokes", "outcome": "ill"}},
    ),
    (
        lambda: saferoom.risk_ratio("smokes", "ill", by="sex"),
        {"statistic": "risk_ratio", "by": ["sex"], "options": {"exposure": "smokes", "outcome": "ill"}},
    ),
    (
        lambda: saferoom.rate_ratio("smokes", "ill", "years"),
        {"statistic": "rate_ratio", "options": {"exposure": "smokes", "outcome": "ill", "time": "years"}},
    ),
    (
        lambda: saferoom.correlation(["age", "pay"], method="spearman"),
        {"statistic": "correlation", "options": {"columns": ["age", "pay"], "method": "spearman"}},
    ),
    (
        lambda: saferoom.covariance(["age", "pay"]),
        {"statistic": "covariance", "options": {"columns": ["age", "pay"]}},
    ),
    (
        lambda: saferoom.ttest("pay", "sex"),
        {"statistic": "test", "measure": "pay", "by": ["sex"], "options": {"test": "welch"}},
    ),
    (
        lambda: saferoom.ttest("pay", "sex", equal_var=True),
        {"statistic": "test", "measure": "pay", "by": ["sex"], "options": {"test": "t"}},
    ),
    (
        lambda: saferoom.anova("pay", "region"),
        {"statistic": "test", "measure": "pay", "by": ["region"], "options": {"test": "anova"}},
    ),
    (
        lambda: saferoom.chi_square("sex", "region"),
        {"statistic": "test", "by": ["sex", "region"], "options": {"test": "chi_square"}},
    ),
    (
        lambda: saferoom.survival("months", "died", by="sex", chart="line"),
        {
            "statistic": "survival",
            "by": ["sex"],
            "options": {"time": "months", "event": "died", "estimator": "kaplan_meier"},
            "chart": {"kind": "line"},
        },
    ),
    (
        lambda: saferoom.survival("months", "died", estimator="life_table", intervals=(0, 12, 24)),
        {
            "statistic": "survival",
            "options": {"time": "months", "event": "died", "estimator": "life_table", "intervals": [0, 12, 24]},
        },
    ),
    (
        lambda: saferoom.transition("class_2020", "class_2025", by="sex"),
        {"statistic": "transition", "by": ["class_2020", "class_2025", "sex"]},
    ),
    (
        lambda: saferoom.mobility("child", "parent", by="area", at=0.5, chart={"kind": "map", "value": "slope"}),
        {
            "statistic": "mobility",
            "measure": "child",
            "by": ["area"],
            "options": {"parent": "parent", "at": [0.5]},
            "chart": {"kind": "map", "value": "slope"},
        },
    ),
]


@pytest.mark.parametrize(
    ("build", "query"), BUILT, ids=[f"{i}-{query['statistic']}" for i, (_, query) in enumerate(BUILT)]
)
def test_builder_sends_one_query_that_is_understood(
    airlock: Any, evaluation: dict[str, Any], build: Callable[[], Result], query: dict[str, Any]
) -> None:
    airlock.answer("POST", "/api/room/evaluations", evaluation)
    build()
    assert airlock.asked[-1][3]["query"] == query
    assert parse_query(query).document() == query


def test_ranks_written_as_text_are_refused() -> None:
    with pytest.raises(RoomError, match="ranks between 0 and 1"):
        saferoom.mobility("child", "parent", at="0.25")


def test_chart_is_the_one_that_was_drawn_on_the_trusted_side(
    airlock: Any, evaluation: dict[str, Any], tmp_path: Path
) -> None:
    airlock.answer("POST", "/api/room/evaluations", {**evaluation, "picture": PICTURE.to_json(), "labels": 2})
    result = saferoom.mean("pay", by=["region", "sex"])
    chart = result.chart("bar", value="mean", log=True)
    assert airlock.asked[-1][3]["query"]["chart"] == {"kind": "bar", "value": "mean", "log": True}
    assert (chart.svg, chart._repr_png_()) == (PICTURE.svg, PICTURE.png)
    assert "Chart of" in repr(chart)
    chart.save(tmp_path / "a.svg")
    assert (tmp_path / "a.svg").read_bytes() == PICTURE.svg
    with pytest.raises(RoomError, match=r"\.svg or \.png"):
        chart.save(tmp_path / "a.pdf")


def test_result_without_a_chart_says_what_to_do(airlock: Any, evaluation: dict[str, Any]) -> None:
    airlock.answer("POST", "/api/room/evaluations", evaluation)
    with pytest.raises(RoomError, match="name its kind"):
        saferoom.mean("pay").chart()
    with pytest.raises(RoomError, match="nothing of this may leave"):
        saferoom.mean("pay", chart="bar").chart()


def test_damaged_picture_is_not_understood(airlock: Any, evaluation: dict[str, Any]) -> None:
    damaged = {"svg": "*", "png": base64.b64encode(b"x").decode()}
    airlock.answer("POST", "/api/room/evaluations", {**evaluation, "picture": damaged})
    with pytest.raises(RoomError, match="not understood"):
        saferoom.mean("pay")
