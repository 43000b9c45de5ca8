"""Who may do what to people: every standing with every action, and what each refusal says."""

from __future__ import annotations

import itertools

import pytest

from saferoom.errors import ForbiddenError, NotFoundError
from saferoom.ids import Username
from saferoom.projects.people.model import Person, Role
from saferoom.projects.people.permissions import (
    BY_ANOTHER,
    PERMITTED,
    REFUSED_OPENLY,
    Action,
    Actor,
    Standing,
    may,
    standings,
)

_S = Standing
EXPECTED: dict[Action, set[Standing]] = {
    Action.LIST: {_S.OPERATOR, _S.ADMINISTRATOR},
    Action.VIEW: {_S.OPERATOR, _S.ADMINISTRATOR},
    Action.ADD: {_S.OPERATOR, _S.ADMINISTRATOR},
    Action.EDIT: {_S.OPERATOR, _S.ADMINISTRATOR},
    Action.RECORD: {_S.OPERATOR, _S.ADMINISTRATOR},
    Action.END_RECORD: {_S.OPERATOR, _S.ADMINISTRATOR},
    Action.CLOSE: {_S.OPERATOR, _S.ADMINISTRATOR},
    Action.REOPEN: {_S.OPERATOR, _S.ADMINISTRATOR},
    Action.SET_PASSWORD: {_S.OPERATOR, _S.ADMINISTRATOR},
    Action.MAKE_TOKEN: {_S.SELF},
    Action.VIEW_TOKENS: {_S.OPERATOR, _S.ADMINISTRATOR, _S.SELF},
    Action.END_TOKENS: {_S.OPERATOR, _S.ADMINISTRATOR, _S.SELF},
    Action.NAME_DEPUTY: {_S.OPERATOR, _S.ADMINISTRATOR},
    Action.END_DEPUTY: {_S.OPERATOR, _S.ADMINISTRATOR},
    Action.VIEW_EMERGENCIES: {_S.OPERATOR, _S.ADMINISTRATOR, _S.DEPUTY, _S.DATA_OWNER},
    Action.BREAK_GLASS: {_S.OPERATOR, _S.ADMINISTRATOR, _S.DEPUTY},
    Action.END_EMERGENCY: {_S.OPERATOR, _S.ADMINISTRATOR},
    Action.REVIEW_EMERGENCY: {_S.OPERATOR, _S.ADMINISTRATOR},
}
NOT_TO_ONESELF = {
    Action.EDIT,
    Action.RECORD,
    Action.END_RECORD,
    Action.CLOSE,
    Action.REOPEN,
    Action.SET_PASSWORD,
    Action.NAME_DEPUTY,
    Action.END_DEPUTY,
    Action.BREAK_GLASS,
}
SETS = [frozenset(c) for size in range(len(Standing) + 1) for c in itertools.combinations(Standing, size)]


@pytest.mark.parametrize("action", Action)
def test_permissions_of_every_standing_are_the_tables(action: Action) -> None:
    for standing in SETS:
        decision = may(standing, action)
        expected = bool(standing & EXPECTED[action]) and not (action in NOT_TO_ONESELF and _S.SELF in standing)
        assert decision.allowed == expected, (standing, action)
        assert bool(decision.reason) != expected


def test_every_action_is_placed() -> None:
    assert set(PERMITTED) == set(EXPECTED) == set(Action)
    assert set(BY_ANOTHER) == NOT_TO_ONESELF


@pytest.mark.parametrize("action", sorted(set(Action) - REFUSED_OPENLY))
def test_outsiders_are_not_told_whether_somebody_exists(action: Action) -> None:
    with pytest.raises(NotFoundError, match="Nobody of that name"):
        may(frozenset(), action).enforce()


@pytest.mark.parametrize("action", sorted(REFUSED_OPENLY))
def test_actions_that_everybody_knows_of_are_refused_openly(action: Action) -> None:
    with pytest.raises(ForbiddenError):
        may(frozenset(), action).enforce()


def test_own_account_is_known_to_exist_and_changed_by_others_only() -> None:
    with pytest.raises(ForbiddenError, match="Only administrators"):
        may(frozenset({_S.SELF}), Action.EDIT).enforce()
    with pytest.raises(ForbiddenError, match="their own account"):
        may(frozenset({_S.SELF, _S.ADMINISTRATOR}), Action.EDIT).enforce()


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("deputy", [True, False])
def test_standings_follow_from_roles(role: Role, deputy: bool) -> None:
    person = Person(username=Username("rosa"), display_name="R", roles=frozenset({role}))
    expected = {
        Role.ADMINISTRATOR: {_S.ADMINISTRATOR},
        Role.DATA_OWNER: {_S.DATA_OWNER},
    }.get(role, set()) | ({_S.DEPUTY} if deputy else set())
    assert standings(person, deputy, Username("ravi")) == expected
    assert standings(person, deputy, Username("rosa")) == expected | {_S.SELF}
    assert standings(person, deputy, None) == expected


def test_operator_of_the_machine_stands_alone() -> None:
    assert standings(None, False, Username("root")) == {_S.OPERATOR}
    assert Actor.operator("admin:root").username is None
    assert Actor.person(Username("ada")) == Actor("ada", Username("ada"))
