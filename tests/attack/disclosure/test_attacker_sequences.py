"""Attacks by two numbers about the same people: what one person adds differs, and subtraction tells it."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
from tests.support.statistics_lab import Lab, Row, cells, finding, people, rules

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.queries.source import Source
from saferoom.disclosure.verdict import Verdict
from saferoom.errors import BadInputError

Query = dict[str, Any]
VICTIM = 5


def persons() -> list[Row]:
    """Return people of whom one has a twin, a second job and a bonus, and one earns most."""
    rows = people()
    for i, row in enumerate(rows):
        row["twins"] = int(i == VICTIM)
        row["jobs"] = 1 + (i == VICTIM)
        row["bonus"] = 5_000.0 * (i == VICTIM)
        row["months"] = 1 + row["age"] % 37 + i % 11
        row["moved"] = i % 5 < 2
    return rows


PEOPLE = persons()
SECOND, TOP = sorted(row["pay"] for row in PEOPLE)[-2:]
BETWEEN = (SECOND + TOP) / 2
SPELLS = [
    {
        "person_id": row["person_id"],
        "region": row["region"],
        "wage": round(row["pay"] * (1 + k / 10), 2),
        "employer": "X" if i == VICTIM and k == 1 else "ABCDEF"[(i + k) % 6],
    }
    for i, row in enumerate(PEOPLE)
    for k in range(3)
]
TWIN = PEOPLE[VICTIM]
COX: Query = {"family": "cox", "event": "moved"}
RATE: Query = {"exposure": "sex = 'F'", "outcome": "moved"}


def in_turn(lab: Lab, *queries: Query, rows: Any = PEOPLE, stored: bool = False) -> list[Evaluation]:
    """Release one query after the other and return how each is judged."""
    memory, judged = Memory.empty(), []
    for query in queries:
        if stored:
            memory = Memory.from_bytes(memory.to_bytes())
        judged.append(lab.check(query, rows, memory=memory))
        memory = memory.with_evaluation(judged[-1])
    return judged


def total(measure: str, **rest: Any) -> Query:
    return {"statistic": "sum", "measure": measure, "by": ["region"], **rest}


def model(formula: str, derive: dict[str, str] | None = None, **options: Any) -> Query:
    return {"statistic": "regression", "derive": derive or {}, "options": {"formula": formula, **options}}


def test_difference_of_two_totals_of_the_same_people_tells_one_value(lab: Lab) -> None:
    first, second = (
        cells(lab.check(query, PEOPLE).table, 1) for query in (total("pay"), total("pay * exp(2 * twins)"))
    )
    with_twins, without = (np.array(found[(TWIN["region"],)], dtype=float) for found in (second, first))
    told = float(with_twins - without) / (np.exp(2) - 1)
    assert told == pytest.approx(TWIN["pay"], rel=1e-6)


SEQUENCES: dict[str, tuple[Query, Query]] = {
    "a flag inside a function": (total("pay"), total("pay * exp(twins)")),
    "a flag, and a constant factor": (total("pay"), total("3 * pay * exp(twins)")),
    "a column that is 1 for all others": (total("pay"), total("pay * jobs")),
    "a weight that is 1 for all others": (
        {"statistic": "mean", "measure": "pay"},
        {"statistic": "mean", "measure": "pay", "weight": "jobs"},
    ),
    "a sign": (total("age"), total(f"age * sign({BETWEEN} - pay)")),
    "a step": (total("age"), total(f"age * power(2, floor(pay / {BETWEEN}))")),
    "a bonus in a weight": (
        {"statistic": "frequency", "by": ["region"], "weight": "age"},
        {"statistic": "frequency", "by": ["region"], "weight": "age * jobs"},
    ),
    "a denominator": (
        {"statistic": "ratio", "measure": "pay", "options": {"denominator": "age"}},
        {"statistic": "ratio", "measure": "pay", "options": {"denominator": "age * jobs"}},
    ),
    "a spread": ({"statistic": "std", "measure": "pay"}, {"statistic": "std", "measure": "pay * exp(twins)"}),
    "a Gini coefficient": ({"statistic": "gini", "measure": "pay"}, {"statistic": "gini", "measure": "pay * jobs"}),
    "a covariance": (
        {"statistic": "covariance", "options": {"columns": ["age", "pay"]}},
        {"statistic": "covariance", "options": {"columns": ["age", "pay * jobs"]}},
    ),
    "a model's outcome": (model("pay ~ C(region)"), model("y ~ C(region)", {"y": "pay * exp(twins)"})),
    "a model's number": (model("pay ~ age"), model("pay ~ x", {"x": "age * exp(twins)"})),
    "a model's weight": (model("pay ~ age"), {**model("pay ~ age", family="wls"), "weight": "jobs"}),
    "a Cox model": (model("months ~ age", **COX), model("months ~ x", {"x": "age * exp(twins)"}, **COX)),
    "a t test": (
        {"statistic": "test", "measure": "pay", "by": ["sex"], "options": {"test": "t"}},
        {"statistic": "test", "measure": "pay * jobs", "by": ["sex"], "options": {"test": "t"}},
    ),
    "the time of a rate": (
        {"statistic": "rate_ratio", "options": {**RATE, "time": "age"}},
        {"statistic": "rate_ratio", "options": {**RATE, "time": "age * jobs"}},
    ),
    "ranks": (
        {"statistic": "mobility", "measure": "pay", "options": {"parent": "age"}},
        {"statistic": "mobility", "measure": "pay", "options": {"parent": "age * exp(5 * twins)"}},
    ),
    "a column of a view": (
        total("pay"),
        total("x", views={"v": "select person_id, region, pay * jobs as x from people"}) | {"from": "v"},
    ),
}


@pytest.mark.parametrize("name", SEQUENCES)
def test_second_number_that_treats_one_person_differently_fails(lab: Lab, name: str) -> None:
    judged = in_turn(lab, *SEQUENCES[name], stored=True)
    assert judged[0].verdict is Verdict.PASS
    assert finding(judged[1], "differencing").severity is Verdict.FAIL


def own(where: str, measure: str = "y") -> Query:
    view = f"select person_id, region, sum(wage) as y from spells {where} group by person_id, region"
    return total(measure, views={"v": view}) | {"from": "v"}


ROWS: dict[str, tuple[Query, Query]] = {
    "a filter of rows": (total("wage"), total("wage", where="employer <> 'X'")),
    "a filter of rows, and a constant factor": (total("wage"), total("7 * wage", where="employer <> 'X'")),
    "a count of rows": (
        {"statistic": "frequency", "by": ["region"]},
        {"statistic": "frequency", "by": ["region"], "where": "employer <> 'X'"},
    ),
    "a model": (model("wage ~ C(region)"), model("wage ~ C(region)") | {"where": "employer <> 'X'"}),
    "a filter inside a view": (own(""), own("where employer <> 'X'")),
    "a filter inside a view, and a factor": (own(""), own("where employer <> 'X'", "y * 2")),
    "a margin": (
        {"statistic": "sum", "measure": "wage"},
        {"statistic": "sum", "measure": "wage", "by": ["region"], "where": "employer <> 'X'"},
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_one_row_of_a_person_with_others_left_out_fails(lab: Lab, name: str) -> None:
    sources: list[Source] = [lab.source(SPELLS, name="spells")]
    judged = in_turn(lab, *ROWS[name], rows=sources)
    assert judged[0].verdict is Verdict.PASS
    assert finding(judged[1], "differencing").severity is Verdict.FAIL


def test_blank_and_rounded_numbers_that_differ_by_one_row_do_not_pass(lab: Lab) -> None:
    sources = [lab.source(SPELLS, name="spells")]
    table = {"statistic": "frequency", "by": ["region"]}
    rounded = {**table, "where": "employer <> 'X'", "protect": {"method": "round"}}
    assert in_turn(lab, table, rounded, rows=sources)[1].verdict is Verdict.REVIEW
    blanked = {**table, "where": "employer <> 'X'", "protect": {"method": "suppress"}}
    assert in_turn(lab, table, blanked, rows=sources)[1].verdict is Verdict.FAIL


def isle(count: int = 14) -> list[Row]:
    """Return the few people of a small region, of different ages."""
    return [
        {**PEOPLE[i], "person_id": 1 + i, "region": "Isle", "age": 20 + 4 * i, "pay": 20_000.0 + 6_979 * i % 9_000}
        for i in range(count)
    ]


def test_equations_about_few_people_never_solve_for_each_of_them(lab: Lab) -> None:
    few = isle()
    kernels = [f"pay / (60 + (age - {row['age']}) * (age - {row['age']}))" for row in few]
    known = np.array([[1 / (60 + (one["age"] - other["age"]) ** 2) for one in few] for other in few])
    alone = [lab.check(total(measure), PEOPLE + few) for measure in kernels]
    told = [dict(cells(each.table, 1))[("Isle",)] for each in alone]
    assert np.linalg.solve(known, np.array(told, dtype=float)) == pytest.approx([row["pay"] for row in few], rel=1e-6)
    # Ten values have to stay unknown behind four numbers, and a part of a measure is a number too.
    judged = in_turn(lab, *(total(measure) for measure in kernels[:8]), rows=PEOPLE + few, stored=True)
    assert [each.verdict is Verdict.PASS for each in judged[:2]] == [True] * 2
    assert not any(each.verdict is Verdict.PASS for each in judged[4:])
    assert finding(judged[4], "many-numbers").cells == (("Isle",),)


def test_several_statistics_of_one_measure_of_few_people_pass(lab: Lab) -> None:
    rows = PEOPLE + isle(20)
    kinds = ("sum", "mean", "std", "gini")
    judged = in_turn(lab, *({**total("pay"), "statistic": kind} for kind in kinds), total("age"), rows=rows)
    assert [rules(each) for each in judged] == [set()] * 5


def test_product_of_many_columns_is_refused_at_once(lab: Lab) -> None:
    with pytest.raises(BadInputError, match="interaction of more than"):
        lab.check(model("pay ~ " + "*".join(f"x{i}" for i in range(400))), PEOPLE)


def curves() -> list[Row]:
    """Return people with up to two children, and one with three."""
    return [{**row, "kids": 3 if i == VICTIM else (i * 7) % 3} for i, row in enumerate(PEOPLE)]


def test_moments_of_a_column_with_few_values_do_not_tell_who_is_alone_with_one(lab: Lab) -> None:
    rows = curves()
    kids = np.array([row["kids"] for row in rows], dtype=float)
    powers = np.vander([0.0, 1.0, 2.0, 3.0], 4, increasing=True).T
    assert np.linalg.solve(powers, [(kids**k).sum() for k in range(4)])[3] == pytest.approx(1)
    curved = ("kids * kids", "kids * kids * kids", "sqrt(kids)", "exp(kids)", "ln(kids + 1)", "power(kids, 2)")
    for measure in curved:
        judged = lab.check({"statistic": "mean", "measure": measure}, rows)
        assert "implicit-table" in rules(judged), measure
    by_itself = {"statistic": "mean", "measure": "kids", "weight": "kids + 1"}
    assert lab.check(by_itself, rows).verdict is not Verdict.PASS
    for measure in ("age * age", "sqrt(pay)", "ln(pay)"):
        assert lab.check({"statistic": "mean", "measure": measure}, rows).verdict is Verdict.PASS


def test_moments_of_one_cell_with_few_values_go_to_a_person_whatever_other_cells_hold(lab: Lab) -> None:
    isle = [{"person_id": 1 + i, "region": "Isle", "age": 40 + i % 2 + (i == 0) * 2} for i in range(60)]
    judged = lab.check({"statistic": "std", "measure": "age", "by": ["region"]}, PEOPLE + isle)
    assert finding(judged, "implicit-table").cells == (("Isle",),)


def test_top_shares_of_the_same_people_do_not_differ(lab: Lab) -> None:
    def share(top: float) -> Query:
        return {"statistic": "concentration", "measure": "pay", "options": {"top": top}}

    # 60.24 and 60.48 people: the same 61, whose last one would be told by the difference.
    first, second = in_turn(lab, share(0.0502), share(0.0504))
    assert first.table is not None
    assert second.table is not None
    assert first.table.rows == second.table.rows
    assert finding(in_turn(lab, share(0.0502), share(0.0512))[1], "differencing").severity is Verdict.FAIL


def test_weighted_quantiles_close_together_are_found(lab: Lab) -> None:
    first, second = (
        {"statistic": "quantile", "measure": "pay", "weight": "1", "options": {"quantiles": [at]}}
        for at in (0.5, 0.501)
    )
    assert finding(in_turn(lab, first, second)[1], "differencing").severity is Verdict.FAIL


@pytest.mark.parametrize(
    "query",
    [
        {"statistic": "frequency", "by": ["region"]},
        {"statistic": "histogram", "measure": "pay"},
        {"statistic": "hexbin", "measure": "pay", "options": {"y": "age"}},
        {"statistic": "transition", "by": ["region", "sex"]},
        {"statistic": "median", "measure": "age"},
        {"statistic": "survival", "options": {"time": "months", "event": "moved", "estimator": "nelson_aalen"}},
        {"statistic": "odds_ratio", "options": RATE},
        {"statistic": "regression", "options": {"formula": "pay ~ age", "family": "wls"}},
        {"statistic": "mobility", "measure": "pay", "options": {"parent": "age"}},
    ],
)
@pytest.mark.parametrize("in_view", [False, True])
def test_value_of_one_person_added_to_a_weight_never_passes(lab: Lab, query: Query, in_view: bool) -> None:
    # A weighted count is a total of the weight: less the ages, which are known, it is the bonus.
    added: Query = {"weight": "age + bonus"}
    if in_view:
        added = {"weight": "x", "from": "v", "views": {"v": "select *, age + bonus as x from people"}}
    judged = lab.check({**query, **added}, PEOPLE)
    assert finding(judged, "pieces-unknown").severity is Verdict.REVIEW


TWO_TWINS = [{**row, "twins": int(i in {VICTIM, VICTIM + 1})} for i, row in enumerate(PEOPLE)]


@pytest.mark.parametrize("measure", ["exp(pay * twins / 100000)", "power(1 + pay, twins)", "sqrt(1 + pay * twins)"])
def test_measure_that_is_the_same_for_all_but_two_fails(lab: Lab, measure: str) -> None:
    judged = lab.check({"statistic": "mean", "measure": measure}, TWO_TWINS)
    assert judged.verdict is Verdict.FAIL
    assert rules(judged) & {"few-differ", "threshold-nonzero"}


@pytest.mark.parametrize(
    "measure",
    [
        f"age * sign({BETWEEN} - pay)",
        f"age * power(2, floor(pay / {BETWEEN}))",
        f"age + age * round(pay / {2 * BETWEEN})",
        f"age * ({BETWEEN} + 1 - pay) / abs({BETWEEN} - pay)",
        f"age * (1 + try_cast(pay / {BETWEEN} - 0.5 as int))",
        f"age * ({BETWEEN} - pay) / sqrt(({BETWEEN} - pay) * ({BETWEEN} - pay))",
        f"age * (2 - 1 / (1 + exp({BETWEEN} - pay)))",
        f"age - age * cast(pay / {BETWEEN} - 0.5 as bigint)",
    ],
)
@pytest.mark.parametrize("place", ["measure", "weight", "view"])
def test_jump_that_one_person_makes_never_passes(lab: Lab, measure: str, place: str) -> None:
    # Whoever knows everybody's age learns from the total who earns most.
    queries: dict[str, Query] = {
        "measure": {"measure": measure},
        "weight": {"measure": "pay", "weight": measure.replace("sign(", "(2 + sign(") + ")" * ("sign" in measure)},
        "view": {"measure": "x", "from": "v", "views": {"v": f"select person_id, {measure} as x from people"}},
    }
    judged = lab.check({"statistic": "sum", **queries[place]}, PEOPLE)
    assert judged.verdict is not Verdict.PASS


def test_ordinary_product_in_a_view_passes(lab: Lab) -> None:
    views = {"v": "select person_id, pay / (age * age) as x, round(pay / age, 2) as y from people"}
    for measure in "xy":
        query = {"statistic": "mean", "measure": measure, "from": "v", "views": views}
        assert rules(lab.check(query, PEOPLE)) == set()


@pytest.mark.parametrize(
    "measure",
    [
        "pay / (age * age)",
        "pay * (1 + age / 100)",
        "round(pay / age, 2)",
        "floor(age / 10)",
        "pay * floor(age / 10)",
        "abs(pay - 20000)",
        "pay / (1 + age)",
    ],
)
def test_ordinary_jumps_pass(lab: Lab, measure: str) -> None:
    assert rules(lab.check({"statistic": "mean", "measure": measure, "by": ["region"]}, PEOPLE)) == set()


@pytest.mark.parametrize(
    "queries",
    [
        (total("pay"), total("pay"), total("2 * pay")),
        (total("pay"), {"statistic": "mean", "measure": "pay", "by": ["sex", "region"]}),
        (total("pay"), total("pay", by=["sex"]), {"statistic": "median", "measure": "pay", "by": ["region"]}),
        (total("pay"), total("ln(pay)"), total("pay / age"), total("pay", weight="grossing")),
        (model("pay ~ age"), model("pay ~ age + C(sex)"), model("ln_pay ~ age", {"ln_pay": "ln(pay)"})),
        ({"statistic": "gini", "measure": "pay"}, {"statistic": "std", "measure": "pay", "by": ["region"]}),
        (total("pay", where="age >= 30"), total("pay", where="age >= 40")),
    ],
)
def test_ordinary_series_pass(lab: Lab, queries: tuple[Query, ...]) -> None:
    assert [rules(judged) for judged in in_turn(lab, *queries)] == [set()] * len(queries)


def test_what_is_kept_tells_no_value(lab: Lab) -> None:
    judged = lab.check(total("pay"), PEOPLE, memory=Memory.empty())
    kept = judged.contributors.to_bytes()
    assert judged.contributors.sketches
    assert not any(str(row["pay"]).encode() in kept or struct.pack("<d", row["pay"]) in kept for row in PEOPLE)
