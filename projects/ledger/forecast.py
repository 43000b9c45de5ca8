"""How long a budget will last, from what the last weeks cost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction

from saferoom.projects.ledger.losses import Loss
from saferoom.projects.ledger.model import Account

WINDOW = timedelta(weeks=4)
"""What is looked back on."""
_LEAST = timedelta(weeks=1)
_WEEK = timedelta(weeks=1)
HORIZON = timedelta(days=3650)
"""Beyond it no day is named."""


@dataclass(frozen=True)
class Forecast:
    """What goes on as it went.

    Attributes
    ----------
    weekly : Loss
        Spent in a week, on average; rounded up.
    ends : date or None
        The day (UTC) on which nothing is left; None without a limit, while nothing is spent, or beyond the horizon.
    """

    weekly: Loss
    ends: date | None


def forecast(account: Account, recent: Loss, since: datetime | None, now: datetime) -> Forecast:
    """Return the forecast for an account.

    Parameters
    ----------
    recent : Loss
        Charged within `WINDOW` before `now`.
    since : datetime or None
        When the account was charged for the first time; a young account is not averaged over weeks before that, but
        over one week at least.
    """
    age = WINDOW if since is None else max(_LEAST, min(WINDOW, now - since))
    weeks = Fraction(age // timedelta(seconds=1), _WEEK // timedelta(seconds=1))
    weekly = Loss(-(-recent.rho // weeks), -(-recent.delta // weeks))
    return Forecast(weekly, _ends(account, recent, age, now))


def _ends(account: Account, recent: Loss, age: timedelta, now: datetime) -> date | None:
    left = account.left
    if left is None:
        return None
    pairs = ((left.rho, recent.rho), (left.delta, recent.delta))
    shares = [Fraction(rest, spent) for rest, spent in pairs if spent]
    if not shares or min(shares) * (age // timedelta(seconds=1)) > HORIZON // timedelta(seconds=1):
        return None
    return (now + timedelta(seconds=float(min(shares) * (age // timedelta(seconds=1))))).date()
