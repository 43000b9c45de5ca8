"""Who may do what with notices and letters: one table.

Everybody reads their own notices and chooses how to be told. Administrators see which letters went out and which did
not, to whom and why not, but never what they say.
"""

from __future__ import annotations

from enum import StrEnum

from saferoom.projects.decision import ALLOWED, Decision, forbidden
from saferoom.projects.people.model import Person, Role

RULE = "notices.permissions"


class Standing(StrEnum):
    """What somebody is to notices."""

    SELF = "self"
    ADMINISTRATOR = "administrator"
    OPERATOR = "operator"


class Action(StrEnum):
    """What can be done with notices and letters."""

    READ = "read"
    CHOOSE = "choose"
    VIEW_LETTERS = "view_letters"
    RETRY = "retry"


_ADMINISTRATION = frozenset({Standing.ADMINISTRATOR, Standing.OPERATOR})

PERMITTED: dict[Action, frozenset[Standing]] = {
    Action.READ: frozenset({Standing.SELF}),
    Action.CHOOSE: frozenset({Standing.SELF}),
    Action.VIEW_LETTERS: _ADMINISTRATION,
    Action.RETRY: _ADMINISTRATION,
}


def standings(person: Person | None) -> frozenset[Standing]:
    """Return what `person` is to own notices and to letters; None is the machine's operator."""
    if person is None:
        return frozenset({Standing.OPERATOR})
    found = {Standing.SELF}
    if Role.ADMINISTRATOR in person.roles:
        found.add(Standing.ADMINISTRATOR)
    return frozenset(found)


def may(standing: frozenset[Standing], action: Action) -> Decision:
    """Decide whether somebody with `standing` may take `action`."""
    if standing & PERMITTED[action]:
        return ALLOWED
    if action in (Action.READ, Action.CHOOSE):
        return forbidden("no-person", "The machine's operator has no notices of their own.", RULE)
    return forbidden("not-permitted", "Only administrators can do this.", RULE)
