"""Exact cells keep every unit's bounds, and no row can make them fail."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from saferoom.disclosure.privacy.aggregates import GRID
from saferoom.disclosure.privacy.calibrate import Budget, calibrated
from saferoom.disclosure.privacy.cells import Rows, exact, public_cells
from saferoom.disclosure.privacy.contributions import Contributions
from saferoom.disclosure.privacy.ingredients import COUNT, SUM
from saferoom.disclosure.privacy.plan import PrivacyMeasure
from saferoom.disclosure.privacy.release import release
from saferoom.disclosure.privacy.statistics import Ask, aggregates_of
from saferoom.disclosure.queries import language
from saferoom.disclosure.queries.engine import Engine, Limits
from saferoom.disclosure.queries.forms import Statistic
from saferoom.disclosure.queries.model import parse_query
from saferoom.disclosure.queries.plan import make_plan
from saferoom.disclosure.queries.source import Source
from saferoom.errors import BadInputError

REGIONS = ("North", "South", "West")
ROWS = """
    SELECT *, person_id AS who FROM (VALUES
        (1, 'North', 10.0, '4'), (1, 'North', 20.0, 'x'), (1, 'South', 30.0, NULL), (1, 'West', 30.0, '1'),
        (2, 'North', 1e9, '2'), (3, 'South', 'nan'::DOUBLE, '0'), (4, 'Nowhere', 5.0, '1'), (NULL, 'North', 5.0, '1'),
        (5, NULL, 5.0, '1'), (6, 'South', NULL, '1'), (7, 'South', 40.0, '9')
    ) t(person_id, region, pay, text)
