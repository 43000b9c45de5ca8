"""Attacks by a new number beside earlier ones: dominated differences, shifts, noise, rounded counts, many releases."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.support.statistics_lab import Lab, Row, finding, people, rules

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.history.contributors import Noise
from saferoom.disclosure.history.differencing import judge
from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.verdict import Verdict
from saferoom.policies.models import RiskAppetite

Query = dict[str, Any]


def rich() -> list[Row]:
    """Return people of whom thirty earn more than the rest and one far more; flags and missing values for filters."""
    rows = people()
    for i, row in enumerate(rows):
        row["pay"] = 90_000.0 + 37 * i if i % 40 == 0 else 20_000.0 + (row["pay"] * 7) % 40_000
        row["hours"] = 20 + i % 21
        row["joined"] = 2 if i % 50 == 3 else 1
        row["flag"] = int(i == 7)
        row["area"] = f"{row['region']}{row['age'] // 20}"
    rows[0]["pay"] = 5_000_000.0
    return rows


ROWS = rich()
LOOSE = RiskAppetite(dominance=(), p_percent=0.0)
TOTAL: Query = {"statistic": "sum", "measure": "pay"}


def after(lab: Lab, first: Query, then: Query, policy: RiskAppetite | None = None, other: bool = False) -> Evaluation:
    """Release `first`, whatever is said of it, then judge `then`."""
    earlier = lab.check(first, ROWS, memory=Memory.empty())
    memory = Memory.from_bytes(Memory.empty().with_evaluation(earlier).to_bytes())
    if other:
        memory = replace(memory, releases=tuple(release.anonymous() for release in memory.releases))
    return lab.check(then, ROWS, memory=memory, policy=policy)


def test_top_coded_beside_raw_sum_that_one_person_dominates_fails(lab: Lab) -> None:
    capped = {**TOTAL, "measure": "least(pay, 85000)"}
    judged = after(lab, TOTAL, capped)
    assert finding(judged, "differencing").severity is Verdict.FAIL
    assert "differencing" in rules(after(lab, capped, {**TOTAL, "where": "pay > 0"}))


def test_top_coded_beside_raw_sum_passes_where_nobody_dominates(lab: Lab) -> None:
    raw = {**TOTAL, "where": "pay < 1000000"}
    assert rules(after(lab, raw, {**raw, "measure": "least(pay, 85000)"})) <= {"implicit-table", "pieces-unknown"}


@pytest.mark.parametrize("measure", ["least(pay, 85000) * 3", "least(pay, 85000) + 500", "700 - 2 * least(pay, 85000)"])
def test_scaled_and_shifted_measures_are_seen_through(lab: Lab, measure: str) -> None:
    mean = {"statistic": "mean", "measure": "pay"}
    assert "differencing" in rules(after(lab, mean, {**mean, "measure": measure}))


def test_shift_does_not_hide_one_person(lab: Lab) -> None:
    mean = {"statistic": "mean", "measure": "hours"}
    assert "differencing" in rules(after(lab, mean, {**mean, "measure": "hours * exp(flag) + 100"}))
    assert "differencing" not in rules(after(lab, mean, {**mean, "measure": "hours * 4 + 100"}))


def test_dominated_difference_of_populations_fails(lab: Lab) -> None:
    # Thirty people are left out, one of whom earns most of their pay.
    assert "differencing" in rules(after(lab, TOTAL, {**TOTAL, "where": "pay < 85000"}))
    modest = {**TOTAL, "where": "pay < 1000000"}
    assert "differencing" not in rules(after(lab, modest, {**TOTAL, "where": "pay < 85000"}))


def test_difference_that_cannot_be_computed_goes_to_a_person(lab: Lab) -> None:
    judged = after(lab, TOTAL, {**TOTAL, "measure": "least(pay, 85000)"}, other=True)
    found = finding(judged, "difference-unknown")
    assert found.severity is Verdict.REVIEW
    assert "Sum of" not in found.message


def test_other_projects_release_is_not_named(lab: Lab) -> None:
    counts = {"statistic": "frequency", "by": ["region"]}
    judged = after(lab, counts, {**counts, "where": "flag = 0"}, other=True)
    found = finding(judged, "differencing")
    assert "an earlier release of another project" in found.message
    assert "Count" not in found.message
    assert "1 to 4" not in found.message
    named = finding(after(lab, counts, {**counts, "where": "flag = 0"}), "differencing")
    assert "1 to 4" in named.message


def test_combination_is_laid_out_for_the_checker(lab: Lab) -> None:
    counts = {"statistic": "frequency", "by": ["region"]}
    judged = after(lab, counts, {**counts, "where": "flag = 0"})
    region = ROWS[7]["region"]
    combination = next(one for one in judged.evidence["combinations"] if one["new"] == [[region]])
    assert combination["how"] == "subtract"
    assert combination["units"] == "1 to 4"
    assert combination["earlier"][0]["cells"] == [[region]]


# -- noise ---------------------------------------------------------------------------------------------------------


def beside(lab: Lab, first: Noise, then: Noise, where: str | None = None, base: int = 0) -> dict[str, Verdict]:
    """Judge a table with some noise beside one with another, and return findings by rule."""
    query = {"statistic": "frequency", "by": ["region"]}
    earlier = lab.check(query, ROWS, memory=Memory.empty())
    new = lab.check(query if where is None else {**query, "where": where}, ROWS, memory=Memory.empty())
    changed = replace(earlier, contributors=replace(earlier.contributors, noise=first, base=base))
    memory = Memory.empty().with_evaluation(changed)
    found = judge(replace(new.contributors, noise=then, base=base), memory, RiskAppetite())
    assert all(combination.document() for combination in found.combinations)
    return {one.rule: one.severity for one in found.findings}


@pytest.mark.parametrize(
    ("first", "then"), [(Noise.DP, Noise.NONE), (Noise.NONE, Noise.DP), (Noise.DP, Noise.CELL_KEY)]
)
def test_exact_number_beside_a_noisy_one_of_the_same_cells_is_found(lab: Lab, first: Noise, then: Noise) -> None:
    assert beside(lab, first, then) == {"noise-stripped": Verdict.REVIEW}


@pytest.mark.parametrize("noise", [Noise.DP, Noise.CELL_KEY])
def test_the_same_noise_twice_passes_also_for_near_populations(lab: Lab, noise: Noise) -> None:
    assert beside(lab, noise, noise) == {}
    assert beside(lab, noise, noise, "flag = 0") == {}


def test_average_of_many_pairs_with_cell_key_noise_around_one_person_goes_to_a_person(lab: Lab) -> None:
    def keyed(where: str) -> Evaluation:
        judged = lab.check({"statistic": "frequency", "where": where}, ROWS, memory=Memory.empty())
        return replace(judged, contributors=replace(judged.contributors, noise=Noise.CELL_KEY, base=5))

    said = []
    memory = Memory.empty()
    for age in range(60, 68):
        # The person with the flag is in every first set and in no second; the sets are different ones otherwise.
        for where in (f"age < {age} or flag = 1", f"age < {age} and flag = 0"):
            judged = keyed(where)
            found = judge(judged.contributors, memory, RiskAppetite())
            said.append({one.severity for one in found.findings})
            assert all(combination.document() for combination in found.combinations)
            memory = memory.with_evaluation(judged)
    assert said[:10] == [set()] * 10
    assert said[-1] == {Verdict.REVIEW}


def test_exact_number_near_a_perturbed_one_goes_to_a_person(lab: Lab) -> None:
    assert beside(lab, Noise.CELL_KEY, Noise.NONE, "flag = 0") == {"differencing": Verdict.REVIEW}
    assert beside(lab, Noise.CELL_KEY, Noise.NONE) == {}
    assert beside(lab, Noise.DP, Noise.NONE, "flag = 0") == {"noise-stripped": Verdict.REVIEW}


# -- many releases ---------------------------------------------------------------------------------------------------


def in_turn(lab: Lab, queries: list[Query]) -> list[Evaluation]:
    """Release one query after the other."""
    memory, judged = Memory.empty(), []
    for query in queries:
        judged.append(lab.check(query, ROWS, memory=memory))
        memory = memory.with_evaluation(judged[-1])
    return judged


def test_areas_that_make_a_region_but_for_one_person_fail(lab: Lab) -> None:
    areas = {"statistic": "frequency", "by": ["area"], "where": "flag = 0"}
    judged = in_turn(lab, [{"statistic": "frequency", "by": ["region"]}, areas])
    assert "differencing" in rules(judged[1])


@pytest.mark.parametrize("where", ["flag = 0", "joined = 1 or flag = 0", "age < 200 and flag < 1"])
def test_any_filter_around_one_person_fails(lab: Lab, where: str) -> None:
    query = {"statistic": "mean", "measure": "hours", "by": ["region"]}
    judged = in_turn(lab, [query, {**query, "where": where}])[1]
    # All but the one joined in the first year, so that the second filter leaves out nobody.
    assert ("differencing" in rules(judged)) == (" or " not in where)


def test_re_banded_ages_that_cut_out_few_people_fail(lab: Lab) -> None:
    ages = sorted((row["age"] for row in ROWS), reverse=True)
    assert ages[0] == 80
    assert 10 <= ages.count(80) < 30
    bands = {"b": "case when age < 40 then 1 else 2 end"}
    first = {"statistic": "mean", "measure": "hours", "by": ["b"], "derive": bands}
    # Eighty-year-olds who work many hours are in no band any more.
    fewer = {"b": "case when age < 40 then 1 when age < 80 or hours < 34 then 2 end"}
    few = sum(row["age"] == 80 and row["hours"] >= 34 for row in ROWS)
    assert 0 < few < 10
    assert "differencing" in rules(in_turn(lab, [first, {**first, "derive": fewer}])[1])


def test_ordinary_series_of_tables_passes(lab: Lab) -> None:
    queries: list[Query] = [
        {"statistic": "frequency", "by": ["region"]},
        {"statistic": "frequency", "by": ["region", "sex"], "margins": True},
        {"statistic": "mean", "measure": "hours", "by": ["region"]},
        {"statistic": "mean", "measure": "hours", "by": ["sex"], "margins": True},
        {"statistic": "frequency", "by": ["sex"], "where": "age >= 40"},
        {"statistic": "frequency", "by": ["region"], "protect": {"method": "round"}},
        {"statistic": "median", "measure": "hours", "by": ["region", "sex"]},
        {"statistic": "frequency", "by": ["region"]},
    ]
    assert [rules(judged) for judged in in_turn(lab, queries)] == [set()] * len(queries)


def test_near_sets_switched_off_let_the_simplest_attack_through(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = {"statistic": "frequency"}
    without = {**counts, "where": "flag = 0"}
    assert after(lab, counts, without).verdict is Verdict.FAIL
    monkeypatch.setattr("saferoom.disclosure.history.differencing.near", lambda *_: [])
    monkeypatch.setattr("saferoom.disclosure.history.together.solutions", lambda *_: iter(()))
    assert after(lab, counts, without).verdict is Verdict.PASS


def test_repetition_passes_where_one_person_has_a_value_of_zero(lab: Lab) -> None:
    rows = [{**row, "hours": 0 if i == 5 else row["hours"]} for i, row in enumerate(ROWS)]
    query: Query = {"statistic": "mean", "measure": "hours", "by": ["region"]}
    memory = Memory.empty().with_evaluation(lab.check(query, rows, memory=Memory.empty()))
    for again in (query, {**query, "margins": True}, {**query, "by": ["sex"]}, {**query, "measure": "2 * hours"}):
        assert "differencing" not in rules(lab.check(again, rows, memory=memory)), again
    # Without the one who has zero, the number of the others tells that there is one.
    assert "differencing" in rules(lab.check({**query, "where": "hours > 0"}, rows, memory=memory))


def test_controlled_rounding_of_the_same_few_in_another_table_goes_to_a_person(lab: Lab) -> None:
    small = [{**people()[0], "person_id": 910_000 + i, "region": "Isle", "sex": "FM"[i % 2]} for i in range(6)]
    rows = people() + small
    rounded: Query = {"statistic": "frequency", "by": ["region", "sex"], "protect": {"method": "controlled_rounding"}}
    other = {**rounded, "by": ["area", "sex"], "derive": {"area": "case when region = 'Isle' then 'I' else 'M' end"}}
    first = lab.check(rounded, rows, memory=Memory.empty())
    memory = Memory.empty().with_evaluation(first)
    assert first.verdict is Verdict.PASS
    assert finding(lab.check(other, rows, memory=memory), "differencing").severity is Verdict.REVIEW
    again = {**rounded, "by": ["sex", "region"], "margins": True}
    assert lab.check(again, rows, memory=memory).verdict is Verdict.PASS
