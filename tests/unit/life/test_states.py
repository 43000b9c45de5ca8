"""The table of transitions and the table of permissions, and every cell of what they say together."""

from __future__ import annotations

from itertools import product

import pytest
from tests.support.registry_world import researcher

from saferoom.errors import ForbiddenError, NotFoundError, WrongStateError
from saferoom.ids import Username
from saferoom.projects.life import permissions, states
from saferoom.projects.life.permissions import PERMITTED, Concerned, Standing, decide, standings
from saferoom.projects.life.states import FINAL, OWNER, REGISTERED, TRANSITIONS, Action, Party, State, transition
from saferoom.projects.people.model import Role

_STEPS = [action for action in Action if action is not Action.VIEW]


def test_every_state_has_an_owner_and_a_way_in() -> None:
    assert set(OWNER) == set(State)
    assert {row.to for row in TRANSITIONS} == set(State)


def test_nothing_leaves_a_final_state_and_something_leaves_every_other() -> None:
    left = {row.from_ for row in TRANSITIONS if row.from_ is not None}
    assert left == set(State) - FINAL


def test_no_two_rows_say_the_same_thing_differently() -> None:
    keys = [(row.from_, row.action) for row in TRANSITIONS]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("action", _STEPS)
def test_every_action_has_a_row_an_event_and_somebody_permitted(action: Action) -> None:
    rows = [row for row in TRANSITIONS if row.action is action]
    assert rows
    assert all(row.audit.startswith("project.") and row.by for row in rows)
    people = {Party.LEAD, Party.OWNERS, Party.ADMINISTRATORS}
    parties = frozenset().union(*(row.by for row in rows)) & people
    assert parties == permissions.parties(PERMITTED[action])


def test_whoever_owns_a_state_that_is_left_by_people_can_leave_it() -> None:
    for state in set(State) - FINAL:
        if OWNER[state] is not Party.SYSTEM:
            assert any(row.from_ is state and OWNER[state] in row.by for row in TRANSITIONS), state


def test_what_was_registered_stays_registered() -> None:
    assert all(row.to in REGISTERED for row in TRANSITIONS if row.from_ in REGISTERED)


@pytest.mark.parametrize(("standing", "state"), list(product([None, *Standing], State)))
def test_every_cell_of_standing_state_and_action(standing: Standing | None, state: State) -> None:
    held = frozenset() if standing is None else frozenset({standing})
    for action in Action:
        decision, row = decide(held, action, state), transition(state, action)
        possible = action is Action.VIEW or (row is not None and bool(row.by & permissions.parties(held)))
        permitted = standing in PERMITTED[action]
        assert bool(decision) is (permitted and possible), action
        if standing is None:
            assert decision.error is NotFoundError, action
        elif not decision:
            assert decision.error is (WrongStateError if permitted else ForbiddenError), action
            assert decision.reason, action


@pytest.mark.parametrize(("role", "inside"), list(product(Role, (False, True))))
def test_nobody_stands_on_both_sides(role: Role, inside: bool) -> None:
    person = researcher(roles=frozenset({role, Role.RESEARCHER, Role.DATA_OWNER, Role.OUTPUT_CHECKER}))
    members = {person.username} if inside else {Username("other")}
    found = standings(person, Concerned(Username("other"), members, {person.username}, checked=True))
    sides = {Standing.LEAD, Standing.MEMBER}
    assert not (found & sides and found & {Standing.OWNER, Standing.CHECKER})
    assert bool(found & sides) is inside


def test_closed_account_stands_nowhere() -> None:
    person = researcher(active=False)
    assert standings(person, Concerned(person.username, {person.username}, (), checked=True)) == frozenset()


def test_lead_who_is_no_researcher_any_more_is_a_member_only() -> None:
    person = researcher(roles=frozenset({Role.OUTPUT_CHECKER}))
    found = standings(person, Concerned(person.username, {person.username}, (), checked=True))
    assert found == {Standing.MEMBER}


@pytest.mark.parametrize("action", [Action.COMPLETE, Action.REFUSE, Action.RESUME])
def test_steps_of_the_system_are_nobodys(action: Action) -> None:
    assert PERMITTED[action] == frozenset()
    assert "system alone" in permissions.only(action)


def test_unknown_step_at_the_beginning_is_a_mistake_of_the_program() -> None:
    with pytest.raises(ValueError, match="no project begins"):
        states.check(None, Action.CLOSE, frozenset({Party.LEAD}))
    with pytest.raises(ValueError, match="changes nothing"):
        states.check(State.DRAFT, Action.VIEW, frozenset({Party.LEAD}))
