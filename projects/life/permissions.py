"""Who may do what to a project, whatever its state.

Vocabulary
----------
standing
    What somebody is to one project. Nobody stands on both sides: who is in a project, or proposed for it, is no data
    owner of it, whatever they own.

Whoever has no standing is not told that the project exists.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from saferoom.ids import Username
from saferoom.projects.decision import ALLOWED, Decision, forbidden, unknown
from saferoom.projects.life import states
from saferoom.projects.life.states import Action, Party, State
from saferoom.projects.people.model import Person, Role

RULE = "life.permissions"


class Standing(StrEnum):
    """What somebody is to one project."""

    LEAD = "lead"
    MEMBER = "member"
    OWNER = "owner"
    ADMINISTRATOR = "administrator"
    CHECKER = "checker"


@dataclass(frozen=True)
class Concerned:
    """Whom a project concerns.

    Attributes
    ----------
    members : collection of Username
        The lead and everybody in the project, or proposed for it.
    owners : collection of Username
        The data owners of its datasets; nobody before it was submitted for the first time.
    checked : bool
        Whether it runs, or ran, so that output checkers have to know it.
    """

    lead: Username | None
    members: Collection[Username]
    owners: Collection[Username]
    checked: bool


_SIDE = frozenset({Standing.LEAD, Standing.MEMBER})
_LEAD = frozenset({Standing.LEAD})
_OWNER = frozenset({Standing.OWNER})
_ADMINISTRATOR = frozenset({Standing.ADMINISTRATOR})
_NOBODY: frozenset[Standing] = frozenset()

PERMITTED: dict[Action, frozenset[Standing]] = {
    Action.VIEW: frozenset(Standing),
    Action.PROPOSE: _LEAD,
    Action.EDIT: _LEAD,
    Action.SUBMIT: _LEAD,
    Action.WITHDRAW: _LEAD,
    Action.APPROVE: _OWNER,
    Action.DECLINE: _OWNER | _ADMINISTRATOR,
    Action.ASK_CHANGES: _OWNER | _ADMINISTRATOR,
    Action.COMPLETE: _NOBODY,
    Action.REFUSE: _NOBODY,
    Action.CONFIRM: _ADMINISTRATOR,
    Action.REGISTER: _ADMINISTRATOR,
    Action.AMEND: _LEAD | _ADMINISTRATOR,
    Action.APPROVE_AMENDMENT: _OWNER,
    Action.DECLINE_AMENDMENT: _OWNER | _ADMINISTRATOR,
    Action.CONFIRM_AMENDMENT: _ADMINISTRATOR,
    Action.WITHDRAW_AMENDMENT: _LEAD | _ADMINISTRATOR,
    Action.REVISE: _OWNER,
    Action.END_APPROVAL: _OWNER | _ADMINISTRATOR,
    Action.CONFIRM_REFRESH: _OWNER,
    Action.HAND_OVER: _LEAD | _ADMINISTRATOR,
    Action.PAUSE: _OWNER | _ADMINISTRATOR,
    Action.LIFT: _OWNER | _ADMINISTRATOR,
    Action.RESUME: _NOBODY,
    Action.CLOSE: _LEAD | _ADMINISTRATOR,
    Action.SEAL: _ADMINISTRATOR,
    Action.READ_ARCHIVE: _ADMINISTRATOR,
    Action.DELETE: _ADMINISTRATOR,
}

ABOUT_DATA = frozenset({Action.APPROVE, Action.DECLINE, Action.ASK_CHANGES, Action.REVISE, Action.END_APPROVAL}) | {
    *(Action.CONFIRM_REFRESH, Action.APPROVE_AMENDMENT, Action.DECLINE_AMENDMENT)
}
"""What data owners decide about an own dataset; where it is about the people instead, administrators alone do."""

_PARTY: dict[Standing, Party] = {
    Standing.LEAD: Party.LEAD,
    Standing.OWNER: Party.OWNERS,
    Standing.ADMINISTRATOR: Party.ADMINISTRATORS,
}


def standings(person: Person, concerned: Concerned) -> frozenset[Standing]:
    """Return what `person` is to a project; whether they may sign in at all is decided elsewhere."""
    if not person.active:
        return frozenset()
    found: set[Standing] = set()
    inside = person.username in concerned.members or person.username == concerned.lead
    if inside:
        found.add(Standing.MEMBER)
        if person.username == concerned.lead and Role.RESEARCHER in person.roles:
            found.add(Standing.LEAD)
    elif Role.DATA_OWNER in person.roles and person.username in concerned.owners:
        found.add(Standing.OWNER)
    if not inside and Role.OUTPUT_CHECKER in person.roles and concerned.checked:
        found.add(Standing.CHECKER)
    if Role.ADMINISTRATOR in person.roles:
        found.add(Standing.ADMINISTRATOR)
    return frozenset(found)


def may(standing: frozenset[Standing], action: Action) -> Decision:
    """Decide whether somebody with `standing` may take `action`, leaving the project's state aside."""
    if not standing:
        return unknown("unknown-project", "there is no such project", RULE)
    if standing & PERMITTED[action]:
        return ALLOWED
    if Standing.OWNER in PERMITTED[action] and standing & _SIDE:
        return forbidden(
            "own-project", "nobody decides on both sides: who is in a project does not decide about its data", RULE
        )
    return forbidden("not-permitted", only(action), RULE)


def decide(standing: frozenset[Standing], action: Action, state: State) -> Decision:
    """Decide whether somebody with `standing` can take `action` now: permission first, then the state."""
    decision = may(standing, action)
    return states.can(state, action, parties(standing & PERMITTED[action])) if decision else decision


def about_people(standing: frozenset[Standing]) -> Decision:
    """Decide whether somebody may decide about a project's people; data owners decide about their data alone."""
    if Standing.ADMINISTRATOR in standing:
        return ALLOWED
    return forbidden("not-permitted", "only an administrator decides about a project's people", RULE)


def parties(standing: frozenset[Standing]) -> frozenset[Party]:
    """Return the sides somebody acts for."""
    return frozenset(_PARTY[one] for one in standing if one in _PARTY)


def only(action: Action) -> str:
    """Return the sentence that says who may take `action`."""
    allowed = PERMITTED[action]
    if not allowed:
        return "this is done by the system alone"
    who = " or ".join(_WHO[standing] for standing in Standing if standing in allowed)
    return f"only {who} can do this"


_WHO: dict[Standing, str] = {
    Standing.LEAD: "the project's lead",
    Standing.MEMBER: "a member of the project",
    Standing.OWNER: "the data owner of the dataset",
    Standing.ADMINISTRATOR: "an administrator",
    Standing.CHECKER: "an output checker",
}
