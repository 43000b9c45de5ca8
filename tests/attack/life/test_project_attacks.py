"""People who try to get data, people or time into a project past those who decide."""

from __future__ import annotations

import io
import tarfile
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from tests.support.empty_store import tampering
from tests.support.life_world import (
    ADA,
    CARLA,
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
    proposal,
    terms,
)
from tests.support.registry_world import TODAY, dataset, owner, researcher

from saferoom.errors import (
    ForbiddenError,
    IntegrityError,
    NotFoundError,
    SaferoomError,
    StaleVersionError,
    WrongStateError,
)
from saferoom.ids import ProjectSlug, Username
from saferoom.projects.catalogue.model import VariableRole
from saferoom.projects.life.model import Alteration, Wish
from saferoom.projects.life.parts import Actor
from saferoom.projects.life.problems import ProblemsError
from saferoom.projects.life.states import Action, State
from saferoom.projects.people.entitlement import may_enter
from saferoom.projects.people.model import Role


def _also_researcher(world: LifeWorld, name: str) -> None:
    before = world.registry.person(Username(name))
    rosa = researcher()
    roles = before.roles | {Role.RESEARCHER}
    after = before.model_copy(
        update={"roles": roles, "accreditation_expires": rosa.accreditation_expires, "trainings": rosa.trainings}
    )
    world.put("person", name, after, before)


# Both sides


def test_owner_with_a_second_role_cannot_approve_the_own_proposal(world: LifeWorld) -> None:
    _also_researcher(world, "olga")
    mine = proposal(members=frozenset({Username("olga")}))
    world.lives.propose(OLGA, mine)
    with pytest.raises(ProblemsError, match="nobody decides on both sides"):
        world.lives.submit(OLGA, MOB)
    others = proposal(members=frozenset({Username("olga")}), datasets=(Wish(dataset=TWO, variables=("wage",)),))
    world.lives.edit(OLGA, MOB, others)
    world.lives.submit(OLGA, MOB)
    with pytest.raises(ForbiddenError):
        world.lives.approve(OLGA, MOB, TWO, terms("wage"))


def test_owner_cannot_be_brought_in_to_stand_on_both_sides(world: LifeWorld) -> None:
    world.active()
    _also_researcher(world, "olga")
    with pytest.raises(ProblemsError, match="olga owns htv"):
        world.lives.amend(ROSA, MOB, Alteration(add=frozenset({Username("olga")})), "she knows the data")


def test_member_who_comes_to_own_the_data_does_not_decide_about_them(world: LifeWorld) -> None:
    world.active()
    before = world.registry.person(Username("ravi"))
    world.put("person", "ravi", before.model_copy(update={"roles": before.roles | {Role.DATA_OWNER}}), before)
    held = world.registry.dataset(HTV)
    world.put("dataset", HTV, held.model_copy(update={"owner": Username("ravi")}), held)
    deeds: list[Callable[[], object]] = [
        lambda: world.lives.revise(RAVI, MOB, HTV, terms("wage")),
        lambda: world.lives.end_approval(RAVI, MOB, HTV, "x"),
        lambda: world.lives.pause(RAVI, MOB, "x"),
    ]
    for deed in deeds:
        with pytest.raises(ForbiddenError, match="both sides"):
            deed()


def test_approval_by_somebody_who_sold_the_data_meanwhile_does_not_count(world: LifeWorld) -> None:
    world.submitted()
    world.lives.approve(OLGA, MOB, HTV, terms("wage"))
    held = world.registry.dataset(HTV)
    world.put("dataset", HTV, held.model_copy(update={"owner": Username("omar")}), held)
    world.lives.approve(OMAR, MOB, TWO, terms("wage"))
    with pytest.raises(WrongStateError, match="another owner"):
        world.lives.confirm(ADA, MOB)
    with pytest.raises(NotFoundError):
        world.registry.project(MOB)


# Learning and guessing


@pytest.mark.parametrize("action", [action for action in Action if action is not Action.PROPOSE])
def test_outsider_hears_the_same_of_a_project_and_of_none(world: LifeWorld, action: Action) -> None:
    world.submitted()
    said = []
    for slug in (MOB, ProjectSlug("none")):
        with pytest.raises(NotFoundError) as caught:
            _attempt(world, action, RITA, slug)
        said.append(caught.value.message)
    assert said[0] == said[1]


