"""Every statistic says the same with both engines: verdict, findings, numbers, evidence and who is behind them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.spark import both, differences

from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.queries.forms import Statistic
from saferoom.disclosure.queries.source import Source

pytestmark = pytest.mark.spark

BY: dict[str, Any] = {"by": ["region"]}
PAY: dict[str, Any] = {"measure": "pay", **BY}
EXPOSED: dict[str, Any] = {"exposure": "works", "outcome": "age > 60"}

QUERIES: dict[str, dict[str, Any]] = {
    "frequency": {"by": ["region", "sex"], "margins": True},
    "sum": {**PAY, "weight": "grossing", "margins": True},
    "mean": {**PAY, "measure": "case when works then pay else 0 end"},
    "std": PAY,
    "variance": {**PAY, "weight": "grossing"},
    "skewness": PAY,
    "kurtosis": PAY,
    "median": {"measure": "bonus", "by": ["sex"]},
    "quantile": {**PAY, "weight": "grossing", "options": {"quantiles": [0.1, 0.5, 0.9]}},
    "iqr": PAY,
    "box": PAY,
    "min": {"measure": "hours", **BY},
    "max": PAY,
    "range": {"measure": "age"},
    "mode": {"measure": "age", **BY},
    "ratio": {**PAY, "options": {"denominator": "hours"}},
    "histogram": PAY,
    "hexbin": {"measure": "pay", "options": {"y": "age", "bins": 4}},
    "concentration": PAY,
    "gini": PAY,
    "odds_ratio": {"options": EXPOSED},
    "risk_ratio": {"options": EXPOSED, "weight": "grossing"},
    "rate_ratio": {"options": {**EXPOSED, "time": "hours"}},
    "correlation": {**BY, "options": {"columns": ["pay", "age", "hours"], "method": "spearman"}},
    "covariance": {"options": {"columns": ["pay", "age"]}},
    "test": {"by": ["region", "works"], "options": {"test": "chi_square"}},
    "regression": {"options": {"formula": "pay ~ age + C(region) + hours"}},
    "survival": {**BY, "options": {"time": "age + 1", "event": "works"}},
    "transition": {"by": ["region", "works"]},
    "mobility": {**PAY, "options": {"parent": "age * hours"}},
}


def test_statistics_are_all_tried() -> None:
    assert set(QUERIES) == {statistic.value for statistic in Statistic}


@pytest.mark.parametrize("statistic", QUERIES)
def test_statistic_with_spark_says_what_duckdb_says(statistic: str, people: Source) -> None:
    with_duckdb, with_spark = both({"statistic": statistic, "from": "people", **QUERIES[statistic]}, [people])
    assert differences(with_duckdb.to_json(), with_spark.to_json()) == []


def test_history_with_spark_knows_the_same_people_behind_the_same_cells(people: Source) -> None:
    # Ids are numbers of people, texts of households; rows are told apart where nobody has one alone.
    source = Source("people", people.path, ("household_id",))
    query = {"statistic": "sum", "measure": "pay", "by": ["region"], "from": "people"}
    with_duckdb, with_spark = both(query, [source], Memory())
    assert with_duckdb.contributors.parts
    assert differences(with_duckdb.to_json(), with_spark.to_json()) == []


@pytest.mark.parametrize(
    "query",
    [
        {
            "statistic": "mean",
            "measure": "r",
            "by": ["quarter"],
            "views": {
                "v": "select person_id, ntile(4) over (order by pay desc) as quarter, "
                "rank() over (partition by region order by age) as r from people "
                "qualify row_number() over (partition by person_id order by born) = 1"
            },
        },
        {
            "statistic": "sum",
            "measure": "total",
            "by": ["rich"],
            "derive": {"rich": "total > 40000"},
            "views": {
                "v": "with known as (select * from people where pay > 0) select k.person_id, h.total, h.middle "
                "from known k left join (select household_id, sum(pay) as total, median(age) as middle, "
                "count(distinct person_id) as n from known group by household_id having count(*) > 1) h "
                "on k.household_id = h.household_id"
            },
        },
    ],
    ids=["windows", "joins"],
)
def test_views_with_spark_say_what_duckdb_says(query: dict[str, Any], people: Source) -> None:
    with_duckdb, with_spark = both({**query, "from": "v"}, [people])
    assert with_duckdb.table.rows
    assert differences(with_duckdb.to_json(), with_spark.to_json()) == []


def test_protected_table_with_spark_is_the_same(people: Source) -> None:
    query = {"statistic": "frequency", "by": ["age", "sex"], "from": "people", "margins": True}
    with_duckdb, with_spark = both({**query, "protect": {"method": "suppress"}}, [people])
    assert with_duckdb.protected is not None
    assert differences(with_duckdb.to_json(), with_spark.to_json()) == []
