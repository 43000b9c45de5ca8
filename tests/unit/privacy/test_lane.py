"""A quote says what a release costs and how exact it is; a draw gives noisy numbers beside their margins."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.support.privacy_world import REGIONS, context_of, drawn, people, quoted

from saferoom.disclosure.checker import Context, check, draw, judge, opened
from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.privacy.certificate import NOISE_INFUSED, PRIVATE
from saferoom.disclosure.privacy.noise import plan_loss
from saferoom.disclosure.privacy.plan import PrivacyPlan
from saferoom.disclosure.queries.model import parse_query
from saferoom.disclosure.queries.source import Source
from saferoom.disclosure.verdict import Verdict
from saferoom.errors import BadInputError
from saferoom.policies.models import ReleaseRoute

PEOPLE = 3_000
MEAN = {"statistic": "mean", "measure": "pay"}
BOUNDS = {"bounds": [0, 100_000]}
MOBILITY = {"statistic": "mobility", "measure": "child", "options": {"parent": "parent"}, "by": ["sex"]}
EVERY: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "count": ({}, {"by": ["region"]}),
    "count of everybody": ({"epsilon": 0.5}, {}),
    "margins": ({}, {"by": ["region", "sex"], "margins": True}),
    "sum": (BOUNDS, {"statistic": "sum", "measure": "pay", "by": ["sex"]}),
    "mean": (BOUNDS, {**MEAN, "by": ["sex"]}),
    "mean with margins": (BOUNDS, {**MEAN, "by": ["sex"], "margins": True}),
    "std": (BOUNDS, {**MEAN, "statistic": "std"}),
    "variance": (BOUNDS, {**MEAN, "statistic": "variance"}),
    "median": ({"candidates": [0, 20_000, 40_000]}, {"statistic": "median", "measure": "pay", "by": ["sex"]}),
    "quantile": (
        {"candidates": {"from": 0, "to": 70_000, "step": 1_000}},
        {"statistic": "quantile", "measure": "pay", "options": {"quantiles": [0.25, 0.75]}},
    ),
    "histogram": ({}, {"statistic": "histogram", "measure": "pay", "options": {"bins": [20_000, 40_000]}}),
    "private keys": ({"keys": "private", "delta": 1e-6}, {"by": ["word"]}),
    "mobility": ({}, MOBILITY),
    "bottom half": ({"estimator": "bottom_half"}, MOBILITY),
    "observed": ({"estimator": "maximum_observed_sensitivity", "epsilon": 1}, MOBILITY),
    "numbers that are none": (
        {"keys": "private", "delta": 1e-3, "rho": 5},
        {"by": ["x"], "derive": {"x": "ln(age - 50)"}},
    ),
    "decimals": ({"keys": "private", "delta": 1e-3, "rho": 5}, {"by": ["x"], "derive": {"x": "age * 0.1"}}),
    "dates": ({"keys": "private", "delta": 1e-6}, {"by": ["born"]}),
}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """Three thousand people."""
    return people(tmp_path_factory.mktemp("people"), PEOPLE)


@pytest.fixture(scope="module")
def context(source: Source) -> Context:
    """The rules in force are the platform's."""
    return context_of(source)


def _privacy(evaluation: Evaluation) -> dict[str, Any]:
    assert evaluation.privacy is not None
    return dict(evaluation.privacy)


@pytest.mark.parametrize("name", EVERY)
def test_every_statistic_is_quoted_and_drawn(context: Context, name: str) -> None:
    protect, query = EVERY[name]
    offered, result = quoted(context, protect, **query), drawn(context, protect, **query)
    said = _privacy(offered)
    loss = plan_loss(PrivacyPlan.from_json(said["plan"]))
    assert Fraction(said["loss"]) * Fraction(999, 1_000) <= loss.value <= Fraction(repr(said["loss"]))
    assert offered.outgoing is None
    assert len(offered.table.rows) == len(said["columns"])
    assert result.outgoing == result.table
    assert result.label_columns is not None
    numbers = result.table.columns[result.label_columns :]
    assert [one for one in numbers if not one.endswith("_margin_95")] == [one["name"] for one in said["columns"]]
    assert {key: _privacy(result)[key] for key in said} == said
    assert _privacy(result)["drawn"] is True
    for evaluation in (offered, result):
        assert Evaluation.from_json(json.loads(json.dumps(evaluation.to_json(), allow_nan=False))) == evaluation
        assert (evaluation.title, evaluation.canonical) == (offered.title, offered.canonical)
    again = check(parse_query(offered.canonical), context)
    assert _privacy(again)["digest"] == said["digest"]
    assert again.canonical == offered.canonical


