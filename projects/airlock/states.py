"""Which state a request is in, whose move it is, and the one table of how it gets from state to state.

Vocabulary
----------
state
    Where a request stands. Each state has one owner: whoever has to act next.
party
    Who takes a step: the author, an output checker, a data owner, or the system by itself.
action
    What somebody does to a request. *Who* may do it is `saferoom.projects.airlock.permissions`; *when* is here.
transition
    One row of the table: from a state, by an action, to a state, with its audit action and its notification.
turn
    The time during which the output checkers own the request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from saferoom.projects.decision import ALLOWED, Decision, wrong_state


class State(StrEnum):
    """Where a request stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    PARTLY_REVIEWED = "partly_reviewed"
    REVIEWED = "reviewed"
    AWAITING_SIGN_OFF = "awaiting_sign_off"
    RETURNED = "returned"
    APPROVED = "approved"
    RELEASED = "released"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Party(StrEnum):
    """Who owns a state, takes a step, or is told about one."""

    AUTHOR = "author"
    CHECKERS = "checkers"
    OWNERS = "owners"
    """The data owners who have to sign, or who stand behind the data of a release."""
    SYSTEM = "system"


class Action(StrEnum):
    """What can be done to a request."""

    VIEW = "view"
    VIEW_RELEASE = "view_release"
    DOWNLOAD_FILE = "download_file"
    VIEW_LEAVING = "view_leaving"
    """See what would leave and what was found in it, and nothing else of the review."""
    DRAFT = "draft"
    EDIT = "edit"
    SUBMIT = "submit"
    COMMENT = "comment"
    WITHDRAW = "withdraw"
    CLAIM = "claim"
    """Say "I am looking at this", or say so no longer; it keeps nobody out."""
    VOTE = "vote"
    RETURN = "return"
    REJECT = "reject"
    PART_REVIEW = "part_review"
    COMPLETE_REVIEW = "complete_review"
    ASK_THIRD = "ask_third"
    """Ask for one more output checker, because those who looked disagree."""
    REOPEN_REVIEW = "reopen_review"
    ASK_SIGN_OFF = "ask_sign_off"
    SIGN_OFF = "sign_off"
    REFUSE_SIGN_OFF = "refuse_sign_off"
    APPROVE = "approve"
    BLOCK = "block"
    RELEASE = "release"
    AUDIT = "audit"
    """Say afterwards whether an automatic release, drawn for it, should have left."""
    WITHDRAW_RELEASE = "withdraw_release"
    """State that a release is withdrawn; what has left stays on record."""


OWNER: dict[State, Party] = {
    State.DRAFT: Party.AUTHOR,
    State.SUBMITTED: Party.CHECKERS,
    State.PARTLY_REVIEWED: Party.CHECKERS,
    State.REVIEWED: Party.CHECKERS,
    State.AWAITING_SIGN_OFF: Party.OWNERS,
    State.RETURNED: Party.AUTHOR,
    State.APPROVED: Party.SYSTEM,
    State.RELEASED: Party.SYSTEM,
    State.REJECTED: Party.SYSTEM,
    State.WITHDRAWN: Party.SYSTEM,
}

FINAL = frozenset({State.RELEASED, State.REJECTED, State.WITHDRAWN})
"""States that nothing leaves."""

TURN = (State.SUBMITTED, State.PARTLY_REVIEWED, State.REVIEWED)
"""The output checkers' turn."""

READS = frozenset({Action.VIEW, Action.VIEW_RELEASE, Action.VIEW_LEAVING, Action.DOWNLOAD_FILE})
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
    return (*_of_author(), *_of_checkers(), *_of_owners(), *_of_system())


def _of_author() -> tuple[Transition, ...]:
    author, checkers = Party.AUTHOR, Party.CHECKERS
    s, t = State, Transition
    return (
        t(None, Action.DRAFT, author, s.DRAFT, "request.drafted"),
        t(s.DRAFT, Action.SUBMIT, author, s.SUBMITTED, "request.submitted", checkers),
        t(s.RETURNED, Action.SUBMIT, author, s.SUBMITTED, "request.resubmitted", checkers),
        *(t(state, Action.EDIT, author, state, "request.edited") for state in (s.DRAFT, s.RETURNED)),
        *(t(state, Action.COMMENT, author, state, "request.commented") for state in (s.DRAFT, s.RETURNED)),
        t(s.DRAFT, Action.WITHDRAW, author, s.WITHDRAWN, "request.discarded"),
        *(
            t(state, Action.WITHDRAW, author, s.WITHDRAWN, "request.withdrawn")
            for state in (*TURN, s.AWAITING_SIGN_OFF, s.RETURNED, s.APPROVED)
        ),
    )


def _of_checkers() -> tuple[Transition, ...]:
    author, checkers = Party.AUTHOR, Party.CHECKERS
    s, t = State, Transition
    # While the owner decides, a checker who notices something can still stop the request.
    stops = (*TURN, s.AWAITING_SIGN_OFF)
    return (
        *(t(state, Action.CLAIM, checkers, state, "request.claimed") for state in TURN),
        *(t(state, Action.VOTE, checkers, state, "request.voted") for state in TURN),
        *(t(state, Action.COMMENT, checkers, state, "request.commented") for state in stops),
        *(t(state, Action.RETURN, checkers, s.RETURNED, "request.returned", author) for state in stops),
        *(t(state, Action.REJECT, checkers, s.REJECTED, "request.rejected", author) for state in stops),
        t(s.RELEASED, Action.AUDIT, checkers, s.RELEASED, "release.audited"),
        t(s.RELEASED, Action.WITHDRAW_RELEASE, checkers, s.RELEASED, "release.withdrawn", author),
    )


