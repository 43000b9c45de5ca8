"""What is drawn, as a document: a plan holds everything that the privacy loss follows from, and no data.

Vocabulary
----------
measure
    In which terms the loss counts: zero-concentrated (Gaussian noise) or pure (Laplace noise) differential privacy.
share
    The part of the charge that one aggregate may cost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from saferoom.digests import canonical, sha256
from saferoom.disclosure.privacy.aggregates import Aggregate, Bounds, Kind
from saferoom.disclosure.privacy.contributions import Contributions
from saferoom.errors import BadInputError
from saferoom.ids import Digest

MOST_AGGREGATES = 500


class PrivacyMeasure(StrEnum):
    """In which terms the loss counts."""

    ZERO_CONCENTRATED = "zcdp"
    PURE = "pure"


@dataclass(frozen=True)
class Threshold:
    """For cells that nobody knew of before: a cell appears only where its noisy count is above this.

    Attributes
    ----------
    count : int
        The largest noisy count that does not appear.
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
        How many cells there are, without margins; 0 where the cells are private.
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
        if self.threshold is not None and any(one.over is not None for one in self.aggregates):
            raise ValueError("private cells have no margins")
        if self.observed and (self.measure is not PrivacyMeasure.PURE or self.contributions.l1 > 1):
            raise ValueError("the observed sensitivity is of one row per unit, and counts in epsilon")

    @property
    def observed(self) -> bool:
        """Whether any number is noise-infused only, so that the release is not differentially private."""
        return any(one.kind is Kind.OBSERVED for one in self.aggregates)

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
        "of": one.of,
        "over": None if one.over is None else list(one.over),
    }


def _read(document: Mapping[str, Any]) -> Aggregate:
    bounds, fraction, over = document["bounds"], document["fraction"], document["over"]
    return Aggregate(
        kind=Kind(document["kind"]),
        name=str(document["name"]),
        scale=float(document["scale"]),
        bounds=None if bounds is None else Bounds(*(float(number) for number in bounds)),
        middle=float(document["middle"]),
        fraction=None if fraction is None else (_whole(fraction[0]), _whole(fraction[1])),
        candidates=tuple(float(one) for one in document["candidates"]),
        of=_whole(document["of"]),
        over=None if over is None else tuple(_whole(one) for one in over),
    )


def _whole(value: object) -> int:
    if type(value) is not int:
        raise TypeError("not a whole number")
    return value
