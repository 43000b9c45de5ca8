"""Losses are whole numbers, rounded up when spent and down when allowed."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saferoom.errors import BadInputError
from saferoom.projects.ledger.losses import DELTA_PARTS, NANO, Loss, epsilon_at, limit_of, of_epsilon, of_rho

numbers = st.decimals(min_value=Decimal("1e-12"), max_value=1000, places=12).filter(lambda one: one > 0)


def test_a_tenth_is_a_tenth() -> None:
    assert of_rho(0.1, 1e-15) == of_rho(Decimal("0.1"), Decimal("1e-15")) == Loss(NANO // 10, 1)


def test_pure_differential_privacy_costs_half_its_square() -> None:
    assert of_epsilon(1) == Loss(NANO // 2)
    assert of_epsilon(Decimal("0.00001")) == Loss(1)


@given(numbers, st.decimals(min_value=0, max_value=1, places=20))
def test_what_is_spent_is_never_less_than_what_is_lost(rho: Decimal, delta: Decimal) -> None:
    loss = of_rho(rho, delta)
    assert Fraction(loss.rho, NANO) >= Fraction(rho) > Fraction(loss.rho - 1, NANO)
    assert Fraction(loss.delta, DELTA_PARTS) >= Fraction(delta)


@pytest.mark.parametrize(("rho", "epsilon"), [(125_000_000, 2.4190931768671953), (375_000_000, 4.440672424007806)])
def test_conversion_agrees_with_opendp_and_is_rounded_up(rho: int, epsilon: float) -> None:
    # Values of `reference/dp.json`, measured with OpenDP 0.16.0 at delta 1e-6.
    assert epsilon < epsilon_at(rho, 1e-6) < epsilon * (1 + 1e-7)


@pytest.mark.parametrize("epsilon", [Decimal("1e-6"), Decimal("0.1"), Decimal(1), Decimal(8), Decimal(1000)])
@pytest.mark.parametrize("delta", [Decimal("1e-12"), Decimal("1e-6"), Decimal("0.01")])
def test_limit_is_the_most_that_keeps_the_promise(epsilon: Decimal, delta: Decimal) -> None:
    limit = limit_of(epsilon, delta)
    assert epsilon_at(limit.rho, float(delta) / 2) <= float(epsilon)
    # Rho is never above epsilon itself, however large delta is.
    assert epsilon_at(limit.rho + 1, float(delta) / 2) > float(epsilon) or limit.rho == epsilon * NANO
    assert Fraction(limit.delta, DELTA_PARTS) <= Fraction(delta) / 2


@given(numbers, numbers)
def test_more_is_never_allowed_for_less(one: Decimal, other: Decimal) -> None:
    less, more = sorted((one, other))
    assert limit_of(less, Decimal("1e-6")).rho <= limit_of(more, Decimal("1e-6")).rho


def test_nothing_costs_nothing() -> None:
    assert epsilon_at(0, 1e-6) == 0


@pytest.mark.parametrize("wrong", [-1, math.nan, math.inf, Decimal("NaN"), Decimal("-0.1"), 1e300])
def test_absurd_losses_are_refused(wrong: float) -> None:
    with pytest.raises(BadInputError, match="rho"):
        of_rho(wrong)
    with pytest.raises(BadInputError):
        of_epsilon(wrong)


def test_budget_without_delta_is_refused_with_a_sentence() -> None:
    with pytest.raises(BadInputError, match="delta above 0") as caught:
        limit_of(1, 0)
    assert caught.value.field == "delta"


@pytest.mark.parametrize("parts", [(-1, 0), (0, -1), (2**63, 0), (True, 0), (0.5, 0)])
def test_loss_takes_whole_numbers_only(parts: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="whole numbers"):
        Loss(*parts)


def test_losses_add_up_and_compare_in_both_parts() -> None:
    loss = Loss(1, 2) + Loss(3, 4)
    assert loss == Loss(4, 6)
    assert loss.within(Loss(4, 6))
    assert not loss.within(Loss(3, 9))
    assert not loss.within(Loss(9, 5))
    assert loss.beyond(Loss(1, 9)) == Loss(3, 0)
