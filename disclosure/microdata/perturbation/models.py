"""What may be asked of each perturbing method in a step of a plan; unknown words are errors."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from saferoom.disclosure.microdata.perturbation.microaggregation import Method, Value
from saferoom.disclosure.microdata.perturbation.noise import Kind
from saferoom.disclosure.queries.words import Document

Names = Annotated[list[str], Field(min_length=1)]
Share = Annotated[float, Field(ge=0, le=1)]


class Microaggregation(Document):
    """Records in groups of at least k get the mean of their group."""

    columns: Names
    k: Annotated[int, Field(ge=2)] = 3
    method: Method = "mdav"
    value: Value = "mean"
    improve: bool = False
    weight: str | None = None
    within: list[str] = Field(default_factory=list)


class Pram(Document):
    """Categories are published as others with known probabilities."""

    columns: Names
    least: Share = 0.8
    share: Share = 0.5
    invariant: bool = True
    matrix: list[list[float]] | None = None
    weight: str | None = None
    within: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one_way(self) -> Pram:
        if self.matrix is not None and (len(self.columns) > 1 or self.within):
            raise ValueError("a matrix of one's own is for one column, without 'within'")
        if not self.invariant and (self.weight is not None or self.within):
            raise ValueError("'weight' and 'within' are for invariant matrices")
        return self


class RankSwapping(Document):
    """Values change places with values of nearly the same rank."""

    columns: Names
    reach: Annotated[float, Field(gt=0, le=1)] | None = None
    least_correlation: Annotated[float, Field(gt=0, lt=1)] | None = None
    bottom: Annotated[float, Field(ge=0, lt=0.5)] = 0.0
    top: Annotated[float, Field(ge=0, lt=0.5)] = 0.0
    within: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one_reach(self) -> RankSwapping:
        if (self.reach is None) == (self.least_correlation is None):
            raise ValueError("give either 'reach' or 'least_correlation'")
        return self


class RecordSwapping(Document):
    """Households at risk change places with like households of another area."""

    areas: Names
    risk: Names
    like: list[list[str]] = Field(default_factory=lambda: [[]], min_length=1)
    household: str | None = None
    carry: list[str] = Field(default_factory=list)
    k: Annotated[int, Field(ge=2)] = 3
    rate: Share = 0.05


class Noise(Document):
    """Numbers get noise."""

    columns: Names
    kind: Kind = "shrunk"
    size: Annotated[float, Field(gt=0)] = 0.1
    within: list[str] = Field(default_factory=list)


class Shuffling(Document):
    """Numbers are dealt out anew by a model of their relations."""

    columns: Names
    known: list[str] = Field(default_factory=list)
    within: list[str] = Field(default_factory=list)
