"""Asking for differential privacy in a room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

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
