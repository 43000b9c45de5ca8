"""Where a project stands, whose move it is, and the one table of how it gets from state to state.

Vocabulary
----------
state
    Where a project stands in its life. Each state has one owner: whoever has to act next, if anybody has.
party
    Who takes a step: the lead, the data owners, the administrators, or the system by itself.
action
    What somebody does to a project. *Who* may do it is `saferoom.projects.life.permissions`; *when* is here.
transition
    One row of the table: from a state, by an action, to a state, with its audit action and who is told.
round
    One submission of a proposal. Decisions of earlier rounds do not count.
hold
    Somebody's word that a project pauses. It runs again when every hold is lifted, each by the side that placed it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from saferoom.projects.decision import ALLOWED, Decision, wrong_state

RULE = "life.states"


class State(StrEnum):
    """Where a project stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    DECIDED = "decided"
    ACTIVE = "active"
    PAUSED = "paused"
    CLOSED = "closed"
    SEALED = "sealed"
    DELETED = "deleted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class Party(StrEnum):
    """Who owns a state, takes a step, or is told about one."""

    LEAD = "lead"
    OWNERS = "owners"
    ADMINISTRATORS = "administrators"
    SYSTEM = "system"


class Action(StrEnum):
    """What can be done to a project."""

    VIEW = "view"
    PROPOSE = "propose"
    EDIT = "edit"
    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    APPROVE = "approve"
    DECLINE = "decline"
    ASK_CHANGES = "ask_changes"
    COMPLETE = "complete"
    REFUSE = "refuse"
    CONFIRM = "confirm"
    REGISTER = "register"
    AMEND = "amend"
    APPROVE_AMENDMENT = "approve_amendment"
    DECLINE_AMENDMENT = "decline_amendment"
    CONFIRM_AMENDMENT = "confirm_amendment"
    WITHDRAW_AMENDMENT = "withdraw_amendment"
    REVISE = "revise"
    END_APPROVAL = "end_approval"
    CONFIRM_REFRESH = "confirm_refresh"
    HAND_OVER = "hand_over"
    PAUSE = "pause"
    LIFT = "lift"
    RESUME = "resume"
    CLOSE = "close"
    SEAL = "seal"
    READ_ARCHIVE = "read_archive"
    DELETE = "delete"


OWNER: dict[State, Party] = {
    State.DRAFT: Party.LEAD,
    State.SUBMITTED: Party.OWNERS,
    State.RETURNED: Party.LEAD,
    State.DECIDED: Party.ADMINISTRATORS,
    State.ACTIVE: Party.LEAD,
    State.PAUSED: Party.ADMINISTRATORS,
    State.CLOSED: Party.SYSTEM,
    State.SEALED: Party.ADMINISTRATORS,
    State.DELETED: Party.SYSTEM,
    State.DECLINED: Party.SYSTEM,
    State.WITHDRAWN: Party.SYSTEM,
}
"""Whose move it is; a paused project waits for whoever placed a hold, which may be a data owner."""

FINAL = frozenset({State.DELETED, State.DECLINED, State.WITHDRAWN})
"""States that nothing leaves."""

RUNNING = (State.ACTIVE, State.PAUSED)
"""States of a project that is registered and not closed."""

REGISTERED = frozenset({*RUNNING, State.CLOSED, State.SEALED, State.DELETED})
"""States in which the registry knows the project; before, it is a proposal."""


@dataclass(frozen=True)
class Transition:
    """One row of the table.

    Attributes
    ----------
    from_ : State or None
        None where a project begins.
    by : frozenset of Party
        Who may take the step.
    audit : str
        The action the audit trail records, in the transaction of the step.
    notify : Party or None
        Who is told, beyond whoever took the step.
    """

    from_: State | None
    action: Action
    by: frozenset[Party]
    to: State
    audit: str
    notify: Party | None = None


