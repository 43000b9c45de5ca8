"""Where a letter goes from each state: one table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from saferoom.errors import WrongStateError
from saferoom.projects.notices.model import LetterState

RULE = "notices.states"


class Step(StrEnum):
    """What happens to a letter."""

    SEND = "send"
    POSTPONE = "postpone"
    DROP = "drop"
    GIVE_UP = "give_up"
    RETRY = "retry"


@dataclass(frozen=True)
class Transition:
    """One row of the table; `by` is the system or an administrator, `audit` the action the trail records, if any."""

    from_: LetterState
    step: Step
    by: str
    to: LetterState
    audit: str = ""


_L = LetterState
TRANSITIONS = (
    Transition(_L.WAITING, Step.SEND, "system", _L.SENT),
    Transition(_L.WAITING, Step.POSTPONE, "system", _L.WAITING),
    Transition(_L.WAITING, Step.DROP, "system", _L.DROPPED),
    Transition(_L.WAITING, Step.GIVE_UP, "system", _L.GIVEN_UP),
    Transition(_L.DROPPED, Step.RETRY, "administrator", _L.WAITING, "letter.retried"),
    Transition(_L.GIVEN_UP, Step.RETRY, "administrator", _L.WAITING, "letter.retried"),
)


def check(state: LetterState, step: Step) -> Transition:
    """Return the row of `step` in `state`.

    Raises
    ------
    WrongStateError
        There is none.
    """
    row = next((row for row in TRANSITIONS if row.from_ is state and row.step is step), None)
    if row is None:
        words = state.value.replace("-", " ")
        raise WrongStateError(f"this letter is {words}, so there is nothing to try again")
    return row
