"""Who may do what: the whole matrix of role, relation, state and action, made from the enumerations."""

from __future__ import annotations

from enum import StrEnum
from itertools import combinations, product

import pytest

from saferoom.errors import ForbiddenError, NotFoundError, WrongStateError
from saferoom.ids import Username
from saferoom.projects.airlock import permissions, states
from saferoom.projects.airlock.permissions import (
    INDEPENDENT,
    PARTY,
    PERMITTED,
    Circle,
    Standing,
    acting,
    decide,
    may,
    parties,
    standings,
)
from saferoom.projects.airlock.states import Action, Party, State
from saferoom.projects.people.model import Person, Role

ANA, PIA = Username("ana"), Username("pia")


class Relation(StrEnum):
    """What the person has to do with the request, beside their role."""

    AUTHOR = "author"
    MEMBER = "member"
    OWNER = "owner"
    """Owns one of the datasets."""
    SIGNER = "signer"
    """Owns one of the datasets, and has to sign."""
    NONE = "none"


A, M, C, O = Standing.AUTHOR, Standing.MEMBER, Standing.CHECKER, Standing.DATA_OWNER  # noqa: E741

# What each role makes of each relation. A new role or relation fails here until it is placed.
EXPECTED_STANDING: dict[Role, dict[Relation, set[Standing]]] = {
    Role.RESEARCHER: {
        Relation.AUTHOR: {A},
        Relation.MEMBER: {M},
        Relation.OWNER: set(),
        Relation.SIGNER: set(),
        Relation.NONE: set(),
    },
    Role.OUTPUT_CHECKER: {
        Relation.AUTHOR: {A},
        Relation.MEMBER: {M},
        Relation.OWNER: {C},
        Relation.SIGNER: {C},
        Relation.NONE: {C},
    },
    Role.DATA_OWNER: {
        Relation.AUTHOR: {A},
        Relation.MEMBER: {M},
        Relation.OWNER: {O},
        Relation.SIGNER: {O},
        Relation.NONE: set(),
    },
    Role.ADMINISTRATOR: {
        Relation.AUTHOR: {A},
        Relation.MEMBER: {M},
        Relation.OWNER: set(),
        Relation.SIGNER: set(),
        Relation.NONE: set(),
    },
    Role.CLERICAL_REVIEWER: {
        Relation.AUTHOR: {A},
        Relation.MEMBER: {M},
        Relation.OWNER: set(),
        Relation.SIGNER: set(),
        Relation.NONE: set(),
    },
}

# Who may do what. A new action fails here until it is placed.
EXPECTED_PERMITTED: dict[Action, set[Standing]] = {
    Action.VIEW: {A, M, C},
    Action.VIEW_RELEASE: {A, M, C, O},
    Action.VIEW_LEAVING: {C, O},
    Action.DOWNLOAD_FILE: {C},
    Action.DRAFT: {A},
    Action.EDIT: {A},
    Action.SUBMIT: {A},
    Action.COMMENT: {A, C},
    Action.WITHDRAW: {A},
    Action.CLAIM: {C},
    Action.VOTE: {C},
    Action.RETURN: {C},
    Action.REJECT: {C},
    Action.SIGN_OFF: {O},
    Action.REFUSE_SIGN_OFF: {O},
    Action.AUDIT: {C},
    Action.WITHDRAW_RELEASE: {C, O},
    Action.PART_REVIEW: set(),
    Action.COMPLETE_REVIEW: set(),
    Action.ASK_THIRD: set(),
    Action.REOPEN_REVIEW: set(),
    Action.ASK_SIGN_OFF: set(),
    Action.APPROVE: set(),
    Action.BLOCK: set(),
    Action.RELEASE: set(),
}
# What those do who decide; nobody on the author's side does any of it.
DECIDING = {
    Action.VIEW_LEAVING,
    Action.DOWNLOAD_FILE,
    Action.CLAIM,
    Action.VOTE,
    Action.RETURN,
    Action.REJECT,
    Action.SIGN_OFF,
    Action.REFUSE_SIGN_OFF,
    Action.AUDIT,
    Action.WITHDRAW_RELEASE,
}