def _rows() -> tuple[Transition, ...]:
    a, s = Action, State
    lead, owners = frozenset({Party.LEAD}), frozenset({Party.OWNERS})
    admins, system = frozenset({Party.ADMINISTRATORS}), frozenset({Party.SYSTEM})
    to_lead, to_owners, to_admins = Party.LEAD, Party.OWNERS, Party.ADMINISTRATORS

    def row(
        from_: State | None, action: Action, by: frozenset[Party], to: State | None = None, told: Party | None = None
    ) -> Transition:
        target = to or from_
        if target is None:  # pragma: no cover - a row without any state is a mistake in this table
            raise ValueError(f"{action} leads nowhere")
        return Transition(from_, action, by, target, f"project.{_AUDIT[action]}", told)

    def running(action: Action, by: frozenset[Party], told: Party | None = None) -> tuple[Transition, ...]:
        return tuple(row(state, action, by, None, told) for state in RUNNING)

    return (
        row(None, a.PROPOSE, lead, s.DRAFT),
        row(None, a.REGISTER, admins, s.ACTIVE),
        *(row(state, a.EDIT, lead) for state in (s.DRAFT, s.RETURNED)),
        *(row(state, a.SUBMIT, lead, s.SUBMITTED, to_owners) for state in (s.DRAFT, s.RETURNED)),
        *(row(state, a.WITHDRAW, lead, s.WITHDRAWN) for state in (s.DRAFT, s.SUBMITTED, s.RETURNED, s.DECIDED)),
        row(s.SUBMITTED, a.APPROVE, owners, None, to_lead),
        row(s.SUBMITTED, a.DECLINE, owners, None, to_lead),
        row(s.SUBMITTED, a.ASK_CHANGES, owners, s.RETURNED, to_lead),
        row(s.DECIDED, a.ASK_CHANGES, admins, s.RETURNED, to_lead),
        row(s.SUBMITTED, a.COMPLETE, system, s.DECIDED, to_admins),
        row(s.SUBMITTED, a.REFUSE, system, s.DECLINED, to_lead),
        row(s.DECIDED, a.DECLINE, admins, s.DECLINED, to_lead),
        row(s.DECIDED, a.CONFIRM, admins | system, s.ACTIVE, to_lead),
        *running(a.AMEND, lead | admins, to_owners),
        *running(a.APPROVE_AMENDMENT, owners, to_lead),
        *running(a.DECLINE_AMENDMENT, owners | admins, to_lead),
        *running(a.CONFIRM_AMENDMENT, admins | system, to_lead),
        *running(a.WITHDRAW_AMENDMENT, lead | admins),
        *running(a.REVISE, owners, to_lead),
        *running(a.END_APPROVAL, owners | admins, to_lead),
        *running(a.CONFIRM_REFRESH, owners, to_lead),
        *running(a.HAND_OVER, lead | admins, to_lead),
        *(row(state, a.PAUSE, owners | admins, s.PAUSED, to_lead) for state in RUNNING),
        row(s.PAUSED, a.LIFT, owners | admins, None, to_lead),
        row(s.PAUSED, a.RESUME, system, s.ACTIVE, to_lead),
        *(row(state, a.CLOSE, lead | admins, s.CLOSED, to_owners) for state in RUNNING),
        row(s.CLOSED, a.SEAL, admins | system, s.SEALED, to_owners),
        row(s.SEALED, a.READ_ARCHIVE, admins, None, to_owners),
        row(s.SEALED, a.DELETE, admins, s.DELETED, to_owners),
    )


