"""Counts of calls: spent, looked at and noted; a refusal says when to come back."""

from __future__ import annotations

import pytest

from saferoom.errors import TooManyError
from saferoom.hub.web.shell.rates import Rate, Rates
from saferoom.ids import Username

ANA, BEN = Username("ana"), Username("ben")


def test_what_is_spent_is_gone_and_says_for_how_long() -> None:
    rates = Rates()
    rates.spend(Rate.CALLS, ANA, Rate.CALLS.value.amount)
    with pytest.raises(TooManyError, match="wait a little") as refused:
        rates.spend(Rate.CALLS, ANA)
    assert 1 <= refused.value.after <= 60
    rates.spend(Rate.CALLS, BEN)
    rates.spend(Rate.EVALUATIONS, ANA)


def test_looking_counts_nothing_and_noting_always_counts() -> None:
    rates = Rates()
    for _ in range(Rate.UNKNOWN_TOKENS.value.amount):
        rates.check(Rate.UNKNOWN_TOKENS, "everybody")
        rates.check(Rate.UNKNOWN_TOKENS, "everybody")
        rates.note(Rate.UNKNOWN_TOKENS, "everybody")
    rates.note(Rate.UNKNOWN_TOKENS, "everybody")
    with pytest.raises(TooManyError) as refused:
        rates.check(Rate.UNKNOWN_TOKENS, "everybody")
    assert refused.value.after >= 1
    rates.check(Rate.UNKNOWN_TOKENS, "others")
