"""What a limit allows, and when one is refused."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.support.ledger_world import APPROVAL, LINEAGE, OWNER, PROJECT

from saferoom.errors import BadInputError
from saferoom.projects.ledger.limits import Allows, LimitForm, least_epsilon, wanted
from saferoom.projects.ledger.losses import Loss, limit_of
from saferoom.projects.ledger.model import Account, AccountId

DELTA = Decimal("0.000001")


def _form(allows: Allows, epsilon: str | None = None, delta: str | None = None) -> LimitForm:
    return LimitForm(
        allows=allows,
        epsilon=None if epsilon is None else Decimal(epsilon),
        delta=None if delta is None else Decimal(delta),
        version=0,
    )


def test_limit_up_to_an_epsilon_and_a_delta_is_that_of_zcdp() -> None:
    assert wanted(_form(Allows.UP_TO, "4", "0.000001"), Account(LINEAGE)) == limit_of(4, DELTA)


def test_limit_that_allows_nothing_more_is_what_is_spent() -> None:
    spent = Loss(1234, 5)
    assert wanted(_form(Allows.NOTHING_MORE), Account(LINEAGE, Loss(9999, 9), spent)) == spent
    assert wanted(_form(Allows.NOTHING_MORE, "4", "0.1"), Account(LINEAGE)) == Loss()


@pytest.mark.parametrize(("account", "possible"), [(LINEAGE, False), (APPROVAL, False), (OWNER, True), (PROJECT, True)])
def test_limit_may_be_missing_where_other_budgets_count(account: AccountId, possible: bool) -> None:
    if possible:
        assert wanted(_form(Allows.NO_LIMIT), Account(account)) is None
        return
    with pytest.raises(BadInputError, match="always has a limit") as caught:
        wanted(_form(Allows.NO_LIMIT), Account(account))
    assert caught.value.field == "allows"


@pytest.mark.parametrize(("epsilon", "delta", "field"), [(None, "0.1", "epsilon"), ("1", None, "delta")])
def test_limit_needs_both_numbers(epsilon: str | None, delta: str | None, field: str) -> None:
    with pytest.raises(BadInputError) as caught:
        wanted(_form(Allows.UP_TO, epsilon, delta), Account(LINEAGE))
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epsilon", "0"),
        ("epsilon", "-1"),
        ("epsilon", "1000.1"),
        ("epsilon", "NaN"),
        ("epsilon", "Infinity"),
        ("epsilon", "0.0000000000001"),
        ("delta", "0"),
        ("delta", "1"),
        ("delta", "-0.1"),
        ("delta", "NaN"),
        ("delta", "0.0000000000000001"),
    ],
)
def test_absurd_number_is_no_limit(name: str, value: str) -> None:
    values = {"allows": Allows.UP_TO, "epsilon": Decimal(1), "delta": DELTA, "version": 0, name: Decimal(value)}
    with pytest.raises(ValidationError):
        LimitForm.model_validate(values)


def test_limit_that_allows_nothing_at_all_is_refused() -> None:
    with pytest.raises(BadInputError, match="nothing at all"):
        wanted(_form(Allows.UP_TO, "0.000000000001", "0.000001"), Account(LINEAGE))


@pytest.mark.parametrize("rho", [1, 1000, 10**7, 10**9, 10**11])
def test_limit_below_what_is_spent_is_refused_and_the_least_one_named(rho: int) -> None:
    account = Account(LINEAGE, None, Loss(rho))
    least = least_epsilon(account.spent, DELTA)
    assert account.spent.within(limit_of(least, DELTA))
    wanted(_form(Allows.UP_TO, str(least), "0.000001"), account)
    below = least - Decimal("0.01")
    if below <= 0:
        return
    with pytest.raises(BadInputError, match=f"has to be {least} at least") as caught:
        wanted(_form(Allows.UP_TO, str(below), "0.000001"), account)
    assert caught.value.field == "epsilon"


def test_delta_below_what_is_spent_is_refused_and_the_least_one_named() -> None:
    account = Account(LINEAGE, None, Loss(1, 5 * 10**9))
    with pytest.raises(BadInputError, match=r"the delta has to be 0\.00001 at least") as caught:
        wanted(_form(Allows.UP_TO, "4", "0.000009"), account)
    assert caught.value.field == "delta"
    assert wanted(_form(Allows.UP_TO, "4", "0.00001"), account) == limit_of(4, Decimal("0.00001"))


@given(st.integers(0, 10**11), st.decimals("0.01", "50", places=2))
def test_accepted_limit_is_never_below_what_is_spent(rho: int, epsilon: Decimal) -> None:
    account = Account(LINEAGE, None, Loss(rho))
    try:
        limit = wanted(_form(Allows.UP_TO, str(epsilon), "0.000001"), account)
    except BadInputError:
        assert epsilon < least_epsilon(account.spent, DELTA)
    else:
        assert limit is not None
        assert account.spent.within(limit)
