"""How long a budget lasts when it goes on as it went."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from tests.support.ledger_world import LINEAGE

from saferoom.projects.ledger.forecast import Forecast, forecast
from saferoom.projects.ledger.losses import Loss
from saferoom.projects.ledger.model import Account

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=300)


def _account(limit: Loss | None, spent: Loss) -> Account:
    return Account(LINEAGE, limit, spent)


@pytest.mark.parametrize(
    ("limit", "spent", "recent", "since", "expected"),
    [
        # Four weeks cost 400, so 200 that are left last two weeks.
        (Loss(1000), Loss(800), Loss(400), LONG_AGO, Forecast(Loss(100), date(2026, 3, 16))),
        # What is nearer to its end counts: delta for one week.
        (Loss(1000, 50), Loss(800, 40), Loss(400, 40), LONG_AGO, Forecast(Loss(100, 10), date(2026, 3, 9))),
        # A budget that is two weeks old is averaged over two weeks, one of an hour over a week.
        (Loss(1000), Loss(400), Loss(400), NOW - timedelta(days=14), Forecast(Loss(200), date(2026, 3, 23))),
        (Loss(1000), Loss(400), Loss(400), NOW - timedelta(hours=1), Forecast(Loss(400), date(2026, 3, 12))),
        # Rounded up, so that nobody is told less than it costs.
        (Loss(1000), Loss(1), Loss(1), LONG_AGO, Forecast(Loss(1), None)),
        (Loss(1000), Loss(800), Loss(), LONG_AGO, Forecast(Loss(), None)),
        (Loss(1000), Loss(), Loss(), None, Forecast(Loss(), None)),
        (None, Loss(800), Loss(400), LONG_AGO, Forecast(Loss(100), None)),
        (Loss(1000), Loss(1000), Loss(400), LONG_AGO, Forecast(Loss(100), date(2026, 3, 2))),
    ],
)
def test_forecast_goes_on_as_the_last_weeks_went(
    limit: Loss | None, spent: Loss, recent: Loss, since: datetime | None, expected: Forecast
) -> None:
    assert forecast(_account(limit, spent), recent, since, NOW) == expected


def test_day_beyond_the_horizon_is_not_named() -> None:
    near = forecast(_account(Loss(10**6), Loss()), Loss(10**4), LONG_AGO, NOW)
    far = forecast(_account(Loss(10**12), Loss()), Loss(1), LONG_AGO, NOW)
    assert (near.ends is not None, far.ends) == (True, None)