"""
MANY = Contributions(rows=3, per_cell=1, cells=2)


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """Seven people, some with several rows, some with none that counts."""
    path = tmp_path_factory.mktemp("people") / "people.parquet"
    duckdb.execute(f"COPY ({ROWS}) TO '{path}' (FORMAT parquet)")
    return Source("people", path, ("person_id",), {"region": REGIONS})


def _exact(
    people: Source, statistic: str, bounds: Contributions = MANY, where: str | None = None, measure: str = "pay"
) -> dict[str, Any]:
    document = {"statistic": statistic, "by": ["region"], "where": where}
    if statistic != "frequency":
        document["measure"] = measure
    with Engine([people], Limits(threads=1)) as engine:
        plan = make_plan(parse_query({k: v for k, v in document.items() if v is not None}), engine.relations)
        rows = Rows(plan, language.reference(plan.units[0]), bounds, one_each=False)
        drawn = aggregates_of(Ask(Statistic(statistic), (0.0, 100.0), candidates=(0.0, 15.0, 50.0), shape=(3,)))
        found = exact(engine, rows, public_cells([REGIONS]), drawn, (3,))
        return {name: numbers.tolist() for name, numbers in found.items()}


def test_counts_are_of_rows_within_the_bounds_in_public_cells(people: Source) -> None:
    # Person 1 has three regions and two rows in the North: one row in each of two regions stays.
    counts = _exact(people, "frequency")[COUNT]
    own = np.asarray(counts) - np.asarray([1, 3, 0])
    assert set(own.tolist()) == {0, 1}
    assert own.sum() == 2


def test_bounds_on_all_rows_hold_over_cells(people: Source) -> None:
    assert sum(_exact(people, "frequency", Contributions(1, 1, 3))[COUNT]) == 5
    assert sum(_exact(people, "frequency", Contributions(9, 9, 3))[COUNT]) == 8


def test_values_are_clamped_and_what_is_no_number_is_left_out(people: Source) -> None:
    found = _exact(people, "mean", where="who = 2")
    assert found == {COUNT: [1, 0, 0], SUM: [GRID, 0, 0]}
    assert _exact(people, "mean", where="who in (3, 6)") == {COUNT: [0, 0, 0], SUM: [0, 0, 0]}


def test_row_that_cannot_be_computed_is_left_out_and_nothing_fails(people: Source) -> None:
    wide = Contributions(9, 9, 9)
    assert _exact(people, "mean", wide, measure="cast(text as integer)")[COUNT] == [2, 3, 1]
    assert _exact(people, "frequency", wide, where="cast(text as integer) > 1")[COUNT] == [2, 1, 0]
    assert _exact(people, "mean", wide, measure="1 / cast(text as double)")[COUNT] == [2, 2, 1]


def test_scores_of_candidates_are_how_unevenly_they_split_a_cell(people: Source) -> None:
    found = _exact(people, "median", Contributions(9, 9, 9))["p50"]
    # North: 10, 20, 1e9 (clamped by nothing: candidates bound what comes out); South: 30, 40; West: 30.
    assert found == [[3, 1, 1], [2, 2, 2], [1, 1, 1]]


def test_release_beyond_its_charge_reads_and_draws_nothing(people: Source) -> None:
    with Engine([people], Limits(threads=1)) as engine:
        plan = make_plan(parse_query({"statistic": "frequency", "by": ["region"]}), engine.relations)
        rows = Rows(plan, language.reference(plan.units[0]), MANY, one_each=False)
        budget = Budget(PrivacyMeasure.PURE, Fraction(1))
        ask = Ask(Statistic.FREQUENCY, shape=(3,))
        drawn = calibrated(budget, "person_id", MANY, ask.cells, aggregates_of(ask))
        less = Budget(PrivacyMeasure.PURE, Fraction(1, 2))
        with pytest.raises(BadInputError, match="does not fit"):
            release(engine, rows, public_cells([REGIONS]), ask, drawn, less)
        table = release(engine, rows, public_cells([REGIONS]), ask, drawn, budget)
    assert [column.name for column in table.columns] == [COUNT, "count_clipped"]
    assert table.cells.labels == (("North",), ("South",), ("West",))
    assert table.columns[0].margins is not None
    assert len(table.noisy[COUNT]) == 3


@pytest.mark.parametrize("statistic", ["gini", "regression", "min"])
def test_statistics_without_a_private_form_are_refused(statistic: str) -> None:
    with pytest.raises(BadInputError, match="differential privacy"):
        aggregates_of(Ask(Statistic(statistic), (0.0, 1.0)))


@pytest.mark.parametrize("statistic", ["sum", "mean", "variance", "std"])
def test_missing_bounds_are_asked_for(statistic: str) -> None:
    with pytest.raises(BadInputError, match="bounds: is needed"):
        aggregates_of(Ask(Statistic(statistic)))


@pytest.mark.parametrize("candidates", [(), (1.0,), (1.0, 1.0), (1.0, float("nan"))])
def test_missing_candidates_are_asked_for(candidates: tuple[float, ...]) -> None:
    with pytest.raises(BadInputError) as caught:
        aggregates_of(Ask(Statistic.MEDIAN, candidates=candidates))
    assert caught.value.field == "protect.candidates"


@pytest.mark.parametrize(
    "bounds", [Contributions(1, 1, 1), Contributions(2, 1, 2), Contributions(4, 2, 2), Contributions(3, 2, 2)]
)
def test_which_rows_stay_is_the_same_in_whatever_order_the_file_is(tmp_path: Path, bounds: Contributions) -> None:
    values = [(unit, REGIONS[(unit * 7 + row) % 3], (unit + row) % 4 * 10.0) for unit in range(60) for row in range(6)]
    found = []
    for number, rows in enumerate((values, values[::-1], sorted(values, key=lambda row: (row[2], row[1])))):
        path = tmp_path / f"{number}.parquet"
        sql = ", ".join(map(str, rows))
        duckdb.execute(f"COPY (SELECT * FROM (VALUES {sql}) t(person_id, region, pay)) TO '{path}' (FORMAT parquet)")
        found.append(_exact(Source("people", path, ("person_id",), {"region": REGIONS}), "mean", bounds))
    assert found[0] == found[1] == found[2]
    assert sum(found[0][COUNT]) == 60 * bounds.rows