def person(*roles: Role, active: bool = True) -> Person:
    return Person(username=PIA, display_name="Pia", roles=frozenset(roles), active=active)


def circle_of(relation: Relation, submitted: bool = True) -> Circle:
    mine = {PIA}
    return Circle(
        author=PIA if relation is Relation.AUTHOR else ANA,
        members={ANA, PIA} if relation in (Relation.MEMBER, Relation.AUTHOR) else {ANA},
        owners=mine if relation in (Relation.OWNER, Relation.SIGNER) else set(),
        signers=mine if relation is Relation.SIGNER else set(),
        submitted=submitted,
    )


def standing_of(who: Person, relation: Relation) -> frozenset[Standing]:
    return standings(who, circle_of(relation))


def test_matrix_places_every_role_relation_and_action() -> None:
    assert set(EXPECTED_STANDING) == set(Role)
    assert all(set(row) == set(Relation) for row in EXPECTED_STANDING.values())
    assert set(EXPECTED_PERMITTED) == set(Action) == set(PERMITTED)
    assert {s for row in EXPECTED_STANDING.values() for found in row.values() for s in found} == set(Standing)
    assert set(PARTY) == set(Standing)
    assert INDEPENDENT == DECIDING


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
    allowed = bool(expected & EXPECTED_PERMITTED[action]) and not (action in DECIDING and expected & {A, M})
    sides = {PARTY[one] for one in expected & EXPECTED_PERMITTED[action]}
    possible = any(states.can(state, action, side) for side in sides)
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
    if relation in (Relation.AUTHOR, Relation.MEMBER):
        assert not {action for action in Action if may(found, action)} & DECIDING
    assert not (relation is Relation.SIGNER and found >= {C, O}), "whoever signs as an owner does not vote as a checker"


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


@pytest.mark.parametrize("roles", [c for n in range(1, len(Role) + 1) for c in combinations(Role, n)])
@pytest.mark.parametrize("relation", Relation)
def test_request_that_was_never_submitted_is_known_to_its_side_alone(
    roles: tuple[Role, ...], relation: Relation
) -> None:
    found = standings(person(*roles), circle_of(relation, submitted=False))
    assert found == {Relation.AUTHOR: {A}, Relation.MEMBER: {M}}.get(relation, set())


def test_data_owner_who_checks_keeps_both_standings_where_no_signature_is_asked() -> None:
    both = person(Role.DATA_OWNER, Role.OUTPUT_CHECKER)
    assert standing_of(both, Relation.OWNER) == {C, O}
    assert standing_of(both, Relation.SIGNER) == {O}


def test_data_owner_in_the_project_signs_nothing_of_it() -> None:
    inside = standings(person(Role.DATA_OWNER), Circle(ANA, members={ANA, PIA}, owners={PIA}, signers={PIA}))
    assert inside == {M, O}
    decision = decide(inside, Action.SIGN_OFF, State.AWAITING_SIGN_OFF)
    assert (decision.allowed, decision.code) == (False, "own-request")


def test_somebody_with_two_sides_acts_for_the_one_whose_turn_it_is() -> None:
    both = frozenset({C, O})
    assert parties(both, Action.WITHDRAW_RELEASE) == (Party.CHECKERS, Party.OWNERS)
    assert acting(both, Action.COMMENT, State.SUBMITTED) is Party.CHECKERS
    assert acting(frozenset({A}), Action.COMMENT, State.RETURNED) is Party.AUTHOR
    assert acting(frozenset({O}), Action.SIGN_OFF, State.AWAITING_SIGN_OFF) is Party.OWNERS


def test_mutation_author_with_the_checkers_role_counted_as_checker_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def weak(who: Person, circle: Circle) -> frozenset[Standing]:
        extra = {C} if Role.OUTPUT_CHECKER in who.roles else set()
        return permissions.standings(who, circle) | extra

    monkeypatch.setitem(globals(), "standings", weak)
    with pytest.raises(AssertionError):
        test_nobody_is_on_both_sides_of_a_request((Role.OUTPUT_CHECKER,), Relation.AUTHOR)
