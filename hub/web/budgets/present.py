"""From accounts of privacy loss to what their pages show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from saferoom.hub.web.texts import budgets as texts
from saferoom.hub.web.texts.common import Sign, day
from saferoom.projects.ledger.accounts import address_of
from saferoom.projects.ledger.budgets import Guarantee, Statement
from saferoom.projects.ledger.limits import Allows, Limit
from saferoom.projects.ledger.losses import Loss, epsilon_at
from saferoom.projects.ledger.model import NEED_LIMIT, Account, Charge
from saferoom.projects.ledger.store import Entry

_MOSTLY, _NEARLY, _WHOLE = 80, 95, 100


@dataclass(frozen=True)
class Line:
    """An account in a list.

    Attributes
    ----------
    percent : int or None
        Of the limit, rounded down; None without one.
    """

    address: str
    words: str
    title: str
    sign: Sign
    percent: int | None
    left: str


@dataclass(frozen=True)
class Figure:
    """A loss in every way it is told.

    Attributes
    ----------
    promised : str
        As an epsilon and a delta; empty where none follows: what is left has none, as they do not add up.
    """

    words: str
    rho: str
    delta: str
    promised: str


@dataclass(frozen=True)
class ChargeLine:
    """A charge in a list."""

    charge: Charge
    rho: str
    delta: str
    sign: Sign
    datasets: str


def line(entry: Entry) -> Line:
    """Return an account as lists show it."""
    account = entry.account
    left = "–" if account.left is None else plain(account.left.rho_value)
    return Line(address_of(account.id), account.id.words, entry.title, sign(account), percent(account), left)


def percent(account: Account) -> int | None:
    """Return how much of the limit is spent, in whole percent rounded down; 100 only where nothing is left."""
    if account.limit is None:
        return None
    return min(_WHOLE, int(account.share * _WHOLE + 1e-9))


def sign(account: Account) -> Sign:
    """Return how an account stands, in a word."""
    share = percent(account)
    if share is None:
        return texts.CLOSED if account.id.kind in NEED_LIMIT else texts.UNLIMITED
    if account.left is not None and account.left.rho == 0:
        return Sign("fail", "✕", texts.USED_UP)
    words = texts.SPENT.format(share=share)
    if share >= _NEARLY:
        return Sign("fail", "✕", words)
    return Sign("review", "?", words) if share >= _MOSTLY else Sign("pass", "✓", words)


def figures(found: Statement) -> list[Figure]:
    """Return limit, spent and left."""
    account = found.account
    rows = []
    if account.limit is not None:
        share = account.limit.delta_value
        whole = Guarantee(epsilon_at(account.limit.rho, float(share)), share * 2) if share else None
        rows.append(_figure("Limit", account.limit, whole))
    rows.append(_figure("Spent", account.spent, found.promised if account.spent.rho else None))
    if account.left is not None:
        rows.append(_figure("Left", account.left, None))
    return rows


def promise(found: Guarantee) -> str:
    """Return an (epsilon, delta) in words."""
    return f"epsilon {found.epsilon:.3g}, delta {small(found.delta)}"


def forecast(found: Statement) -> list[str]:
    """Return what the last weeks foretell, in sentences."""
    account, ahead = found.account, found.forecast
    if account.left is not None and account.left.rho == 0:
        return [texts.ENDED]
    if not ahead.weekly.rho:
        return [texts.NOTHING_LATELY]
    said = [texts.WEEKLY.format(rho=plain(_short(ahead.weekly.rho_value)))]
    if account.limit is not None:
        said.append(_ends(ahead.ends))
    return said


def said(limit: Limit) -> str:
    """Return a limit as its setter said it."""
    epsilon = "" if limit.epsilon is None else plain(limit.epsilon)
    delta = "" if limit.delta is None else small(limit.delta)
    return texts.SAID[limit.allows].format(epsilon=epsilon, delta=delta)


def charge_line(charge: Charge) -> ChargeLine:
    """Return a charge as lists show it."""
    loss = charge.wanted.loss
    datasets = ", ".join(f"{name} (version {version})" for name, version in sorted(charge.wanted.versions.items()))
    return ChargeLine(charge, plain(loss.rho_value), small(loss.delta_value), texts.STATES[charge.state], datasets)


def initial(found: Statement) -> dict[str, object]:
    """Return what the form of the limit begins with: the limit as it is."""
    values: dict[str, object] = {"version": found.account.version, "allows": Allows.UP_TO}
    if found.said is not None:
        values |= {"allows": found.said.allows}
        if found.said.epsilon is not None and found.said.delta is not None:
            values |= {"epsilon": plain(found.said.epsilon), "delta": plain(found.said.delta)}
    return values


def plain(value: Decimal) -> str:
    """Return a number in full, without noughts that say nothing."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def small(value: Decimal) -> str:
    """Return a number that may be tiny, such as ``1e-6``."""
    if not value or value >= Decimal("0.001"):
        return plain(value)
    digits, _, exponent = f"{value:.2e}".partition("e")
    return f"{digits.rstrip('0').rstrip('.')}e{int(exponent)}"


def _figure(words: str, loss: Loss, whole: Guarantee | None) -> Figure:
    return Figure(words, plain(loss.rho_value), small(loss.delta_value), promise(whole) if whole else "")


def _short(value: Decimal) -> Decimal:
    return Decimal(f"{value:.3g}")


def _ends(ends: date | None) -> str:
    return texts.LASTS if ends is None else texts.ENDS.format(day=day(ends))
