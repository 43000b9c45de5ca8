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
from dataclasses import dataclass
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
_AUTHOR = frozenset({Standing.AUTHOR})
_CHECKER = frozenset({Standing.CHECKER})
_OWNER = frozenset({Standing.DATA_OWNER})
_NOBODY: frozenset[Standing] = frozenset()

PERMITTED: dict[Action, frozenset[Standing]] = {
    Action.VIEW: _READERS,
    Action.VIEW_RELEASE: _READERS | _OWNER,
    # Unchecked bytes go to those who check them; the author's side has them in the room, and they stay there.
    Action.DOWNLOAD_FILE: _CHECKER,
    Action.VIEW_LEAVING: _CHECKER | _OWNER,
    Action.DRAFT: _AUTHOR,
    Action.EDIT: _AUTHOR,
    Action.SUBMIT: _AUTHOR,
    Action.COMMENT: _AUTHOR | _CHECKER,
    Action.WITHDRAW: _AUTHOR,
    Action.CLAIM: _CHECKER,
    Action.VOTE: _CHECKER,
    Action.RETURN: _CHECKER,
    Action.REJECT: _CHECKER,
    Action.SIGN_OFF: _OWNER,
    Action.REFUSE_SIGN_OFF: _OWNER,
    Action.AUDIT: _CHECKER,
    Action.WITHDRAW_RELEASE: _CHECKER | _OWNER,
    # Steps of the system: no person may take them.
    Action.PART_REVIEW: _NOBODY,
    Action.COMPLETE_REVIEW: _NOBODY,
    Action.ASK_THIRD: _NOBODY,
    Action.REOPEN_REVIEW: _NOBODY,
    Action.ASK_SIGN_OFF: _NOBODY,
    Action.APPROVE: _NOBODY,
    Action.BLOCK: _NOBODY,
    Action.RELEASE: _NOBODY,
}

INDEPENDENT = frozenset({Action.VOTE, Action.CLAIM, Action.RETURN, Action.REJECT, Action.AUDIT}) | frozenset(
    {Action.SIGN_OFF, Action.REFUSE_SIGN_OFF, Action.WITHDRAW_RELEASE, Action.VIEW_LEAVING, Action.DOWNLOAD_FILE}
)
"""Actions of those who judge: whoever is on the request's side may take none of them, whatever else they are."""

PARTY: dict[Standing, Party] = {
    Standing.AUTHOR: Party.AUTHOR,
    Standing.MEMBER: Party.AUTHOR,
    Standing.CHECKER: Party.CHECKERS,
    Standing.DATA_OWNER: Party.OWNERS,
}
"""The side that each standing acts for."""


@dataclass(frozen=True)
class Circle:
    """Who is concerned with one request.

    Attributes
    ----------
    members : collection of Username
        The members of the request's project.
    former : collection of Username
        Who was a member and is none any more: no side of the request, and no independent checker of it either.
    owners : collection of Username
        The data owners of the datasets the request uses.
    signers : collection of Username
        Those of them who have to sign it: they decide as owners, so they do not vote as output checkers, too.
    submitted : bool
        Whether it was ever submitted: until then nobody but its author's side knows of it.
    """

    author: Username
    members: Collection[Username] = ()
    former: Collection[Username] = ()
    owners: Collection[Username] = ()
    signers: Collection[Username] = ()
    submitted: bool = True


def standings(person: Person, circle: Circle) -> frozenset[Standing]:
    """Return what `person` is to the request that `circle` is about."""
    if not person.active:
        return frozenset()
    found: set[Standing] = set()
    if person.username == circle.author:
        found.add(Standing.AUTHOR)
    elif person.username in circle.members:
        found.add(Standing.MEMBER)
    if not circle.submitted:
        return frozenset(found)
    owner = Role.DATA_OWNER in person.roles
    apart = not found and person.username not in circle.former
    if apart and Role.OUTPUT_CHECKER in person.roles and not (owner and person.username in circle.signers):
        found.add(Standing.CHECKER)
    if owner and person.username in circle.owners:
        found.add(Standing.DATA_OWNER)
    return frozenset(found)


