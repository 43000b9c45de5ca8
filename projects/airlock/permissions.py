"""Who may do what to a request, whatever its state.

Vocabulary
----------
standing
    What somebody is to one request. A person can have several standings, but never both a side of the request
    (author, member of its project) and checker of it: that is decided here, once, for everybody.

Whoever has no standing is not told that the request exists.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from saferoom.ids import Username
from saferoom.projects.airlock import states
from saferoom.projects.airlock.states import Action, Party, State
from saferoom.projects.decision import ALLOWED, Decision, forbidden, unknown
from saferoom.projects.people.model import Person, Role

RULE = "airlock.permissions"


class Standing(StrEnum):
    """What somebody is to one request."""

    AUTHOR = "author"
    MEMBER = "member"
    CHECKER = "checker"
    DATA_OWNER = "data-owner"


_SIDE = frozenset({Standing.AUTHOR, Standing.MEMBER})
_READERS = frozenset({Standing.AUTHOR, Standing.MEMBER, Standing.CHECKER})
_NOBODY: frozenset[Standing] = frozenset()

PERMITTED: dict[Action, frozenset[Standing]] = {
    Action.VIEW: _READERS,
    Action.VIEW_RELEASE: _READERS | {Standing.DATA_OWNER},
    # Unchecked bytes go to those who check them; the author's side has them in the room, and they stay there.
    Action.DOWNLOAD_FILE: frozenset({Standing.CHECKER}),
    Action.DRAFT: frozenset({Standing.AUTHOR}),
    Action.SUBMIT: frozenset({Standing.AUTHOR}),
    Action.COMMENT: frozenset({Standing.AUTHOR, Standing.CHECKER}),
    Action.WITHDRAW: frozenset({Standing.AUTHOR}),
    Action.VOTE: frozenset({Standing.CHECKER}),
    Action.RETURN: frozenset({Standing.CHECKER}),
    Action.REJECT: frozenset({Standing.CHECKER}),
    # Steps of the system: no person may take them.
    Action.PART_REVIEW: _NOBODY,
    Action.COMPLETE_REVIEW: _NOBODY,
    Action.REOPEN_REVIEW: _NOBODY,
    Action.APPROVE: _NOBODY,
    Action.BLOCK: _NOBODY,
    Action.RELEASE: _NOBODY,
}


def standings(
    person: Person, author: Username, members: Collection[Username], owners: Collection[Username]
) -> frozenset[Standing]:
    """Return what `person` is to a request of `author`.

    Parameters
    ----------
    members : collection of Username
        The members of the request's project.
    owners : collection of Username
        The data owners of the datasets the request uses.
    """
    if not person.active:
        return frozenset()
    found: set[Standing] = set()
    if person.username == author:
        found.add(Standing.AUTHOR)
    elif person.username in members:
        found.add(Standing.MEMBER)
    elif Role.OUTPUT_CHECKER in person.roles:
        found.add(Standing.CHECKER)
    if Role.DATA_OWNER in person.roles and person.username in owners:
        found.add(Standing.DATA_OWNER)
    return frozenset(found)


def may(standing: frozenset[Standing], action: Action) -> Decision:
    """Decide whether somebody with `standing` may take `action`, leaving the request's state aside."""
    if not standing:
        return unknown("unknown-request", "there is no such request", RULE)
    if standing & PERMITTED[action]:
        return ALLOWED
    if Standing.CHECKER in PERMITTED[action] and standing & _SIDE:
        return forbidden(
            "own-request", "output checkers are independent: nobody checks a request of their own project", RULE
        )
    return forbidden("not-permitted", _ONLY[action], RULE)


def decide(standing: frozenset[Standing], action: Action, state: State) -> Decision:
    """Decide whether somebody with `standing` can take `action` now: permission first, then the state."""
    decision = may(standing, action)
    return states.can(state, action, party(standing)) if decision else decision


def party(standing: frozenset[Standing]) -> Party:
    """Return the side somebody acts for."""
    return Party.CHECKERS if Standing.CHECKER in standing else Party.AUTHOR


_BY_AUTHOR = "only the author of the request can do this"
_BY_CHECKERS = "only an output checker outside the project can do this"
_BY_SYSTEM = "this is done by the system alone"

_ONLY: dict[Action, str] = {
    Action.VIEW: "data owners see what was released, not requests under review",
    Action.VIEW_RELEASE: "only people concerned with the request can see its release",
    Action.DOWNLOAD_FILE: _BY_CHECKERS,
    Action.DRAFT: _BY_AUTHOR,
    Action.SUBMIT: _BY_AUTHOR,
    Action.COMMENT: "only the author and output checkers can comment",
    Action.WITHDRAW: _BY_AUTHOR,
    Action.VOTE: _BY_CHECKERS,
    Action.RETURN: _BY_CHECKERS,
    Action.REJECT: _BY_CHECKERS,
    Action.PART_REVIEW: _BY_SYSTEM,
    Action.COMPLETE_REVIEW: _BY_SYSTEM,
    Action.REOPEN_REVIEW: _BY_SYSTEM,
    Action.APPROVE: _BY_SYSTEM,
    Action.BLOCK: _BY_SYSTEM,
    Action.RELEASE: _BY_SYSTEM,
}
