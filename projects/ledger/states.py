"""Where a charge goes from each state: one table. Nothing leads back, and nothing gives a loss back."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from saferoom.errors import WrongStateError
from saferoom.projects.ledger.model import ChargeState

RULE = "ledger.states"


class Step(StrEnum):
    """What happens to a charge."""

    COMPUTE = "compute"
    """The noise was drawn and the result is stored."""
    RELEASE = "release"
    WITHHOLD = "withhold"
    """The result does not leave; the loss stays, because somebody could have seen it."""
    FAIL = "fail"
    """There is no result and will be none: an error, or the service was stopped in between."""


@dataclass(frozen=True)
class Transition:
    """One row of the table; `audit` is the action that the trail records."""

    from_: ChargeState
    step: Step
    to: ChargeState
    audit: str


_C = ChargeState
TRANSITIONS = (
    Transition(_C.CHARGED, Step.COMPUTE, _C.COMPUTED, "budget.computed"),
    Transition(_C.CHARGED, Step.FAIL, _C.FAILED, "budget.failed"),
    Transition(_C.COMPUTED, Step.RELEASE, _C.RELEASED, "budget.released"),
    Transition(_C.COMPUTED, Step.WITHHOLD, _C.WITHHELD, "budget.withheld"),
)
FINAL = frozenset(ChargeState) - {row.from_ for row in TRANSITIONS}


def check(state: ChargeState, step: Step) -> Transition:
    """Return the row of `step` in `state`.

    Raises
    ------
    WrongStateError
        There is none.
    """
    row = next((row for row in TRANSITIONS if row.from_ is state and row.step is step), None)
    if row is None:
        raise WrongStateError(f"this charge is {state.value} already, so it cannot be followed by '{step.value}'")
    return row
