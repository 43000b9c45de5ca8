"""What statistics are made of, one by one, with scales that are still to be found."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from saferoom.disclosure.privacy.aggregates import MOST_CANDIDATES, Aggregate, Bounds, Kind
from saferoom.errors import BadInputError

COUNT, SUM, SQUARES = "count", "sum", "squares"
PARENTS, PARENT_SQUARES, PRODUCTS = "parents", "parent_squares", "products"
_UNIT = 1.0
_MOST_DENOMINATOR = 1_000


def lines(ranks: Bounds) -> tuple[Aggregate, ...]:
    """Return the five sums of a line through ranks of children (the measure) and parents."""
    half = (ranks.upper - ranks.lower) / 2
    products = Bounds(-half * half, half * half, 0.0)
    return (
        count(),
        total(ranks),
        Aggregate(Kind.SUM, PARENTS, _UNIT, ranks, of=1),
        squares(PARENT_SQUARES, ranks, 1),
        Aggregate(Kind.PRODUCTS, PRODUCTS, _UNIT, products, ranks.origin),
    )


def needed_bounds(bounds: tuple[float, float] | None) -> tuple[float, float]:
    """Return the bounds; a sentence where there are none."""
    if bounds is None:
        raise BadInputError(
            "protect.bounds: is needed, as [0, 100000]: values beyond are clamped, and the noise is as large as one "
            "person at a bound; choose them without looking at the data",
            field="protect.bounds",
        )
    return float(bounds[0]), float(bounds[1])


def count() -> Aggregate:
    """Return rows of a cell."""
    return Aggregate(Kind.COUNT, COUNT, _UNIT)


def total(bounds: Bounds) -> Aggregate:
    """Return the sum of the measure."""
    return Aggregate(Kind.SUM, SUM, _UNIT, bounds)


def squares(name: str, around: Bounds, of: int) -> Aggregate:
    """Return the sum of squares around the middle of a measure's bounds, on a grid of its own."""
    half = (around.upper - around.lower) / 2
    return Aggregate(Kind.SQUARES, name, _UNIT, Bounds.of_mean(0.0, half * half), around.origin, of=of)


def observed(at: float) -> Aggregate:
    """Return the maximum-observed-sensitivity estimate at a parents' rank."""
    exact = Fraction(at).limit_denominator(_MOST_DENOMINATOR)
    if not 0 < exact < 1:
        raise BadInputError("options.at: ranks of parents are between 0 and 1", field="options.at")
    return Aggregate(Kind.OBSERVED, f"p{float(exact) * 100:g}", _UNIT, fraction=(exact.numerator, exact.denominator))


def quantile(fraction: float, candidates: Sequence[float]) -> Aggregate:
    """Return the noisy choice between candidates; a sentence where there are too few or none."""
    if not candidates:
        raise BadInputError(
            "protect.candidates: is needed, as [0, 1000, 2000]: the values that a quantile may come out as, chosen "
            "without looking at the data",
            field="protect.candidates",
        )
    exact = Fraction(fraction).limit_denominator(_MOST_DENOMINATOR)
    if not 0 < exact < 1 or not all(math.isfinite(one) for one in candidates):
        raise BadInputError("quantiles are between 0 and 1, with finite candidates", field="protect.candidates")
    values = tuple(sorted({float(one) for one in candidates}))
    if not 2 <= len(values) <= MOST_CANDIDATES:
        raise BadInputError(
            f"protect.candidates: a quantile needs 2 to {MOST_CANDIDATES:,} different candidates",
            field="protect.candidates",
        )
    return Aggregate(
        Kind.QUANTILE,
        f"p{float(exact) * 100:g}",
        _UNIT,
        fraction=(exact.numerator, exact.denominator),
        candidates=values,
    )
