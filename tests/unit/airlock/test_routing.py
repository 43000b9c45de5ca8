"""The automatic route: taken only when nothing at all speaks against it."""

from __future__ import annotations

from typing import Any

import pytest

from saferoom.disclosure.verdict import Verdict
from saferoom.policies.models import ReleaseRoute
from saferoom.projects.airlock import routing
from saferoom.projects.airlock.model import Lane
from saferoom.projects.airlock.routing import Circumstances, Judged, decide

SAFE = Judged(Verdict.PASS, ())


def circumstances(used: int = 0, **policy: object) -> Circumstances:
    stated = {"automatic": True, "automatic_per_day": 3, **policy}
    return Circumstances(ReleaseRoute.model_validate(stated), "data owner of htv", used)


def test_safe_output_with_every_consent_leaves_by_itself() -> None:
    route = decide([SAFE, SAFE], circumstances())
    assert (route.automatic, route.reasons, route.checkers) == (True, (), 0)


@pytest.mark.parametrize("verdict", [Verdict.REVIEW, Verdict.FAIL])
def test_one_output_that_is_not_proven_safe_takes_all_to_a_person(verdict: Verdict) -> None:
    route = decide([SAFE, Judged(verdict, ())], circumstances())
    assert not route.automatic
    assert route.reasons == (f"output 2 was not proven safe (verdict: {verdict.value})",)


def test_one_obstacle_takes_all_to_a_person_and_is_named() -> None:
    route = decide([Judged(Verdict.PASS, ("a name was chosen by the researcher",))], circumstances())
    assert not route.automatic
    assert route.reasons == ("the output: a name was chosen by the researcher",)


def test_owner_who_did_not_opt_in_takes_it_to_a_person_and_is_named() -> None:
    route = decide([SAFE], circumstances(automatic=False))
    assert not route.automatic
    assert route.reasons == ("automatic release is not allowed here (data owner of htv)",)


def test_days_last_automatic_release_leaves_and_the_next_one_waits() -> None:
    assert decide([SAFE], circumstances(used=2)).automatic
    assert not decide([SAFE], circumstances(used=3)).automatic


def test_outputs_count_one_by_one_against_the_daily_limit() -> None:
    assert not decide([SAFE, SAFE], circumstances(used=2)).automatic


def test_limit_of_none_stops_every_automatic_release() -> None:
    assert not decide([SAFE], circumstances(automatic_per_day=0)).automatic


@pytest.mark.parametrize(("asked", "needed"), [(0, 1), (1, 1), (2, 2)])
def test_whoever_does_not_leave_alone_is_seen_by_at_least_one(asked: int, needed: int) -> None:
    assert decide([SAFE], circumstances(automatic=False, checkers_declared=asked)).checkers == needed


def test_no_output_never_leaves() -> None:
    assert not decide([], circumstances()).automatic


def test_every_reason_is_given_once() -> None:
    route = decide([Judged(Verdict.REVIEW, ("x",))], circumstances(used=3))
    assert len(route.reasons) == 3


def test_mutation_obstacles_ignored_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routing, "_of_outputs", lambda _: [])
    with pytest.raises(AssertionError):
        test_one_obstacle_takes_all_to_a_person_and_is_named()


@pytest.mark.parametrize("verdict", list(Verdict))
@pytest.mark.parametrize(("lane", "needed"), [(Lane.FILE, 2), (Lane.LIFTED, 1)])
def test_file_never_leaves_by_itself_whatever_its_verdict(lane: Lane, needed: int, verdict: Verdict) -> None:
    route = decide([SAFE, Judged(verdict, (), lane)], circumstances())
    assert (route.automatic, route.checkers) == (False, needed)
    assert route.reasons[0].startswith("output 2 is a file")


@pytest.mark.parametrize("declared", [0, 1, 2])
@pytest.mark.parametrize("file", [2, 3])
def test_checkers_are_the_most_that_any_lane_needs(declared: int, file: int) -> None:
    policy = ReleaseRoute(checkers_declared=declared, checkers_file=file)
    assert routing.checkers([], policy) == max(1, declared)
    assert routing.checkers([Lane.DECLARED, Lane.LIFTED], policy) == max(1, declared)
    assert routing.checkers([Lane.DECLARED, Lane.FILE], policy) == file


def test_every_lane_is_placed() -> None:
    assert set(Lane) == {Lane.DECLARED, Lane.PRIVACY, *routing._BYTES}


PRIVATE = Judged(Verdict.PASS, (), Lane.PRIVACY)


@pytest.mark.parametrize("changes", [{"automatic": False}, {"used": 3}, {"automatic_per_day": 0}])
def test_what_a_budget_paid_for_leaves_whatever_is_said_of_other_outputs(changes: dict[str, Any]) -> None:
    assert decide([PRIVATE, PRIVATE], circumstances(**changes)).automatic
    assert not decide([PRIVATE, SAFE], circumstances(**changes)).automatic


def test_what_a_budget_paid_for_does_not_use_up_the_day() -> None:
    assert decide([PRIVATE, SAFE, PRIVATE], circumstances(used=2)).automatic


def test_owner_who_signs_signs_what_a_budget_paid_for() -> None:
    assert decide([PRIVATE], circumstances(owner_signs=True)).reasons == ("a data owner signs what leaves",)


@pytest.mark.parametrize(
    "judged", [Judged(Verdict.REVIEW, (), Lane.PRIVACY), Judged(Verdict.PASS, ("a literal",), Lane.PRIVACY)]
)
def test_what_a_budget_paid_for_goes_to_a_person_where_something_speaks_against_it(judged: Judged) -> None:
    assert not decide([judged], circumstances()).automatic