def test_bins_stand_from_left_to_right(context: Context) -> None:
    edges = {"bins": [5_000, 20_000, 40_000]}
    table = drawn(context, {"rho": 5}, statistic="histogram", measure="pay", by=["sex"], options=edges).table
    bins = ["under 5000", "5000 to 20000", "20000 to 40000", "40000 and over"]
    assert [row[:2] for row in table.rows] == [(sex, place) for sex in ("f", "m") for place in bins]


def test_numbers_are_those_of_the_data_within_their_margins(context: Context) -> None:
    table = drawn(context, {"rho": 5}, by=["region"]).table
    assert table.columns[:3] == ("region", "count", "count_margin_95")
    assert [row[0] for row in table.rows] == list(REGIONS)
    assert all(abs(int(str(row[1])) - PEOPLE / 3) <= 5 for row in table.rows)
    mean = drawn(context, {**BOUNDS, "rho": 5}, **MEAN).table
    assert abs(float(str(mean.rows[0][mean.columns.index("mean")])) - 34_500) < 500


@pytest.mark.parametrize("rate", ["age * 0.1", "age / 10", "cast(age as varchar)", "age >= 45", "-age", "age + 0.0"])
def test_everybody_is_in_a_cell_whatever_type_a_dimension_has(context: Context, rate: str) -> None:
    rows = drawn(context, {"rho": 5}, by=["rate"], derive={"rate": rate}).table.rows
    assert sum(int(str(row[1])) for row in rows) == pytest.approx(PEOPLE, abs=40)


def test_totals_are_labelled_and_stand_last(context: Context) -> None:
    rows = drawn(context, {"rho": 5}, by=["region", "sex"], margins=True).table.rows
    assert [row[:2] for row in rows[-3:]] == [("All", "f"), ("All", "m"), ("All", "All")]
    assert len(rows) == 12


def test_verdict_is_pass_and_of_what_is_not_private_review(context: Context) -> None:
    private, infused = quoted(context, *EVERY["count"][:1]), quoted(context, EVERY["observed"][0], **MOBILITY)
    assert (private.verdict, _privacy(private)["label"], private.findings) == (Verdict.PASS, PRIVATE, ())
    assert (infused.verdict, _privacy(infused)["label"]) == (Verdict.REVIEW, NOISE_INFUSED)
    assert [finding.rule for finding in infused.findings] == ["noise-infused"]
    assert "with differential privacy" in private.title
    assert "noise-infused" in infused.title
    assert "differential privacy" not in infused.title


@pytest.mark.parametrize(("name", "column"), [("mean", "mean"), ("bottom half", "mean_rank_bottom_half")])
def test_quote_of_a_mean_says_how_exact_it_is_for_so_many_rows(context: Context, name: str, column: str) -> None:
    offered = quoted(context, {**EVERY[name][0], "rho": 0.02}, **EVERY[name][1])
    (said,) = [one for one in _privacy(offered)["columns"] if one["name"] == column]
    assert said["margin_95"] is None
    at = said["margin_95_at"]
    assert at["100"] > 10 * at["1000"] > 99 * at["10000"] > 0
    assert offered.table.columns[-1] == "margin_95_of_10000_rows"
    assert offered.table.rows[-1][-1] == at["10000"]


def test_quote_says_no_margin_of_a_mean_where_the_noise_is_larger_than_the_cell(context: Context) -> None:
    offered = quoted(context, {**BOUNDS, "rho": 0.0001}, **MEAN)
    assert [one.get("margin_95_at", {}).get("100") for one in _privacy(offered)["columns"]] == [None, None]


def test_draws_differ_and_rounds_to_whole_numbers(context: Context) -> None:
    found = {drawn(context, {"rho": 0.001}, by=["region"]).table.rows for _ in range(4)}
    assert len(found) == 4
    assert all(isinstance(row[1], int) for rows in found for row in rows)


def test_record_holds_codes_in_the_catalogues_order_under_generated_names(context: Context) -> None:
    offered = quoted(
        context, {"keys": {"Mine": [40, 0], "region": ["South", "West"]}}, by=["mine", "region"],
        derive={"mine": "floor(age / 20) * 20"},
    )  # fmt: skip
    assert offered.canonical["protect"]["keys"] == {"_d1": [0, 40], "region": ["West", "South"]}
    assert "mine" not in json.dumps([offered.canonical, offered.title]).lower()


