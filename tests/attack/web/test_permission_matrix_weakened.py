"""Every permission weakened once, and the rules around them: the matrix must notice each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import pytest
from tests.support.matrix import airlock, people, places, projects
from tests.support.matrix.inside import Inside
from tests.support.matrix.trial import Case, Deed, Thing, tried

from saferoom.errors import ForbiddenError
from saferoom.projects.airlock import parts as airlock_parts
from saferoom.projects.airlock import permissions as of_airlock
from saferoom.projects.airlock import states as airlock_states
from saferoom.projects.decision import ALLOWED, Decision
from saferoom.projects.life import parts as life_parts
from saferoom.projects.life import permissions as of_projects
from saferoom.projects.life import states as life_states
from saferoom.projects.notices import permissions as of_notices
from saferoom.projects.people import entitlement
from saferoom.projects.people import permissions as of_people

pytestmark = pytest.mark.sqlite


@dataclass(frozen=True)
class Board:
    """One part of the matrix.

    Attributes
    ----------
    where : mapping of str to tuple of str
        The actions that are tried in a condition in which they are possible.
    stands : mapping
        Somebody who has one standing and no other, by the standing.
    twice : callable
        Tells of an action and a standing whether a second rule refuses what the table would then allow.
    """

    module: Any
    rules: ModuleType
    where: dict[str, tuple[str, ...]]
    stands: dict[Any, str]
    elsewhere: Thing
    twice: Callable[[Any, Any], bool]

    def deeds(self, condition: str) -> Iterable[Deed]:
        """Return what can be tried in a condition."""
        made: Iterable[Deed] = self.module.deeds(condition)
        return made


_A, _L, _P, _N = of_airlock.Standing, of_projects.Standing, of_people.Standing, of_notices.Standing
_ACTION = of_people.Action
_SIDE = frozenset({_A.AUTHOR, _A.MEMBER})
BOARDS = {
    "airlock": Board(
        airlock,
        of_airlock,
        {
            "submitted": ("view", "download file", "claim", "vote", "return", "reject", "comment", "withdraw"),
            "returned": ("edit", "submit"),
            "awaiting sign off": ("sign off", "refuse sign off", "view leaving"),
            "released": ("view release", "withdraw release"),
            airlock.DRAWN: ("audit",),
        },
        {_A.AUTHOR: "ana", _A.MEMBER: "chris", _A.CHECKER: "ben", _A.DATA_OWNER: "dora"},
        airlock.ELSEWHERE,
        lambda action, standing: action in of_airlock.INDEPENDENT and standing in _SIDE,
    ),
    "projects": Board(
        projects,
        of_projects,
        {
            "draft": ("edit", "submit", "withdraw"),
            "decided": ("confirm",),
            "active": ("amend", "confirm amendment", "withdraw amendment", "hand over", "pause", "close"),
            "paused": ("lift",),
            "closed": ("seal",),
            "sealed": ("delete",),
        },
        {_L.LEAD: "rita", _L.MEMBER: "ana", _L.OWNER: "dora", _L.ADMINISTRATOR: "ada", _L.CHECKER: "ben"},
        projects.ELSEWHERE,
        lambda _action, _standing: False,
    ),
    "people": Board(
        people,
        of_people,
        {
            "an account": (
                *("list", "view", "add", "edit", "record", "end record", "close", "set password"),
                *("name deputy", "view tokens", "end tokens", "break glass"),
            ),
            "a closed account": ("reopen",),
            "a deputy": ("end deputy",),
            "an open break-glass act": ("view emergencies", "end emergency"),
        },
        {_P.ADMINISTRATOR: "ada", _P.DEPUTY: "tess", _P.DATA_OWNER: "oona", _P.SELF: "rita"},
        people.ELSEWHERE,
        # What is about nobody's account has no "self" to it, and nobody asks about tokens who is a deputy.
        lambda action, standing: (
            (standing is _P.SELF and action in of_people.BY_ANOTHER | of_people.REFUSED_OPENLY)
            or (standing is _P.DEPUTY and action in (_ACTION.VIEW_TOKENS, _ACTION.END_TOKENS))
        ),
    ),
    "notices": Board(
        places,
        of_notices,
        {places.SENT: ("view letters",), places.DROPPED: ("retry",)},
        {_N.SELF: "ana", _N.ADMINISTRATOR: "ada"},
        places.ELSEWHERE,
        lambda _action, _standing: False,
    ),
}


def _brought(inside: Inside, board: Board, condition: str) -> Case:
    inside.begin()
    case: Case = board.module.case(inside.world, condition)
    return case


@pytest.mark.parametrize(
    ("name", "condition"), [(name, condition) for name, board in BOARDS.items() for condition in board.where]
)
def test_permission_given_to_anybody_else_is_noticed(
    inside: Inside, monkeypatch: pytest.MonkeyPatch, name: str, condition: str
) -> None:
    board = BOARDS[name]
    case, unnoticed = _brought(inside, board, condition), []
    for said in board.where[condition]:
        action = board.rules.Action(said.replace(" ", "_"))
        allowed = board.rules.PERMITTED[action]
        deeds = [deed for deed in board.deeds(condition) if deed.action == said]
        assert deeds, f"nothing tries {said}"
        for standing, person in board.stands.items():
            if standing in allowed or board.twice(action, standing) or not _stands(board, case, person, deeds[0]):
                continue
            with monkeypatch.context() as weaker:
                weaker.setitem(board.rules.PERMITTED, action, allowed | {standing})
                if not tried(inside, replace(case, people=(person,)), deeds, board.elsewhere):
                    unnoticed.append((said, standing.value))
    assert unnoticed == []


def _stands(board: Board, case: Case, person: str, deed: Deed) -> bool:
    """Tell whether `person` has the standing in this condition, and not that of the account's own person besides."""
    if board.rules is of_people:
        return board.stands[_P.SELF] == person or case.thing["username"] != person
    return case.expected(person, deed) != 404


