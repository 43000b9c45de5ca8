"""Attacks on models and matrices: coefficients made to tell about few people; and ordinary models, which pass."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from tests.support.statistics_lab import Lab, Row, finding, people, rules

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.verdict import Verdict
from saferoom.errors import BadInputError


def workers(count: int = 800) -> list[Row]:
    """Return people with a job or none, children, and a time until an event."""
    rng = random.Random(3)
    rows = people(count)
    for i, row in enumerate(rows):
        row["job"] = int(rng.random() < 0.3 + row["age"] / 200)
        row["kids"] = sum(rng.random() < 0.3 for _ in range(6))
        row["months"] = round(rng.expovariate(0.02 + row["age"] / 4_000), 2)
        row["moved"] = int(rng.random() < 0.7)
        row["school"] = i % 40
    return rows


ROWS = workers()
TOP = max(row["pay"] for row in ROWS)
ONE = f"case when pay >= {TOP} then 1 else 0 end"
BUMP = f"1 / (1 + 1e9 * (pay - {TOP}) * (pay - {TOP}))"


def model(formula: str, derive: dict[str, str] | None = None, **options: Any) -> dict[str, Any]:
    return {"statistic": "regression", "derive": derive or {}, "options": {"formula": formula, **options}}


def matrix(*columns: str, derive: dict[str, str] | None = None, **rest: Any) -> dict[str, Any]:
    return {"statistic": "correlation", "derive": derive or {}, "options": {"columns": list(columns)}, **rest}


def changed(**values: Any) -> list[Row]:
    """Return the rows with the first one's values changed."""
    return [{**ROWS[0], **values}, *ROWS[1:]]


def with_isle(count: int, **values: Any) -> list[Row]:
    return ROWS + [{**ROWS[i], "person_id": 5 + i, "region": "Isle", **values} for i in range(count)]


ISLE_WOMEN = [*with_isle(12, sex="F")[:-1], {**ROWS[0], "person_id": 4, "region": "Isle", "sex": "M"}]
RICH = changed(pay=9e7)
OLD = changed(age=90_000)
BONUS = [{**row, "bonus": 5_000.0 if i < 4 else 0.0} for i, row in enumerate(ROWS)]
WOMEN_WORK = [{**row, "job": 1 if row["sex"] == "F" else row["job"]} for row in ROWS]
NOBODY_MOVED = [{**row, "moved": 0 if row["sex"] == "F" else row["moved"]} for row in ROWS]
FEW_MOVED = [{**row, "moved": int(i < 6)} for i, row in enumerate(ROWS)]
FEW_KIDS = [{**row, "kids": i % 3 if i < 6 else 0} for i, row in enumerate(ROWS)]
EQUAL_ISLE = with_isle(15, pay=20_000.0)
FEW_PEOPLE = [{**row, "person_id": i % 11} for i, row in enumerate(ROWS)]
BROADER = {"area": "case when region = 'N' then 'N' else 'other' end"}
COX: dict[str, Any] = {"family": "cox", "event": "moved"}

