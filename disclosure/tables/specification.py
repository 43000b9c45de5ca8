"""The specification of a table that is to be protected: what its columns mean, and what has to be kept from whom.

The same words as in the literature and in sdcTable and tau-argus are understood: ``maxN``'s (here `max_n`), ``nk``,
``p`` and ``pq``, beside those of a risk appetite.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from saferoom.disclosure.tables.additive import Mode
from saferoom.errors import BadInputError
from saferoom.policies.conform import ALLOWED, conform
from saferoom.policies.document import read_document
from saferoom.policies.models import DominanceRule, RiskAppetite

Column = Annotated[str, Field(min_length=1, max_length=200)]
Category = str | int | float | bool
Level = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(gt=0.5, le=1)]
Percent = Annotated[float, Field(gt=0, le=100)]


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, validate_by_name=False, validate_by_alias=True
    )


class Zeros(StrEnum):
    """What everybody knows of empty cells."""

    STRUCTURAL = "structural"
    """They are published, and so is that they are empty."""
    SUPPRESSIBLE = "suppressible"
    """They may be hidden like other cells."""


class GrandTotal(StrEnum):
    """Whether the total of the whole table may be hidden. Mostly it is known anyway."""

    PUBLISHED = "published"
    """It is hidden only where a rule names it."""
    SUPPRESSIBLE = "suppressible"


class Cost(StrEnum):
    """What hiding a cell costs."""

    CELLS = "cells"
    UNITS = "units"
    VALUE = "value"


class Rules(_Part):
    """Which cells are unsafe. Rules that are left out do not apply."""

    threshold_units: Annotated[int, Field(ge=1)] | None = None
    """A cell has at least so many units; `threshold` for short."""
    threshold: Annotated[int, Field(ge=1)] | None = None
    max_n: Annotated[int, Field(ge=0)] | None = None
    """A cell of so many units or fewer is unsafe; also `maxN`, or `frequency` for short."""
    maxN: Annotated[int, Field(ge=0)] | None = None  # noqa: N815 - as sdcTable writes it
    frequency: Annotated[int, Field(ge=0)] | None = None
    dominance: tuple[DominanceRule, ...] = ()
    nk: tuple[int, float] | Annotated[tuple[tuple[int, float], ...], Field(min_length=1)] | None = Field(
        default=None, json_schema_extra={ALLOWED: "[n, k] with k in percent, or a list of these"}
    )
    """[n, k]: the n largest contributors have less than k percent of the total; or a list of these."""
    p_percent: Percent | None = None
    """What remains after the two largest is at least p percent of the largest; `p` for short."""
    p: Percent | None = None
    pq: tuple[Percent, Percent] | None = None
    """[p, q]: the same where everybody knows everybody's contribution to within q percent beforehand."""
    class_disclosure_fraction: Share | None = None
    """Of counts: a category that surely holds at least this share of its group fails the table."""
    near_class_fraction: Share | None = None
    """And from this share on it goes to a person."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("'rules' is empty; name a rule, or leave 'rules' out for the policy's")
        for same in (("threshold_units", "threshold"), ("max_n", "maxN", "frequency"), ("p_percent", "p")):
            given = [name for name in same if getattr(self, name) is not None]
            if len(given) > 1:
                raise ValueError(f"'rules' has both '{given[0]}' and '{given[1]}', which are the same; keep one")
        if self.pq is not None and self.pq[0] >= self.pq[1]:
            raise ValueError("'rules.pq' is [p, q] with p smaller than q")
        full, near = self.class_disclosure_fraction, self.near_class_fraction
        if full is not None and near is not None and near > full:
            raise ValueError("'rules.near_class_fraction' may not be larger than 'rules.class_disclosure_fraction'")
        for n, k in self.nks():
            if not (1 <= n <= 10 and 0 < k <= 100):
                raise ValueError("'rules.nk' is [n, k] with n from 1 to 10 and k a percentage from 0 to 100")
        return self

    def nks(self) -> tuple[tuple[int, float], ...]:
        """Return all (n, k) rules, k in percent."""
        nk = self.nk
        given: tuple[tuple[int, float], ...] = ()
        if nk is not None:
            given = ((int(nk[0]), float(nk[1])),) if isinstance(nk[0], int) else tuple(nk)
        return (*given, *((rule.n, 100 * rule.share_fraction) for rule in self.dominance))

    def least_units(self) -> int | None:
        """Return the fewest units of a safe cell."""
        least = (self.threshold_units, self.threshold)
        most = (self.max_n, self.maxN, self.frequency)
        found = [number for number in least if number is not None]
        return max(found + [number + 1 for number in most if number is not None], default=None)

    def percent(self) -> float | None:
        """Return the p of the p% rule."""
        return self.p_percent if self.p_percent is not None else self.p

    @staticmethod
    def of_policy(policy: RiskAppetite) -> Rules:
        """Return a risk appetite's rules."""
        percent = policy.p_percent if policy.p_percent > 0 else None
        return Rules(
            threshold_units=policy.threshold_units,
            dominance=policy.dominance,
            p_percent=percent,
            class_disclosure_fraction=policy.class_disclosure_fraction,
            near_class_fraction=policy.near_class_fraction,
        )