def _of_owners() -> tuple[Transition, ...]:
    author, owners = Party.AUTHOR, Party.OWNERS
    s, t = State, Transition
    waits = s.AWAITING_SIGN_OFF
    return (
        t(waits, Action.SIGN_OFF, owners, waits, "request.signed_off"),
        t(waits, Action.REFUSE_SIGN_OFF, owners, s.RETURNED, "request.sign_off_refused", author),
        t(s.RELEASED, Action.WITHDRAW_RELEASE, owners, s.RELEASED, "release.withdrawn", author),
    )


def _of_system() -> tuple[Transition, ...]:
    author, checkers, owners, system = Party.AUTHOR, Party.CHECKERS, Party.OWNERS, Party.SYSTEM
    s, t = State, Transition
    waits = s.AWAITING_SIGN_OFF
    return (
        t(s.SUBMITTED, Action.PART_REVIEW, system, s.PARTLY_REVIEWED, "request.partly_reviewed", checkers),
        *(
            t(state, Action.COMPLETE_REVIEW, system, s.REVIEWED, "request.reviewed", checkers)
            for state in (s.SUBMITTED, s.PARTLY_REVIEWED)
        ),
        t(s.REVIEWED, Action.ASK_THIRD, system, s.REVIEWED, "request.third_checker_asked", checkers),
        *(
            t(state, Action.REOPEN_REVIEW, system, s.SUBMITTED, "request.review_reopened", checkers)
            for state in (*TURN, waits)
        ),
        t(s.REVIEWED, Action.ASK_SIGN_OFF, system, waits, "request.sign_off_asked", owners),
        *(
            t(state, Action.APPROVE, system, s.APPROVED, "request.approved")
            for state in (s.SUBMITTED, s.REVIEWED, waits)
        ),
        *(
            t(state, Action.BLOCK, system, state, "request.blocked", author)
            for state in (s.REVIEWED, waits, s.APPROVED)
        ),
        t(s.APPROVED, Action.RELEASE, system, s.RELEASED, "request.released", author),
    )


TRANSITIONS: tuple[Transition, ...] = _rows()

_INDEX: dict[tuple[State | None, Action], dict[Party, Transition]] = {}
for _row in TRANSITIONS:
    _INDEX.setdefault((_row.from_, _row.action), {})[_row.by] = _row

_LEAVING_SHOWN = frozenset({State.AWAITING_SIGN_OFF, State.APPROVED, State.RELEASED})
"""What would leave is shown to data owners once the output checkers are done."""


def transitions(state: State | None, action: Action) -> Mapping[Party, Transition]:
    """Return the table's rows for `action` in `state` by who takes the step; none where it is not possible."""
    return _INDEX.get((state, action), {})


def can(state: State, action: Action, by: Party) -> Decision:
    """Decide whether `by` can take `action` while a request is in `state`; permissions are decided elsewhere."""
    if action in READS:
        return _can_read(state, action)
    rows = transitions(state, action)
    if not rows:
        return wrong_state("wrong-state", f"a request that is {words(state)} cannot be {_DONE[action]}", RULE)
    if by not in rows:
        who = " or the ".join(_PARTY[party] for party in rows)
        return wrong_state("not-your-turn", f"while a request is {words(state)}, only the {who} can do this", RULE)
    return ALLOWED


def _can_read(state: State, action: Action) -> Decision:
    if action is Action.VIEW_RELEASE and state is not State.RELEASED:
        return wrong_state("not-released", f"the request is {words(state)}, so there is nothing to download yet", RULE)
    if action is Action.VIEW_LEAVING and state not in _LEAVING_SHOWN:
        return wrong_state("not-checked", f"the request is {words(state)}, so nothing is about to leave", RULE)
    return ALLOWED


def readable(action: Action) -> tuple[State, ...]:
    """Return the states in which something can be read; who may read it is decided elsewhere."""
    return tuple(state for state in State if _can_read(state, action))


def check(state: State | None, action: Action, by: Party) -> Transition:
    """Return the row for `action` in `state`; raise `WrongStateError` when the table has none for that party."""
    row = transitions(state, action).get(by)
    if row is None:
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
    Party.OWNERS: "data owners",
    Party.SYSTEM: "system",
}

_DONE: dict[Action, str] = {
    Action.DRAFT: "drafted",
    Action.EDIT: "edited",
    Action.SUBMIT: "submitted",
    Action.COMMENT: "commented on",
    Action.WITHDRAW: "withdrawn",
    Action.CLAIM: "claimed",
    Action.VOTE: "voted on",
    Action.RETURN: "returned",
    Action.REJECT: "rejected",
    Action.PART_REVIEW: "partly reviewed",
    Action.COMPLETE_REVIEW: "counted as reviewed",
    Action.ASK_THIRD: "given to a third output checker",
    Action.REOPEN_REVIEW: "reviewed anew",
    Action.ASK_SIGN_OFF: "given to its data owners",
    Action.SIGN_OFF: "signed off",
    Action.REFUSE_SIGN_OFF: "refused by a data owner",
    Action.APPROVE: "approved",
    Action.BLOCK: "blocked",
    Action.RELEASE: "released",
    Action.AUDIT: "audited",
    Action.WITHDRAW_RELEASE: "withdrawn after its release",
}