# What is asked, on what, the rule that must bite, and the remedy applied.
Attack = tuple[dict[str, Any], list[Row], str, dict[str, Any]]
MODELS: dict[str, Attack] = {
    "a dummy for one person": (
        model("pay ~ age + one", {"one": ONE}),
        ROWS,
        "small-group",
        model("pay ~ age"),
    ),
    "a dummy hidden in a number": (
        model("pay ~ x", {"x": f"age / 100 + 1000 * ({ONE})"}),
        ROWS,
        "leverage",
        model("pay ~ age"),
    ),
    "a dummy as a difference of columns": (
        model("pay ~ age + x", {"x": f"age * 2 + {BUMP}"}),
        ROWS,
        "leverage",
        model("pay ~ age"),
    ),
    "a category of three": (
        model("pay ~ C(region)"),
        with_isle(3),
        "small-group",
        model("pay ~ C(area)", BROADER),
    ),
    "a slope for three": (
        model("pay ~ age:C(region)"),
        with_isle(3),
        "small-group",
        model("pay ~ age:C(area)", BROADER),
    ),
    "one person in a saturated cell": (
        model("pay ~ C(region) * C(sex)"),
        ISLE_WOMEN,
        "small-group",
        model("pay ~ C(region) + C(sex)"),
    ),
    "one giant outcome": (
        model("pay ~ age"),
        RICH,
        "influence",
        model("pay_log ~ age", {"pay_log": "ln(pay)"}),
    ),
    "one giant outcome in a group's total": (
        model("pay ~ C(region)"),
        RICH,
        "dominance-1",
        model("pay_log ~ C(region)", {"pay_log": "ln(pay)"}),
    ),
    "one giant value of a column": (
        model("pay ~ age"),
        OLD,
        "leverage",
        model("pay ~ age_log", {"age_log": "ln(age)"}),
    ),
    "an outcome on the right": (
        model("pay ~ half + age", {"half": "pay / 2 + age"}),
        ROWS,
        "saturated",
        model("pay ~ age"),
    ),
    "everybody in a group has the same outcome": (
        model("pay ~ C(region)"),
        EQUAL_ISLE,
        "no-variation",
        model("pay ~ C(area)", BROADER),
    ),
    "a bonus of four inside the outcome": (
        model("y ~ age", {"y": "age * 100 + bonus"}),
        BONUS,
        "small-group",
        model("pay ~ age"),
    ),
    "a bonus of four inside a column": (
        model("pay ~ x", {"x": "age * 100 + bonus"}),
        BONUS,
        "small-group",
        model("pay ~ age"),
    ),
    "few people with many rows": (
        model("pay ~ age"),
        FEW_PEOPLE,
        "degrees-of-freedom",
        {"statistic": "mean", "measure": "pay"},
    ),
    "perfect separation": (
        model("job ~ y", {"y": "age + 100 * job"}, family="logit"),
        ROWS,
        "separation",
        model("job ~ age", family="logit"),
    ),
    "a group that separates": (
        model("job ~ age + C(sex)", family="probit"),
        WOMEN_WORK,
        "no-variation",
        model("job ~ age", family="probit"),
    ),
    "a count that six people have": (
        model("kids ~ age", family="poisson"),
        FEW_KIDS,
        "small-group",
        model("pay ~ age"),
    ),
    "six events": (
        model("months ~ age", **COX),
        FEW_MOVED,
        "implicit-table",
        model("months ~ age"),
    ),
    "a group without an event": (
        model("months ~ age + C(sex)", **COX),
        NOBODY_MOVED,
        "no-variation",
        model("months ~ age", **COX),
    ),
    "four clusters": (
        model("pay ~ age", errors="clustered", cluster="region"),
        ROWS,
        "few-clusters",
        model("pay ~ age", errors="robust"),
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_attack_by_a_model_fails_and_its_remedy_passes(lab: Lab, name: str) -> None:
    query, rows, rule, remedy = MODELS[name]
    judged = lab.check(query, rows)
    assert rule in rules(judged)
    assert_says_what_to_do(judged)
    if name != "few people with many rows":
        assert lab.check(remedy, rows).verdict is Verdict.PASS


def assert_says_what_to_do(judged: Evaluation) -> None:
    """Every finding is a sentence without a value, and has a remedy that the statistic takes."""
    assert judged.verdict is Verdict.FAIL
    for found in judged.findings:
        assert found.message.endswith(".")
        assert found.remedy
        assert str(TOP) not in found.message + found.remedy
        if judged.query.statistic in {"regression", "test"}:
            assert "protect" not in found.remedy


def test_saturated_cell_of_one_tells_that_persons_value(lab: Lab) -> None:
    """The attack itself: intercept and coefficients add up to the person's pay."""
    judged = lab.check(model("pay ~ C(region) * C(sex)"), ISLE_WOMEN)
    terms = {row[:2]: row[2] for row in judged.table.rows}
    wanted = [("(intercept)", None), ("region", "Isle"), ("sex", "M"), ("region:sex", "Isle:M")]
    assert sum(float(terms[term] or 0) for term in wanted) == pytest.approx(ROWS[0]["pay"])
    assert judged.verdict is Verdict.FAIL


def test_dummy_hidden_in_the_difference_of_two_columns_tells_that_persons_value(lab: Lab) -> None:
    """The attack itself: with the dummy's coefficient the fitted value is the person's own."""
    judged = lab.check(model("pay ~ age + x", {"x": f"age * 2 + {BUMP}"}), ROWS)
    fit = {row[0]: float(row[2] or 0) for row in judged.table.rows}
    age = next(row["age"] for row in ROWS if row["pay"] == TOP)
    assert fit["(intercept)"] + fit["age"] * age + fit["x"] * (2 * age + 1) == pytest.approx(TOP, rel=1e-6)
    assert judged.verdict is Verdict.FAIL


SAFE = [
    model("pay ~ age + C(region) + C(sex)"),
    model("pay ~ age * C(region) + kids"),
    model("pay ~ C(region):C(sex)"),
    model("pay ~ 0 + C(region)"),
    model("pay_log ~ age + age2", {"pay_log": "ln(pay)", "age2": "age * age"}),
    model("job ~ age + C(region)", family="logit"),
    {**model("job ~ age + C(sex)", family="probit", errors="robust"), "weight": "grossing"},
    model("kids ~ age * C(sex)", family="poisson"),
    model("months ~ age + C(sex)", **COX),
    {**model("pay ~ age", family="wls"), "weight": "grossing"},
    model("pay ~ age", errors="clustered", cluster="school"),
    model("pay ~ age", errors="clustered", cluster="person_id"),
    matrix("pay", "age", "kids", "job"),
    matrix("pay", "age", "months", by=["region", "sex"]),
    matrix("pay", "job", weight="grossing"),
    {**matrix("pay", "age"), "statistic": "covariance"},
    {"statistic": "test", "measure": "pay", "by": ["sex"], "options": {"test": "welch"}},
    {"statistic": "test", "measure": "pay", "by": ["region"], "options": {"test": "anova"}},
    {"statistic": "test", "by": ["region", "sex"], "options": {"test": "chi_square"}},
]


@pytest.mark.parametrize("query", SAFE, ids=lambda query: str(query.get("options")))
def test_ordinary_model_matrix_or_test_passes(lab: Lab, query: dict[str, Any]) -> None:
    judged = lab.check(query, ROWS, units=("person_id", "household_id"))
    assert rules(judged) == set()
    assert judged.verdict is Verdict.PASS


def test_more_columns_than_can_be_proven_go_to_a_person(lab: Lab) -> None:
    judged = lab.check(model("pay ~ age + C(sex) + C(region) + kids"), ROWS[:60])
    assert judged.verdict is Verdict.REVIEW
    assert rules(judged) == {"leverage-unproven"}


def test_rare_outcome_of_dummies_alone_goes_to_a_person(lab: Lab) -> None:
    rows = [{**row, "ill": int(i % 25 == 0)} for i, row in enumerate(ROWS)]
    assert rules(lab.check(model("ill ~ C(sex)", family="logit"), rows)) == {"implicit-near-class"}
    assert lab.check(model("ill ~ age", family="logit"), rows).verdict is Verdict.PASS


def test_close_fit_goes_to_a_person(lab: Lab) -> None:
    rng = random.Random(5)
    rows = [{**row, "near": row["pay"] + rng.gauss(0, 800)} for row in ROWS]
    judged = lab.check(model("pay ~ near"), rows)
    assert (judged.verdict, finding(judged, "saturated").severity) == (Verdict.REVIEW, Verdict.REVIEW)


def test_household_of_three_in_a_category_fails_though_there_are_many_people(lab: Lab) -> None:
    rows = ROWS + [{**ROWS[i], "person_id": 5 + i, "household_id": i % 3, "region": "Isle"} for i in range(30)]
    judged = lab.check(model("pay ~ C(region)"), rows, units=("person_id", "household_id"))
    assert "household_id" in finding(judged, "small-group").message


# -- several models ------------------------------------------------------------------------------------------------


def after(lab: Lab, first: dict[str, Any], second: dict[str, Any]) -> Evaluation:
    memory = Memory.empty().with_evaluation(lab.check(first, ROWS, memory=Memory.empty()))
    return lab.check(second, ROWS, memory=memory)


def test_two_models_whose_dummies_differ_by_one_person_fail(lab: Lab) -> None:
    oldest = max(row["age"] for row in ROWS if row["pay"] < TOP)
    first = {"old": f"case when age >= {oldest - 20} then 1 else 0 end"}
    second = {"old": f"case when age >= {oldest - 20} and pay <> {TOP} or pay = {TOP} and age < 60 then 1 else 0 end"}
    judged = after(lab, model("pay ~ old", first), model("pay ~ old", second))
    assert finding(judged, "differencing").severity is Verdict.FAIL
    assert "differencing" not in rules(after(lab, model("pay ~ old", first), model("pay ~ old + age", first)))


def test_model_after_a_table_of_nearly_the_same_people_fails(lab: Lab) -> None:
    mean = {"statistic": "mean", "measure": "pay", "where": f"pay < {TOP}", "by": ["region"]}
    assert "differencing" in rules(after(lab, mean, model("pay ~ C(region)")))


def test_matrix_and_test_without_one_person_fail(lab: Lab) -> None:
    without = {"where": f"pay < {TOP}"}
    for query in (matrix("pay", "age"), matrix("pay", "job", by=["sex"]), SAFE[-3], SAFE[-1]):
        assert "differencing" in rules(after(lab, query, {**query, **without}))
        assert "differencing" not in rules(after(lab, query, query))


# -- matrices ------------------------------------------------------------------------------------------------------


MATRICES: dict[str, Attack] = {
    "a column of one person": (matrix("pay", "one", derive={"one": ONE}), ROWS, "small-group", matrix("pay", "age")),
    "a difference of columns": (
        matrix("pay", "age", "kids", "x", derive={"x": f"age + kids + {BUMP}"}),
        ROWS,
        "leverage",
        matrix("pay", "age", "kids"),
    ),
    "one column computed from the other": (
        matrix("pay", "tax", derive={"tax": "pay * 0.2 + 100"}),
        ROWS,
        "relation",
        matrix("pay", "age"),
    ),
    "a person missing from one of two versions": (
        matrix("pay", "kids", "x", derive={"x": f"kids * kids + 0 * ln({TOP} - pay)"}),
        ROWS,
        "missing-singles-out",
        matrix("pay", "kids"),
    ),
    "one person who makes the correlation": (
        matrix("pay", "age"),
        changed(pay=9e7, age=900),
        "influence",
        {"statistic": "correlation", "options": {"columns": ["pay", "age"], "method": "spearman"}},
    ),
    "a two by two table with a small cell": (
        matrix("a", "b"),
        [{**row, "a": int(i % 20 == 0), "b": int(i % 2 == 0 and i not in {0, 20, 40})} for i, row in enumerate(ROWS)],
        "implicit-table",
        matrix("pay", "b"),
    ),
    "a group's total that is one person's": (
        {**matrix("a", "pay"), "statistic": "covariance"},
        [{**row, "a": int(i < 20), "pay": 9e5 if i == 3 else row["pay"]} for i, row in enumerate(ROWS)],
        "implicit-table",
        matrix("a", "age"),
    ),
    "everybody alike": (matrix("pay", "c", derive={"c": "3"}), ROWS, "no-variation", matrix("pay", "age")),
    "eight people with many rows": (
        matrix("pay", "age"),
        [{**row, "person_id": i % 8} for i, row in enumerate(ROWS)],
        "threshold",
        {"statistic": "mean", "measure": "pay"},
    ),
    "three in a stratum": (
        matrix("pay", "age", by=["region"]),
        with_isle(3),
        "threshold",
        {**matrix("pay", "age", by=["region"]), "protect": {"method": "suppress"}},
    ),
    "eight who have both": (
        matrix("pay", "age", "kids"),
        [{**row, "pay": row["pay"] if i < 8 else None} for i, row in enumerate(ROWS)],
        "threshold",
        matrix("age", "kids"),
    ),
}


@pytest.mark.parametrize("name", MATRICES)
def test_attack_by_a_matrix_fails_and_its_remedy_passes(lab: Lab, name: str) -> None:
    query, rows, rule, remedy = MATRICES[name]
    judged = lab.check(query, rows)
    assert rule in rules(judged)
    assert_says_what_to_do(judged)
    if name != "eight people with many rows":
        assert lab.check(remedy, rows).verdict is Verdict.PASS


def test_suppressed_matrix_shows_nothing_of_a_small_stratum(lab: Lab) -> None:
    judged = lab.check(MATRICES["three in a stratum"][3], with_isle(3))
    assert judged.protected is not None
    shown = {row[0] for row in judged.protected.rows if row[-1] is not None}
    assert shown == {"N", "S", "E", "W"}


def test_names_of_columns_that_a_researcher_chose_do_not_leave(lab: Lab) -> None:
    judged = lab.check(matrix("pay", "jane", derive={"jane": "age * 2"}), ROWS)
    assert judged.outgoing is not None
    assert "jane" not in str(judged.outgoing.document())
    terms = lab.check(model("pay ~ jane * C(anna)", {"jane": "age * 2", "anna": "sex"}), ROWS).outgoing
    assert terms is not None
    assert "jane" not in str(terms.document())
    assert "anna" not in str(terms.document())


# -- tests ---------------------------------------------------------------------------------------------------------


def compare(test: str, measure: str | None = "pay", by: tuple[str, ...] = ("sex",), **rest: Any) -> dict[str, Any]:
    asked = {"statistic": "test", "by": list(by), "options": {"test": test}, **rest}
    return asked if measure is None else {**asked, "measure": measure}


LOG = {"pay_log": "ln(pay)"}
AREA: dict[str, Any] = {"by": ("area",), "derive": BROADER}
TESTS: dict[str, Attack] = {
    "a group of one": (compare("t", by=("one",), derive={"one": ONE}), ROWS, "threshold", compare("t")),
    "a group of three": (compare("anova", by=("region",)), with_isle(3), "threshold", compare("anova", **AREA)),
    "a table with a small cell": (
        compare("chi_square", None, ("region", "sex")),
        with_isle(3),
        "threshold",
        compare("chi_square", None, ("area", "sex"), derive=BROADER),
    ),
    "a group of which everybody has the same": (
        compare("anova", by=("region",)),
        EQUAL_ISLE,
        "no-variation",
        compare("anova", **AREA),
    ),
    "one giant": (compare("welch"), RICH, "outlier", compare("welch", "pay_log", derive=LOG)),
    "an indicator that three have": (
        compare("t", "moved", ("sex",)),
        FEW_MOVED,
        "implicit-table",
        compare("t"),
    ),
    "few people with many rows": (
        compare("chi_square", None, ("region", "sex")),
        FEW_PEOPLE,
        "degrees-of-freedom",
        {"statistic": "mean", "measure": "pay"},
    ),
}


@pytest.mark.parametrize("name", TESTS)
def test_attack_by_a_test_fails_and_its_remedy_passes(lab: Lab, name: str) -> None:
    query, rows, rule, remedy = TESTS[name]
    judged = lab.check(query, rows)
    assert rule in rules(judged)
    assert_says_what_to_do(judged)
    if name != "few people with many rows":
        assert lab.check(remedy, rows).verdict is Verdict.PASS


# -- bad input -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "says"),
    [
        (model("pay ~ region"), "options.formula"),
        (model("pay ~ age", family="logit"), "must be 0 or 1"),
        (model("pay ~ age", family="poisson"), "whole numbers"),
        (model("months ~ age", family="cox", event="kids"), "options.event"),
        (model("lower ~ age", {"lower": "months - 900"}, **COX), "must not be negative"),
        (model("pay ~ age", family="wls"), "wls needs a weight"),
        ({**model("months ~ age", **COX), "weight": "grossing"}, "take no weight"),
        (model("pay ~ age", errors="clustered", cluster="nope"), "options.cluster"),
        (model("pay ~ age + twice", {"twice": "age * 2"}), "linear combinations"),
        (model("y ~ half", {"y": "pay * 1e-200", "half": "pay / 2"}), "must lie between"),
        (model("y ~ age", {"y": "exp(age * 8)"}), "must lie between"),
        (model("pay ~ C(group)", {"group": "pay"}), "more than 100 categories"),
        (matrix("pay", "region"), "must be a number"),
        (matrix("pay", "same", derive={"same": "pay"}), "the same"),
        (compare("t", by=("region",)), "exactly two groups"),
        (compare("anova", by=("region",), where="region = 'N'"), "fewer"),
        (compare("anova", by=("pay",)), "at most 100"),
        (compare("chi_square", None, ("region", "sex"), where="sex = 'F'"), "two categories"),
        (compare("t", weight="grossing"), "take no weight"),
    ],
)
def test_query_that_does_not_fit_is_refused_with_a_sentence(lab: Lab, query: dict[str, Any], says: str) -> None:
    with pytest.raises(BadInputError, match=says):
        lab.check(query, ROWS)


@pytest.mark.parametrize("query", [model("pay ~ age"), matrix("pay", "age"), matrix("pay", "age", by=["region"])])
def test_filter_that_leaves_nobody_fails(lab: Lab, query: dict[str, Any]) -> None:
    judged = lab.check({**query, "where": "age > 500"}, ROWS)
    assert judged.verdict is Verdict.FAIL
    assert not any(isinstance(value, float) and np.isnan(value) for row in judged.table.rows for value in row)