class Protection(_Part):
    """How wide an attacker's interval has to be, and how that is reached. Without levels, what the rules ask for."""

    width: Level | None = None
    """The interval is at least so wide."""
    percent: Annotated[float, Field(gt=0, le=1000)] | None = None
    """It reaches at least so many percent of the value below and above it."""
    below: Level | None = None
    above: Level | None = None
    """It reaches at least so far below, or above, the value."""
    mode: Mode = Mode.AUTO
    cost: Cost = Cost.CELLS
    seconds: Annotated[float, Field(gt=0, le=86_400)] | None = None
    """Most time for choosing secondary cells."""
    method: Literal[
        "suppress", "round", "controlled_rounding", "random_rounding", "cell_key", "significant", "merge"
    ] = "suppress"
    base: Annotated[int, Field(ge=2, le=1_000_000_000)] | None = None
    """Rounding base; for counts at least the threshold when left out."""
    maximum: Annotated[int, Field(ge=2, le=1_000)] | None = Field(default=None, alias="D")
    variance: Annotated[float, Field(gt=0)] | None = Field(default=None, alias="V")
    js: Annotated[int, Field(ge=0, le=500)] | None = None
    pstay: Annotated[float, Field(ge=0, lt=1)] | None = None
    """Of cell_key: largest noise, its variance, the largest count that never appears, the least chance of no noise."""
    digits: Annotated[int, Field(ge=1, le=15)] | None = None
    """Significant digits; a table of counts goes by the ladder for counts when left out."""

    @model_validator(mode="after")
    def _parameters_belong(self) -> Self:
        for name, methods in _PARAMETERS.items():
            if getattr(self, name) is not None and self.method not in methods:
                shown = type(self).model_fields[name].alias or name
                raise ValueError(f"'protection.{shown}' belongs to the method {' or '.join(methods)} only")
        return self

    @property
    def levels(self) -> bool:
        """Whether levels are asked for."""
        return any(level is not None for level in (self.width, self.percent, self.below, self.above))


_PARAMETERS = {
    "base": ("round", "controlled_rounding", "random_rounding"),
    **dict.fromkeys(("maximum", "variance", "js", "pstay"), ("cell_key",)),
    "digits": ("significant",),
}
"""The methods that each parameter of `Protection` belongs to."""


class Bounds(_Part):
    """What everybody knows beforehand of every single cell that is no total."""

    lower: float | None = None
    upper: float | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.lower is not None and self.upper is not None and self.lower >= self.upper:
            raise ValueError("'bounds.lower' must be below 'bounds.upper'")
        return self


class Specification(_Part):
    """What `saferoom suppress` reads beside a table."""

    dimensions: Annotated[tuple[Column, ...], Field(min_length=1, max_length=8)] = Field(
        json_schema_extra={ALLOWED: "a list of 1 to 8 names of columns"}
    )
    value: Column
    """The column that is published."""
    count: Column | None = None
    """The column with the number of units in each cell, unweighted."""
    top: tuple[Column, ...] = ()
    """Columns with the largest contributions to the value, the largest first."""
    holders: tuple[Column, ...] = ()
    """Columns that say whose contributions those are."""
    weight: Column | None = None
    """The column with the weight by which value and largest contributions are multiplied before they are published."""
    hierarchies: dict[str, dict[str, tuple[Category, ...]]] = Field(default_factory=dict)
    """Per dimension, children by their parents."""
    totals: dict[str, str] = Field(default_factory=dict)
    """Per dimension, the label of its total."""
    tables: tuple[tuple[Column, ...], ...] = ()
    """Which tables are published, each by its dimensions and with its margins; the one by all dimensions when left
    out."""
    primary: tuple[tuple[Category, ...], ...] | None = None
    """Unsafe cells given outright; an empty list says that none are."""
    rules: Rules | None = None
    protection: Protection = Protection()
    bounds: Bounds | None = None
    zeros: Zeros = Zeros.STRUCTURAL
    grand_total: GrandTotal = GrandTotal.PUBLISHED
    complete: bool = False
    """Whether every combination of categories has to have a row; else those without one are empty."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        columns = [*self.dimensions, self.value, *self.top, *self.holders]
        columns += [self.weight] if self.weight else []
        columns += [self.count] if self.count and self.count != self.value else []
        twice = next((name for name in columns if columns.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"the column '{twice}' is named for two things")
        for key, named in (("hierarchies", self.hierarchies), ("totals", self.totals)):
            stray = next((name for name in named if name not in self.dimensions), None)
            if stray is not None:
                raise ValueError(f"'{key}' names '{stray}', which is not one of the dimensions")
        for number, cell in enumerate(self.primary or (), start=1):
            if len(cell) != len(self.dimensions):
                raise ValueError(f"'primary' cell {number} needs one label per dimension, {len(self.dimensions)}")
        for table in self.tables:
            stray = next((name for name in table if name not in self.dimensions), None)
            if stray is not None or not table:
                raise ValueError(
                    "'tables' is a list of lists of dimensions" + (f"; '{stray}' is none" if stray else "")
                )
            if len(set(table)) < len(table):
                raise ValueError("'tables' names a dimension twice in one table")
        untold = next((name for name, label in self.totals.items() if not label.strip()), None)
        if untold is not None:
            raise ValueError(f"'totals.{untold}' needs a label")
        if self.holders and len(self.holders) != len(self.top):
            raise ValueError("'holders' names whose each of the contributions in 'top' is: as many columns as there")
        return self


def read_specification(text: str, where: str) -> Specification:
    """Read a specification from YAML or JSON; `where` names its file in messages.

    Raises
    ------
    BadInputError
        With line and what is allowed.
    """
    document = read_document(text, where)
    if not isinstance(document.value, dict):
        raise BadInputError(f"{where}: expected `key: value` lines")
    return conform(document, Specification)
