"""Steps that drop columns, make categories fewer and code the ends of numbers, and how they are done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from saferoom.disclosure.microdata import columns
from saferoom.disclosure.microdata.keys import Keys
from saferoom.disclosure.microdata.plans.step import Column, Columns, Hierarchy, Name, Outcome, Step
from saferoom.disclosure.microdata.protection.coding import Shown, top_bottom_coded
from saferoom.disclosure.microdata.protection.labels import Label, told_otherwise
from saferoom.disclosure.microdata.protection.ladders import ladder_of_hierarchy
from saferoom.disclosure.microdata.protection.recoding import (
    Rest,
    banded,
    grouped_together,
    in_widths,
    rare_together,
)
from saferoom.errors import BadInputError

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.columns import Frame

Groups = Annotated[dict[Name, tuple[Label, ...]], Field(min_length=1)]
Number = float


class Drop(Step):
    """Drop columns: names, addresses, whatever identifies outright."""

    method: Literal["drop"]
    columns: Columns

    def reads(self, _keys: Sequence[str], /) -> tuple[str, ...]:
        """Return what is dropped."""
        return self.columns

    def drops(self) -> tuple[str, ...]:
        """Return what is dropped."""
        return self.columns


class Recode(Step):
    """Make categories fewer: by groups, rare ones together, by breaks or widths of numbers, or up a hierarchy."""

    method: Literal["recode"]
    columns: Columns
    groups: Groups | None = None
    rest: Literal["keep", "missing", "refuse"] = "keep"
    fewer_than: Annotated[int, Field(ge=2)] | None = None
    into: Name = "other"
    breaks: Annotated[tuple[Number, ...], Field(min_length=1)] | None = None
    labels: tuple[Name, ...] | None = None
    width: Annotated[float, Field(gt=0)] | None = None
    start: Number = 0.0
    hierarchy: Hierarchy | None = None
    level: Annotated[int, Field(ge=1)] = 1
    bands: ClassVar[bool] = True

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = ("groups", "fewer_than", "breaks", "width", "hierarchy")
        if sum(getattr(self, way) is not None for way in ways) != 1:
            raise ValueError("give exactly one of " + ", ".join(ways))
        return self

    def reads(self, _keys: Sequence[str], /) -> tuple[str, ...]:
        """Return what is recoded."""
        return self.columns

    def numeric(self) -> tuple[str, ...]:
        """Return the columns that are cut into bands."""
        return self.columns if self.breaks is not None or self.width is not None else ()


class TopBottomCode(Step):
    """Replace numbers above a top and below a bottom."""

    method: Literal["top_bottom_code"]
    column: Column
    top: Number | None = None
    bottom: Number | None = None
    shown: Literal["limit", "mean", "median"] = "limit"

    def reads(self, _keys: Sequence[str], /) -> tuple[str, ...]:
        """Return what is coded."""
        return (self.column,)

    def numeric(self) -> tuple[str, ...]:
        """Return what is coded."""
        return (self.column,)


def drop(frame: Frame, step: Drop, _random: np.random.Generator) -> Outcome:
    """Drop columns."""
    table: Any = frame
    kept = [name for name in columns.names_of(frame) if name not in step.columns]
    counts = dict.fromkeys(step.columns, columns.length(frame))
    made = table.select(kept) if columns.is_arrow(frame) else table.loc[:, kept]
    return Outcome(made, f"{len(step.columns)} column{'s' if len(step.columns) > 1 else ''} dropped", counts)


def recode(frame: Frame, step: Recode, _random: np.random.Generator) -> Outcome:
    """Recode columns, all in the same way."""
    keys = Keys.of(frame, step.columns, "recode")
    keys.check_not_empty("recode")
    if step.groups is not None:
        made = grouped_together(keys, step.groups, Rest(step.rest), "recode")
    else:
        made = keys
        for name in step.columns:
            made = _one_recoded(made, name, step)
    sizes = [f"{name}: {old:,} to {new:,}" for name, old, new in zip(keys.names, keys.sizes, made.sizes, strict=True)]
    return Outcome(made.onto(frame), "categories became fewer (" + ", ".join(sizes) + ")", told_otherwise(keys, made))


def _one_recoded(keys: Keys, name: str, step: Recode) -> Keys:
    if step.fewer_than is not None:
        return rare_together(keys, name, step.fewer_than, step.into, "recode")
    if step.breaks is not None:
        return banded(keys, name, step.breaks, step.labels, "recode")
    if step.width is not None:
        return in_widths(keys, name, step.width, step.start, "recode")
    ladder = ladder_of_hierarchy(keys, name, step.hierarchy or {}, "recode")
    if step.level > ladder.top:
        raise BadInputError(f"recode: the hierarchy of '{name}' has {ladder.top} levels, not {step.level}")
    return ladder.climbed(keys, step.level)


def top_bottom_code(frame: Frame, step: TopBottomCode, _random: np.random.Generator) -> Outcome:
    """Code the ends of a column of numbers."""
    coded = top_bottom_coded(frame, step.column, step.top, step.bottom, Shown(step.shown), "top_bottom_code")
    note = f"{coded.top:,} records of '{step.column}' were above the top and {coded.bottom:,} below the bottom"
    return Outcome(coded.frame, note, {step.column: coded.top + coded.bottom})
