"""Steps that perturb: what a plan may ask of microaggregation, PRAM, swapping, noise and shuffling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from saferoom.disclosure.microdata.perturbation.microaggregation import Method, Value
from saferoom.disclosure.microdata.perturbation.noise import Kind
from saferoom.disclosure.microdata.plans.step import Column, Columns, GroupSize, Step

Share = Annotated[float, Field(ge=0, le=1)]
End = Annotated[float, Field(ge=0, lt=0.5)]
Named = Annotated[tuple[Column, ...], Field(max_length=60)]


class Perturbing(Step):
    """A step that changes single values, so that records that were alike need not stay so.

    Attributes
    ----------
    columns : tuple of str
        What is changed.
    within : tuple of str
        Strata: records share groups, partners and noise only with those alike in these columns.
    """

    columns: Columns
    within: Named = ()
    draws: ClassVar[bool] = True
    coarsens: ClassVar[bool] = False

    @model_validator(mode="after")
    def _apart(self) -> Self:
        both = sorted(set(self.columns) & set(self.within))
        if both:
            raise ValueError(f"'{both[0]}' cannot be changed and make the strata")
        return self

    def reads(self, _keys: Sequence[str], /) -> tuple[str, ...]:
        """Return the columns, and those of the strata."""
        return (*self.columns, *self.within)

    def changes(self, _keys: Sequence[str], /) -> tuple[str, ...]:
        """Return the columns that are named."""
        return self.columns


class Microaggregate(Perturbing):
    """Groups of at least k records near each other, each with the mean of its group; nothing is drawn."""

    method: Literal["microaggregation"]
    k: GroupSize = 3
    by: Method = "mdav"
    value: Value = "mean"
    improve: bool = False
    weight: Column | None = None
    draws: ClassVar[bool] = False

    def reads(self, keys: Sequence[str], /) -> tuple[str, ...]:
        """Return the columns, the strata's, and the weight."""
        return (*super().reads(keys), *(() if self.weight is None else (self.weight,)))

    def numeric(self) -> tuple[str, ...]:
        """Return the columns and the weight."""
        return (*self.columns, *(() if self.weight is None else (self.weight,)))


class Pram(Perturbing):
    """Categories published as others with known probabilities; expected frequencies stay unless `invariant` is false.

    Attributes
    ----------
    least : float
        Least probability to stay of the matrix that is drawn.
    share : float
        How much of the invariant matrix is used, the rest being the identity.
    matrix : rows of probabilities, optional
        The owner's own, for one column, in the order of its sorted categories.
    """

    method: Literal["pram"]
    least: Share = 0.8
    share: Share = 0.5
    invariant: bool = True
    matrix: tuple[tuple[float, ...], ...] | None = None
    weight: Column | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.matrix is not None and (len(self.columns) > 1 or self.within):
            raise ValueError("a matrix of one's own is for one column, without 'within'")
        if not self.invariant and (self.weight is not None or self.within):
            raise ValueError("'weight' and 'within' are for invariant matrices")
        return self

    def reads(self, keys: Sequence[str], /) -> tuple[str, ...]:
        """Return the columns, the strata's, and the weight."""
        return (*super().reads(keys), *(() if self.weight is None else (self.weight,)))


class SwapRanks(Perturbing):
    """Values change places with values of nearly the same rank: at most `reach` of the ranks away."""

    method: Literal["rank_swapping"]
    reach: Annotated[float, Field(gt=0, le=1)] | None = None
    least_correlation: Annotated[float, Field(gt=0, lt=1)] | None = None
    bottom: End = 0.0
    top: End = 0.0

    @model_validator(mode="after")
    def _one_reach(self) -> Self:
        if (self.reach is None) == (self.least_correlation is None):
            raise ValueError("give either 'reach' or 'least_correlation'")
        return self


class SwapRecords(Step):
    """Households at risk in their area change places with households alike of another area."""

    method: Literal["record_swapping"]
    areas: Columns
    risk: Columns
    like: Annotated[tuple[Named, ...], Field(min_length=1)] = ((),)
    household: Column | None = None
    carry: Named = ()
    k: GroupSize = 3
    rate: Share = 0.05
    draws: ClassVar[bool] = True
    coarsens: ClassVar[bool] = False

    def reads(self, _keys: Sequence[str], /) -> tuple[str, ...]:
        """Return every column that is named, once."""
        named = (*self.areas, *self.carry, *self.risk, *(name for names in self.like for name in names))
        return tuple(dict.fromkeys(named if self.household is None else (*named, self.household)))

    def changes(self, _keys: Sequence[str], /) -> tuple[str, ...]:
        """Return the areas, and what is carried along."""
        return (*self.areas, *self.carry)


class AddNoise(Perturbing):
    """Noise of `size` standard deviations."""

    method: Literal["noise"]
    kind: Kind = "shrunk"
    size: Annotated[float, Field(gt=0)] = 0.1

    def numeric(self) -> tuple[str, ...]:
        """Return the columns."""
        return self.columns


class Shuffle(Perturbing):
    """Numbers dealt out anew, so that their relations to each other and to the `known` columns stay."""

    method: Literal["shuffling"]
    known: Named = ()

    @model_validator(mode="after")
    def _known_stay(self) -> Self:
        both = sorted(set(self.columns) & set(self.known))
        if both:
            raise ValueError(f"'{both[0]}' cannot be shuffled and stay as it is")
        return self

    def reads(self, keys: Sequence[str], /) -> tuple[str, ...]:
        """Return the columns, the strata's, and the known ones."""
        return tuple(dict.fromkeys((*super().reads(keys), *self.known)))

    def numeric(self) -> tuple[str, ...]:
        """Return what is shuffled."""
        return self.columns
