"""How privacy budgets are told: shares, forecasts, numbers that may be tiny."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from tests.support.ledger_world import APPROVAL, LINEAGE, OWNER, PROJECT
from tests.support.registry_world import world

from saferoom.hub.web.budgets import present
from saferoom.projects.decision import ALLOWED
from saferoom.projects.ledger.alerts import alerts, reached
from saferoom.projects.ledger.budgets import Guarantee, Statement
from saferoom.projects.ledger.forecast import Forecast
from saferoom.projects.ledger.losses import Loss
from saferoom.projects.ledger.model import Account, AccountId

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("account", "limit", "spent", "percent", "look", "words"),
    [
        (LINEAGE, None, Loss(), None, "none", "no budget"),
        (APPROVAL, None, Loss(), None, "none", "no budget"),
        (PROJECT, None, Loss(500), None, "none", "no limit of its own"),
        (OWNER, Loss(1000), Loss(), 0, "pass", "0 % spent"),
        (LINEAGE, Loss(1000), Loss(799), 79, "pass", "79 % spent"),
        (LINEAGE, Loss(1000), Loss(800), 80, "review", "80 % spent"),
        (LINEAGE, Loss(1000), Loss(999), 99, "fail", "99 % spent"),
        (LINEAGE, Loss(1000), Loss(1000), 100, "fail", "used up"),
        (LINEAGE, Loss(), Loss(), 0, "fail", "used up"),
        (LINEAGE, Loss(1000, 100), Loss(1, 96), 96, "fail", "96 % spent"),
    ],
)
def test_sign_of_a_budget_says_how_much_is_spent(
    account: AccountId, limit: Loss | None, spent: Loss, percent: int | None, look: str, words: str
) -> None:
    found = Account(account, limit, spent)
    sign = present.sign(found)
    assert (present.percent(found), sign.look, sign.words) == (percent, look, words)


def _statement(limit: Loss | None, spent: Loss, weekly: Loss, ends: date | None) -> Statement:
    account = Account(LINEAGE, limit, spent)
    promised = Guarantee(1.0, Decimal("1e-6"))
    return Statement(account, "Wages", None, Forecast(weekly, ends), promised, ALLOWED, ALLOWED)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (_statement(Loss(9), Loss(9), Loss(1), None), ["Nothing is left."]),
        (_statement(Loss(9), Loss(1), Loss(), None), ["Nothing was spent in the last four weeks."]),
        (
            _statement(Loss(10**9), Loss(1), Loss(123_456_789), date(2026, 4, 8)),
            [
                "About rho 0.123 a week, on average of the last four weeks.",
                "Going on like this, nothing is left on 8 April 2026.",
            ],
        ),
        (
            _statement(Loss(10**9), Loss(1), Loss(1), None),
            [
                "About rho 0.000000001 a week, on average of the last four weeks.",
                "Going on like this, it lasts more than ten years.",
            ],
        ),
        (
            _statement(None, Loss(1), Loss(10**9), None),
            ["About rho 1 a week, on average of the last four weeks."],
        ),
    ],
)
def test_forecast_is_told_in_sentences(found: Statement, said: list[str]) -> None:
    assert present.forecast(found) == said


@pytest.mark.parametrize(
    ("value", "plain", "small"),
    [
        ("0", "0", "0"),
        ("10", "10", "10"),
        ("0.500", "0.5", "0.5"),
        ("0.000001", "0.000001", "1e-6"),
        ("0.0000012345", "0.0000012345", "1.23e-6"),
        ("1E-15", "0.000000000000001", "1e-15"),
    ],
)
def test_numbers_are_told_in_full_or_by_their_size(value: str, plain: str, small: str) -> None:
    assert (present.plain(Decimal(value)), present.small(Decimal(value))) == (plain, small)


@pytest.mark.parametrize(
    ("limit", "spent", "level"),
    [
        (None, Loss(10**9), 0),
        (Loss(1000), Loss(499), 0),
        (Loss(1000), Loss(500), 50),
        (Loss(1000), Loss(799), 50),
        (Loss(1000), Loss(800), 80),
        (Loss(1000), Loss(950), 95),
        (Loss(1000), Loss(1000), 95),
        (Loss(1000, 10), Loss(1, 8), 80),
        (Loss(), Loss(), 0),
        (Loss(2**62), Loss(2**61), 50),
        (Loss(2**62), Loss(2**61 - 1), 0),
    ],
)
def test_level_is_reached_exactly(limit: Loss | None, spent: Loss, level: int) -> None:
    assert reached(Account(LINEAGE, limit, spent)) == level


def test_owner_of_all_data_is_told_of_their_own_limit() -> None:

    before, after = Account(OWNER, Loss(1000), Loss(100)), Account(OWNER, Loss(1000), Loss(600))
    (made,) = alerts([(before, after)], world(), NOW)
    assert (made.level, made.to) == (50, ("olga",))
    assert alerts([(before, after)], world(), NOW, besides=made.to[0])[0].to == ()
    assert alerts([(after, after)], world(), NOW) == []
