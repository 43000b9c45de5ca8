"""Limits as people set them: an epsilon and a delta, nothing more than is spent, or none at all."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from saferoom.errors import BadInputError
from saferoom.policies.conform import ALLOWED
from saferoom.policies.models import PolicyModel
from saferoom.projects.approvals.model import PrivacyBudget
from saferoom.projects.ledger.losses import Loss, epsilon_at, limit_of
from saferoom.projects.ledger.model import NEED_LIMIT, Account, AccountId

_EPSILON = {ALLOWED: "a number above 0 and at most 1000, with at most 12 decimals"}
_DELTA = {ALLOWED: "a number above 0 and below 1, with at most 15 decimals, as 0.000001"}
_MOST_VERSION = 2**31 - 1


class Allows(StrEnum):
    """What a limit allows."""

    UP_TO = "up-to"
    """Losses of an epsilon and a delta together."""
    NOTHING_MORE = "nothing-more"
    """What is spent already, and no more."""
    NO_LIMIT = "no-limit"
    """As much as the other accounts allow."""


class LimitForm(PolicyModel):
    """A limit as its setter wants it."""

    allows: Allows
    epsilon: Annotated[Decimal, Field(gt=0, le=1000, decimal_places=12, json_schema_extra=_EPSILON)] | None = None
    """Together with delta, for `up-to`: the most that may be lost, as (epsilon, delta)-differential privacy."""
    delta: Annotated[Decimal, Field(gt=0, lt=1, decimal_places=15, json_schema_extra=_DELTA)] | None = None
    """Half of it is for the conversion from zCDP, the other half may be spent."""
    version: Annotated[int, Field(ge=0, le=_MOST_VERSION)]
    """Of the account as it was read, so that nobody's change is overwritten unseen."""


@dataclass(frozen=True)
class Limit:
    """A limit that was set.

    Attributes
    ----------
    version : int
        The account's, from then on.
    epsilon, delta : Decimal or None
        As they were said; None unless it allows `UP_TO` them.
    """

    account: AccountId
    version: int
    allows: Allows
    epsilon: Decimal | None
    delta: Decimal | None
    loss: Loss | None
    by: str
    at: datetime


def wanted(form: LimitForm, account: Account) -> Loss | None:
    """Return the limit that `form` asks for; None for none.

    Raises
    ------
    BadInputError
        It is below what is spent, says too little, or there has to be one.
    """
    if form.allows is Allows.NOTHING_MORE:
        return account.spent
    if form.allows is Allows.NO_LIMIT:
        if account.id.kind in NEED_LIMIT:
            raise BadInputError(
                "a dataset always has a limit; to close it, allow nothing more than is spent", field="allows"
            )
        return None
    if form.epsilon is None:
        raise BadInputError("say the epsilon that may be lost", field="epsilon")
    if form.delta is None:
        raise BadInputError(
            "say a delta above 0, as 0.000001: losses are added up in zCDP, which needs one", field="delta"
        )
    limit = limit_of(form.epsilon, form.delta)
    if limit.rho == 0:
        raise BadInputError("this epsilon allows nothing at all; say more, or choose 'nothing more'", field="epsilon")
    if not account.spent.within(limit):
        raise _below(account.spent, limit, form.delta)
    return limit


def enough(budget: PrivacyBudget, spent: Loss) -> None:
    """Raise `BadInputError` where an approval's new budget is below what is spent already."""
    if budget.delta and not spent.within(limit_of(budget.epsilon, budget.delta)):
        raise _below(spent, limit_of(budget.epsilon, budget.delta), budget.delta)


def least_epsilon(spent: Loss, delta: Decimal) -> Decimal:
    """Return an epsilon, in hundredths, such that (epsilon, `delta`) allows what is spent; the least there is."""
    hundredths = max(1, math.ceil(epsilon_at(spent.rho, float(delta / 2)) * 100))
    return Decimal(hundredths) / 100


def _below(spent: Loss, limit: Loss, delta: Decimal) -> BadInputError:
    if spent.delta > limit.delta:
        least = format(spent.delta_value * 2, "f").rstrip("0")
        return BadInputError(
            f"this is below what is spent already: the delta has to be {least} at least, of which half is spent",
            field="delta",
        )
    return BadInputError(
        f"this is below what is spent already: with this delta, epsilon has to be {least_epsilon(spent, delta)} at "
        "least. What is spent cannot be taken back; to stop here, allow nothing more, or no budget",
        field="epsilon",
    )
