"""Who may do what to people: one table, decided here and nowhere else.

Vocabulary
----------
standing
    What somebody is to a person's account: the machine's operator, an administrator, a deputy for emergencies, a data
    owner, that very person. Whoever has no standing is not told whether there is such a person.
operator
    Whoever runs ``saferoom admin`` on the machine itself; the audit trail has the system's name of that account.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from saferoom.ids import Username
from saferoom.projects.decision import ALLOWED, Decision, forbidden, unknown
from saferoom.projects.people.model import Person, Role

RULE = "people.permissions"


class Standing(StrEnum):
    """What somebody is to a person's account."""

    OPERATOR = "operator"
    ADMINISTRATOR = "administrator"
    DEPUTY = "deputy"
    DATA_OWNER = "data-owner"
    SELF = "self"


class Action(StrEnum):
    """What can be done to people."""

    LIST = "list"
    VIEW = "view"
    ADD = "add"
    EDIT = "edit"
    RECORD = "record"
    END_RECORD = "end_record"
    CLOSE = "close"
    REOPEN = "reopen"
    SET_PASSWORD = "set_password"  # noqa: S105 - a deed's name
    MAKE_TOKEN = "make_token"  # noqa: S105 - a deed's name
    VIEW_TOKENS = "view_tokens"
    END_TOKENS = "end_tokens"
    NAME_DEPUTY = "name_deputy"
    END_DEPUTY = "end_deputy"
    VIEW_EMERGENCIES = "view_emergencies"
    BREAK_GLASS = "break_glass"
    END_EMERGENCY = "end_emergency"
    REVIEW_EMERGENCY = "review_emergency"


_ADMINISTRATION = frozenset({Standing.OPERATOR, Standing.ADMINISTRATOR})

PERMITTED: dict[Action, frozenset[Standing]] = {
    Action.LIST: _ADMINISTRATION,
    Action.VIEW: _ADMINISTRATION,
    Action.ADD: _ADMINISTRATION,
    Action.EDIT: _ADMINISTRATION,
    Action.RECORD: _ADMINISTRATION,
    Action.END_RECORD: _ADMINISTRATION,
    Action.CLOSE: _ADMINISTRATION,
    Action.REOPEN: _ADMINISTRATION,
    Action.SET_PASSWORD: _ADMINISTRATION,
    Action.MAKE_TOKEN: frozenset({Standing.SELF}),
    Action.VIEW_TOKENS: _ADMINISTRATION | {Standing.SELF},
    Action.END_TOKENS: _ADMINISTRATION | {Standing.SELF},
    Action.NAME_DEPUTY: _ADMINISTRATION,
    Action.END_DEPUTY: _ADMINISTRATION,
    Action.VIEW_EMERGENCIES: _ADMINISTRATION | {Standing.DATA_OWNER, Standing.DEPUTY},
    Action.BREAK_GLASS: _ADMINISTRATION | {Standing.DEPUTY},
    Action.END_EMERGENCY: _ADMINISTRATION,
    Action.REVIEW_EMERGENCY: _ADMINISTRATION,
}

BY_ANOTHER = frozenset(
    {
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
)
"""What nobody does to their own account, administrators included: somebody else has to agree."""

REFUSED_OPENLY = frozenset(
    {
        Action.LIST,
        Action.ADD,
        Action.VIEW_EMERGENCIES,
        Action.BREAK_GLASS,
        Action.END_EMERGENCY,
        Action.REVIEW_EMERGENCY,
    }
)
"""Actions that everybody knows of; who may not take them is told so, whomever they name."""


@dataclass(frozen=True)
class Actor:
    """Who acts.

    Attributes
    ----------
    name : str
        What the audit trail says.
    username : Username or None
        None for the machine's operator.
    """

    name: str
    username: Username | None

    @classmethod
    def person(cls, username: Username) -> Actor:
        """Return a registered person as an actor."""
        return cls(username, username)

    @classmethod
    def operator(cls, name: str) -> Actor:
        """Return the machine's operator, called `name` in the audit trail (``admin:`` and the system's user)."""
        return cls(name, None)


def standings(actor: Person | None, deputy: bool, about: Username | None) -> frozenset[Standing]:
    """Return what `actor` (None for the machine's operator) is to the account called `about`.

    Parameters
    ----------
    deputy : bool
        Whether an administrator's naming of the actor as deputy holds.
    """
    if actor is None:
        return frozenset({Standing.OPERATOR})
    found = set()
    if Role.ADMINISTRATOR in actor.roles:
        found.add(Standing.ADMINISTRATOR)
    if Role.DATA_OWNER in actor.roles:
        found.add(Standing.DATA_OWNER)
    if deputy:
        found.add(Standing.DEPUTY)
    if actor.username == about:
        found.add(Standing.SELF)
    return frozenset(found)


def may(standing: frozenset[Standing], action: Action) -> Decision:
    """Decide whether somebody with `standing` may take `action`."""
    if not standing & PERMITTED[action]:
        return _refused(standing, action)
    if action in BY_ANOTHER and Standing.SELF in standing:
        return forbidden("own-account", "Nobody changes their own account; ask another administrator.", RULE)
    return ALLOWED


def _refused(standing: frozenset[Standing], action: Action) -> Decision:
    if action in REFUSED_OPENLY or standing & {Standing.SELF, *_ADMINISTRATION}:
        return forbidden("not-permitted", _ONLY.get(action, "Only administrators can do this."), RULE)
    return unknown("unknown-person", "Nobody of that name is registered.", RULE)


_ONLY = {
    Action.MAKE_TOKEN: "Everybody makes their own API tokens, and nobody else's.",
    Action.VIEW_EMERGENCIES: "Only administrators, their deputies and data owners can see this.",
    Action.BREAK_GLASS: "Only an administrator or a named deputy can break the glass.",
}