@pytest.mark.parametrize(
    ("protect", "query", "obstacle"),
    [
        ({"rho": 0.12345}, {}, "significant digits"),
        ({"bounds": [0, 98_765]}, MEAN, "significant digits"),
        ({"candidates": [1.2345, 2]}, {"statistic": "median", "measure": "pay"}, "significant digits"),
        ({"candidates": list(range(30))}, {"statistic": "median", "measure": "pay"}, "numbers and texts"),
        ({"keys": {"age": list(range(30))}}, {"by": ["age"]}, "numbers and texts"),
        ({}, {"title": "Mine"}, "title was written"),
        ({"keys": "private", "delta": 1e-6}, {"by": ["word"]}, "texts without a codelist"),
        ({}, {"by": ["x"], "derive": {"x": "left(region, 1)"}}, "texts without a codelist"),
    ],
)
def test_room_for_messages_is_an_obstacle(
    context: Context, protect: dict[str, Any], query: dict[str, Any], obstacle: str
) -> None:
    found = quoted(context, protect, **query).automatic_obstacles
    assert any(obstacle in one for one in found)


def test_plain_queries_have_no_obstacle(context: Context) -> None:
    wide = {"candidates": {"from": 0, "to": 70_000, "step": 100}}
    for bounds in ([0, 100_000], [0.0, 1e5]):
        plain = quoted(context, {"bounds": bounds, "epsilon": 0.5}, **MEAN, by=["region", "age"])
        assert plain.automatic_obstacles == ()
    assert quoted(context, wide, statistic="median", measure="pay").automatic_obstacles == ()
    strict = replace(context, route=ReleaseRoute(literals=1))
    assert quoted(strict, wide, statistic="median", measure="pay").automatic_obstacles != ()


def test_rows_within_views_are_counted(context: Context) -> None:
    views = {"some": "select person_id, region, pay from people where pay >= 35000"}
    table = drawn(context, {"rho": 5}, views=views, from_="some", by=["region"]).table
    assert sum(int(str(row[1])) for row in table.rows) == pytest.approx(PEOPLE / 2, abs=60)


def test_data_without_rows_are_drawn_as_any_others(source: Source, tmp_path: Path) -> None:
    path = tmp_path / "empty.parquet"
    duckdb.execute(f"COPY (SELECT * FROM '{source.path}' LIMIT 0) TO '{path}' (FORMAT parquet)")
    empty = replace(source, path=path)
    rows = drawn(context_of(empty), {}, by=["region"]).table.rows
    assert [row[0] for row in rows] == list(REGIONS)
    # Whoever holds the data is told.
    with pytest.raises(BadInputError, match="has no rows"):
        drawn(replace(context_of(empty), keys_from_query=True), {}, by=["region"])


def test_nothing_but_the_privacy_lane_takes_its_queries(context: Context) -> None:
    query = parse_query({"statistic": "frequency", "protect": {"method": "dp", "rho": 1}})
    with opened(context) as engine, pytest.raises(BadInputError, match="never computed without noise"):
        judge(query, context, engine)
    with pytest.raises(BadInputError, match="only queries with differential privacy"):
        draw(parse_query({"statistic": "frequency"}), context, _privacy(check(query, context))["digest"])
    with pytest.raises(BadInputError, match="no dataset"):
        check(query, replace(context, sources=[]))


@pytest.mark.parametrize(
    ("chart", "protect", "query"),
    [
        ({"kind": "bar", "value": "count_clipped"}, {}, {"by": ["region"]}),
        ({"kind": "heatmap"}, {}, {"by": ["region", "sex"], "margins": True}),
        ({"kind": "histogram"}, *EVERY["histogram"][:1], EVERY["histogram"][1]),
        ({"kind": "bar"}, {"keys": "private", "delta": 1e-6}, {"by": ["word"]}),
    ],
)
def test_picture_is_of_what_was_drawn(
    context: Context, chart: dict[str, Any], protect: dict[str, Any], query: dict[str, Any]
) -> None:
    assert quoted(context, protect, **query, chart=chart).picture is None
    assert drawn(context, protect, **query, chart=chart).picture is not None


def test_picture_that_cannot_be_drawn_is_refused_before_it_is_paid(context: Context) -> None:
    for chart, sentence in (({"kind": "bar", "value": "pay"}, "chart"), ({"kind": "map"}, "boundaries")):
        with pytest.raises(BadInputError, match=sentence):
            quoted(context, {}, by=["region"], chart=chart)


def test_noise_that_leaves_no_picture_loses_no_numbers(context: Context) -> None:
    # Nobody is below 0, and private cells without anybody do not appear.
    result = drawn(
        context, {"keys": "private", "delta": 1e-6}, by=["word"], where="pay < 0", chart={"kind": "bar"}
    )  # fmt: skip
    assert (result.table.rows, result.picture) == ((), None)
