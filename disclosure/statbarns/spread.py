"""Where the values of a measure lie, all but a few on each side: what edges and grids are chosen from."""

from __future__ import annotations

from dataclasses import dataclass

from saferoom.disclosure.queries.base import Base
from saferoom.disclosure.queries.engine import Engine
from saferoom.policies.models import RiskAppetite

_OUTER = 0.02
"""Share of the rows that is left outside on each side."""


@dataclass(frozen=True)
class Spread:
    """How many values there are, and what all but a few on each side lie between.

    Attributes
    ----------
    whole : bool
        All values are whole numbers.
    """

    n: int
    low: float
    high: float
    whole: bool


def spread_of(rows: Base, engine: Engine, policy: RiskAppetite, measure: str = "m0") -> Spread | None:
    """Return where the values lie; None where there are too few to leave a threshold outside on both sides."""
    head = f"{rows.with_sql}SELECT"
    n = int(engine.rows(f"{head} count({measure}) FROM {rows.sql} r")[0][0])
    outside = max(_OUTER, policy.threshold_units / max(n, 1))
    if outside >= 0.5:
        return None
    low, high, whole = engine.rows(
        f"{head} quantile_cont({measure}, {outside!r}), quantile_cont({measure}, {1 - outside!r}), "
        f"bool_and({measure} = floor({measure})) FROM {rows.sql} r"
    )[0]
    return Spread(n, float(low), float(high), bool(whole))
