"""Privacy losses as whole numbers, so that what the ledger adds up is exact.

Vocabulary
----------
zCDP
    Zero-concentrated differential privacy, whose losses (rho) simply add up. M. Bun and T. Steinke, "Concentrated
    Differential Privacy: Simplifications, Extensions, and Lower Bounds", TCC 2016.
approximate
    delta, the chance with which the promise of rho may fail altogether; adds up as well.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_CEILING, Context, Decimal
from functools import lru_cache

from saferoom.errors import BadInputError

NANO = 10**9
"""Parts of rho."""
DELTA_PARTS = 10**15
"""Parts of delta."""
LARGEST = 2**62
"""Beyond every loss that means anything, and safely inside the integers of every database."""
_EXACT = Context(prec=80)
_UP = 1e-9
_STEPS = 90


@dataclass(frozen=True)
class Loss:
    """A privacy loss under approximate zCDP.

    Attributes
    ----------
    rho : int
        In billionths.
    delta : int
        In 1e-15.
    """

    rho: int = 0
    delta: int = 0

    def __post_init__(self) -> None:
        for part in (self.rho, self.delta):
            if type(part) is not int or not 0 <= part <= LARGEST:
                raise ValueError("a privacy loss is two whole numbers, neither negative nor absurdly large")

    def __add__(self, other: Loss) -> Loss:
        return Loss(self.rho + other.rho, self.delta + other.delta)

    def within(self, limit: Loss) -> bool:
        """Tell whether neither part is above that of `limit`."""
        return self.rho <= limit.rho and self.delta <= limit.delta

    def beyond(self, limit: Loss) -> Loss:
        """Return by how much each part is above that of `limit`; 0 where it is not."""
        return Loss(max(0, self.rho - limit.rho), max(0, self.delta - limit.delta))

    @property
    def rho_value(self) -> Decimal:
        """Rho as a number, exactly."""
        return Decimal(self.rho) / NANO

    @property
    def delta_value(self) -> Decimal:
        """Delta as a number, exactly."""
        return Decimal(self.delta) / DELTA_PARTS


def of_rho(rho: Decimal | float, delta: Decimal | float = 0) -> Loss:
    """Return the loss of a zCDP mechanism, both parts rounded up.

    Raises
    ------
    BadInputError
        A part is negative, no number, or too large to mean anything.
    """
    return Loss(_parts(rho, NANO, "rho"), _parts(delta, DELTA_PARTS, "delta"))


def of_epsilon(epsilon: Decimal | float, delta: Decimal | float = 0) -> Loss:
    """Return the loss of an epsilon-DP mechanism: rho = epsilon^2 / 2 (Bun and Steinke 2016, proposition 1.4)."""
    value = _number(epsilon, "epsilon")
    return of_rho(_EXACT.divide(_EXACT.multiply(value, value), Decimal(2)), delta)


@lru_cache(maxsize=1024)
def limit_of(epsilon: Decimal | float, delta: Decimal | float) -> Loss:
    """Return the most that may be lost while (epsilon, delta)-DP holds, rounded down.

    Half of `delta` is for the conversion from zCDP, the other half may be spent by mechanisms that have a delta. Rho
    is never above epsilon itself, however large delta is.

    Raises
    ------
    BadInputError
        Delta is 0: no amount of zCDP promises (epsilon, 0).
    """
    wanted, share = float(_number(epsilon, "epsilon")), _number(delta, "delta") / 2
    if share <= 0:
        raise BadInputError(
            "a privacy budget needs a delta above 0, as 0.000001: losses are added up in zCDP, which no (epsilon, 0) "
            "can be promised from",
            field="delta",
        )
    low, high = 0, math.ceil(min(wanted, LARGEST / NANO / 2) * NANO)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if epsilon_at(middle, float(share)) <= wanted else (low, middle - 1)
    return Loss(low, int(share * DELTA_PARTS))


def epsilon_at(rho: int, delta: float) -> float:
    """Return an epsilon such that `rho` (nano-rho) of zCDP is (epsilon, `delta`)-DP, rounded up.

    The least over alpha > 1 of ``alpha rho + (log(1 / delta) + alpha log(1 - 1 / alpha) - log(alpha - 1)) /
    (alpha - 1)``: C. Canonne, G. Kamath and T. Steinke, "The Discrete Gaussian for Differential Privacy", NeurIPS
    2020, proposition 12. Every alpha gives a true bound, so the search decides about its tightness alone.
    """
    if rho == 0:
        return 0.0
    value, budget = rho / NANO, -math.log(delta)

    def bound(step: float) -> float:
        # alpha = 1 + exp(step)
        above = math.exp(step)
        alpha = 1 + above
        return alpha * value + (budget + alpha * (math.log(above) - math.log1p(above)) - math.log(above)) / above

    low, high = -20.0, 20.0
    ratio = (math.sqrt(5) - 1) / 2
    for _ in range(_STEPS):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, right) if bound(left) <= bound(right) else (left, high)
    return max(0.0, bound((low + high) / 2)) * (1 + _UP) + _UP


def _parts(value: Decimal | float, parts: int, name: str) -> int:
    counted = _EXACT.multiply(_number(value, name), Decimal(parts)).to_integral_value(ROUND_CEILING)
    if counted > LARGEST:
        raise BadInputError(f"{name} is far too large for a privacy loss", field=name)
    return int(counted)


def _number(value: Decimal | float, name: str) -> Decimal:
    # A float is what it is written as: 0.1 is a tenth, not the double nearest to it.
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not number.is_finite() or number < 0:
        raise BadInputError(f"{name} must be a number, 0 or above", field=name)
    return number
