"""Two safe tables that are unsafe together: subtraction across releases."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.statistics_lab import Lab, Row, finding, people, rules

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.verdict import Verdict
from saferoom.policies.models import RiskAppetite

COUNTS = {"statistic": "frequency", "by": ["region", "sex"]}
MEANS = {"statistic": "mean", "measure": "pay", "by": ["region"]}
ROWS = people()
TOP = max(row["pay"] for row in ROWS)
ALL_BUT_ONE = f"pay < {TOP}"


def after(
    lab: Lab, first: dict[str, Any], then: dict[str, Any], rows: list[Row] | None = None, **rest: Any
) -> Evaluation:
    """Release `first`, then judge `then`."""
    data = rows or ROWS
    earlier = lab.check(first, data, memory=Memory.empty(), **rest)
    assert earlier.verdict is Verdict.PASS, rules(earlier)
    memory = Memory.from_bytes(Memory.empty().with_evaluation(earlier).to_bytes())
    return lab.check(then, data, memory=memory, **rest)


@pytest.mark.parametrize("query", [COUNTS, MEANS, {"statistic": "sum", "measure": "pay"}])
def test_same_table_without_one_person_fails(lab: Lab, query: dict[str, Any]) -> None:
    judged = after(lab, query, {**query, "where": ALL_BUT_ONE})
    assert judged.verdict is Verdict.FAIL
    assert "differencing" in rules(judged)
    assert judged.outgoing is None


def test_same_table_with_one_person_more_fails(lab: Lab) -> None:
    assert after(lab, {**COUNTS, "where": ALL_BUT_ONE}, COUNTS).verdict is Verdict.FAIL


def test_finding_names_the_earlier_release_and_the_cell(lab: Lab) -> None:
    found = finding(after(lab, MEANS, {**MEANS, "where": ALL_BUT_ONE}), "differencing")
    region = next(row["region"] for row in ROWS if row["pay"] == TOP)
    assert "Mean of pay by region (people)" in found.message
    assert set(found.cells) == {(region,), ("All",)}


def test_identical_repeat_passes(lab: Lab) -> None:
    assert after(lab, COUNTS, COUNTS).verdict is Verdict.PASS
    assert after(lab, MEANS, {**MEANS, "margins": True}).verdict is Verdict.PASS


def test_finer_table_of_the_same_people_passes(lab: Lab) -> None:
    assert after(lab, MEANS, {**MEANS, "by": ["region", "sex"]}).verdict is Verdict.PASS


def test_table_of_clearly_fewer_people_passes(lab: Lab) -> None:
    assert after(lab, MEANS, {**MEANS, "where": "age >= 30"}).verdict is Verdict.PASS


def test_total_against_a_table_whose_cells_add_up_to_nearly_it_fails(lab: Lab) -> None:
    judged = after(lab, COUNTS, {"statistic": "frequency", "where": ALL_BUT_ONE})
    assert "differencing" in rules(judged)


def test_difference_only_in_a_margin_fails(lab: Lab) -> None:
    # Every cell of the second table differs by many people, its total by one.
    halves = {"half": "case when age < 45 then 1 else 2 end", "other": "case when age < 30 then 1 else 2 end"}
    first = {"statistic": "frequency", "by": ["half"], "derive": halves}
    second = {"statistic": "frequency", "by": ["other"], "derive": halves, "where": ALL_BUT_ONE}
    assert finding(after(lab, first, second), "differencing").cells == (("All",),)


def test_difference_in_households_alone_fails(lab: Lab) -> None:
    rows = [dict(row) for row in ROWS]
    for row in rows[:40]:
        row["household_id"] = 1
    only = {**MEANS, "where": "clinic = 0"}
    for row in rows:
        row["clinic"] = int(row["household_id"] == 1)
    both = ("person_id", "household_id")
    assert after(lab, {**MEANS, "by": []}, {**only, "by": []}, rows, units=("person_id",)).verdict is Verdict.PASS
    assert after(lab, {**MEANS, "by": []}, {**only, "by": []}, rows, units=both).verdict is Verdict.FAIL


def test_other_statistic_of_the_same_measure_fails(lab: Lab) -> None:
    judged = after(
        lab, {"statistic": "sum", "measure": "pay"}, {"statistic": "mean", "measure": "pay", "where": ALL_BUT_ONE}
    )
    assert judged.verdict is Verdict.FAIL


@pytest.mark.parametrize("measure", ["pay * 2", "pay + 1", "pay / age", "least(pay, 1e9)"])
def test_measure_in_disguise_fails(lab: Lab, measure: str) -> None:
    judged = after(
        lab, {"statistic": "mean", "measure": "pay"}, {"statistic": "mean", "measure": measure, "where": ALL_BUT_ONE}
    )
    assert judged.verdict is Verdict.FAIL


def test_measure_under_another_name_in_a_view_fails(lab: Lab) -> None:
    query = {
        "statistic": "mean",
        "measure": "x",
        "from": "v",
        "views": {"v": f"select person_id, pay as x from people where pay < {TOP}"},
    }
    assert after(lab, {"statistic": "mean", "measure": "pay"}, query).verdict is Verdict.FAIL


def test_count_written_as_a_mean_of_ones_and_zeros_fails(lab: Lab) -> None:
    some = "age <= 70"
    assert next(row["age"] for row in ROWS if row["pay"] == TOP) <= 70
    count = {"statistic": "frequency", "where": some}
    mean = {"statistic": "mean", "measure": f"case when {some} and pay < {TOP} then 1 else 0 end"}
    assert "differencing" in rules(after(lab, count, mean))


def test_count_written_as_a_sum_of_counts_of_a_view_fails(lab: Lab) -> None:
    counted = {
        "statistic": "sum",
        "measure": "n",
        "from": "v",
        "views": {"v": f"select person_id, count(*) + 0 as n from people where pay < {TOP} group by person_id"},
    }
    rows = ROWS + ROWS[:600]
    judged = after(lab, {"statistic": "frequency"}, counted, rows)
    assert "differencing" in rules(judged)


def test_missing_values_of_another_measure_do_not_collide(lab: Lab) -> None:
    rows = [{**row, "pay": None if i < 4 else row["pay"]} for i, row in enumerate(ROWS)]
    counts = {"statistic": "frequency", "by": ["region"]}
    assert after(lab, counts, MEANS, rows).verdict is Verdict.PASS
    assert after(
        lab, {"statistic": "mean", "measure": "age"}, {"statistic": "mean", "measure": "pay"}, rows
    ).verdict is (Verdict.PASS)


def test_people_with_a_missing_value_filtered_out_before_fail(lab: Lab) -> None:
    judged = after(
        lab,
        {"statistic": "mean", "measure": "pay"},
        {"statistic": "mean", "measure": f"case when {ALL_BUT_ONE} then pay end"},
    )
    assert "differencing" in rules(judged)


def test_suppressed_cell_plus_its_margin_fails(lab: Lab) -> None:
    rows = ROWS + [{**ROWS[0], "person_id": 5_000 + i, "region": "Isle"} for i in range(4)]
    two_way = {"statistic": "frequency", "by": ["region", "sex"], "protect": {"method": "suppress"}}
    one_way = {"statistic": "frequency", "by": ["sex"]}
    assert after(lab, two_way, one_way, rows).verdict is Verdict.FAIL
    assert after(lab, one_way, two_way, rows).verdict is Verdict.FAIL


def test_rounded_tables_that_differ_by_one_person_go_to_a_person(lab: Lab) -> None:
    rounded = {**COUNTS, "protect": {"method": "round"}}
    assert after(lab, rounded, {**rounded, "where": ALL_BUT_ONE}).verdict is Verdict.REVIEW


def test_difference_as_large_as_the_policy_asks_passes(lab: Lab) -> None:
    ordered = sorted(row["pay"] for row in ROWS)
    for left_out, verdict in ((9, Verdict.FAIL), (10, Verdict.PASS)):
        judged = after(
            lab,
            {"statistic": "mean", "measure": "pay"},
            {"statistic": "mean", "measure": "pay", "where": f"pay < {ordered[-left_out]}"},
        )
        assert judged.verdict is verdict, left_out


def test_difference_of_two_that_swap_fails(lab: Lab) -> None:
    ordered = sorted(row["pay"] for row in ROWS)
    first = {"statistic": "mean", "measure": "pay", "where": f"pay <> {ordered[-1]}"}
    then = {"statistic": "mean", "measure": "pay", "where": f"pay <> {ordered[-2]}"}
    assert after(lab, first, then).verdict is Verdict.FAIL


def test_same_people_in_another_file_format_are_the_same_people(lab: Lab) -> None:
    earlier = lab.check(COUNTS, lab.csv(ROWS), memory=Memory.empty())
    memory = Memory.empty().with_evaluation(earlier)
    floats = [{**row, "person_id": float(row["person_id"])} for row in ROWS]
    assert lab.check(COUNTS, floats, memory=memory).verdict is Verdict.PASS
    assert lab.check({**COUNTS, "where": ALL_BUT_ONE}, floats, memory=memory).verdict is Verdict.FAIL


def test_model_without_one_person_is_seen(lab: Lab) -> None:
    model = {"statistic": "regression", "options": {"formula": "pay ~ age + C(region)"}}
    memory = Memory.empty().with_evaluation(lab.check(model, ROWS, memory=Memory.empty()))
    assert "differencing" in rules(lab.check({**model, "where": ALL_BUT_ONE}, ROWS, memory=memory))
    assert "differencing" not in rules(lab.check(model, ROWS, memory=memory))


def test_looser_policy_still_sees_differences_below_its_own_limit(lab: Lab) -> None:
    policy = RiskAppetite(difference_units=2)
    assert after(lab, MEANS, {**MEANS, "where": ALL_BUT_ONE}, policy=policy).verdict is Verdict.FAIL
