"""What is drawn, as a document: a plan holds everything that the privacy loss follows from, and no data.

Vocabulary
----------
measure
    In which terms the loss counts: zero-concentrated (Gaussian noise) or pure (Laplace noise) differential privacy.
grid
    A measure is clamped to its bounds and rounded to a whole number of steps before it is added up, so that sums and
    noise are exact integers: floating-point sums and noise tell more than their formulas say.
share
    The part of the charge that one aggregate may cost.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from saferoom.digests import canonical, sha256
from saferoom.disclosure.privacy.contributions import Contributions
from saferoom.errors import BadInputError
from saferoom.ids import Digest

GRID = 2**20
"""Steps on either side of a measure's middle. Rounding moves a row by half a step at most: 5e-7 of half the width."""
MOST_AGGREGATES = 20
MOST_CANDIDATES = 1_000
_LARGEST = 1e15


class PrivacyMeasure(StrEnum):
    """In which terms the loss counts."""

    ZERO_CONCENTRATED = "zcdp"
    PURE = "pure"


class Kind(StrEnum):
    """What is computed in each cell."""

    COUNT = "count"
    SUM = "sum"
    SQUARES = "squares"
    QUANTILE = "quantile"


_SUMS = frozenset({Kind.SUM, Kind.SQUARES})


@dataclass(frozen=True)
class Bounds:
    """Where a measure is clamped to, in its own units, and what its grid begins at.

    Attributes
    ----------
    origin : float
        What is taken off each value before it is added up, between the bounds: 0 for totals that need no count, the
        middle for means, whose noise is then least.
    """

    lower: float
    upper: float
    origin: float

    def __post_init__(self) -> None:
        numbers = (self.lower, self.upper, self.origin)
        if not all(math.isfinite(one) and abs(one) <= _LARGEST for one in numbers):
            raise BadInputError("bounds are two finite numbers", field="protect.bounds")
        if not self.lower < self.upper:
            raise BadInputError("the lower bound must be below the upper bound", field="protect.bounds")
        if self.step <= 0 or not math.isfinite(self.step):
            raise BadInputError("the bounds are too close to each other", field="protect.bounds")

    @classmethod
    def of_mean(cls, lower: float, upper: float) -> Bounds:
        """Return bounds whose grid begins in the middle."""
        return cls(lower, upper, lower + (upper - lower) / 2)

    @classmethod
    def of_total(cls, lower: float, upper: float) -> Bounds:
        """Return bounds whose grid begins at 0, so that nobody's absence looks like a value."""
        return cls(lower, upper, 0.0)

    @property
    def step(self) -> float:
        """One step of the grid, in the measure's units: no value is more than `GRID` steps from the origin."""
        return max(abs(self.upper - self.origin), abs(self.lower - self.origin)) / GRID


@dataclass(frozen=True)
class Aggregate:
    """One noisy number per cell.

    Attributes
    ----------
    name : str
        What later steps call it.
    bounds : Bounds or None
        For sums, and sums of squares: of what is added up.
    middle : float
        For squares: what is taken off a value before it is squared.
    fraction : tuple of int or None
        For quantiles: numerator and denominator, as (1, 2) for the median.
    candidates : tuple of float
        For quantiles: the values that can come out, in rising order, chosen without the data.
    scale : float
        Of the noise: in rows for counts, in steps for sums, in score for quantiles.
    """

    kind: Kind
    name: str
    scale: float
    bounds: Bounds | None = None
    middle: float = 0.0
    fraction: tuple[int, int] | None = None
    candidates: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not (math.isfinite(self.scale) and self.scale > 0):
            raise ValueError("a scale is a finite number above 0")
        if (self.kind in _SUMS) != (self.bounds is not None):
            raise ValueError("sums, and nothing else, have bounds")
        if not math.isfinite(self.middle):
            raise ValueError("a middle is a finite number")
        quantile = self.kind is Kind.QUANTILE
        if quantile != (self.fraction is not None) or quantile != (len(self.candidates) > 1):
            raise ValueError("quantiles, and nothing else, have a fraction and candidates")
        if self.fraction is not None and not 0 < self.fraction[0] < self.fraction[1] <= 10_000:
            raise ValueError("a quantile's fraction is between 0 and 1, with a denominator up to 10,000")
        if list(self.candidates) != sorted(set(self.candidates)) or len(self.candidates) > MOST_CANDIDATES:
            raise ValueError(f"candidates rise, and are {MOST_CANDIDATES:,} at most")

    @property
    def weight(self) -> int:
        """Most by which one row changes the number it is drawn around."""
        if self.kind in _SUMS:
            return GRID
        if self.fraction is not None:
            return max(self.fraction[0], self.fraction[1] - self.fraction[0])
        return 1


