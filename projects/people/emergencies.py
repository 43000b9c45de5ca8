"""Breaking the glass: a power for hours, with a reason, seen by everybody concerned, reviewed by somebody else.

Vocabulary
----------
emergency
    One break-glass act: who gave whom which power, why, and until when. It goes from open to ended to reviewed.
review
    A second administrator's judgement afterwards: was it justified? Until then the person gets no other power.

What a power never does: let anybody check a request of their own project, enter a project without being a member,
raise a privacy budget, change what a data owner approved, or bring back what was withdrawn. None of these asks for a
power anywhere in the code; a power only adds the role of output checker, or lets a lapsed date count.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from saferoom.ids import Username
from saferoom.policies.models import PolicyModel
from saferoom.projects.decision import ALLOWED, Decision, wrong_state
from saferoom.projects.fields import UsernameField
from saferoom.projects.people import entitlement
from saferoom.projects.people.model import Person, Power, Role, Training
from saferoom.projects.people.records import Ending, LongTextField, Record

LONGEST_HOURS = 8
LONGEST_LAPSE = timedelta(days=30)
"""A record that lapsed longer ago is not renewed late, it is gone."""
RULE = "people.break-glass"


class State(StrEnum):
    """Where an emergency stands."""

    OPEN = "open"
    ENDED = "ended"
    REVIEWED = "reviewed"


class Step(StrEnum):
    """What moves an emergency on."""

    OPEN = "open"
    END = "end"
    LAPSE = "lapse"
    REVIEW = "review"


class Party(StrEnum):
    """Who takes a step, or has to act next."""

    OPENER = "an administrator or a deputy"
    ADMINISTRATOR = "an administrator"
    SECOND = "a second administrator"
    SYSTEM = "the system"


@dataclass(frozen=True)
class Transition:
    """One row of the table: from a state (None at the beginning), by whom, to which, with its audit action."""

    from_: State | None
    step: Step
    by: Party
    to: State
    audit: str
    told: str = "administrators and data owners"


TRANSITIONS = (
    Transition(None, Step.OPEN, Party.OPENER, State.OPEN, "break-glass.opened"),
    Transition(State.OPEN, Step.END, Party.ADMINISTRATOR, State.ENDED, "break-glass.ended"),
    Transition(State.OPEN, Step.LAPSE, Party.SYSTEM, State.ENDED, "break-glass.lapsed"),
    Transition(State.ENDED, Step.REVIEW, Party.SECOND, State.REVIEWED, "break-glass.reviewed"),
)
OWNER = {
    State.OPEN: Party.ADMINISTRATOR,
    State.ENDED: Party.SECOND,
    State.REVIEWED: None,
}
_INDEX = {(row.from_, row.step): row for row in TRANSITIONS}


class EmergencyForm(PolicyModel):
    """What somebody says who breaks the glass."""

    username: UsernameField
    """Who gets the power."""
    power: Power
    hours: Annotated[int, Field(ge=1, le=LONGEST_HOURS)]
    reason: LongTextField
    """What happened, and why it cannot wait."""


class Judgement(StrEnum):
    """What a review comes to."""

    JUSTIFIED = "justified"
    NOT_JUSTIFIED = "not-justified"


class ReviewForm(PolicyModel):
    """What the second administrator found."""

    judgement: Judgement
    findings: LongTextField


@dataclass(frozen=True)
class Emergency:
    """One break-glass act. `state` is as stored; `state_at` knows that time ends it, too."""

    id: str
    username: Username
    power: Power
    reason: str
    opened_by: str
    opened_at: datetime
    until: datetime
    state: State = State.OPEN
    ended_at: datetime | None = None
    ended_by: str = ""
    reviewed_at: datetime | None = None
    reviewed_by: str = ""
    justified: bool | None = None
    findings: str = ""
    version: int = 0

    def state_at(self, at: datetime) -> State:
        """Return where the emergency stands at `at`."""
        return State.ENDED if self.state is State.OPEN and at >= self.until else self.state


def can(emergency: Emergency, step: Step, at: datetime) -> Decision:
    """Decide whether `step` is possible now, whoever asks."""
    state = emergency.state_at(at)
    if (state, step) in _INDEX:
        return ALLOWED
    said = {
        State.OPEN: "it is still open; end it first",
        State.ENDED: "it has ended already",
        State.REVIEWED: "it was reviewed already",
    }
    return wrong_state("wrong-state", f"This break-glass act cannot be changed that way: {said[state]}.", RULE)


def row(state: State | None, step: Step) -> Transition:
    """Return the table's row."""
    return _INDEX[state, step]


def eligible(
    person: Person, records: Iterable[Record], earlier: Iterable[Emergency], power: Power, at: datetime
) -> Decision:
    """Decide whether `power` could help `person` at all, and safely.

    Parameters
    ----------
    records : iterable of Record
        All of the person's records, ended ones too.
    earlier : iterable of Emergency
        The person's break-glass acts so far.
    """
    if not person.active:
        return _refused("closed", "The account is closed; break-glass does not open accounts.")
    if Role.CLERICAL_REVIEWER in person.roles:
        return _refused("clerical-reviewer", "A clerical reviewer may hold no other role, not for hours either.")
    if Role.ADMINISTRATOR in person.roles:
        return _refused("administrator", "An administrator may hold no other role, not for hours either.")
    if any(one.state is not State.REVIEWED for one in earlier):
        return _refused(
            "unreviewed", "An earlier break-glass act for this person is not reviewed yet; review it first."
        )
    if power is Power.OUTPUT_CHECKER:
        return _may_become_checker(person, at)
    return _may_be_reinstated(person, list(records), at)


def _may_become_checker(person: Person, at: datetime) -> Decision:
    if Role.OUTPUT_CHECKER in person.roles:
        return _refused("has-role", "This person is an output checker already.")
    allowed = entitlement.standing(person, at)
    if not allowed:
        return _refused("lapsed", "This person may not sign in; only people in good standing can check outputs.")
    expires = person.trainings.get(Training.OUTPUT_CHECKER)
    if expires is None or _day(at) > expires:
        return _refused("untrained", "Only somebody with valid output checker training can check outputs.")
    return ALLOWED


def _may_be_reinstated(person: Person, records: list[Record], at: datetime) -> Decision:
    lapsed = [
        (words, last) for _, words, last in entitlement.requirements(person, at) if last is None or last < _day(at)
    ]
    if not lapsed:
        return _refused("in-good-standing", "Nothing of this person's has lapsed; there is nothing to reinstate.")
    for words, last in lapsed:
        if last is None or _day(at) - last > LONGEST_LAPSE:
            ago = "was ever recorded" if last is None else f"held within the last {LONGEST_LAPSE.days} days"
            return _refused("lapsed-long-ago", f"No {words} {ago}; only a new record can help.")
    if any(_withdrawn(record, at) for record in records):
        return _refused("withdrawn", "An accreditation or training was withdrawn; break-glass does not bring it back.")
    return ALLOWED


def _withdrawn(record: Record, at: datetime) -> bool:
    """Tell whether a record was taken back that would count today, or would have lapsed just now."""
    return record.ending is Ending.WITHDRAWN and record.expires >= _day(at) - LONGEST_LAPSE


def _refused(code: str, reason: str) -> Decision:
    return wrong_state(code, reason, RULE)


def _day(at: datetime) -> date:
    return at.astimezone(UTC).date()
