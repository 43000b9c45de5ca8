"""Covert channels: text and numbers that a researcher writes must not leave unseen."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.support.statistics_lab import Lab, Row, people

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.queries.model import parse_query
from saferoom.policies.models import ReleaseRoute

CODES = {"region": ("N", "S", "E", "W"), "sex": ("F", "M")}
SECRET = "jane_earns_91000"


def check(lab: Lab, query: dict[str, Any], rows: list[Row] | None = None, **route: Any) -> Evaluation:
    return lab.check(query, [lab.source(rows or people(), codelists=CODES)], route=ReleaseRoute(**route))


def test_plain_table_of_coded_columns_has_no_obstacle(lab: Lab) -> None:
    query = {"statistic": "mean", "measure": "pay", "by": ["region", "sex"], "where": "age >= 18 and sex in ('F', 'M')"}
    assert check(lab, query).automatic_obstacles == ()


def test_bands_of_a_number_have_no_obstacle(lab: Lab) -> None:
    query = {"statistic": "frequency", "by": ["band"], "derive": {"band": "floor(age / 10) * 10"}}
    assert check(lab, query).automatic_obstacles == ()


@pytest.mark.parametrize(
    "query",
    [
        {"statistic": "frequency", "by": ["region"], "title": SECRET},
        {"statistic": "frequency", "by": ["region"], "where": f"region <> '{SECRET}'"},
        {"statistic": "frequency", "by": ["x"], "derive": {"x": f"case when age > 40 then '{SECRET}' else 'b' end"}},
        {"statistic": "mean", "measure": f"case when region = '{SECRET}' then 1 else pay end"},
        {"statistic": "frequency", "by": ["region"], "where": f"lower(region) <> '{SECRET}'"},
        {"statistic": "frequency", "by": ["region"], "where": f"'{SECRET}' <> sex"},
        {"statistic": "frequency", "by": ["region"], "where": "pay < 91234.5"},
        {"statistic": "frequency", "by": ["region"], "where": "pay < 9.1234e9"},
        {"statistic": "quantile", "measure": "pay", "options": {"quantiles": [0.4912345]}},
        {"statistic": "mean", "measure": "age + pay * floor(pay / 90000)"},
        {
            "statistic": "mean",
            "measure": "x",
            "from": "v",
            "views": {"v": "select person_id, age + greatest(pay - 90000, 0) as x from people"},
        },
        {"statistic": "frequency", "by": ["region"], "where": " and ".join(f"age <> {100 + i}" for i in range(30))},
        {"statistic": "frequency", "by": ["region"], "protect": {"method": "round", "base": 91_234}},
        {
            "statistic": "frequency",
            "by": ["region"],
            "from": "v",
            "views": {"v": f"select person_id, region from people where region <> '{SECRET}'"},
        },
    ],
)
def test_researchers_text_or_long_number_needs_a_person(lab: Lab, query: dict[str, Any]) -> None:
    judged = check(lab, query)
    assert judged.automatic_obstacles
    assert not any(SECRET in text for text in judged.automatic_obstacles)


def test_labels_outside_the_codelist_need_a_person(lab: Lab) -> None:
    rows = people()
    for row in rows[:40]:
        row["region"] = SECRET
    judged = check(lab, {"statistic": "frequency", "by": ["region"]}, rows)
    assert judged.automatic_obstacles == ("Categories of a dimension are texts outside its codelist.",)


def test_texts_without_a_codelist_need_a_person(lab: Lab) -> None:
    rows = [{**row, "town": "ab"[i % 2]} for i, row in enumerate(people())]
    assert check(lab, {"statistic": "frequency", "by": ["town"]}, rows).automatic_obstacles
    model = {"statistic": "regression", "options": {"formula": "pay ~ C(town)"}}
    assert check(lab, model, rows).automatic_obstacles


def test_policy_can_be_stricter_about_numbers(lab: Lab) -> None:
    query = {"statistic": "frequency", "by": ["region"], "where": "age >= 18"}
    assert check(lab, query, literal_digits=1).automatic_obstacles
    assert check(lab, query, literals=0).automatic_obstacles


NAMED = {
    "title": SECRET,
    "statistic": "mean",
    "measure": "earnings_of_jane",
    "from": "jane",
    "views": {
        "janes_friends": "select person_id as jane_id, region as janes_region, age, pay as janes_pay "
        "from people jane_alias",
        "jane": "with jane_cte as (select * from janes_friends) select jane_id, age, janes_region as jr, "
        "janes_pay * 2 as twice_jane from jane_cte janes_again",
    },
    "by": ["jr", "jane_band"],
    "derive": {"jane_band": "floor(age / 40) * 40", "earnings_of_jane": "twice_jane + 1"},
    "where": "twice_jane > 10 and age < 80",
}


def test_names_a_researcher_chose_do_not_leave(lab: Lab) -> None:
    judged = check(lab, NAMED)
    assert judged.outgoing is not None
    leaving = json.dumps([judged.outgoing.columns, judged.canonical, judged.title])
    assert "jane" not in leaving.lower()
    assert judged.outgoing.rows == judged.table.rows
    assert judged.table.columns == ("jr", "jane_band", "mean")


def test_names_of_a_models_terms_do_not_leave(lab: Lab) -> None:
    model = {
        "statistic": "regression",
        "options": {"formula": "jane ~ jane_age + C(jane_region)"},
        "derive": {"jane": "pay", "jane_age": "age * 1", "jane_region": "region"},
    }
    judged = check(lab, model)
    assert judged.outgoing is not None
    assert "jane" not in json.dumps([judged.outgoing.document(), judged.canonical, judged.title])


@pytest.mark.parametrize(
    "query",
    [
        NAMED,
        {"statistic": "frequency", "by": ["region", "sex"], "margins": True, "protect": {"method": "round", "base": 5}},
        {"statistic": "ratio", "measure": "pay + 1", "options": {"denominator": "age"}, "weight": "grossing"},
        {"statistic": "regression", "options": {"formula": "pay ~ C(region) + a - 1"}, "derive": {"a": "age / 10"}},
        {"statistic": "quantile", "measure": "pay", "options": {"quantiles": [0.25, 0.75]}, "where": "not (age < 20)"},
    ],
)
def test_canonical_query_computes_the_same_numbers(lab: Lab, query: dict[str, Any]) -> None:
    judged = check(lab, query)
    again = check(lab, dict(judged.canonical))
    parse_query(judged.canonical)
    width = len(judged.table.columns) - len(query.get("by", ())) if query["statistic"] != "regression" else 2
    assert [row[-width:] for row in again.table.rows] == [row[-width:] for row in judged.table.rows]
    assert again.canonical == judged.canonical
    assert again.verdict is judged.verdict