_AUDIT: dict[Action, str] = {
    Action.PROPOSE: "proposed",
    Action.REGISTER: "added",
    Action.EDIT: "edited",
    Action.SUBMIT: "submitted",
    Action.WITHDRAW: "withdrawn",
    Action.APPROVE: "dataset_approved",
    Action.DECLINE: "dataset_declined",
    Action.ASK_CHANGES: "returned",
    Action.COMPLETE: "decided",
    Action.REFUSE: "declined",
    Action.CONFIRM: "confirmed",
    Action.AMEND: "amendment_asked",
    Action.APPROVE_AMENDMENT: "amendment_approved",
    Action.DECLINE_AMENDMENT: "amendment_declined",
    Action.CONFIRM_AMENDMENT: "amendment_applied",
    Action.WITHDRAW_AMENDMENT: "amendment_withdrawn",
    Action.REVISE: "terms_revised",
    Action.END_APPROVAL: "approval_ended",
    Action.CONFIRM_REFRESH: "refresh_confirmed",
    Action.HAND_OVER: "handed_over",
    Action.PAUSE: "paused",
    Action.LIFT: "hold_lifted",
    Action.RESUME: "resumed",
    Action.CLOSE: "closed",
    Action.SEAL: "sealed",
    Action.READ_ARCHIVE: "archive_read",
    Action.DELETE: "deleted",
}

TRANSITIONS: tuple[Transition, ...] = _rows()

_INDEX: dict[tuple[State | None, Action], Transition] = {(row.from_, row.action): row for row in TRANSITIONS}


def transition(state: State | None, action: Action) -> Transition | None:
    """Return the table's row for `action` in `state`, or None when there is none."""
    return _INDEX.get((state, action))


def can(state: State, action: Action, by: frozenset[Party]) -> Decision:
    """Decide whether one of the parties `by` can take `action` in `state`; permissions are decided elsewhere."""
    if action is Action.VIEW:
        return ALLOWED
    row = transition(state, action)
    if row is None:
        return wrong_state("wrong-state", f"a project that is {words(state)} cannot be {_DONE[action]}", RULE)
    if not row.by & by:
        who = " or ".join(_PARTY[party] for party in Party if party in row.by)
        return wrong_state("not-your-turn", f"while a project is {words(state)}, only {who} can do this", RULE)
    return ALLOWED


def check(state: State | None, action: Action, by: frozenset[Party]) -> Transition:
    """Return the row for `action` in `state`; raise `WrongStateError` when the table has none for those parties."""
    row = transition(state, action)
    if row is None or not row.by & by:
        if state is None:
            raise ValueError(f"no project begins with {action}")
        can(state, action, by).enforce()
        raise ValueError(f"{action} changes nothing, so it has no transition")
    return row


def words(state: State) -> str:
    """Return the state as a person reads it."""
    return state.value.replace("_", " ")


_PARTY: dict[Party, str] = {
    Party.LEAD: "the project's lead",
    Party.OWNERS: "a data owner",
    Party.ADMINISTRATORS: "an administrator",
    Party.SYSTEM: "the system",
}

_DONE: dict[Action, str] = {
    Action.PROPOSE: "proposed",
    Action.EDIT: "edited",
    Action.SUBMIT: "submitted",
    Action.WITHDRAW: "withdrawn",
    Action.APPROVE: "decided on",
    Action.DECLINE: "decided on",
    Action.ASK_CHANGES: "given back for changes",
    Action.COMPLETE: "counted as decided",
    Action.REFUSE: "declined",
    Action.CONFIRM: "confirmed",
    Action.REGISTER: "registered",
    Action.AMEND: "amended",
    Action.APPROVE_AMENDMENT: "amended",
    Action.DECLINE_AMENDMENT: "amended",
    Action.CONFIRM_AMENDMENT: "amended",
    Action.WITHDRAW_AMENDMENT: "amended",
    Action.REVISE: "given other terms",
    Action.END_APPROVAL: "refused a dataset it had",
    Action.CONFIRM_REFRESH: "given a refreshed dataset",
    Action.HAND_OVER: "handed over",
    Action.PAUSE: "paused",
    Action.LIFT: "freed of a hold",
    Action.RESUME: "resumed",
    Action.CLOSE: "closed",
    Action.SEAL: "sealed",
    Action.READ_ARCHIVE: "read from its archive",
    Action.DELETE: "deleted",
}