def may(standing: frozenset[Standing], action: Action) -> Decision:
    """Decide whether somebody with `standing` may take `action`, leaving the request's state aside."""
    if not standing:
        return unknown("unknown-request", "there is no such request", RULE)
    if action in INDEPENDENT and standing & _SIDE:
        return forbidden("own-request", _INDEPENDENT, RULE)
    if standing & PERMITTED[action]:
        return ALLOWED
    return forbidden("not-permitted", _ONLY[action], RULE)


def signs(owned: bool) -> Decision:
    """Decide whether a data owner signs a request; `owned` tells whether one of the datasets to sign for is theirs."""
    reason = "another data owner has to sign this: none of the datasets it is asked for is yours"
    return ALLOWED if owned else forbidden("not-asked", reason, RULE)


def apart(voted: bool) -> Decision:
    """Decide whether somebody signs a request as a data owner who may have voted on it as an output checker."""
    reason = "whoever voted on a request as an output checker does not sign it, too; another data owner has to"
    return forbidden("voted", reason, RULE) if voted else ALLOWED


def decide(standing: frozenset[Standing], action: Action, state: State) -> Decision:
    """Decide whether somebody with `standing` can take `action` now: permission first, then the state."""
    decision = may(standing, action)
    if not decision:
        return decision
    answers = [states.can(state, action, side) for side in parties(standing, action)]
    return next((answer for answer in answers if answer), answers[0])


def parties(standing: frozenset[Standing], action: Action) -> tuple[Party, ...]:
    """Return the sides for which somebody with `standing` may take `action`, output checkers first."""
    order = (Standing.CHECKER, Standing.DATA_OWNER, Standing.AUTHOR, Standing.MEMBER)
    return tuple(dict.fromkeys(PARTY[one] for one in order if one in standing & PERMITTED[action]))


def acting(standing: frozenset[Standing], action: Action, state: State) -> Party:
    """Return the side for which somebody who may take `action` in `state` takes it."""
    sides = parties(standing, action)
    return next((side for side in sides if states.can(state, action, side)), sides[0])


_INDEPENDENT = "those who decide about a request are independent: nobody checks or signs one of their own project"
_BY_AUTHOR = "only the author of the request can do this"
_BY_CHECKERS = "only an output checker outside the project can do this"
_BY_OWNERS = "only the data owners of what the request was made from can do this"
_BY_SYSTEM = "this is done by the system alone"

_ONLY: dict[Action, str] = {
    Action.VIEW: "data owners see what leaves, not requests under review",
    Action.VIEW_RELEASE: "only people concerned with the request can see its release",
    Action.DOWNLOAD_FILE: _BY_CHECKERS,
    Action.VIEW_LEAVING: "only output checkers and data owners can see this",
    Action.DRAFT: _BY_AUTHOR,
    Action.EDIT: _BY_AUTHOR,
    Action.SUBMIT: _BY_AUTHOR,
    Action.COMMENT: "only the author and output checkers can comment",
    Action.WITHDRAW: _BY_AUTHOR,
    Action.CLAIM: _BY_CHECKERS,
    Action.VOTE: _BY_CHECKERS,
    Action.RETURN: _BY_CHECKERS,
    Action.REJECT: _BY_CHECKERS,
    Action.SIGN_OFF: _BY_OWNERS,
    Action.REFUSE_SIGN_OFF: _BY_OWNERS,
    Action.AUDIT: _BY_CHECKERS,
    Action.WITHDRAW_RELEASE: "only output checkers outside the project and data owners can do this",
    Action.PART_REVIEW: _BY_SYSTEM,
    Action.COMPLETE_REVIEW: _BY_SYSTEM,
    Action.ASK_THIRD: _BY_SYSTEM,
    Action.REOPEN_REVIEW: _BY_SYSTEM,
    Action.ASK_SIGN_OFF: _BY_SYSTEM,
    Action.APPROVE: _BY_SYSTEM,
    Action.BLOCK: _BY_SYSTEM,
    Action.RELEASE: _BY_SYSTEM,
}
