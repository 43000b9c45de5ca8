"""Running projects: holds, terms, refreshes, amendments, other leads."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.support.life_world import (
    ADA,
    CONSOLE,
    ENDS,
    HTV,
    MOB,
    OLGA,
    OMAR,
    RAVI,
    RITA,
    ROSA,
    TWO,
    LifeWorld,
    terms,
)
from tests.support.registry_world import TODAY, dataset

from saferoom.errors import ForbiddenError, NotFoundError, WrongStateError
from saferoom.ids import Username
from saferoom.projects.life.model import Alteration, AmendmentState, Wish
from saferoom.projects.life.parts import Actor
from saferoom.projects.life.problems import ProblemsError
from saferoom.projects.life.states import State
from saferoom.projects.people.entitlement import may_enter


def _enters(world: LifeWorld, name: str = "rosa") -> str:
    return may_enter(world.registry, Username(name), MOB, world.clock.now()).code


def _add(*names: str, **more: Any) -> Alteration:
    return Alteration(add=frozenset(Username(name) for name in names), **more)


# Holds


def test_paused_project_lets_nobody_in_until_whoever_paused_it_resumes_it(world: LifeWorld) -> None:
    world.active()
    life = world.lives.pause(OLGA, MOB, "a complaint")
    assert (life.state, _enters(world)) == (State.PAUSED, "project-paused")
    assert [one.who for one in world.waiting()] == ["olga"]
    for other in (ADA, CONSOLE, OMAR):
        with pytest.raises(ForbiddenError, match="whoever paused"):
            world.lives.lift(other, MOB)
    assert world.lives.lift(OLGA, MOB).state is State.ACTIVE
    assert _enters(world) == "ok"


def test_project_runs_again_only_when_every_hold_is_lifted(world: LifeWorld) -> None:
    world.active()
    world.lives.pause(OLGA, MOB, "a complaint")
    world.lives.pause(CONSOLE, MOB, "an audit")
    assert world.lives.lift(OLGA, MOB).state is State.PAUSED
    assert _enters(world) == "project-paused"
    assert world.lives.lift(ADA, MOB).state is State.ACTIVE


def test_hold_of_a_former_owner_is_lifted_by_an_administrator(world: LifeWorld) -> None:
    world.active()
    world.lives.pause(OLGA, MOB, "a complaint")
    before = world.registry.dataset(HTV)
    world.put("dataset", HTV, before.model_copy(update={"owner": Username("omar")}), before)
    assert world.lives.lift(ADA, MOB).state is State.ACTIVE


@pytest.mark.parametrize("reason", ["", "   ", "x" * 2001, "bell\x07"])
def test_pause_without_a_fit_reason_is_refused(world: LifeWorld, reason: str) -> None:
    world.active()
    with pytest.raises(ProblemsError):
        world.lives.pause(OLGA, MOB, reason)
    assert _enters(world) == "ok"


def test_nobody_holds_twice(world: LifeWorld) -> None:
    world.active()
    world.lives.pause(OLGA, MOB, "a complaint")
    with pytest.raises(WrongStateError, match="paused this project already"):
        world.lives.pause(OLGA, MOB, "again")


def test_lead_and_members_cannot_pause_or_resume(world: LifeWorld) -> None:
    world.active()
    for actor in (ROSA, RAVI):
        with pytest.raises(ForbiddenError):
            world.lives.pause(actor, MOB, "holiday")


# Terms


def test_owner_revises_terms_alone_and_at_once(world: LifeWorld) -> None:
    world.active()
    world.lives.revise(OLGA, MOB, HTV, terms("wage", rows="sex = 'F'", sign_off=True))
    approval = world.approval()
    assert (approval.variables, approval.rows, approval.sign_off) == (("wage",), "sex = 'F'", True)


def test_ended_approval_closes_the_data_and_another_owner_cannot_end_it(world: LifeWorld) -> None:
    world.active()
    with pytest.raises(ForbiddenError):
        world.lives.end_approval(OLGA, MOB, TWO, "not mine")
    world.lives.end_approval(OLGA, MOB, HTV, "misuse")
    assert world.approval().ended_at == world.clock.now()
    assert _enters(world) == "ok"
    world.lives.end_approval(CONSOLE, MOB, TWO, "the law changed")
    assert _enters(world) == "approvals-ended"
    with pytest.raises(WrongStateError):
        world.lives.end_approval(OLGA, MOB, HTV, "again")


# Refreshes


def test_wider_dataset_needs_no_word_of_anybody(world: LifeWorld) -> None:
    life = world.active()
    more = (*dataset().variables, dataset().variables[-1].model_copy(update={"name": "bonus"}))
    world.redescribe(variables=more)
    assert world.approval().held is None
    assert world.lives.view(OLGA, MOB).refreshes == {}
    assert world.lives.life(OLGA, MOB).waits == life.waits == frozenset()


def test_breaking_change_holds_the_approval_until_the_owner_confirms_the_difference(world: LifeWorld) -> None:
    world.active()
    gone = tuple(v for v in dataset().variables if v.name != "age")
    world.redescribe(variables=gone)
    assert world.approval().held == 1
    life = world.lives.life(OLGA, MOB)
    assert life.waits == {HTV}
    assert ("olga", "project.refresh_waits") in world.told()
    assert [one.who for one in world.waiting()] == ["olga"]
    refresh = world.lives.view(OLGA, MOB).refreshes[HTV]
    assert [one.sentence for one in refresh.changes] == ["age: is gone (was integer)"]
    with pytest.raises(ForbiddenError):
        world.lives.confirm_refresh(OMAR, MOB, HTV)
    life = world.lives.confirm_refresh(OLGA, MOB, HTV)
    assert (world.approval().held, world.approval().variables) == (None, ("sex", "wage"))
    assert life.waits == frozenset()
    with pytest.raises(WrongStateError):
        world.lives.confirm_refresh(OLGA, MOB, HTV)


def test_change_of_what_was_not_approved_breaks_nothing(world: LifeWorld) -> None:
    world.active()
    gone = tuple(v for v in dataset().variables if v.name != "sex")
    world.redescribe("two", variables=gone)
    assert world.approval("two").held is None


def test_change_that_is_taken_back_ends_the_hold_by_itself(world: LifeWorld) -> None:
    world.active()
    world.redescribe(variables=tuple(v for v in dataset().variables if v.name != "age"))
    world.redescribe(variables=dataset().variables)
    assert world.approval().held is None
    assert world.lives.life(OLGA, MOB).waits == frozenset()


def test_variable_that_tells_the_rows_is_part_of_what_was_approved(world: LifeWorld) -> None:
    world.active()  # two: rows where age >= 16, of which only wage is extracted
    world.redescribe("two", variables=tuple(v for v in dataset().variables if v.name != "age"))
    assert world.approval("two").held == 1
    with pytest.raises(ProblemsError):
        world.lives.confirm_refresh(OMAR, MOB, TWO)
    world.lives.confirm_refresh(OMAR, MOB, TWO, terms("wage", rows="sex = 'F'"))
    assert world.approval("two").held is None


# Amendments


def test_removing_people_and_shortening_work_at_once_and_ask_nobody(world: LifeWorld) -> None:
    world.active()
    earlier = ENDS - timedelta(days=30)
    life = world.lives.amend(ROSA, MOB, Alteration(remove=frozenset({Username("ravi")}), ends=earlier))
    assert (life.amendments, _enters(world, "ravi")) == ((), "not-a-member")
    project = world.registry.project(MOB)
    assert (sorted(project.members), project.ends) == (["rosa"], earlier)


def test_new_people_need_every_owner_and_an_administrator(world: LifeWorld) -> None:
    world.active()
    life = world.lives.amend(ROSA, MOB, _add("rita"), "she knows schools")
    assert (life.amendments[0].asks, life.waits) == ((HTV, TWO), frozenset({HTV, TWO}))
    world.lives.approve_amendment(OLGA, MOB, 1, HTV)
    assert _enters(world, "rita") == "not-a-member"
    life = world.lives.approve_amendment(OMAR, MOB, 1, TWO)
    assert life.amendments[0].state is AmendmentState.CONFIRMING
    assert _enters(world, "rita") == "not-a-member"
    life = world.lives.confirm_amendment(ADA, MOB, 1)
    assert (life.amendments[0].state, _enters(world, "rita")) == (AmendmentState.APPLIED, "ok")


def test_new_people_stay_out_when_one_owner_declines(world: LifeWorld) -> None:
    world.active()
    world.lives.amend(ROSA, MOB, _add("rita"), "she knows schools")
    world.lives.approve_amendment(OLGA, MOB, 1, HTV)
    life = world.lives.decline_amendment(OMAR, MOB, 1, "too many", TWO)
    assert (life.amendments[0].state, life.amendments[0].reason) == (AmendmentState.DECLINED, "declined for two")
    assert _enters(world, "rita") == "not-a-member"


def test_more_variables_need_that_datasets_owner_alone(world: LifeWorld) -> None:
    world.active()
    wider = Wish(dataset=TWO, variables=("wage", "sex"), rows="age >= 16")
    life = world.lives.amend(ROSA, MOB, Alteration(datasets=(wider,)), "by sex")
    assert life.amendments[0].asks == (TWO,)
    with pytest.raises(WrongStateError, match="which terms"):
        world.lives.approve_amendment(OMAR, MOB, 1, TWO)
    life = world.lives.approve_amendment(OMAR, MOB, 1, TWO, terms("wage", "sex"))
    approval = world.approval("two")
    assert (life.amendments[0].state, approval.variables, approval.rows) == (
        AmendmentState.APPLIED,
        ("sex", "wage"),
        "age >= 16",
    )


def test_fewer_variables_and_given_up_datasets_work_at_once(world: LifeWorld) -> None:
    world.active()
    fewer = Wish(dataset=HTV, variables=("wage",))
    life = world.lives.amend(ROSA, MOB, Alteration(datasets=(fewer,), drop=frozenset({TWO})))
    assert life.amendments == ()
    assert world.approval().variables == ("wage",)
    assert world.approval("two").ended_at is not None
    assert [wish.dataset for wish in life.proposal.datasets] == [HTV]


def test_other_rows_are_always_asked_for_never_guessed_to_be_fewer(world: LifeWorld) -> None:
    world.active()
    other = Wish(dataset=TWO, variables=("wage",), rows="age >= 18")
    life = world.lives.amend(ROSA, MOB, Alteration(datasets=(other,)), "adults")
    assert life.amendments[0].asks == (TWO,)
    assert world.approval("two").rows == "age >= 16"


def test_later_end_needs_every_owner(world: LifeWorld) -> None:
    world.active()
    later = ENDS + timedelta(days=90)
    world.lives.amend(ROSA, MOB, Alteration(ends=later), "slow")
    world.lives.approve_amendment(OLGA, MOB, 1, HTV, terms("sex", "age", "wage", until=later))
    assert world.registry.project(MOB).ends == ENDS
    life = world.lives.approve_amendment(OMAR, MOB, 1, TWO)
    assert life.amendments[0].state is AmendmentState.APPLIED
    assert (world.registry.project(MOB).ends, world.approval().until) == (later, later)


def test_dataset_may_be_added_and_its_owner_decides(world: LifeWorld) -> None:
    world.active()
    world.lives.amend(ROSA, MOB, Alteration(drop=frozenset({TWO})))
    world.lives.amend(ROSA, MOB, Alteration(datasets=(Wish(dataset=TWO, variables=("age",)),)), "we do need it")
    with pytest.raises(ForbiddenError):
        world.lives.approve_amendment(OLGA, MOB, 1, TWO, terms("age"))
    world.lives.approve_amendment(OMAR, MOB, 1, TWO, terms("age"))
    approval = world.approval("two")
    assert (approval.ended_at, approval.variables) == (None, ("age",))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (Alteration(), ""),
        (_add("nobody"), "members"),
        (_add("carla"), "members"),
        (Alteration(remove=frozenset({Username("rosa")})), "members"),
        (Alteration(ends=TODAY - timedelta(days=1)), "ends"),
        (Alteration(drop=frozenset({HTV, TWO})), "datasets"),
        (Alteration(datasets=(Wish(dataset=HTV, variables=("full_name",)),)), "datasets.htv.variables"),
    ],
)
def test_amendment_with_a_problem_is_refused_beside_its_field(world: LifeWorld, change: Alteration, field: str) -> None:
    world.active()
    with pytest.raises(ProblemsError) as caught:
        world.lives.amend(ROSA, MOB, change, "because")
    assert field in {problem.field for problem in caught.value.problems}


def test_amendment_is_decided_once_and_can_be_withdrawn_before(world: LifeWorld) -> None:
    world.active()
    world.lives.amend(ROSA, MOB, _add("rita"), "she knows schools")
    world.lives.approve_amendment(OLGA, MOB, 1, HTV)
    with pytest.raises(WrongStateError, match="decided for htv already"):
        world.lives.approve_amendment(OLGA, MOB, 1, HTV)
    life = world.lives.withdraw_amendment(ROSA, MOB, 1)
    assert life.amendments[0].state is AmendmentState.WITHDRAWN
    with pytest.raises(WrongStateError):
        world.lives.approve_amendment(OMAR, MOB, 1, TWO)
    with pytest.raises(NotFoundError):
        world.lives.withdraw_amendment(ROSA, MOB, 7)


def test_person_who_would_be_added_cannot_agree_to_it(world: LifeWorld) -> None:
    world.active()
    for actor in (RAVI, ROSA, RITA):
        with pytest.raises((ForbiddenError, NotFoundError)):
            world.lives.amend(RITA, MOB, _add("rita"), "me")
        with pytest.raises((ForbiddenError, NotFoundError, WrongStateError)):
            world.lives.approve_amendment(actor, MOB, 1, HTV)


# Leads


def test_project_is_handed_over_to_one_of_its_people(world: LifeWorld) -> None:
    world.active()
    with pytest.raises(ProblemsError):
        world.lives.hand_over(ROSA, MOB, Username("rita"))
    assert world.lives.hand_over(ROSA, MOB, Username("ravi")).lead == "ravi"
    with pytest.raises(ForbiddenError):
        world.lives.close(ROSA, MOB, "done")
    world.lives.hand_over(CONSOLE, MOB, Username("rosa"))


def test_lapsed_lead_does_nothing_any_more(world: LifeWorld) -> None:
    world.active()
    before = world.registry.person(Username("rosa"))
    world.put("person", "rosa", before.model_copy(update={"accreditation_expires": TODAY - timedelta(days=1)}), before)
    with pytest.raises(ForbiddenError, match="expired"):
        world.lives.close(ROSA, MOB, "done")
    assert world.lives.close(Actor.console("admin:root"), MOB, "lead lapsed").state is State.CLOSED
