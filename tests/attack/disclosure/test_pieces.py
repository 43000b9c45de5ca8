"""Measures put together so that one person's value hides behind everybody's: sums, steps, nested conditions."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.statistics_lab import Lab, Row, people, rules

from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.verdict import Verdict

PEOPLE = people()
OLDEST = 79
for _row in PEOPLE:
    _row["age"] = min(_row["age"], OLDEST - 1)
PEOPLE[0]["age"] = OLDEST
SHIFTED = f"(age - {OLDEST})"


@pytest.mark.parametrize(
    "indicator",
    [
        f"power(0, abs{SHIFTED})",
        f"floor(age / {OLDEST})",
        f"exp(-1000000 * {SHIFTED} * {SHIFTED})",
        f"1 / (1 + 1e12 * {SHIFTED} * {SHIFTED})",
        f"sign(greatest({SHIFTED} + 0.5, 0))",
        f"(case age when {OLDEST} then 1 else 0 end)",
    ],
)
@pytest.mark.parametrize(
    "measure",
    ["100 * age + pay * {}", "100 * age - {} * pay * 2", "pay * (1 + {})", "coalesce(100 * age + pay * {}, 0)"],
)
def test_value_of_one_person_behind_everybodys_age_never_passes(lab: Lab, measure: str, indicator: str) -> None:
    # Taking 100 times the total age off the number leaves the oldest person's pay.
    judged = lab.check({"statistic": "sum", "measure": measure.format(indicator)}, PEOPLE)
    assert judged.verdict is not Verdict.PASS


@pytest.mark.parametrize("statistic", ["sum", "mean", "std", "variance"])
def test_constant_added_to_a_giants_value_hides_nothing(lab: Lab, statistic: str) -> None:
    rows = [{"person_id": i, "turnover": 1_000 + i % 7 * 10 + (i == 0) * 9_000_000} for i in range(30)]
    judged = lab.check({"statistic": statistic, "measure": "turnover + 100000000"}, rows)
    assert judged.verdict is Verdict.FAIL
    assert "dominance-1" in rules(judged)


def test_summand_that_one_person_has_fails(lab: Lab) -> None:
    rows = [{**row, "legacy": 500_000 if row is PEOPLE[0] else 0} for row in PEOPLE]
    assert lab.check({"statistic": "sum", "measure": "pay + legacy"}, rows).verdict is Verdict.FAIL


def test_summand_added_up_in_a_view_or_a_weight_goes_to_a_person(lab: Lab) -> None:
    view = {"v": "select person_id, pay + 100000000 as total from people"}
    judged = lab.check({"statistic": "sum", "measure": "total", "from": "v", "views": view}, PEOPLE)
    assert rules(judged) == {"pieces-unknown"}
    judged = lab.check({"statistic": "mean", "measure": "pay", "weight": "grossing + 1000"}, PEOPLE)
    assert rules(judged) == {"pieces-unknown"}


NESTED = [{**row, "a": int(i < 20), "b": int(20 <= i < 60 or i == 0)} for i, row in enumerate(PEOPLE)]


@pytest.mark.parametrize(
    "measure",
    [
        "case when a = 1 then (case when b = 1 then 50 else age end) else age end",
        "age + (case when a = 1 then 1 else 0 end) * (case when b = 1 then 7 else 5 end)",
        "case a when 1 then (case b when 1 then 50 else age end) else age end",
        "case when a = 1 then age when b = 0 then age + 1 else age + 2 end * (case when b = 1 then 1 else 2 end)",
    ],
)
def test_conditions_that_only_one_person_fulfils_together_never_pass(lab: Lab, measure: str) -> None:
    assert lab.check({"statistic": "sum", "measure": measure}, NESTED).verdict is not Verdict.PASS


def test_two_values_of_a_simple_case_are_conditions(lab: Lab) -> None:
    judged = lab.check({"statistic": "sum", "measure": f"case age when {OLDEST} then 90 else age end"}, PEOPLE)
    assert "condition-singles-out" in rules(judged)
    judged = lab.check({"statistic": "mean", "measure": "case sex when 'F' then age else age + 1 end"}, PEOPLE)
    assert judged.verdict is Verdict.PASS


def test_cap_above_which_few_are_goes_to_a_person(lab: Lab) -> None:
    # The total without the cap less the total with it is what the richest has above the cap.
    first, second = sorted((row["pay"] for row in PEOPLE), reverse=True)[:2]
    capped = {"statistic": "sum", "measure": f"least(pay, {(first + second) / 2})"}
    assert "condition-singles-out" in rules(lab.check(capped, PEOPLE))
    assert (
        lab.check({"statistic": "sum", "measure": "greatest(least(pay, 40000), 12000)"}, PEOPLE).verdict is Verdict.PASS
    )


def test_spread_around_one_outlier_goes_to_a_person(lab: Lab) -> None:
    # All others are nearly equal: the outlier is the mean plus the spread times the root of the count.
    rows = [{"person_id": i, "level": 1_000 + i % 5 / 10 + (i == 0) * 500} for i in range(100)]
    assert rules(lab.check({"statistic": "std", "measure": "level"}, rows)) == {"outlier"}


@pytest.mark.parametrize(
    "query",
    [
        {"statistic": "mean", "measure": "pay + age", "by": ["region", "sex"]},
        {"statistic": "mean", "measure": "(pay - 20000) / 1000", "by": ["region"]},
        {"statistic": "std", "measure": "pay", "by": ["region", "sex"]},
        {"statistic": "sum", "measure": "case when age >= 60 then pay else 0 end", "by": ["region"]},
        {"statistic": "mean", "measure": "case when age < 30 then 1 when age < 60 then 2 else 3 end"},
        {"statistic": "mean", "measure": "ln(pay + 1)", "weight": "grossing"},
        {"statistic": "ratio", "measure": "pay * grossing", "options": {"denominator": "grossing"}},
        {"statistic": "mean", "measure": "(age - 50) * (age - 50) / 100"},
    ],
)
def test_ordinary_measures_pass(lab: Lab, query: dict[str, Any]) -> None:
    assert lab.check(query, PEOPLE).verdict is Verdict.PASS


SPELLS = [{"person_id": row["person_id"], "number": k} for row in PEOPLE for k in range(3)]
CUTS = [{"cut": OLDEST - 1, "number": 1}, {"cut": 200, "number": 2}]


@pytest.mark.parametrize("measure", ["pay", "pay * number", "100 * age + pay"])
@pytest.mark.parametrize(
    "views",
    [
        {
            "v": "select p.person_id, p.age, p.pay, coalesce(s.number, 0) + 1 as number from people p "
            f"left join spells s on s.person_id = p.person_id and p.age = {OLDEST}"
        },
        {"v": "select p.person_id, p.age, p.pay, c.number from people p join cuts c on p.age <= c.cut"},
        {
            "v": "select p.person_id, max(p.age) as age, sum(p.pay) as pay, max(c.number) as number from people p "
            "join cuts c on p.age <= c.cut group by p.person_id"
        },
    ],
)
def test_join_that_repeats_one_persons_rows_never_passes(lab: Lab, views: dict[str, str], measure: str) -> None:
    # The total with the join less the total without it is a multiple of the oldest person's pay.
    sources = [
        lab.source(PEOPLE),
        lab.source(SPELLS, name="spells"),
        lab.source(CUTS, units=(), name="cuts"),
    ]
    judged = lab.check({"statistic": "sum", "measure": measure, "from": "v", "views": views}, sources)
    assert judged.verdict is not Verdict.PASS


def test_join_with_data_that_has_one_person_twice_goes_to_a_person(lab: Lab) -> None:
    twice = [{"person_id": row["person_id"]} for row in [PEOPLE[0], *PEOPLE]]
    views = {"v": "select p.person_id, p.pay from people p join twice t using (person_id)"}
    sources = [lab.source(PEOPLE), lab.source(twice, name="twice")]
    judged = lab.check({"statistic": "sum", "measure": "pay", "from": "v", "views": views}, sources)
    assert rules(judged) == {"repeats-single-out"}


def test_values_that_a_view_fills_in_from_a_filtered_table_never_pass(lab: Lab) -> None:
    views = {
        "one": f"select person_id, pay from people where age = {OLDEST}",
        "v": "select p.person_id, coalesce(o.pay, p.age) as x from people p left join one o using (person_id)",
    }
    judged = lab.check({"statistic": "sum", "measure": "x", "from": "v", "views": views}, PEOPLE)
    assert judged.verdict is not Verdict.PASS


def test_ordinary_joins_pass(lab: Lab) -> None:
    sources = [lab.source(PEOPLE), lab.source(SPELLS, name="spells")]
    for join in ("s.person_id = p.person_id", "s.person_id = p.person_id and s.number > 0"):
        views = {"v": f"select p.person_id, p.age, p.pay, s.number from people p left join spells s on {join}"}
        for measure in ("pay", "number * 2"):
            query = {"statistic": "mean", "measure": measure, "from": "v", "views": views, "where": "number < 9"}
            assert rules(lab.check(query, sources)) <= {"implicit-near-class"}


# -- names of categories -------------------------------------------------------------------------------------------


def owners(count: int = 300) -> list[Row]:
    """Return people of whom thirty have no pay and all others a pay of their own."""
    return [{"person_id": i, "pay": 0 if i < 30 else 1_000 + i * 37, "age": i % 17} for i in range(count)]


@pytest.mark.parametrize(
    "query",
    [
        {"statistic": "frequency", "by": ["pay"], "protect": {"method": "suppress"}},
        {"statistic": "frequency", "by": ["pay", "age"], "protect": {"method": "round", "base": 10}},
        {"statistic": "frequency", "by": ["pay"], "protect": {"method": "round", "base": 10}},
        {"statistic": "mean", "measure": "age", "by": ["pay"], "protect": {"method": "suppress"}},
    ],
)
def test_names_of_blanked_categories_do_not_list_everybodys_values(lab: Lab, query: dict[str, Any]) -> None:
    judged = lab.check(query, owners())
    assert judged.protected is not None
    assert {row[0] for row in judged.protected.rows} <= {0}


# -- beside earlier releases ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (
            {"statistic": "sum", "measure": "case when age >= 60 then pay else 0 end"},
            {"statistic": "sum", "measure": f"pay * cast(age >= 60 and age < {OLDEST} as int)"},
        ),
        (
            {"statistic": "sum", "measure": "pay * cast(age >= 60 as int)"},
            {"statistic": "sum", "measure": "pay", "where": f"age >= 60 and age < {OLDEST}"},
        ),
        (
            {"statistic": "frequency", "by": ["children"]},
            {"statistic": "sum", "measure": "children", "where": f"age < {OLDEST}"},
        ),
        (
            {"statistic": "sum", "measure": "children", "where": f"age < {OLDEST}"},
            {"statistic": "frequency", "by": ["children"]},
        ),
        ({"statistic": "frequency"}, {"statistic": "sum", "measure": "1 + age / 1e9", "where": f"age < {OLDEST}"}),
    ],
    ids=["conditions", "condition and filter", "counts and total", "total and counts", "count in disguise"],
)
def test_numbers_that_differ_by_one_persons_part_fail(lab: Lab, first: dict[str, Any], second: dict[str, Any]) -> None:
    rows = [{**row, "children": (1, 1, 2, 3)[i % 4]} for i, row in enumerate(PEOPLE)]
    released = lab.check(first, rows, memory=Memory.empty())
    assert released.verdict is Verdict.PASS
    judged = lab.check(second, rows, memory=Memory.empty().with_evaluation(released))
    assert judged.verdict is Verdict.FAIL
    assert "differencing" in rules(judged)


@pytest.mark.parametrize("method", ["suppress", "round"])
def test_names_of_few_are_not_listed_as_blank_categories(lab: Lab, method: str) -> None:
    """A list of blank rows is still a list of who is there; of a classification only the number is secret."""
    rows = [{**row, "name": f"person {i}" if i % 3 else "nobody in particular"} for i, row in enumerate(people(60))]
    query = {"statistic": "frequency", "by": ["name"], "protect": {"method": method}}
    judged = lab.check(query, rows)
    assert judged.protected is not None
    assert {row[0] for row in judged.protected.rows} == {"nobody in particular"}
    regions = [{**row, "region": "Isle" if i < 4 else row["region"]} for i, row in enumerate(people())]
    judged = lab.check({**query, "by": ["region"]}, regions)
    assert judged.protected is not None
    assert ("Isle", None) in judged.protected.rows
