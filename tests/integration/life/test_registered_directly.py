"""What administrators register directly has a life as well, recorded as such."""

from __future__ import annotations

from datetime import timedelta

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
    LifeWorld,
    proposal,
    terms,
)
from tests.support.registry_world import TODAY, dataset

from saferoom.errors import BadInputError, ForbiddenError, NotFoundError, WrongStateError
from saferoom.ids import ProjectSlug, Username
from saferoom.projects.life.model import Alteration, Origin
from saferoom.projects.life.states import State
from saferoom.projects.life.store import Selection
from saferoom.projects.paging import Cut

UNTIL = TODAY + timedelta(days=100)
PROJECT = "kind: project\nslug: mob\ntitle: Mobility\nmembers: [rosa, ravi]\n"
APPROVAL = f"kind: approval\nproject: mob\ndataset: htv\ngranted_by: olga\nuntil: {UNTIL}\n"


def _direct(world: LifeWorld) -> None:
    world.apply(f"{PROJECT}---\n{APPROVAL}variables: [wage, age]\nrows: age >= 16\n")


def test_project_registered_directly_runs_and_says_so(world: LifeWorld) -> None:
    _direct(world)
    life = world.lives.life(ROSA, MOB)
    assert (life.state, life.origin, life.lead) == (State.ACTIVE, Origin.ADMINISTRATOR, None)
    assert life.proposal.members == {"rosa", "ravi"}
    assert [(ruling.by, ruling.reason) for ruling in life.rulings] == [("admin:root", "registered directly")]
    assert world.approval().rows == "age >= 16"


def test_owner_of_directly_registered_data_has_every_right_of_an_owner(world: LifeWorld) -> None:
    _direct(world)
    world.lives.revise(OLGA, MOB, HTV, terms("wage"))
    world.lives.pause(OLGA, MOB, "a complaint")
    assert world.lives.life(OLGA, MOB).state is State.PAUSED
    with pytest.raises(NotFoundError):
        world.lives.life(OMAR, MOB)


def test_applying_the_same_document_again_neither_resumes_nor_reopens(world: LifeWorld) -> None:
    _direct(world)
    world.lives.pause(OLGA, MOB, "a complaint")
    world.apply(PROJECT.replace("Mobility", "Moves"))
    life = world.lives.life(ROSA, MOB)
    assert (life.state, life.proposal.title, world.registry.project(MOB).paused) == (State.PAUSED, "Moves", True)
    world.lives.close(CONSOLE, MOB, "done")
    world.apply(PROJECT)
    assert not world.registry.project(MOB).active
    with pytest.raises(WrongStateError, match="cannot be opened again"):
        world.apply(PROJECT + "active: true\n")


def test_document_cannot_pause_past_the_deed(world: LifeWorld) -> None:
    with pytest.raises(BadInputError, match="saferoom admin project pause"):
        world.apply(PROJECT + "paused: true\n")


def test_closing_directly_closes_the_life_as_well(world: LifeWorld) -> None:
    _direct(world)
    world.apply(PROJECT + "active: false\n")
    assert world.lives.life(ROSA, MOB).state is State.CLOSED
    world.clock.advance(timedelta(seconds=61))
    assert world.lives.tidy() == (MOB,)


def test_name_of_a_proposal_cannot_be_registered_over_it(world: LifeWorld) -> None:
    world.lives.propose(ROSA, proposal())
    with pytest.raises(WrongStateError, match="a proposal called mob is draft"):
        world.apply(PROJECT)
    with pytest.raises(NotFoundError):
        world.registry.project(MOB)


def test_ending_directly_is_told_in_the_life(world: LifeWorld) -> None:
    _direct(world)
    world.apply(f"{APPROVAL}variables: [wage, age]\nrows: age >= 16\nended: true\n")
    life = world.lives.life(OLGA, MOB)
    assert life.rulings[-1].reason == "ended directly"


def test_new_version_without_an_approved_variable_may_be_registered_and_waits(world: LifeWorld) -> None:
    _direct(world)
    world.redescribe(variables=tuple(v for v in dataset().variables if v.name != "wage"))
    assert world.approval().held == 1
    assert [one.slug for one in world.lives.mine(OLGA, Selection(waiting=True), Cut()).items] == [MOB]


def test_document_that_is_applied_again_does_not_confirm_a_change(world: LifeWorld) -> None:
    _direct(world)
    world.redescribe(variables=tuple(v for v in dataset().variables if v.name != "wage"))
    with pytest.raises(BadInputError, match="no variable called wage"):
        world.apply(f"{APPROVAL}variables: [wage, age]\nrows: age >= 16\nautomatic: true\n")
    assert world.approval().held == 1


def test_rows_in_a_document_are_checked_with_their_line(world: LifeWorld) -> None:
    with pytest.raises(BadInputError, match="line 11: rows: must be a condition"):
        world.apply(f"{PROJECT}---\n{APPROVAL}rows: age\n")


def test_administrator_names_a_lead_who_then_amends(world: LifeWorld) -> None:
    _direct(world)
    with pytest.raises(ForbiddenError):
        world.lives.amend(ROSA, MOB, Alteration(remove=frozenset({Username("ravi")})))
    world.lives.hand_over(ADA, MOB, Username("rosa"))
    world.lives.amend(ROSA, MOB, Alteration(remove=frozenset({Username("ravi")})))
    assert world.registry.project(MOB).members == {"rosa"}


def test_lists_show_everybody_what_concerns_them_and_nothing_else(world: LifeWorld) -> None:
    _direct(world)
    for number in range(15):
        lead = RITA if number else RAVI
        mine = proposal(slug=ProjectSlug(f"p{number}"), members=frozenset({Username(lead.name)}))
        world.lives.propose(lead, mine)
    seen = {actor.name: world.lives.mine(actor, Selection(), Cut()).total for actor in (ROSA, RAVI, RITA, OLGA, OMAR)}
    assert seen == {"rosa": 1, "ravi": 2, "rita": 14, "olga": 1, "omar": 0}
    assert world.lives.mine(CARLA, Selection(), Cut()).total == 0
    everything = world.lives.mine(CONSOLE, Selection(), Cut(1, 10))
    assert (everything.total, len(everything.items), everything.pages) == (16, 10, 2)
    assert {line.slug for line in world.lives.mine(ADA, Selection(text="MOBIL"), Cut()).items} == {"mob"} | {
        f"p{number}" for number in range(15)
    }
    assert world.lives.mine(ADA, Selection(text="100%_"), Cut()).total == 0
    running = world.lives.mine(ADA, Selection(states=frozenset({State.ACTIVE})), Cut())
    assert [line.slug for line in running.items] == [MOB]


def test_history_tells_every_link_about_a_project_newest_first(world: LifeWorld) -> None:
    _direct(world)
    world.lives.pause(OLGA, MOB, "a complaint")
    found = world.lives.history(world.lives.view(ROSA, MOB), Cut())
    assert [entry.action for entry in found.items] == [
        "project.paused",
        "project.changed",
        "approval.added",
        "project.added",
    ]
    with pytest.raises(NotFoundError):
        world.lives.history(world.lives.view(RITA, MOB), Cut())
