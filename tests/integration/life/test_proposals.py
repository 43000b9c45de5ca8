"""From a draft to a running project, or to its refusal."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.support.life_world import (
    ADA,
    CARLA,
    CONSOLE,
    HTV,
    MOB,
    OLGA,
    OMAR,
    RAVI,
    RITA,
    ROSA,
    TWO,
    LifeWorld,
    proposal,
    terms,
)
from tests.support.registry_world import TODAY, owner

from saferoom.errors import (
    ForbiddenError,
    NotFoundError,
    StaleVersionError,
    TooManyError,
    WrongStateError,
)
from saferoom.ids import DatasetName, ProjectSlug, Username
from saferoom.projects.approvals.model import PrivacyBudget
from saferoom.projects.life.model import Choice, Wish
from saferoom.projects.life.parts import Actor
from saferoom.projects.life.problems import ProblemsError
from saferoom.projects.life.states import State
from saferoom.projects.people.entitlement import may_enter
from saferoom.projects.people.model import Role


def _fields(error: pytest.ExceptionInfo[ProblemsError]) -> set[str]:
    return {problem.field for problem in error.value.problems}


def test_proposal_runs_once_every_owner_decided_and_the_people_are_confirmed(world: LifeWorld) -> None:
    life = world.submitted()
    assert (life.state, life.undecided) == (State.SUBMITTED, (HTV, TWO))
    life = world.lives.approve(OLGA, MOB, HTV, terms("wage", "age", automatic=True, checkers=2))
    assert (life.state, life.undecided) == (State.SUBMITTED, (TWO,))
    life = world.lives.decline(OMAR, MOB, TWO, "not this year")
    assert life.state is State.DECIDED
    with pytest.raises(NotFoundError):
        world.registry.project(MOB)
    life = world.lives.confirm(ADA, MOB)
    assert life.state is State.ACTIVE
    approval = world.approval()
    assert (approval.variables, approval.automatic, approval.checkers) == (("age", "wage"), True, 2)
    assert [one.dataset for one in world.registry.approvals(MOB)] == [HTV]
    assert may_enter(world.registry, Username("rosa"), MOB, world.clock.now())
    assert may_enter(world.registry, Username("ravi"), MOB, world.clock.now())


def test_proposal_that_every_owner_declines_ends_declined(world: LifeWorld) -> None:
    world.submitted()
    world.lives.decline(OLGA, MOB, HTV, "no")
    life = world.lives.decline(OMAR, MOB, TWO, "no")
    assert (life.state, life.reason) == (State.DECLINED, "no data owner approved a dataset")
    with pytest.raises(WrongStateError):
        world.lives.submit(ROSA, MOB)


def test_every_step_leaves_its_event_in_its_actors_name(world: LifeWorld) -> None:
    world.active()
    about = [(actor, action) for actor, action, subject in world.events() if subject == "project:mob"]
    assert about == [
        ("rosa", "project.proposed"),
        ("rosa", "project.submitted"),
        ("olga", "project.dataset_approved"),
        ("omar", "project.dataset_approved"),
        ("system", "project.decided"),
        ("ada", "project.added"),
        ("ada", "project.confirmed"),
    ]


def test_changes_asked_give_the_proposal_back_and_every_decision_is_made_anew(world: LifeWorld) -> None:
    world.submitted()
    world.lives.approve(OLGA, MOB, HTV, terms("wage"))
    life = world.lives.ask_changes(OMAR, MOB, "why wages?", TWO)
    assert (life.state, life.reason) == (State.RETURNED, "why wages?")
    world.lives.edit(ROSA, MOB, proposal(question="Who really moves?"))
    life = world.lives.submit(ROSA, MOB)
    assert (life.round, life.undecided) == (2, (HTV, TWO))
    assert [ruling.choice for ruling in life.rulings] == [Choice.APPROVED, Choice.CHANGES]


def test_administrator_may_give_back_or_decline_because_of_the_people(world: LifeWorld) -> None:
    world.submitted()
    world.lives.approve(OLGA, MOB, HTV, terms("wage"))
    world.lives.approve(OMAR, MOB, TWO, terms("wage"))
    assert world.lives.ask_changes(ADA, MOB, "who is ravi?").state is State.RETURNED
    world.lives.submit(ROSA, MOB)
    world.lives.approve(OLGA, MOB, HTV, terms("wage"))
    world.lives.approve(OMAR, MOB, TWO, terms("wage"))
    life = world.lives.decline_people(CONSOLE, MOB, "not accredited here")
    assert (life.state, life.reason) == (State.DECLINED, "not accredited here")


def test_draft_is_its_leads_alone_and_names_nothing_to_others(world: LifeWorld) -> None:
    world.lives.propose(ROSA, proposal())
    assert world.lives.life(ROSA, MOB).state is State.DRAFT
    for other in (OLGA, OMAR, RITA, CARLA):
        with pytest.raises(NotFoundError, match="there is no such project"):
            world.lives.life(other, MOB)
    with pytest.raises(NotFoundError, match="there is no such project"):
        world.lives.life(OLGA, ProjectSlug("nothing"))


def test_draft_may_be_incomplete_but_is_not_submitted_so(world: LifeWorld) -> None:
    bare = proposal(question="", benefit=" ", gateway="", assessment="", ends=None, datasets=())
    world.lives.propose(ROSA, bare)
    with pytest.raises(ProblemsError) as caught:
        world.lives.submit(ROSA, MOB)
    assert _fields(caught) == {"question", "benefit", "gateway", "assessment", "ends", "datasets"}
    assert world.lives.life(ROSA, MOB).state is State.DRAFT


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"ends": TODAY - timedelta(days=1)}, "ends"),
        ({"ends": TODAY + timedelta(days=5000)}, "ends"),
        ({"members": frozenset({Username("ravi")})}, "members"),
        ({"members": frozenset({Username("rosa"), Username("nobody")})}, "members"),
        ({"members": frozenset({Username("rosa"), Username("carla")})}, "members"),
        ({"datasets": (Wish(dataset=DatasetName("none"), variables=("a",)),)}, "datasets"),
        ({"datasets": (Wish(dataset=HTV, variables=()),)}, "datasets.htv.variables"),
        ({"datasets": (Wish(dataset=HTV, variables=("full_name",)),)}, "datasets.htv.variables"),
        ({"datasets": (Wish(dataset=HTV, variables=("person_id",)),)}, "datasets.htv.variables"),
        ({"datasets": (Wish(dataset=HTV, variables=("shoes",)),)}, "datasets.htv.variables"),
        ({"datasets": (Wish(dataset=HTV, variables=("age",), rows="age >="),)}, "datasets.htv.rows"),
        ({"datasets": (Wish(dataset=HTV, variables=("age",), rows="age > 'old'"),)}, "datasets.htv.rows"),
        ({"datasets": (Wish(dataset=HTV, variables=("age",)), Wish(dataset=HTV, variables=("sex",)))}, "datasets.htv"),
    ],
)
def test_proposal_with_a_problem_is_refused_beside_its_field(
    world: LifeWorld, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(ProblemsError) as caught:
        world.submitted(**changes)
    assert field in _fields(caught)
    assert not [action for _, action, _ in world.events() if action == "project.submitted"]


def test_proposal_with_a_lapsed_member_is_not_submitted(world: LifeWorld) -> None:
    before = world.registry.person(Username("ravi"))
    world.put("person", "ravi", before.model_copy(update={"accreditation_expires": TODAY - timedelta(days=1)}), before)
    with pytest.raises(ProblemsError, match="ravi is not in good standing"):
        world.submitted()


def test_owner_among_the_people_leaves_nobody_to_decide_so_it_is_refused(world: LifeWorld) -> None:
    before = world.registry.person(Username("olga"))
    both = owner(roles=frozenset({Role.DATA_OWNER, Role.RESEARCHER}), **_standing(world))
    world.put("person", "olga", both, before)
    with pytest.raises(ProblemsError, match="olga owns htv"):
        world.submitted(members=frozenset({Username("rosa"), Username("olga")}))


def _standing(world: LifeWorld) -> dict[str, Any]:
    rosa = world.registry.person(Username("rosa"))
    return {"accreditation_expires": rosa.accreditation_expires, "trainings": rosa.trainings}


def test_short_name_that_is_taken_is_refused(world: LifeWorld) -> None:
    world.lives.propose(ROSA, proposal())
    with pytest.raises(ProblemsError, match="this short name is taken"):
        world.lives.propose(RAVI, proposal(members=frozenset({Username("ravi")})))


@pytest.mark.parametrize("actor", [OLGA, CARLA, ADA, CONSOLE])
def test_only_researchers_propose(world: LifeWorld, actor: Actor) -> None:
    with pytest.raises(ForbiddenError):
        world.lives.propose(actor, proposal(members=frozenset({Username(actor.name.split(":")[0])})))


def test_proposals_under_way_are_bounded(world: LifeWorld) -> None:
    for number in range(20):
        world.lives.propose(ROSA, proposal(slug=ProjectSlug(f"p{number}")))
    with pytest.raises(TooManyError):
        world.lives.propose(ROSA, proposal())


def test_owner_decides_on_own_data_only_and_once(world: LifeWorld) -> None:
    world.submitted()
    with pytest.raises(ForbiddenError, match="only the data owner of two"):
        world.lives.approve(OLGA, MOB, TWO, terms("wage"))
    with pytest.raises(NotFoundError, match="has not asked for"):
        world.lives.approve(OLGA, MOB, DatasetName("other"), terms("wage"))
    for actor in (ROSA, RAVI, ADA):
        with pytest.raises(ForbiddenError):
            world.lives.approve(actor, MOB, HTV, terms("wage"))


def test_owner_may_decide_again_while_others_have_not(world: LifeWorld) -> None:
    world.submitted()
    world.lives.approve(OLGA, MOB, HTV, terms("wage"))
    world.lives.decline(OLGA, MOB, HTV, "second thoughts")
    life = world.lives.approve(OMAR, MOB, TWO, terms("wage"))
    ruling = life.ruling(HTV)
    assert ruling is not None
    assert ruling.choice is Choice.DECLINED


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (terms("sex", "full_name"), "variables"),
        (terms("person_id"), "variables"),
        (terms(), "variables"),
        (terms("wage", until=TODAY - timedelta(days=1)), "until"),
        (terms("wage", rows="age"), "rows"),
        (terms("wage", rows="age > 'old'"), "rows"),
        (terms("wage", automatic=True, sign_off=True), "sign_off"),
        (terms("wage", budget=PrivacyBudget(epsilon=Decimal(1))), "delta"),
    ],
)
def test_terms_with_a_problem_are_refused_beside_their_field(world: LifeWorld, given: Any, field: str) -> None:
    world.submitted()
    with pytest.raises(ProblemsError) as caught:
        world.lives.approve(OLGA, MOB, HTV, given)
    assert field in _fields(caught)


def test_terms_never_allow_a_variable_that_was_not_asked_for(world: LifeWorld) -> None:
    world.submitted(datasets=(Wish(dataset=HTV, variables=("age",)),))
    with pytest.raises(ProblemsError, match="did not ask for wage"):
        world.lives.approve(OLGA, MOB, HTV, terms("age", "wage"))


def test_rows_that_were_asked_for_hold_where_the_owner_names_none(world: LifeWorld) -> None:
    world.active()
    assert world.approval("two").rows == "age >= 16"


def test_people_are_confirmed_by_policy_where_the_platform_says_so(world: LifeWorld) -> None:
    world.apply("kind: platform\nconfirms_people: policy\n")
    world.submitted()
    world.lives.approve(OLGA, MOB, HTV, terms("wage"))
    assert world.lives.approve(OMAR, MOB, TWO, terms("wage")).state is State.ACTIVE
    assert ("system", "project.confirmed", "project:mob") in world.events()


def test_policy_leaves_people_who_lapsed_to_an_administrator(world: LifeWorld) -> None:
    world.apply("kind: platform\nconfirms_people: policy\n")
    world.submitted()
    world.lives.approve(OLGA, MOB, HTV, terms("wage"))
    before = world.registry.person(Username("ravi"))
    world.put("person", "ravi", before.model_copy(update={"accreditation_expires": TODAY - timedelta(days=1)}), before)
    assert world.lives.approve(OMAR, MOB, TWO, terms("wage")).state is State.DECIDED
    with pytest.raises(WrongStateError, match="ravi is not in good standing"):
        world.lives.confirm(ADA, MOB)


def test_second_of_two_editors_is_told_and_nothing_is_overwritten(world: LifeWorld) -> None:
    first = world.lives.propose(ROSA, proposal())
    world.lives.edit(ROSA, MOB, proposal(title="A"), first.version)
    with pytest.raises(StaleVersionError, match="somebody else changed"):
        world.lives.edit(ROSA, MOB, proposal(title="B"), first.version)
    assert world.lives.life(ROSA, MOB).proposal.title == "A"


def test_withdrawn_proposal_stays_withdrawn(world: LifeWorld) -> None:
    world.submitted()
    assert world.lives.withdraw(ROSA, MOB).state is State.WITHDRAWN
    with pytest.raises(WrongStateError):
        world.lives.approve(OLGA, MOB, HTV, terms("wage"))


def test_who_has_to_act_is_always_said_while_a_proposal_is_under_way(world: LifeWorld) -> None:
    world.lives.propose(ROSA, proposal())
    assert [(one.who, one.since) for one in world.waiting()] == [("rosa", world.clock.now())]
    world.lives.submit(ROSA, MOB)
    assert [one.who for one in world.waiting()] == ["olga", "omar"]
    world.lives.approve(OLGA, MOB, HTV, terms("wage"))
    world.lives.approve(OMAR, MOB, TWO, terms("wage"))
    assert [one.who for one in world.waiting()] == ["administrators"]