def _checks_own(person: Any, circle: Any) -> Any:
    found = of_airlock.standings(person, circle)
    return found | {_A.CHECKER} if _A.MEMBER in found else found


def _tells(code: str, reason: str, rule: str) -> Decision:
    return Decision(allowed=False, code=code, reason=reason, rule=rule, error=ForbiddenError)


def _yes(*_: Any, **__: Any) -> Decision:
    return ALLOWED


@dataclass(frozen=True)
class Weaker:
    """A rule besides the tables: where it stands, what stands there instead, and who has to be noticed doing what."""

    board: str
    condition: str
    where: Any
    name: str
    instead: Any
    person: str


WEAKER = [
    Weaker("airlock", "awaiting sign off", of_airlock, "INDEPENDENT", frozenset(), "otto"),
    Weaker("airlock", "submitted", airlock_parts, "standings", _checks_own, "chris"),
    Weaker("airlock", "submitted", of_airlock, "unknown", _tells, "rita"),
    Weaker("airlock", "rejected", airlock_states, "can", _yes, "ben"),
    Weaker("airlock", "submitted", entitlement, "standing", _yes, "lars"),
    Weaker("airlock", "awaiting sign off", of_airlock, "signs", _yes, "oona"),
    Weaker("projects", "submitted", life_parts, "_own", _yes, "otto"),
    Weaker("projects", "submitted", of_projects, "about_people", _yes, "dora"),
    Weaker("projects", "draft", of_projects, "unknown", _tells, "dora"),
    Weaker("projects", "declined", life_states, "can", _yes, "rita"),
    Weaker("people", "an administrator", of_people, "BY_ANOTHER", frozenset(), "ada"),
    Weaker("people", "an account", of_people, "unknown", _tells, "ana"),
]


@pytest.mark.parametrize("weaker", WEAKER, ids=lambda one: f"{one.board}-{one.name}")
def test_weakened_rule_is_noticed(inside: Inside, monkeypatch: pytest.MonkeyPatch, weaker: Weaker) -> None:
    board = BOARDS[weaker.board]
    case = replace(_brought(inside, board, weaker.condition), people=(weaker.person,))
    deeds = tuple(board.deeds(weaker.condition))
    monkeypatch.setattr(weaker.where, weaker.name, weaker.instead)
    assert tried(inside, case, deeds, board.elsewhere) != {}