def _attempt(world: LifeWorld, action: Action, who: Actor, slug: ProjectSlug) -> Any:
    """Try whatever a person could try under that name."""
    with world.lives.deed(who, slug, action):
        raise AssertionError("an outsider got in")


def test_output_checker_sees_running_projects_only_and_changes_none(world: LifeWorld) -> None:
    world.submitted()
    with pytest.raises(NotFoundError):
        world.lives.life(CARLA, MOB)
    world.lives.approve(OLGA, MOB, HTV, terms("wage"))
    world.lives.approve(OMAR, MOB, TWO, terms("wage"))
    world.lives.confirm(ADA, MOB)
    assert world.lives.life(CARLA, MOB).state is State.ACTIVE
    with pytest.raises(ForbiddenError):
        world.lives.close(CARLA, MOB, "x")
    with pytest.raises(ForbiddenError):
        world.lives.pause(CARLA, MOB, "x")


# Past the decision


def test_decision_on_an_older_text_is_refused(world: LifeWorld) -> None:
    seen = world.submitted().version
    world.lives.ask_changes(OMAR, MOB, "why?", TWO)
    wider = proposal(
        datasets=(Wish(dataset=HTV, variables=("sex", "age", "wage")), Wish(dataset=TWO, variables=("sex",)))
    )
    world.lives.edit(ROSA, MOB, wider)
    world.lives.submit(ROSA, MOB)
    with pytest.raises(StaleVersionError):
        world.lives.approve(OMAR, MOB, TWO, terms("wage"), seen)


def test_approval_of_one_round_is_not_replayed_in_the_next(world: LifeWorld) -> None:
    world.submitted()
    world.lives.approve(OLGA, MOB, HTV, terms("sex", "age", "wage"))
    world.lives.ask_changes(OMAR, MOB, "why?", TWO)
    world.lives.submit(ROSA, MOB)
    life = world.lives.approve(OMAR, MOB, TWO, terms("wage"))
    assert life.state is State.SUBMITTED
    assert life.undecided == (HTV,)


def test_amendment_cannot_carry_more_than_the_owner_was_shown(world: LifeWorld) -> None:
    world.active()
    wish = Wish(dataset=HTV, variables=("sex", "age", "wage"), rows="age >= 16")
    world.lives.amend(ROSA, MOB, Alteration(datasets=(wish,)), "adults")
    world.lives.approve_amendment(OLGA, MOB, 1, HTV, terms("wage"))
    approval = world.approval()
    assert (approval.variables, approval.rows) == (("wage",), "age >= 16")


def test_rows_cannot_smuggle_sql_into_an_extract(world: LifeWorld) -> None:
    hostile = (
        "age > 1) OR (1 = 1",
        "age > 1 -- ) \n) ; COPY raw TO '/tmp/x'",
        "age > 1 OR full_name LIKE 'A%'",
        "age IN (SELECT unnest(['x']))",
        "age > 1; INSTALL httpfs",
    )
    for attempt in hostile:
        with pytest.raises(ProblemsError):
            world.submitted(datasets=(Wish(dataset=HTV, variables=("age",), rows=attempt),))
        with tampering(world.database) as session:
            for name in ("lives_datasets", "lives_people"):
                session.execute(text(f"DELETE FROM {name}"))
            session.execute(text("DELETE FROM lives"))


def test_variable_that_was_made_identifying_after_the_wish_cannot_be_approved(world: LifeWorld) -> None:
    world.submitted()
    variables = tuple(
        v.model_copy(update={"role": VariableRole.DIRECT}) if v.name == "age" else v for v in dataset().variables
    )
    world.redescribe(variables=variables)
    with pytest.raises(ProblemsError, match="identifies people directly"):
        world.lives.approve(OLGA, MOB, HTV, terms("age", "wage"))


def test_lapsed_people_neither_propose_nor_decide(world: LifeWorld) -> None:
    world.submitted()
    before = world.registry.person(Username("olga"))
    world.put("person", "olga", owner(active=False), before)
    with pytest.raises(ForbiddenError):
        world.lives.approve(OLGA, MOB, HTV, terms("wage"))