@dataclass(frozen=True)
class Threshold:
    """For cells that nobody knew of before: a cell appears only where its noisy count is at least this.

    Attributes
    ----------
    count : int
        The least noisy count.
    """

    count: int


@dataclass(frozen=True)
class PrivacyPlan:
    """Everything that the privacy loss follows from.

    Attributes
    ----------
    unit : str
        The column that names the unit of privacy.
    cells : int
        How many cells there are; 0 where the cells are private.
    threshold : Threshold or None
        Given where the cells are private. The first aggregate is then a count.
    """

    measure: PrivacyMeasure
    unit: str
    contributions: Contributions
    cells: int
    aggregates: tuple[Aggregate, ...]
    threshold: Threshold | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.aggregates) <= MOST_AGGREGATES:
            raise ValueError(f"a plan has 1 to {MOST_AGGREGATES} aggregates")
        if len({one.name for one in self.aggregates}) != len(self.aggregates):
            raise ValueError("two aggregates have the same name")
        if (self.cells == 0) != (self.threshold is not None) or self.cells < 0:
            raise ValueError("a plan has public cells, or a threshold for private ones")
        if self.threshold is not None and self.aggregates[0].kind is not Kind.COUNT:
            raise ValueError("private cells are found by a count, which comes first")

    def to_json(self) -> dict[str, Any]:
        """Return the plan as a document that `from_json` reads back to an equal plan."""
        return {
            "version": 1,
            "measure": self.measure.value,
            "unit": self.unit,
            "contributions": vars(self.contributions),
            "cells": self.cells,
            "threshold": None if self.threshold is None else self.threshold.count,
            "aggregates": [_written(one) for one in self.aggregates],
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> PrivacyPlan:
        """Read what `to_json` wrote; anything else is a `BadInputError`."""
        try:
            if document["version"] != 1:
                raise BadInputError("the plan is of a version that is not known here")
            return cls(
                measure=PrivacyMeasure(document["measure"]),
                unit=str(document["unit"]),
                contributions=Contributions(**document["contributions"]),
                cells=_whole(document["cells"]),
                aggregates=tuple(_read(one) for one in document["aggregates"]),
                threshold=None if document["threshold"] is None else Threshold(_whole(document["threshold"])),
            )
        except (KeyError, TypeError, ValueError, AttributeError, IndexError):
            raise BadInputError("this is no plan of a release with differential privacy") from None

    @property
    def digest(self) -> Digest:
        """SHA-256 of the plan's canonical JSON."""
        return sha256(canonical(self.to_json()))


def _written(one: Aggregate) -> dict[str, Any]:
    return {
        "kind": one.kind.value,
        "name": one.name,
        "scale": one.scale,
        "bounds": None if one.bounds is None else [one.bounds.lower, one.bounds.upper, one.bounds.origin],
        "middle": one.middle,
        "fraction": None if one.fraction is None else list(one.fraction),
        "candidates": list(one.candidates),
    }


def _read(document: Mapping[str, Any]) -> Aggregate:
    bounds, fraction = document["bounds"], document["fraction"]
    return Aggregate(
        kind=Kind(document["kind"]),
        name=str(document["name"]),
        scale=float(document["scale"]),
        bounds=None if bounds is None else Bounds(*(float(number) for number in bounds)),
        middle=float(document["middle"]),
        fraction=None if fraction is None else (_whole(fraction[0]), _whole(fraction[1])),
        candidates=tuple(float(one) for one in document["candidates"]),
    )


def _whole(value: object) -> int:
    if type(value) is not int:
        raise TypeError("not a whole number")
    return value
