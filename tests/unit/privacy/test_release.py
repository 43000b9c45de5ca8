"""What is released is what was asked for, give or take the noise; here with a budget that leaves nearly none."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from saferoom.disclosure.privacy.calibrate import Budget, calibrated
from saferoom.disclosure.privacy.cells import Rows, public_cells
from saferoom.disclosure.privacy.contributions import Contributions
from saferoom.disclosure.privacy.plan import PrivacyMeasure
from saferoom.disclosure.privacy.release import NoisyTable, release
from saferoom.disclosure.privacy.shown import quoted
from saferoom.disclosure.privacy.statistics import Ask, aggregates_of, edges_of
from saferoom.disclosure.queries import language
from saferoom.disclosure.queries.engine import Engine, Limits
from saferoom.disclosure.queries.forms import Statistic
from saferoom.disclosure.queries.model import parse_query
from saferoom.disclosure.queries.plan import make_plan
from saferoom.disclosure.queries.source import Source
from saferoom.disclosure.tables.assemble import shown_labels
from saferoom.errors import BadInputError

REGIONS, SEXES = ("North", "South", "West"), ("f", "m")
CODES: Mapping[str, tuple[str, ...]] = {"region": REGIONS, "sex": SEXES}
ONE = Contributions()
ROWS = """
    SELECT i AS person_id, ['North', 'South', 'West'][1 + i % 3] AS region, ['f', 'm'][1 + (i // 3) % 2] AS sex,
        (i * 7919 % 1000) / 10.0 AS pay, (i * 104729 % 1009) / 1009.0 AS parent,
        0.3 + 0.4 * parent + ((i * 31) % 11 - 5) / 100.0 AS child, DATE '2020-01-01' + CAST(i % 2 AS INTEGER) AS day
    FROM range(6000) t(i)
    UNION ALL SELECT 7000, 'East', 'f', 1.0, 0.5, 0.5, DATE '1999-01-01'
"""


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """6,000 people in three regions, and one in a fourth that the catalogue does not know."""
    path: Path = tmp_path_factory.mktemp("people") / "people.parquet"
    duckdb.execute(f"COPY ({ROWS}) TO '{path}' (FORMAT parquet)")
    return Source("people", path, ("person_id",), CODES)


def _released(people: Source, document: dict[str, Any], ask: Ask, epsilon: int = 100_000) -> NoisyTable:
    with Engine([people], Limits(threads=1)) as engine:
        plan = make_plan(parse_query(document), engine.relations)
        rows = Rows(plan, language.reference(plan.units[0]), ONE, one_each=True)
        delta = Fraction(1, 10**8) if ask.shape is None else Fraction(0)
        budget = Budget(PrivacyMeasure.PURE, Fraction(epsilon, 100), delta)
        drawn = calibrated(budget, "person_id", ONE, ask.cells, aggregates_of(ask))
        cells = () if ask.shape is None else public_cells([CODES[name] for name in document.get("by", [])])
        table = release(engine, rows, cells, ask, drawn, budget)
    assert [one.name for one in quoted(ask, drawn)] == [one.name for one in table.columns]
    assert all(len(one.values) == len(table.cells) for one in table.columns)
    return table


def _truth(people: Source, sql: str) -> dict[Any, Any]:
    found = duckdb.execute(sql.replace("people", f"'{people.path}'")).fetchall()
    return {row[:-1]: row[-1] for row in found}


def _column(table: NoisyTable, name: str) -> dict[Any, float]:
    column = next(one for one in table.columns if one.name == name)
    return dict(zip(shown_labels(table.cells), column.values.tolist(), strict=True))


def test_margins_of_a_table_are_drawn_and_made_consistent(people: Source) -> None:
    ask = Ask(Statistic.FREQUENCY, shape=(3, 2), margins=True)
    table = _released(people, {"statistic": "frequency", "by": ["region", "sex"]}, ask)
    assert len(table.cells) == 6 + 3 + 2 + 1
    sql = (
        "SELECT coalesce(region, 'All'), coalesce(sex, 'All'), count(*) FROM people WHERE region != 'East' "
        "GROUP BY CUBE (region, sex)"
    )
    truth = _truth(people, sql)
    for name in ("count", "count_clipped", "count_consistent"):
        assert _column(table, name) == pytest.approx(truth, abs=3)
    adds = _column(table, "count_consistent")
    assert adds["All", "All"] == pytest.approx(sum(v for k, v in adds.items() if "All" not in k), abs=1e-6)


@pytest.mark.parametrize("statistic", ["mean", "variance", "std"])
def test_moments_agree_with_exact_ones(people: Source, statistic: str) -> None:
    ask = Ask(Statistic(statistic), (0.0, 100.0), shape=(3,))
    table = _released(people, {"statistic": statistic, "by": ["region"], "measure": "pay"}, ask)
    function = {"mean": "avg", "variance": "var_samp", "std": "stddev_samp"}[statistic]
    truth = _truth(people, f"SELECT region, {function}(pay) FROM people WHERE region != 'East' GROUP BY region")
    assert _column(table, statistic) == pytest.approx(truth, rel=0.01)
    margins = table.columns[-1].margins
    assert margins is not None
    assert (margins > 0).all()


@pytest.mark.parametrize("bins", [5, [20, 40, 60, 80]])
def test_histogram_counts_values_in_each_bin(people: Source, bins: Any) -> None:
    edges = edges_of(bins, (0.0, 100.0))
    ask = Ask(Statistic.HISTOGRAM, shape=(2,), edges=edges)
    assert ask.cells == 10
    table = _released(people, {"statistic": "histogram", "by": ["sex"], "measure": "pay"}, ask)
    truth = _truth(
        people,
        "SELECT sex, ['under 20', '20 to 40', '40 to 60', '60 to 80', '80 and over'][1 + CAST(floor(pay / 20) AS INT)],"
        " count(*) FROM people GROUP BY ALL",
    )
    assert _column(table, "count") == pytest.approx(truth, abs=3)


@pytest.mark.parametrize("bins", [None, 1, [], [1.0, 1.0], [2.0, 1.0], [0.0, float("nan")]])
def test_histograms_without_usable_edges_are_refused(bins: Any) -> None:
    with pytest.raises(BadInputError) as caught:
        edges_of(bins, (0.0, 1.0))
    assert caught.value.field == "options.bins"


def test_number_of_bins_needs_bounds() -> None:
    with pytest.raises(BadInputError, match="bounds"):
        edges_of(5, None)


def test_private_cells_appear_where_many_are_and_nowhere_else(people: Source) -> None:
    ask = Ask(Statistic.MEAN, (0.0, 100.0), shape=None)
    table = _released(people, {"statistic": "mean", "by": ["region"], "measure": "pay"}, ask, 400)
    truth = _truth(people, "SELECT region, avg(pay) FROM people WHERE region != 'East' GROUP BY region")
    assert _column(table, "mean") == pytest.approx(truth, abs=2.0)
    count, mean = table.columns
    assert count.margins is not None
    assert mean.margins is None


def test_private_cells_of_sums_and_quantiles_are_found_by_a_count(people: Source) -> None:
    total = _released(
        people, {"statistic": "sum", "by": ["day"], "measure": "pay"}, Ask(Statistic.SUM, (0.0, 100.0), shape=None)
    )
    assert [one.name for one in total.columns] == ["count", "sum"]
    assert [one.margins is None for one in total.columns] == [False, False]
    assert total.cells.labels == (("2020-01-01",), ("2020-01-02",))
    ask = Ask(Statistic.MEDIAN, candidates=(0.0, 50.0, 100.0), shape=None)
    median = _released(people, {"statistic": "median", "by": ["sex"], "measure": "pay"}, ask)
    assert _column(median, "p50") == {("f",): 50.0, ("m",): 50.0}


def test_private_cells_have_no_margins() -> None:
    with pytest.raises(BadInputError, match="private cells"):
        aggregates_of(Ask(Statistic.FREQUENCY, shape=None, margins=True))


@pytest.mark.parametrize(
    "ask",
    [
        Ask(Statistic.FREQUENCY, shape=(2, 2, 2, 2, 2, 70_000), margins=True),
        Ask(Statistic.MEDIAN, shape=(3_000,), candidates=tuple(range(1_000))),
        Ask(
            Statistic.QUANTILE,
            fractions=tuple(i / 20 for i in range(1, 20)),
            candidates=(1.0, 2.0),
            shape=(1,) * 6,
            margins=True,
        ),
    ],
)
def test_more_numbers_than_can_be_drawn_are_refused_before_anything_is_charged(ask: Ask) -> None:
    with pytest.raises(BadInputError, match="too many"):
        aggregates_of(ask)


def test_private_cells_of_nobody_are_no_cells(people: Source) -> None:
    ask = Ask(Statistic.FREQUENCY, shape=None)
    table = _released(people, {"statistic": "frequency", "by": ["region"], "where": "pay < -1"}, ask)
    assert len(table.cells) == 0


def test_quantiles_of_margins_are_those_of_all_their_cells(people: Source) -> None:
    ask = Ask(Statistic.QUANTILE, fractions=(0.2, 0.8), candidates=(0.0, 20.0, 80.0), shape=(3,), margins=True)
    document = {"statistic": "quantile", "by": ["region"], "measure": "pay", "options": {"quantiles": [0.2, 0.8]}}
    table = _released(people, document, ask)
    assert set(_column(table, "p20").values()) == {20.0}
    assert set(_column(table, "p80").values()) == {80.0}


def test_mobility_agrees_with_a_regression_of_ranks(people: Source) -> None:
    ask = Ask(Statistic.MOBILITY, shape=(2,), at=(0.25, 0.75))
    document = {"statistic": "mobility", "by": ["sex"], "measure": "child", "options": {"parent": "parent"}}
    table = _released(people, document, ask)
    for name, sql in {
        "slope": "regr_slope(child, parent)",
        "intercept": "regr_intercept(child, parent)",
        "expected_rank_p25": "regr_intercept(child, parent) + 0.25 * regr_slope(child, parent)",
        "expected_rank_p75": "regr_intercept(child, parent) + 0.75 * regr_slope(child, parent)",
    }.items():
        truth = _truth(people, f"SELECT sex, {sql} FROM people WHERE region != 'East' GROUP BY sex")
        assert _column(table, name) == pytest.approx(truth, abs=2e-3)


@pytest.mark.parametrize(("estimator", "share"), [("bottom_half", 0.5), ("bottom_quartile", 0.25)])
def test_mean_rank_of_the_bottom_is_of_the_children_of_the_poorest_parents(
    people: Source, estimator: str, share: float
) -> None:
    ask = Ask(Statistic.MOBILITY, shape=(2,), estimator=estimator)
    document = {"statistic": "mobility", "by": ["sex"], "measure": "child", "options": {"parent": "parent"}}
    table = _released(people, document, ask)
    truth = _truth(
        people, f"SELECT sex, avg(child) FROM people WHERE parent < {share} AND region != 'East' GROUP BY sex"
    )
    assert _column(table, f"mean_rank_{estimator}") == pytest.approx(truth, abs=2e-3)
    assert sum(_column(table, "count").values()) == pytest.approx(6000 * share, abs=20)
    assert np.isfinite(table.columns[-1].values).all()
