"""Who may do what: the whole matrix of role, relation, state and action, made from the enumerations."""

from __future__ import annotations

from enum import StrEnum
from itertools import combinations, product

import pytest

from saferoom.errors import ForbiddenError, NotFoundError, WrongStateError
from saferoom.ids import Username
from saferoom.projects.airlock import permissions, states
from saferoom.projects.airlock.permissions import PERMITTED, Standing, decide, may, party, standings
from saferoom.projects.airlock.states import Action, Party, State
from saferoom.projects.people.model import Person, Role

ANA, PIA = Username("ana"), Username("pia")


class Relation(StrEnum):
    """What the person has to do with the request, beside their role."""

    AUTHOR = "author"
    MEMBER = "member"
    OWNER = "owner"
    """Owns one of the datasets."""
    NONE = "none"


A, M, C, O = Standing.AUTHOR, Standing.MEMBER, Standing.CHECKER, Standing.DATA_OWNER  # noqa: E741

# What each role makes of each relation. A new role or relation fails here until it is placed.
EXPECTED_STANDING: dict[Role, dict[Relation, set[Standing]]] = {
    Role.RESEARCHER: {Relation.AUTHOR: {A}, Relation.MEMBER: {M}, Relation.OWNER: set(), Relation.NONE: set()},
    Role.OUTPUT_CHECKER: {Relation.AUTHOR: {A}, Relation.MEMBER: {M}, Relation.OWNER: {C}, Relation.NONE: {C}},
    Role.DATA_OWNER: {Relation.AUTHOR: {A}, Relation.MEMBER: {M}, Relation.OWNER: {O}, Relation.NONE: set()},
    Role.ADMINISTRATOR: {Relation.AUTHOR: {A}, Relation.MEMBER: {M}, Relation.OWNER: set(), Relation.NONE: set()},
}

# Who may do what. A new action fails here until it is placed.
EXPECTED_PERMITTED: dict[Action, set[Standing]] = {
    Action.VIEW: {A, M, C},
    Action.VIEW_RELEASE: {A, M, C, O},
    Action.DOWNLOAD_FILE: {C},
    Action.DRAFT: {A},
    Action.SUBMIT: {A},
    Action.COMMENT: {A, C},
    Action.WITHDRAW: {A},
    Action.VOTE: {C},
    Action.RETURN: {C},
    Action.REJECT: {C},
    Action.PART_REVIEW: set(),
    Action.COMPLETE_REVIEW: set(),
    Action.REOPEN_REVIEW: set(),
    Action.APPROVE: set(),
    Action.BLOCK: set(),
    Action.RELEASE: set(),
}


def person(*roles: Role, active: bool = True) -> Person:
    return Person(username=PIA, display_name="Pia", roles=frozenset(roles), active=active)


def standing_of(who: Person, relation: Relation) -> frozenset[Standing]:
    author = PIA if relation is Relation.AUTHOR else ANA
    members = {ANA, PIA} if relation in (Relation.MEMBER, Relation.AUTHOR) else {ANA}
    return standings(who, author, members, {PIA} if relation is Relation.OWNER else set())


def test_matrix_places_every_role_relation_and_action() -> None:
    assert set(EXPECTED_STANDING) == set(Role)
    assert all(set(row) == set(Relation) for row in EXPECTED_STANDING.values())
    assert set(EXPECTED_PERMITTED) == set(Action) == set(PERMITTED)
    assert {s for row in EXPECTED_STANDING.values() for found in row.values() for s in found} == set(Standing)


@pytest.mark.parametrize("relation", Relation)
@pytest.mark.parametrize("role", Role)
def test_matrix_role_relation_state_action(role: Role, relation: Relation) -> None:
    expected = EXPECTED_STANDING[role][relation]
    assert standing_of(person(role), relation) == expected
    for state, action in product(State, Action):
        check_decision(expected, state, action)


def check_decision(expected: set[Standing], state: State, action: Action) -> None:
    """Check one cell of the matrix."""
    decision = decide(frozenset(expected), action, state)
    allowed = bool(expected & EXPECTED_PERMITTED[action])
    possible = bool(states.can(state, action, Party.CHECKERS if C in expected else Party.AUTHOR))
    assert bool(decision) == (allowed and possible)
    if not expected:
        assert decision.error is NotFoundError, "outsiders must not learn that the request exists"
    elif not allowed:
        assert decision.error is ForbiddenError
    elif not possible:
        assert decision.error is WrongStateError
    assert bool(decision) or (decision.reason and decision.rule and decision.code)


@pytest.mark.parametrize("relation", Relation)
@pytest.mark.parametrize("roles", [c for n in range(1, len(Role) + 1) for c in combinations(Role, n)])
def test_nobody_is_on_both_sides_of_a_request(roles: tuple[Role, ...], relation: Relation) -> None:
    found = standing_of(person(*roles), relation)
    assert not (C in found and found & {A, M})
    checks = {action for action in Action if PERMITTED[action] & {C} and may(found, action)}
    if relation in (Relation.AUTHOR, Relation.MEMBER):
        assert not checks & {Action.VOTE, Action.RETURN, Action.REJECT}


@pytest.mark.parametrize("action", [Action.VOTE, Action.RETURN, Action.REJECT])
@pytest.mark.parametrize("relation", [Relation.AUTHOR, Relation.MEMBER])
def test_checker_of_the_own_project_is_told_why(relation: Relation, action: Action) -> None:
    decision = may(standing_of(person(Role.RESEARCHER, Role.OUTPUT_CHECKER), relation), action)
    assert (decision.allowed, decision.code) == (False, "own-request")


@pytest.mark.parametrize("relation", Relation)
@pytest.mark.parametrize("role", Role)
def test_closed_account_has_no_standing_at_all(role: Role, relation: Relation) -> None:
    assert standing_of(person(role, active=False), relation) == frozenset()


@pytest.mark.parametrize("action", [a for a in Action if not EXPECTED_PERMITTED[a]])
def test_steps_of_the_system_are_taken_by_nobody(action: Action) -> None:
    assert not may(frozenset(Standing), action)


def test_data_owner_who_checks_keeps_both_standings() -> None:
    assert standing_of(person(Role.DATA_OWNER, Role.OUTPUT_CHECKER), Relation.OWNER) == {C, O}


def test_party_of_a_checker_is_the_checkers_and_of_others_the_author() -> None:
    assert party(frozenset({C, O})) is Party.CHECKERS
    assert party(frozenset({M})) is party(frozenset({A})) is Party.AUTHOR


def test_mutation_author_with_the_checkers_role_counted_as_checker_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def weak(who: Person, author: Username, members: set[Username], owners: set[Username]) -> frozenset[Standing]:
        extra = {C} if Role.OUTPUT_CHECKER in who.roles else set()
        return permissions.standings(who, author, members, owners) | extra

    monkeypatch.setitem(globals(), "standings", weak)
    with pytest.raises(AssertionError):
        test_nobody_is_on_both_sides_of_a_request((Role.OUTPUT_CHECKER,), Relation.AUTHOR)
