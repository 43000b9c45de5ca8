"""Tables that tell about single people although they look like statistics."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.statistics_lab import Lab, Row, finding, people, rules

from saferoom.disclosure.verdict import Verdict
from saferoom.errors import BadInputError
from saferoom.policies.models import RiskAppetite

BOTH = ("person_id", "household_id")
COUNTS = {"statistic": "frequency", "by": ["region", "sex"]}


def islanders(count: int, **changes: Any) -> list[Row]:
    """Return ordinary people and `count` more in a region of their own."""
    own = [
        {"person_id": 900_000 + i, "household_id": 990_000 + i, "region": "Isle", "sex": "FM"[i % 2], "age": 40 + i}
        | {"pay": 20_000.0 + 100 * i, "grossing": 100.0}
        | changes
        for i in range(count)
    ]
    return people() + own


def test_count_of_three_people_fails_and_names_the_cell(lab: Lab) -> None:
    judged = lab.check(COUNTS, islanders(3, sex="F"))
    assert judged.verdict is Verdict.FAIL
    assert finding(judged, "threshold").cells == (("Isle", "F"),)
    assert judged.outgoing is None


def test_count_of_fifteen_rows_of_one_person_fails(lab: Lab) -> None:
    assert lab.check(COUNTS, islanders(15, person_id=900_000, sex="F")).verdict is Verdict.FAIL


def test_count_of_twenty_rows_of_five_households_fails(lab: Lab) -> None:
    rows = islanders(40)
    for i, row in enumerate(row for row in rows if row["region"] == "Isle"):
        row["household_id"] = 990_000 + i % 5
    judged = lab.check({"statistic": "frequency", "by": ["region"]}, rows, units=BOTH)
    assert judged.verdict is Verdict.FAIL
    assert "household_id" in finding(judged, "threshold").message


def test_households_need_their_threshold_only_where_they_are_named(lab: Lab) -> None:
    policy = RiskAppetite(threshold_per_unit={"household_id": 5})
    rows = islanders(40)
    for i, row in enumerate(row for row in rows if row["region"] == "Isle"):
        row["household_id"] = 990_000 + i % 5
    query = {"statistic": "frequency", "by": ["region"]}
    assert lab.check(query, rows, units=BOTH, policy=policy).verdict is Verdict.PASS


@pytest.mark.parametrize("statistic", ["mean", "sum", "median", "std"])
def test_measure_missing_for_most_rows_fails(lab: Lab, statistic: str) -> None:
    rows = islanders(12)
    for row in [row for row in rows if row["region"] == "Isle"][1:]:
        row["pay"] = None
    assert lab.check({"statistic": statistic, "measure": "pay", "by": ["region"]}, rows).verdict is Verdict.FAIL


def test_mean_of_equal_values_fails(lab: Lab) -> None:
    judged = lab.check({"statistic": "mean", "measure": "pay", "by": ["region"]}, islanders(30, pay=21_000.0))
    assert finding(judged, "no-variation").cells == (("Isle",),)
    assert judged.verdict is Verdict.FAIL


@pytest.mark.parametrize("statistic", ["median", "quantile", "iqr", "std", "sum"])
def test_statistic_of_equal_values_fails(lab: Lab, statistic: str) -> None:
    options = {"options": {"quantiles": [0.5]}} if statistic == "quantile" else {}
    query = {"statistic": statistic, "measure": "pay", "by": ["region"], **options}
    assert lab.check(query, islanders(30, pay=21_000.0)).verdict is Verdict.FAIL


@pytest.mark.parametrize("statistic", ["min", "max", "range", "mode"])
def test_endpoint_of_any_cell_fails(lab: Lab, statistic: str) -> None:
    judged = lab.check({"statistic": statistic, "measure": "pay", "by": ["region"]}, people())
    assert judged.verdict is Verdict.FAIL


def test_structural_bounds_pass_for_their_column_alone(lab: Lab) -> None:
    policy = RiskAppetite(structural=frozenset({"age"}))
    assert lab.check({"statistic": "max", "measure": "age"}, people(), policy=policy).verdict is Verdict.PASS
    assert lab.check({"statistic": "max", "measure": "age + pay"}, people(), policy=policy).verdict is Verdict.FAIL
    assert lab.check({"statistic": "mode", "measure": "age"}, people(), policy=policy).verdict is Verdict.FAIL


def test_structural_column_does_not_cover_a_view_column_of_its_name(lab: Lab) -> None:
    policy = RiskAppetite(structural=frozenset({"age"}))
    query = {
        "statistic": "max",
        "measure": "age",
        "from": "v",
        "views": {"v": "select person_id, pay as age from people"},
    }
    assert lab.check(query, people(), policy=policy).verdict is Verdict.FAIL


def test_nearly_everybody_in_one_category_goes_to_a_person(lab: Lab) -> None:
    rows = islanders(1_000, sex="F")
    for row in [row for row in rows if row["region"] == "Isle"][:20]:
        row["sex"] = "M"
    judged = lab.check({**COUNTS, "where": "region = 'Isle'"}, rows)
    assert judged.verdict is Verdict.REVIEW
    assert rules(judged) == {"near-class-disclosure"}


def test_everybody_in_one_category_fails(lab: Lab) -> None:
    judged = lab.check(COUNTS, islanders(200, sex="F"))
    assert judged.verdict is Verdict.FAIL
    assert finding(judged, "class-disclosure").cells == (("Isle", "F"),)


def test_filter_that_leaves_one_category_by_its_own_words_is_no_class_disclosure(lab: Lab) -> None:
    assert lab.check({**COUNTS, "where": "region = 'N'"}, people()).verdict is Verdict.PASS


def test_filter_on_something_else_that_leaves_one_category_is_class_disclosure(lab: Lab) -> None:
    rows = islanders(60)
    for row in rows:
        row["clinic"] = 5 if row["region"] == "Isle" else 1
    judged = lab.check({**COUNTS, "where": "clinic = 5"}, rows)
    assert "class-disclosure" in rules(judged)
    assert judged.verdict is Verdict.FAIL


def test_combination_that_nobody_has_goes_to_a_person(lab: Lab) -> None:
    rows = [{"person_id": i, "job": "abc"[i % 3], "sex": "FM"[i // 3 % 2]} for i in range(600)]
    rows = [row for row in rows if (row["job"], row["sex"]) != ("c", "M")]
    rows += [{"person_id": 1_000 + i, "job": "c", "sex": "X"} for i in range(50)]
    rows += [{"person_id": 2_000 + i, "job": "ab"[i % 2], "sex": "X"} for i in range(100)]
    judged = lab.check({"statistic": "frequency", "by": ["job", "sex"]}, rows)
    assert judged.verdict is Verdict.REVIEW
    assert finding(judged, "empty-class").cells == (("c", "M"),)
    structural = RiskAppetite(structural=frozenset({"job"}))
    assert lab.check({"statistic": "frequency", "by": ["job", "sex"]}, rows, policy=structural).verdict is Verdict.PASS


def test_missing_category_is_shown_and_counted(lab: Lab) -> None:
    rows = people()
    for row in rows[:3]:
        row["region"] = None
    judged = lab.check({"statistic": "frequency", "by": ["region"]}, rows)
    assert finding(judged, "threshold").cells == ((None,),)
    assert judged.table.rows[-1] == (None, 3)


def test_filter_that_leaves_nobody_fails(lab: Lab) -> None:
    assert lab.check({**COUNTS, "where": "age > 200"}, people()).verdict is Verdict.FAIL
    assert lab.check({"statistic": "frequency", "where": "age > 200"}, people()).verdict is Verdict.FAIL


def test_filter_that_leaves_one_person_fails(lab: Lab) -> None:
    rows = people()
    query = {"statistic": "mean", "measure": "age", "where": f"pay >= {max(row['pay'] for row in rows)}"}
    assert lab.check(query, rows).verdict is Verdict.FAIL


def test_derived_category_of_one_person_fails(lab: Lab) -> None:
    rows = people()
    top = max(row["pay"] for row in rows)
    query = {"statistic": "mean", "measure": "age", "by": ["top"], "derive": {"top": f"pay >= {top}"}}
    assert lab.check(query, rows).verdict is Verdict.FAIL


# -- magnitudes ----------------------------------------------------------------------------------------------------


def test_sum_with_one_giant_fails(lab: Lab) -> None:
    rows = islanders(30, pay=10.0)
    rows[-1]["pay"] = 9e6
    judged = lab.check({"statistic": "sum", "measure": "pay", "by": ["region"]}, rows)
    assert {"dominance-1", "dominance-2", "p-percent"} <= rules(judged)


def test_sum_with_two_giants_fails(lab: Lab) -> None:
    rows = islanders(30)
    for row in rows[-30:]:
        row["pay"] = 10.0 + row["age"]
    rows[-1]["pay"] = rows[-2]["pay"] = 9e6
    judged = lab.check({"statistic": "mean", "measure": "pay", "by": ["region"]}, rows)
    assert "dominance-2" in rules(judged)


def test_sum_with_a_negative_giant_fails(lab: Lab) -> None:
    rows = islanders(30)
    rows[-1]["pay"] = -9e7
    judged = lab.check({"statistic": "sum", "measure": "pay", "by": ["region"]}, rows)
    assert "dominance-1" in rules(judged)


def test_giant_whose_total_is_split_over_many_rows_fails(lab: Lab) -> None:
    rows = islanders(30)
    giant = [{**rows[-1], "pay": 20_000.0 + i} for i in range(60)]
    judged = lab.check({"statistic": "sum", "measure": "pay", "by": ["region"]}, rows + giant)
    assert "dominance-1" in rules(judged)


def test_giant_household_of_modest_people_fails(lab: Lab) -> None:
    rows = islanders(60)
    for row in rows[-35:]:
        row["household_id"] = 990_000
    query = {"statistic": "sum", "measure": "pay", "by": ["region"]}
    assert lab.check(query, rows).verdict is Verdict.PASS
    assert "dominance-1" in rules(lab.check(query, rows, units=BOTH))


def test_weight_that_makes_one_person_dominate_fails(lab: Lab) -> None:
    rows = islanders(30)
    rows[-1]["grossing"] = 1e6
    for statistic in ("sum", "mean", "median", "std"):
        query = {"statistic": statistic, "measure": "pay", "by": ["region"], "weight": "grossing"}
        assert lab.check(query, rows).verdict is Verdict.FAIL, statistic


def test_weight_of_zero_for_all_but_a_few_fails(lab: Lab) -> None:
    rows = people()
    top = sorted(row["pay"] for row in rows)[-4]
    weight = {"weight": "w", "derive": {"w": f"case when pay > {top} then 1 else 0 end"}}
    assert lab.check({"statistic": "mean", "measure": "age", **weight}, rows).verdict is Verdict.FAIL
    assert lab.check({"statistic": "frequency", **weight}, rows).verdict is Verdict.FAIL


def test_frequency_weighted_with_a_dominated_magnitude_fails(lab: Lab) -> None:
    rows = islanders(30)
    rows[-1]["pay"] = 9e7
    assert lab.check({"statistic": "frequency", "by": ["region"], "weight": "pay"}, rows).verdict is Verdict.FAIL


def test_count_of_rows_that_mostly_belong_to_one_person_fails(lab: Lab) -> None:
    rows = islanders(20)
    visits = rows + [dict(rows[-1]) for _ in range(80)]
    judged = lab.check({"statistic": "frequency", "by": ["region"]}, visits)
    assert "dominance-1" in rules(judged)


def test_median_of_rows_that_mostly_belong_to_one_person_fails(lab: Lab) -> None:
    rows = islanders(40)
    copies = rows + [dict(rows[-20]) for _ in range(400)]
    assert lab.check({"statistic": "median", "measure": "pay", "by": ["region"]}, copies).verdict is Verdict.FAIL


def test_count_written_as_a_sum_of_ones_and_zeros_fails_like_the_count(lab: Lab) -> None:
    rows = people()
    few = sorted(row["pay"] for row in rows)[-4]
    indicator = f"case when pay > {few} then 1 else 0 end"
    for statistic in ("sum", "mean", "std"):
        assert lab.check({"statistic": statistic, "measure": indicator}, rows).verdict is Verdict.FAIL, statistic


def test_count_written_with_two_other_numbers_fails_like_the_count(lab: Lab) -> None:
    rows = people()
    few = sorted(row["pay"] for row in rows)[-4]
    judged = lab.check({"statistic": "sum", "measure": f"case when pay > {few} then 1000 else 7 end"}, rows)
    assert "implicit-table" in rules(judged)


def test_share_of_nearly_everybody_goes_to_a_person(lab: Lab) -> None:
    rows = [{"person_id": i, "ill": int(i >= 20)} for i in range(1_000)]
    judged = lab.check({"statistic": "mean", "measure": "ill"}, rows)
    assert judged.verdict is Verdict.REVIEW


def test_total_that_few_people_add_to_fails(lab: Lab) -> None:
    rows = people()
    few = sorted(row["pay"] for row in rows)[-6]
    judged = lab.check({"statistic": "sum", "measure": f"greatest(pay - {few}, 0)"}, rows)
    assert "threshold-nonzero" in rules(judged)


def test_value_of_one_person_mixed_into_a_sum_goes_to_a_person(lab: Lab) -> None:
    rows = people()
    top = max(row["pay"] for row in rows)
    judged = lab.check({"statistic": "sum", "measure": f"case when pay >= {top} then 90 else age end"}, rows)
    assert "condition-singles-out" in rules(judged)


def test_many_conditions_are_not_waved_through(lab: Lab) -> None:
    cases = " ".join(f"when age = {age} then {age}" for age in range(20, 50))
    judged = lab.check({"statistic": "sum", "measure": f"case {cases} else age * 2 end"}, people(4_000))
    assert "condition-singles-out" in rules(judged)


@pytest.mark.parametrize("fraction", [0.001, 0.999])
def test_outer_quantile_fails(lab: Lab, fraction: float) -> None:
    query = {"statistic": "quantile", "measure": "pay", "options": {"quantiles": [fraction]}}
    assert lab.check(query, people()).verdict is Verdict.FAIL


def test_quantiles_close_together_fail(lab: Lab) -> None:
    query = {"statistic": "quantile", "measure": "pay", "options": {"quantiles": [0.5, 0.502]}}
    assert "quantile-band" in rules(lab.check(query, people()))


def test_median_of_twelve_people_goes_to_a_person_and_of_forty_passes(lab: Lab) -> None:
    query = {"statistic": "median", "measure": "pay", "where": "region = 'Isle'"}
    assert lab.check(query, islanders(12)).verdict is Verdict.REVIEW
    assert lab.check(query, islanders(40)).verdict is Verdict.PASS


def test_std_of_ten_people_has_too_few_degrees_of_freedom(lab: Lab) -> None:
    query = {"statistic": "std", "measure": "pay", "where": "region = 'Isle'"}
    judged = lab.check(query, islanders(10))
    assert rules(judged) == {"degrees-of-freedom"}
    assert lab.check(query, islanders(11)).verdict is Verdict.PASS


def test_ratio_is_judged_in_its_denominator_too(lab: Lab) -> None:
    rows = islanders(30)
    rows[-1]["age"] = 10**7
    query = {"statistic": "ratio", "measure": "pay", "options": {"denominator": "age"}, "by": ["region"]}
    assert "dominance-1" in rules(lab.check(query, rows))


# -- margins and protection ----------------------------------------------------------------------------------------


def test_unsafe_margin_fails(lab: Lab) -> None:
    judged = lab.check({**COUNTS, "margins": True}, islanders(4))
    assert ("Isle", "All") in finding(judged, "threshold").cells


def test_label_of_totals_does_not_collide_with_a_category(lab: Lab) -> None:
    rows = people()
    for row in rows[::3]:
        row["region"] = "all"
    judged = lab.check({**COUNTS, "margins": True}, rows)
    assert "All (total)" in {row[0] for row in judged.table.rows}


def test_suppression_with_margins_never_gives_a_solvable_table(lab: Lab) -> None:
    rows = people()
    for row in rows:
        row["band"] = row["age"] // 20
    rows += [{**rows[0], "person_id": 5, "band": 9}]
    query = {"statistic": "frequency", "by": ["region", "band"], "margins": True, "protect": {"method": "suppress"}}
    judged = lab.check(query, rows)
    assert judged.verdict is Verdict.PASS
    shown = {row[:2]: row[2] for row in judged.protected.rows}  # type: ignore[union-attr]
    assert None in shown.values()
    for region in (*"NSEW", "All"):
        # The band of one person is not even named, so that what is left over is more than the blank cell.
        line = {cell: number for cell, number in shown.items() if cell[0] == region}
        inner: list[Any] = [number for cell, number in line.items() if cell[1] != "All"]
        whole: Any = line[region, "All"]
        left = whole - sum(number for number in inner if number is not None)
        assert left == 0 or left >= 10
        assert None not in inner or left > 0


def test_rounding_a_mean_is_refused_because_it_protects_nothing(lab: Lab) -> None:
    query = {"statistic": "mean", "measure": "pay", "by": ["region"], "protect": {"method": "round", "base": 5}}
    with pytest.raises(BadInputError, match="protects nothing"):
        lab.check(query, people())


def test_rounding_finer_than_the_policy_is_refused(lab: Lab) -> None:
    with pytest.raises(BadInputError, match="at least 5"):
        lab.check({**COUNTS, "protect": {"method": "round", "base": 2}}, people())


# -- models --------------------------------------------------------------------------------------------------------


def regression(formula: str, **rest: Any) -> dict[str, Any]:
    return {"statistic": "regression", "options": {"formula": formula, "family": "ols"}, **rest}


def test_dummy_for_one_person_fails(lab: Lab) -> None:
    rows = people()
    top = max(row["pay"] for row in rows)
    judged = lab.check(regression("pay ~ age + one", derive={"one": f"case when pay >= {top} then 1 else 0 end"}), rows)
    assert {"small-group", "leverage"} <= rules(judged)


def test_dummy_in_disguise_fails(lab: Lab) -> None:
    rows = people()
    top = max(row["pay"] for row in rows)
    derive = {"one": f"age / 100 + case when pay >= {top} then 1000 else 0 end"}
    assert "leverage" in rules(lab.check(regression("pay ~ one", derive=derive), rows))


def test_category_of_three_people_fails(lab: Lab) -> None:
    assert "small-group" in rules(lab.check(regression("pay ~ age + C(region)"), islanders(3)))


def test_outcome_with_three_ones_fails(lab: Lab) -> None:
    rows = people()
    few = sorted(row["pay"] for row in rows)[-4]
    derive = {"rich": f"case when pay > {few} then 1 else 0 end"}
    assert "small-group" in rules(lab.check(regression("rich ~ age", derive=derive), rows))


def test_fit_that_reproduces_the_outcome_fails(lab: Lab) -> None:
    assert "saturated" in rules(lab.check(regression("pay ~ half", derive={"half": "pay / 2"}), people()))


def test_model_with_few_residual_degrees_of_freedom_fails(lab: Lab) -> None:
    judged = lab.check(regression("pay ~ age", where="region = 'Isle'"), islanders(11))
    assert "degrees-of-freedom" in rules(judged)


def test_degrees_of_freedom_count_people_not_rows(lab: Lab) -> None:
    rows = islanders(10)
    copies = rows + [{**row, "pay": row["pay"] + 50 * i} for row in rows[-10:] for i in range(1, 9)]
    judged = lab.check(regression("pay ~ age", where="region = 'Isle'"), copies)
    assert "degrees-of-freedom" in rules(judged)


def test_ordinary_model_passes(lab: Lab) -> None:
    judged = lab.check(regression("pay ~ age + C(region) + C(sex)"), people())
    assert judged.verdict is Verdict.PASS
    assert rules(judged) == set()