def test_person_who_lapsed_while_an_amendment_waited_does_not_come_in(world: LifeWorld) -> None:
    world.active()
    world.lives.amend(ROSA, MOB, Alteration(add=frozenset({Username("rita")})), "she knows")
    world.lives.approve_amendment(OLGA, MOB, 1, HTV)
    world.lives.approve_amendment(OMAR, MOB, 1, TWO)
    before = world.registry.person(Username("rita"))
    world.put("person", "rita", before.model_copy(update={"accreditation_expires": TODAY - timedelta(days=1)}), before)
    with pytest.raises(ProblemsError, match="rita is not in good standing"):
        world.lives.confirm_amendment(ADA, MOB, 1)
    assert not may_enter(world.registry, Username("rita"), MOB, world.clock.now())


# At the same moment


def test_two_decisions_at_once_both_count_or_one_is_told(world: LifeWorld) -> None:
    seen = world.submitted().version
    failures: list[SaferoomError] = []

    def decide(who: Actor, name: Any) -> None:
        try:
            world.lives.approve(who, MOB, name, terms("wage"), seen)
        except SaferoomError as error:
            failures.append(error)

    threads = [threading.Thread(target=decide, args=pair) for pair in ((OLGA, HTV), (OMAR, TWO))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [type(failure) for failure in failures] == [StaleVersionError]
    assert len(world.lives.life(OLGA, MOB).rulings) == 1


# The workspace


def test_workspace_replaced_by_a_link_is_neither_packed_nor_followed(world: LifeWorld, tmp_path: Path) -> None:
    treasure = tmp_path / "treasure"
    treasure.mkdir()
    (treasure / "secret").write_text("of somebody else")
    (world.home.workspaces / MOB).symlink_to(treasure)
    world.closed()
    world.clock.advance(timedelta(seconds=61))
    with pytest.raises(WrongStateError, match="a link where a folder was expected"):
        world.lives.seal(CONSOLE, MOB)
    assert (treasure / "secret").read_text() == "of somebody else"


def test_names_in_a_workspace_cannot_leave_the_archive(world: LifeWorld) -> None:
    folder = world.home.workspaces / MOB
    (folder / "..data").mkdir(parents=True)
    (folder / "..data" / "a\nb").write_text("x")
    (folder / "\udcff").write_text("y")
    (folder / "up").symlink_to("../../../../etc/passwd")
    world.closed()
    world.clock.advance(timedelta(seconds=61))
    world.lives.seal(CONSOLE, MOB)
    data = b"".join(world.lives.read_archive(CONSOLE, MOB, "audit"))
    with tarfile.open(fileobj=io.BytesIO(data), errors="surrogateescape") as archive:
        names = archive.getnames()
        assert archive.getmember("up").issym()
    assert not any(name.startswith(("/", "../")) or "/../" in name for name in names)
    assert len(names) == 3


def test_sealed_workspace_of_another_project_in_its_place_is_noticed(world: LifeWorld) -> None:
    folder = world.home.workspaces / MOB
    folder.mkdir(parents=True)
    (folder / "a").write_text("mine")
    world.closed()
    world.clock.advance(timedelta(seconds=61))
    world.lives.seal(CONSOLE, MOB)
    other = ProjectSlug("other")
    (world.home.workspaces / other).mkdir()
    (world.home.workspaces / other / "a").write_text("theirs")
    world.lives.keeper.pack(other)
    sealed = world.home.sealed
    for folder in (sealed / MOB, sealed / other):
        folder.chmod(0o700)
    (sealed / MOB / "000000.part").unlink()
    (sealed / other / "000000.part").rename(sealed / MOB / "000000.part")
    with pytest.raises(IntegrityError):
        b"".join(world.lives.read_archive(CONSOLE, MOB, "audit"))


# The store


def test_stored_terms_that_were_changed_by_hand_are_never_half_understood(world: LifeWorld) -> None:
    world.active()
    with tampering(world.database) as session:
        session.execute(text('UPDATE lives_rulings SET terms = \'{"until": "soon"}\''))
    with pytest.raises(IntegrityError, match="cannot read"):
        world.lives.life(OLGA, MOB)


def test_ended_project_cannot_be_entered_by_editing_its_state_alone(world: LifeWorld) -> None:
    world.closed()
    with world.database.transaction() as session:
        session.execute(text("UPDATE lives SET state = 'active'"))
    assert not may_enter(world.registry, Username("rosa"), MOB, world.clock.now())
    assert ENDS > TODAY
