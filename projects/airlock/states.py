"""Which state a request is in, whose move it is, and the one table of how it gets from state to state.

Vocabulary
----------
state
    Where a request stands. Each state has one owner: whoever has to act next.
party
    Who takes a step: the author, an output checker, or the system by itself.
action
    What somebody does to a request. *Who* may do it is `saferoom.projects.airlock.permissions`; *when* is here.
transition
    One row of the table: from a state, by an action, to a state, with its audit action and its notification.
turn
    The time during which the output checkers own the request.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from saferoom.projects.decision import ALLOWED, Decision, wrong_state


class State(StrEnum):
    """Where a request stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    PARTLY_REVIEWED = "partly_reviewed"
    REVIEWED = "reviewed"
    RETURNED = "returned"
    APPROVED = "approved"
    RELEASED = "released"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Party(StrEnum):
    """Who owns a state, takes a step, or is told about one."""

    AUTHOR = "author"
    CHECKERS = "checkers"
    SYSTEM = "system"


class Action(StrEnum):
    """What can be done to a request."""

    VIEW = "view"
    VIEW_RELEASE = "view_release"
    DOWNLOAD_FILE = "download_file"
    DRAFT = "draft"
    SUBMIT = "submit"
    COMMENT = "comment"
    WITHDRAW = "withdraw"
    VOTE = "vote"
    RETURN = "return"
    REJECT = "reject"
    PART_REVIEW = "part_review"
    COMPLETE_REVIEW = "complete_review"
    REOPEN_REVIEW = "reopen_review"
    APPROVE = "approve"
    BLOCK = "block"
    RELEASE = "release"


OWNER: dict[State, Party] = {
    State.DRAFT: Party.AUTHOR,
    State.SUBMITTED: Party.CHECKERS,
    State.PARTLY_REVIEWED: Party.CHECKERS,
    State.REVIEWED: Party.CHECKERS,
    State.RETURNED: Party.AUTHOR,
    State.APPROVED: Party.SYSTEM,
    State.RELEASED: Party.SYSTEM,
    State.REJECTED: Party.SYSTEM,
    State.WITHDRAWN: Party.SYSTEM,
}

FINAL = frozenset({State.RELEASED, State.REJECTED, State.WITHDRAWN})
"""States that nothing leaves."""

READS = frozenset({Action.VIEW, Action.VIEW_RELEASE, Action.DOWNLOAD_FILE})
"""Actions that change nothing; the table has no row for them."""


@dataclass(frozen=True)
class Transition:
    """One row of the table.

    Attributes
    ----------
    from_ : State or None
        None where the request begins.
    by : Party
        Who takes the step.
    audit : str
        The action the audit trail records, in the transaction of the step.
    notify : Party or None
        Who is told, beyond whoever took the step; the system is never told.
    """

    from_: State | None
    action: Action
    by: Party
    to: State
    audit: str
    notify: Party | None = None


def _rows() -> tuple[Transition, ...]:
    author, checkers, system = Party.AUTHOR, Party.CHECKERS, Party.SYSTEM
    s, t = State, Transition
    turn = (s.SUBMITTED, s.PARTLY_REVIEWED, s.REVIEWED)
    return (
        t(None, Action.DRAFT, author, s.DRAFT, "request.drafted"),
        t(s.DRAFT, Action.SUBMIT, author, s.SUBMITTED, "request.submitted", checkers),
        t(s.RETURNED, Action.SUBMIT, author, s.SUBMITTED, "request.resubmitted", checkers),
        *(t(state, Action.VOTE, checkers, state, "request.voted") for state in turn),
        *(t(state, Action.COMMENT, checkers, state, "request.commented") for state in turn),
        t(s.RETURNED, Action.COMMENT, author, s.RETURNED, "request.commented"),
        t(s.SUBMITTED, Action.PART_REVIEW, system, s.PARTLY_REVIEWED, "request.partly_reviewed", checkers),
        *(
            t(state, Action.COMPLETE_REVIEW, system, s.REVIEWED, "request.reviewed", checkers)
            for state in (s.SUBMITTED, s.PARTLY_REVIEWED)
        ),
        *(t(state, Action.REOPEN_REVIEW, system, s.SUBMITTED, "request.review_reopened", checkers) for state in turn),
        *(t(state, Action.RETURN, checkers, s.RETURNED, "request.returned", author) for state in turn),
        *(t(state, Action.REJECT, checkers, s.REJECTED, "request.rejected", author) for state in turn),
        *(t(state, Action.APPROVE, system, s.APPROVED, "request.approved") for state in (s.SUBMITTED, s.REVIEWED)),
        *(t(state, Action.BLOCK, system, state, "request.blocked", author) for state in (s.REVIEWED, s.APPROVED)),
        t(s.APPROVED, Action.RELEASE, system, s.RELEASED, "request.released", author),
        *(
            t(state, Action.WITHDRAW, author, s.WITHDRAWN, "request.withdrawn")
            for state in (s.DRAFT, *turn, s.RETURNED, s.APPROVED)
        ),
    )


TRANSITIONS: tuple[Transition, ...] = _rows()

_INDEX: dict[tuple[State | None, Action], Transition] = {(row.from_, row.action): row for row in TRANSITIONS}


def transition(state: State | None, action: Action) -> Transition | None:
    """Return the table's row for `action` in `state`, or None when there is none."""
    return _INDEX.get((state, action))


def can(state: State, action: Action, by: Party) -> Decision:
    """Decide whether `by` can take `action` while a request is in `state`; permissions are decided elsewhere."""
    if action in (Action.VIEW, Action.DOWNLOAD_FILE) or (action is Action.VIEW_RELEASE and state is State.RELEASED):
        return ALLOWED
    if action is Action.VIEW_RELEASE:
        return wrong_state("not-released", f"the request is {words(state)}, so there is nothing to download yet", RULE)
    row = transition(state, action)
    if row is None:
        return wrong_state("wrong-state", f"a request that is {words(state)} cannot be {_DONE[action]}", RULE)
    if row.by is not by:
        turn = f"while a request is {words(state)}, only the {_PARTY[row.by]} can do this"
        return wrong_state("not-your-turn", turn, RULE)
    return ALLOWED


def check(state: State | None, action: Action, by: Party) -> Transition:
    """Return the row for `action` in `state`; raise `WrongStateError` when the table has none for that party."""
    row = transition(state, action)
    if row is None or row.by is not by:
        if state is None:
            raise ValueError(f"no request begins with {action}")
        can(state, action, by).enforce()
        raise ValueError(f"{action} changes nothing, so it has no transition")
    return row


def words(state: State) -> str:
    """Return the state as a person reads it."""
    return state.value.replace("_", " ")


RULE = "airlock.states"

_PARTY: dict[Party, str] = {
    Party.AUTHOR: "author",
    Party.CHECKERS: "output checkers",
    Party.SYSTEM: "system",
}

_DONE: dict[Action, str] = {
    Action.DRAFT: "drafted",
    Action.SUBMIT: "submitted",
    Action.COMMENT: "commented on",
    Action.WITHDRAW: "withdrawn",
    Action.VOTE: "voted on",
    Action.RETURN: "returned",
    Action.REJECT: "rejected",
    Action.PART_REVIEW: "partly reviewed",
    Action.COMPLETE_REVIEW: "counted as reviewed",
    Action.REOPEN_REVIEW: "reviewed anew",
    Action.APPROVE: "approved",
    Action.BLOCK: "blocked",
    Action.RELEASE: "released",
}
