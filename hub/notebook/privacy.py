"""Asking for differential privacy in a room, and seeing what may still be spent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from saferoom.hub.notebook import markup
from saferoom.hub.notebook.connection import Connection
from saferoom.hub.notebook.errors import RoomError
from saferoom.hub.notebook.protections import Document, protection


def dp(
    *,
    rho: float | None = None,
    epsilon: float | None = None,
    accuracy: float | None = None,
    bounds: Sequence[float] | None = None,
    candidates: Sequence[float] | Mapping[str, float] | None = None,
    keys: str | Mapping[str, Sequence[Any]] | None = None,
    delta: float | None = None,
    estimator: str | None = None,
) -> Document:
    """Return a ``protect`` block for a release with differential privacy.

    Parameters
    ----------
    rho, epsilon, accuracy : float
        Exactly one of them: what the release may cost, under zero-concentrated (rho) or pure (epsilon) differential
        privacy, or the margin of error at 95 % that counts or sums are to have, from which the cost follows.
    bounds : two numbers
        What the measure is clamped to. Take them from common knowledge, never from the data: they leave as they are.
    candidates : sequence of float, or mapping with ``from``, ``to`` and ``step``
        The values that a median or quantile may come out as.
    keys : str or mapping
        ``"catalogue"``: every combination of the codelists' codes; so it is when left out. A mapping of dimensions to
        some of their codes. ``"private"``: cells are found in the data, which needs a `delta`.
    delta : float
        For private keys: the chance with which the promise may fail, such as 1e-8.
    estimator : str
        For mobility: ``regression``, ``bottom_half``, ``bottom_quartile`` or ``maximum_observed_sensitivity``.

    Examples
    --------
    ``quote = saferoom.mean("wage", by="region", protect=saferoom.dp(rho=0.01, bounds=[0, 50]))`` costs nothing and says
    how exact the means will be; ``quote.trial()`` tries it on made-up data; ``quote.release(...)`` pays, draws once and
    lets the result leave; then ``request.results[0].frame()`` has the numbers.
    """
    return protection(
        "dp",
        {
            "rho": rho,
            "epsilon": epsilon,
            "accuracy": accuracy,
            "bounds": bounds,
            "candidates": candidates,
            "keys": keys,
            "delta": delta,
            "estimator": estimator,
        },
    )


@dataclass(frozen=True)
class Account:
    """A privacy budget: what may be lost, what was, and what is left, in rho; None without a limit."""

    name: str
    limit: float | None
    spent: float
    left: float | None
    closed: bool


class Budget(Sequence[Account]):
    """The budgets that a release of this project is debited to, all of them at once."""

    def __init__(self, items: Sequence[Account]) -> None:
        self._items = tuple(items)

    def __getitem__(self, index: Any) -> Any:
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    @property
    def left(self) -> float | None:
        """The most that a release may cost in rho: what is left of the smallest; None without any limit."""
        amounts = [0.0 if one.closed else one.left for one in self._items]
        return min((amount for amount in amounts if amount is not None), default=None)

    def _rows(self) -> list[tuple[str, str, str, str]]:
        return [(one.name, _limit(one), f"{one.spent:g}", _left(one)) for one in self._items]

    def __repr__(self) -> str:
        return "\n".join([*markup.columns_text([_HEAD, *self._rows()], left=1), "", _HINT])

    def _repr_html_(self) -> str:
        return markup.panel(markup.words_html(_HEAD, self._rows()), markup.small(_HINT))


def budget() -> Budget:
    """Return the privacy budgets of this project and its datasets, as far as you may see them."""
    answer = Connection.from_environment().get("/api/room/budgets")
    try:
        return Budget([_account(item) for item in answer])
    except (KeyError, TypeError, ValueError):
        raise RoomError("the airlock's answer was not understood; restart the room so that both match") from None


def _account(item: Mapping[str, Any]) -> Account:
    limit, left = item["limit"], item["left"]
    return Account(
        name=str(item["account"]),
        limit=None if limit is None else float(limit["rho"]),
        spent=float(item["spent"]["rho"]),
        left=None if left is None else float(left["rho"]),
        closed=bool(item["closed"]),
    )


def _limit(one: Account) -> str:
    return "none set" if one.limit is None else f"{one.limit:g}"


def _left(one: Account) -> str:
    if one.left is None:
        return "nothing: its data owner has set no limit" if one.closed else "no limit of its own"
    return f"{one.left:g}"


_HEAD = ("privacy budget", "limit (rho)", "spent", "left")
_HINT = "A release is debited to all of them before its noise is drawn, and nothing is given back."
