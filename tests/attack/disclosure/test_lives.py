"""Curves, transitions and lines of mobility that tell about single people; and the remedies that mend them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.support.statistics_lab import Lab, Row, finding, rules

from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.verdict import Verdict
from saferoom.policies.models import RiskAppetite

CURVE: dict[str, Any] = {"statistic": "survival", "options": {"time": "months", "event": "died"}}
LADDER: dict[str, Any] = {
    "statistic": "mobility",
    "measure": "child",
    "by": ["region"],
    "options": {"parent": "parent"},
}
MOVES: dict[str, Any] = {"statistic": "transition", "by": ["origin", "destination"]}
SUPPRESS = {"protect": {"method": "suppress"}}


def lives(count: int = 800, seed: int = 11, **changes: Any) -> list[Row]:
    """Return people with a time under observation, two incomes and two classes."""
    rng = np.random.default_rng(seed)
    found: list[Row] = []
    for i in range(count):
        time, censoring = rng.exponential(30), rng.uniform(0, 60)
        parent = float(np.round(rng.lognormal(10, 0.6)))
        found.append(
            {
                "person_id": seed * 100_000 + i,
                "household_id": seed * 100_000 + i // 2,
                "region": "NS"[i % 2],
                "months": int(np.ceil(min(time, censoring))),
                "died": bool(time <= censoring),
                "parent": parent,
                "child": float(np.round(0.4 * parent + rng.lognormal(9.5, 0.5))),
                "origin": "hlm"[int(rng.integers(3))],
                "destination": "hlm"[int(rng.integers(3))],
                "grossing": float(rng.uniform(50, 150)),
            }
            | changes
        )
    return found


def isle(count: int, seed: int = 12, **changes: Any) -> list[Row]:
    return lives(count, seed, region="Isle", **changes)


def test_curve_of_a_group_with_few_events_fails_and_suppression_mends_it(lab: Lab) -> None:
    rows = lives() + isle(40, died=False)
    for row in rows[-4:]:
        row["died"] = True
    judged = lab.check({**CURVE, "by": ["region"]}, rows)
    assert judged.verdict is Verdict.FAIL
    assert finding(judged, "threshold-events").cells == (("Isle", None),)
    mended = lab.check({**CURVE, "by": ["region"], **SUPPRESS}, rows)
    assert mended.verdict is Verdict.PASS
    assert mended.outgoing is not None
    shown = [row for row in mended.outgoing.rows if row[0] == "Isle"]
    assert all(value is None for row in shown for value in row[2:])


def test_curve_over_all_groups_mends_a_group_with_few_events(lab: Lab) -> None:
    rows = lives() + isle(40, died=False)
    assert lab.check({**CURVE, "by": ["region"]}, rows).verdict is Verdict.FAIL
    assert lab.check(CURVE, rows).verdict is Verdict.PASS


def test_curve_of_fifteen_events_of_one_person_fails(lab: Lab) -> None:
    rows = lives(200, died=False) + [{**row, "person_id": 5, "died": True} for row in lives(15, 13)]
    assert lab.check(CURVE, rows).verdict is Verdict.FAIL


def test_curve_whose_events_are_in_few_households_fails(lab: Lab) -> None:
    rows = lives(400, died=False)
    rows += [{**row, "household_id": 7_000 + i % 3, "died": True} for i, row in enumerate(lives(30, 14))]
    judged = lab.check(CURVE, rows, units=("person_id", "household_id"))
    assert judged.verdict is Verdict.FAIL


def test_last_of_a_cohort_are_not_followed_to_their_deaths(lab: Lab) -> None:
    rows = [{"person_id": i, "months": 1 + i // 20, "died": True} for i in range(200)]
    judged = lab.check(CURVE, rows)
    assert [row[0] for row in judged.table.rows] == list(range(1, 10))
    assert judged.table.rows[-1][3] == pytest.approx(0.1)
    assert "near-class-disclosure" in rules(judged)


def test_remedy_for_a_nearly_certain_event_passes(lab: Lab) -> None:
    rows = [{"person_id": i, "months": 1 + i // 20, "died": True} for i in range(200)]
    judged = lab.check(CURVE, rows)
    assert judged.verdict is Verdict.REVIEW
    assert "end it at 8 (options.intervals with no later bound)" in finding(judged, "near-class-disclosure").remedy
    options = {**CURVE["options"], "intervals": [1, 2, 3, 4, 5, 6, 7, 8]}
    assert lab.check({**CURVE, "options": options}, rows).verdict is Verdict.PASS


def test_steps_that_the_researcher_names_are_gathered_all_the_same(lab: Lab) -> None:
    options = {"time": "months", "event": "died", "intervals": [x / 4 for x in range(1, 81)]}
    judged = lab.check({**CURVE, "options": options}, lives(300))
    assert all(int(str(row[2])) >= 10 for row in judged.table.rows)
    at_risk = [int(str(row[1])) for row in judged.table.rows]
    events = [int(str(row[2])) for row in judged.table.rows]
    censored = [a - e - b for a, e, b in zip(at_risk[:-1], events[:-1], at_risk[1:], strict=True)]
    assert all(count == 0 or count >= 10 for count in censored)


def test_life_table_with_a_narrow_interval_fails_and_its_remedy_passes(lab: Lab) -> None:
    bounds = [0, 1, 2, 3, 6, 12, 18, 24, 30, 36]
    options = {"time": "months", "event": "died", "estimator": "life_table", "intervals": bounds}
    judged = lab.check({**CURVE, "options": options}, lives(300))
    assert judged.verdict is Verdict.FAIL
    remedy = finding(judged, "threshold-events").remedy
    wider = [float(text) for text in remedy.split("[")[1].split("]")[0].split(",")]
    assert set(wider) < set(bounds)
    assert lab.check({**CURVE, "options": {**options, "intervals": wider}}, lives(300)).verdict is Verdict.PASS


def test_life_table_that_tells_of_few_lost_fails(lab: Lab) -> None:
    rows = [{"person_id": i, "months": i % 12, "died": True} for i in range(600)]
    rows += [{"person_id": 1_000 + i, "months": 20, "died": False} for i in range(200)]
    options = {"time": "months", "event": "died", "estimator": "life_table", "intervals": [0, 6, 12]}
    query = {**CURVE, "options": options}
    assert lab.check(query, rows).verdict is Verdict.PASS
    lost = [{"person_id": 5_000 + i, "months": 3, "died": False} for i in range(3)]
    assert lab.check(query, rows + lost).verdict is Verdict.FAIL


def test_weight_of_one_person_that_makes_most_of_a_step_fails(lab: Lab) -> None:
    rows = lives()
    heavy = next(row for row in rows if row["died"] and row["months"] == 3)
    heavy["grossing"] = 20_000.0
    query = {**CURVE, "weight": "grossing"}
    assert lab.check(query, lives()).verdict is Verdict.PASS
    assert lab.check(query, rows).verdict is Verdict.FAIL


def test_condition_that_moves_the_time_of_one_person_goes_to_a_person(lab: Lab) -> None:
    rows = lives()
    rows[0]["parent"] = 987_654.0
    options = {"time": "case when parent > 900000 then 1 else months end", "event": "died"}
    judged = lab.check({**CURVE, "options": options}, rows)
    assert judged.verdict is not Verdict.PASS
    assert "condition-singles-out" in rules(judged)


def test_curves_of_nearly_the_same_people_collide(lab: Lab) -> None:
    rows = lives()
    for i, row in enumerate(rows):
        row["odd"] = i == 3
    first = lab.check(CURVE, rows, memory=Memory.empty())
    memory = Memory.empty().with_evaluation(first)
    assert first.verdict is Verdict.PASS
    assert lab.check(CURVE, rows, memory=memory).verdict is Verdict.PASS
    second = lab.check({**CURVE, "where": "not odd"}, rows, memory=memory)
    assert second.verdict is Verdict.FAIL
    assert "differencing" in rules(second)


def test_life_tables_whose_bounds_differ_around_few_events_collide(lab: Lab) -> None:
    rows = [{"person_id": i, "months": 1 + i % 40, "died": True} for i in range(200)]
    rows += [{"person_id": 1_000 + i, "months": 50, "died": False} for i in range(200)]
    options = {"time": "months", "event": "died", "estimator": "life_table"}
    first = lab.check({**CURVE, "options": {**options, "intervals": [0, 10, 40]}}, rows, memory=Memory.empty())
    assert first.verdict is Verdict.PASS
    memory = Memory.empty().with_evaluation(first)
    shifted = {**CURVE, "options": {**options, "intervals": [0, 11, 40]}}
    assert lab.check(shifted, rows).verdict is Verdict.PASS
    assert "differencing" in rules(lab.check(shifted, rows, memory=memory))


def test_transition_of_two_people_fails_and_its_row_has_no_shares_when_blanked(lab: Lab) -> None:
    rows = lives() + [{**row, "origin": "h", "destination": "rare"} for row in lives(2, 15)]
    rows += [{**row, "origin": "m", "destination": "rare"} for row in lives(30, 16)]
    rows += [{**row, "origin": "l", "destination": "rare"} for row in lives(30, 17)]
    assert finding(lab.check(MOVES, rows), "threshold").cells == (("h", "rare"),)
    mended = lab.check({**MOVES, **SUPPRESS}, rows)
    assert mended.protected is not None
    shares = {(row[0], row[1]): (row[2], row[3]) for row in mended.protected.rows}
    assert shares["h", "rare"] == (None, None)
    assert shares["h", "l"][0] is not None
    assert shares["h", "l"][1] is None
    assert shares["m", "rare"][1] is not None


def test_origin_from_which_everybody_goes_to_one_place_fails(lab: Lab) -> None:
    rows = lives() + lives(50, 15, origin="x", destination="h")
    judged = lab.check(MOVES, rows)
    assert judged.verdict is Verdict.FAIL
    assert "class-disclosure" in rules(judged)


def test_structural_zero_of_a_transition_is_known_anyway(lab: Lab) -> None:
    rows = [row for row in lives(2_000) if not (row["origin"] == "h" and row["destination"] == "l")]
    assert "empty-class" in rules(lab.check(MOVES, rows))
    policy = RiskAppetite(structural=frozenset({"origin", "destination"}))
    assert lab.check(MOVES, rows, policy=policy).verdict is Verdict.PASS


def test_line_of_few_people_fails_and_suppression_mends_it(lab: Lab) -> None:
    rows = lives() + isle(7)
    judged = lab.check(LADDER, rows)
    assert judged.verdict is Verdict.FAIL
    assert finding(judged, "threshold").cells == (("Isle",),)
    assert lab.check({**LADDER, **SUPPRESS}, rows).verdict is Verdict.PASS


def test_line_with_too_few_degrees_of_freedom_fails(lab: Lab) -> None:
    assert "degrees-of-freedom" in rules(lab.check(LADDER, lives() + isle(11)))


def test_line_through_one_far_away_family_fails(lab: Lab) -> None:
    rows = lives() + isle(30, parent=20_000.0)
    rows[-1]["parent"] = 9e9
    assert {"leverage"} <= rules(lab.check(LADDER, rows))


def test_line_whose_slope_is_one_familys_fails(lab: Lab) -> None:
    rows = lives()
    middle = sorted(row["child"] for row in rows)[400]
    island = isle(40, child=middle)
    for i, row in enumerate(island):
        row["parent"] = 15_000.0 + 500 * i
    island[0]["child"] = 9e9
    judged = lab.check(LADDER, rows + island)
    assert judged.verdict is Verdict.FAIL
    assert "influence-dominance-1" in rules(judged)


def test_measure_that_marks_one_person_is_a_count_in_disguise(lab: Lab) -> None:
    rows = lives()
    rows[0]["parent"] = 987_654.0
    judged = lab.check({**LADDER, "measure": "case when parent > 900000 then 1 else 0 end"}, rows)
    assert judged.verdict is Verdict.FAIL


def test_line_that_fits_everybody_exactly_fails(lab: Lab) -> None:
    rows = [{**row, "child": row["parent"] + 5} for row in lives()]
    assert "saturated" in rules(lab.check(LADDER, rows))


def test_area_where_all_children_are_alike_fails(lab: Lab) -> None:
    assert "no-variation" in rules(lab.check(LADDER, lives() + isle(40, child=25_000.0)))


def test_one_weight_that_places_everybody_fails(lab: Lab) -> None:
    rows = lives()
    rows[0]["grossing"] = 5e6
    judged = lab.check({**LADDER, "weight": "grossing"}, rows)
    assert "rank-dominance-1" in rules(judged)


def test_ranks_without_one_person_elsewhere_collide_although_that_persons_area_is_blank(lab: Lab) -> None:
    rows = lives() + isle(7)
    for row in rows:
        row["target"] = row is rows[-1]
    query = {**LADDER, **SUPPRESS}
    first = lab.check(query, rows, memory=Memory.empty())
    assert first.verdict is Verdict.PASS
    memory = Memory.empty().with_evaluation(first)
    second = lab.check({**query, "where": "not target"}, rows, memory=memory)
    assert second.verdict is Verdict.FAIL
    assert "differencing" in rules(second)


def test_households_that_dominate_a_line_fail(lab: Lab) -> None:
    rows = lives() + isle(60)
    for i, row in enumerate(row for row in rows if row["region"] == "Isle"):
        row["household_id"] = 6_000 + i % 4
    judged = lab.check(LADDER, rows, units=("person_id", "household_id"))
    assert judged.verdict is Verdict.FAIL


@pytest.mark.parametrize("query", [CURVE, LADDER, MOVES], ids=["curve", "ladder", "moves"])
def test_findings_hold_no_value_of_the_data(lab: Lab, query: dict[str, Any]) -> None:
    rows = isle(6, parent=123_457.0, child=765_431.0)
    for found in lab.check(query, rows).findings:
        assert "123457" not in found.message + found.remedy
        assert "765431" not in found.message + found.remedy


@pytest.mark.parametrize("query", [CURVE, LADDER, MOVES], ids=["curve", "ladder", "moves"])
@pytest.mark.parametrize("by", [True, False])
def test_filter_that_leaves_nobody_fails(lab: Lab, query: dict[str, Any], by: bool) -> None:
    asked = {**query, "where": "months < 0"}
    if not by and query is not MOVES:
        asked.pop("by", None)
    assert lab.check(asked, lives(50)).verdict is Verdict.FAIL


def one_far_family(lab: Lab) -> Verdict:
    rows = lives() + isle(30, parent=20_000.0)
    for i, row in enumerate(rows[-30:]):
        row["parent"] = 20_000.0 + i / 100
    rows[-1]["parent"] = 9e9
    return lab.check(LADDER, rows, policy=NO_DOMINANCE).verdict


def one_slope(lab: Lab) -> Verdict:
    rows = lives()
    middle = sorted(row["child"] for row in rows)[400]
    island = isle(40)
    for i, row in enumerate(island):
        row["parent"], row["child"] = 15_000.0 + 500 * i, middle + i % 5
    island[0]["child"] = 9e9
    return lab.check(LADDER, rows + island).verdict


def one_weight(lab: Lab) -> Verdict:
    rows = lives() + isle(7)
    rows[-1]["grossing"] = 5e6
    return lab.check({**LADDER, **SUPPRESS, "weight": "grossing"}, rows).verdict


def few_events(lab: Lab) -> Verdict:
    rows = lives() + isle(40, died=False)
    for row in rows[-4:]:
        row["died"] = True
    return lab.check({**CURVE, "by": ["region"]}, rows).verdict


NO_DOMINANCE = RiskAppetite(dominance=(), p_percent=0.0)
MUTATIONS = [
    ("mobility._line_rules", lambda *_: [], one_far_family),
    ("mobility._influence", lambda *_: [], one_slope),
    ("mobility._heavy", lambda *_: [], one_weight),
    ("survival_steps.Demand.enough", lambda *_: True, few_events),
]


@pytest.mark.parametrize(("target", "weakened", "attack"), MUTATIONS, ids=[target for target, _, _ in MUTATIONS])
def test_weakened_rule_lets_its_attack_through(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, target: str, weakened: Any, attack: Any
) -> None:
    assert attack(lab) is Verdict.FAIL
    monkeypatch.setattr(f"saferoom.disclosure.statbarns.{target}", weakened)
    assert attack(lab) is not Verdict.FAIL
