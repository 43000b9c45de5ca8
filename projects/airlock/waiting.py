"""Why a request waits: who has to act, since when, and what they have to do. No request waits without all three."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from saferoom.projects.airlock.records import Claim
from saferoom.projects.airlock.states import FINAL, OWNER, Party, State

OVERDUE = timedelta(days=3)
"""From when on lists point at a request that waits for somebody else than its author."""


class Waits(Protocol):
    """What is asked of a request, or of a line of a list."""

    @property
    def state(self) -> State: ...
    @property
    def since(self) -> datetime: ...
    @property
    def reason(self) -> str: ...
    @property
    def blocked(self) -> str: ...
    @property
    def claims(self) -> tuple[Claim, ...]: ...


@dataclass(frozen=True)
class Wait:
    """Why a request waits.

    Attributes
    ----------
    party : Party
        Who has to act.
    since : datetime
        When it came to be their turn.
    age : timedelta
        How long that is.
    why : str
        What has to happen, in a sentence.
    claims : tuple of Claim
        Which output checkers are looking at it now.
    overdue : bool
        It waits for somebody else than its author, and has waited long.
    """

    party: Party
    since: datetime
    age: timedelta
    why: str
    claims: tuple[Claim, ...] = ()
    overdue: bool = False


def standing_of(request: Waits, now: datetime) -> Wait | None:
    """Return who has to act on `request`, since when and why; None when it is at its end."""
    if request.state in FINAL:
        return None
    party, age = OWNER[request.state], max(timedelta(0), now - request.since)
    return Wait(
        party=party,
        since=request.since,
        age=age,
        why=_why(request),
        claims=tuple(claim for claim in request.claims if claim.holds(now)),
        overdue=party is not Party.AUTHOR and age >= OVERDUE,
    )


def _why(request: Waits) -> str:
    if request.blocked:
        return f"something keeps it from leaving: {request.blocked}"
    return request.reason or _USUAL[request.state]


_USUAL = {
    State.DRAFT: "it is not submitted yet",
    State.SUBMITTED: "an output checker has to look",
    State.PARTLY_REVIEWED: "one output checker has looked at every output; another has to",
    State.REVIEWED: "enough output checkers have looked at every output; they decide what happens",
    State.AWAITING_SIGN_OFF: "a data owner has to sign what leaves",
    State.RETURNED: "something has to be changed before it is submitted again; the comments say what",
    State.APPROVED: "every output is approved; the bundle is being made and signed",
}


def nobody(party: Party, people: Sequence[str], *, another: bool = False) -> str:
    """Return what to say when nobody can take the turn of `party`; empty when somebody can.

    Parameters
    ----------
    another : bool
        Whether it has to be an output checker besides those who have looked.
    """
    if people or party not in _NOBODY:
        return ""
    return _NOBODY_ELSE if another else _NOBODY[party]


_NOBODY_ELSE = (
    "there is no other output checker outside the project who may sign in; the administrator has to name one, or one "
    "of those who have looked returns the request"
)


_NOBODY = {
    Party.CHECKERS: "there is no output checker outside the project who may sign in; the administrator has to name one",
    Party.OWNERS: (
        "no data owner can sign: whoever owns the data is a member of the project, or may not sign in; they leave the "
        "project, or the administrator names another owner"
    ),
}
