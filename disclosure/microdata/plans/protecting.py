"""Steps that drop, recode, code and hide, and how they are done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from saferoom.disclosure.microdata import columns
from saferoom.disclosure.microdata.keys import MISSING, Keys
from saferoom.disclosure.microdata.plans.step import Column, Columns, GroupSize, Outcome, Part, Step, Weight
from saferoom.disclosure.microdata.protection.coding import Shown, top_bottom_coded
from saferoom.disclosure.microdata.protection.generalising import generalise
from saferoom.disclosure.microdata.protection.labels import Label
from saferoom.disclosure.microdata.protection.ladders import (
    Ladder,
    ladder_of_hierarchy,
    ladder_of_widths,
    plain_ladder,
)
from saferoom.disclosure.microdata.protection.mondrian import mondrian
from saferoom.disclosure.microdata.protection.recoding import (
    Rest,
    banded,
    grouped_together,
    in_widths,
    rare_together,
)
from saferoom.disclosure.microdata.protection.suppression import Guarantee, Suppression, Wanted, subsets, suppress
from saferoom.disclosure.microdata.risk.gaps import as_categories
from saferoom.errors import BadInputError

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.columns import Frame

Name = Annotated[str, Field(min_length=1, max_length=200)]
Groups = Annotated[dict[Name, tuple[Label, ...]], Field(min_length=1)]
Hierarchy = Annotated[dict[Name, tuple[Label, ...]], Field(min_length=1)]
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


class _ToK(Step):
    keys: Columns | None = None
    k: GroupSize = 3
    importance: dict[Column, Weight] = Field(default_factory=dict)

    def reads(self, keys: Sequence[str], /) -> tuple[str, ...]:
        """Return the key variables."""
        return self.keys or tuple(keys)

    def promises(self, keys: Sequence[str], /) -> tuple[Wanted, ...]:
        """Return that k records share every key."""
        return (Wanted(self.reads(keys), self.k),)


class SubsetDemand(Part):
    """k on every combination of `size` key variables, or on those of the columns that are named."""

    k: GroupSize
    size: Annotated[int, Field(ge=1, le=60)] | None = None
    columns: Columns | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.size is None) == (self.columns is None):
            raise ValueError("give either size or columns")
        return self


class LocalSuppression(_ToK):
    """Hide single values until k records share every key, or what `subsets` asks in place of all keys together."""

    method: Literal["local_suppression"]
    subsets: Annotated[tuple[SubsetDemand, ...], Field(max_length=50)] = ()
    guarantee: Literal["file", "people"] = "file"
    missing: Literal["any", "category"] = "any"
    """What a value counts as that was missing before: any value (as in sdcMicro), or one more category."""

    def promises(self, keys: Sequence[str], /) -> tuple[Wanted, ...]:
        """Return all demands, that on all keys first."""
        names, demands = self.reads(keys), [Wanted(self.reads(keys), self.k)]
        for subset in self.subsets:
            demands += (
                subsets(names, subset.size, subset.k) if subset.size else [Wanted(subset.columns or (), subset.k)]
            )
        return tuple(demands)


class Generalise(_ToK):
    """Tell each key variable as broadly as needed for k, with the least loss; hide values of what is left below k."""

    method: Literal["generalise"]
    hierarchies: dict[Column, Hierarchy] = Field(default_factory=dict)
    widths: dict[Column, Annotated[tuple[Weight, ...], Field(min_length=1)]] = Field(default_factory=dict)
    left: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    """Share of the records that may be left below k, and have values hidden."""
    bands: ClassVar[bool] = True

    def numeric(self) -> tuple[str, ...]:
        """Return the columns that are cut into bands."""
        return tuple(self.widths)


class Mondrian(_ToK):
    """Split the records into boxes of at least k and tell each one's ranges."""

    method: Literal["mondrian"]
    bands: ClassVar[bool] = True


def drop(frame: Frame, step: Drop, _random: np.random.Generator) -> Outcome:
    """Drop columns."""
    table: Any = frame
    kept = [name for name in columns.names_of(frame) if name not in step.columns]
    counts = dict.fromkeys(step.columns, columns.length(frame))
    made = table.select(kept) if columns.is_arrow(frame) else table.loc[:, kept]
    return Outcome(made, f"{len(step.columns)} columns dropped", counts)


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
    return Outcome(made.onto(frame), "categories became fewer (" + ", ".join(sizes) + ")", _changed(keys, made))


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


def local_suppression(frame: Frame, step: LocalSuppression, _random: np.random.Generator) -> Outcome:
    """Hide single values."""
    keys = Keys.of(frame, step.reads(()), "local_suppression")
    gaps = keys.codes == MISSING if step.missing == "category" else np.zeros(keys.codes.shape, dtype=bool)
    seen = as_categories(keys, gaps) if gaps.any() else keys
    demands = [*step.promises(())]
    result = suppress(seen, demands, step.importance, Guarantee(step.guarantee), "local_suppression")
    made = keys.with_codes(np.where(result.hidden, np.int32(MISSING), keys.codes))
    result = replace(result, hidden=result.hidden & ~gaps)
    return Outcome(made.onto(frame), _told(result), result.counts, _details(result))


def _told(result: Suppression) -> str:
    counts = ", ".join(f"{name} {count:,}" for name, count in result.counts.items() if count) or "none"
    at_risk = sum(part.at_risk for part in result.parts)
    return f"{result.total:,} values hidden ({counts}) for {at_risk:,} records below k"


def _details(result: Suppression) -> dict[str, Any]:
    cost, bound = sum(part.cost for part in result.parts), sum(part.bound for part in result.parts)
    parts = [
        {
            "keys": list(part.wanted.names),
            "k": part.wanted.k,
            "below_k": part.at_risk,
            "cost": part.cost,
            "bound": part.bound,
            "gap": part.gap,
        }
        for part in result.parts
    ]
    sentences = [reason.sentence() for reason, _ in zip(result.reasons(), range(MOST_REASONS), strict=False)]
    more = max(0, int(result.hidden.any(axis=1).sum()) - len(sentences))
    gap = max(0.0, 1 - bound / cost) if cost else 0.0
    return {
        "hidden": result.total,
        "guarantee": result.guarantee.value,
        "cost": cost,
        "bound": bound,
        "gap": gap,
        "demands": parts,
        "reasons": sentences,
        "records_without_reason_here": more,
    }


MOST_REASONS = 1_000
"""Reasons that a result holds at most; the rest are counted."""


def generalised(frame: Frame, step: Generalise, _random: np.random.Generator) -> Outcome:
    """Search the rungs with the least loss, then hide what is left."""
    keys = Keys.of(frame, step.reads(()), "generalise")
    keys.check_not_empty("generalise")
    ladders = [_ladder(keys, name, step) for name in keys.names]
    allowed = int(step.left * keys.records)
    found = generalise(keys, step.k, ladders, allowed, step.importance, "generalise")
    hidden = suppress(found.keys, step.k, {}, what="generalise")
    rungs = ", ".join(f"{name} {rung}" for name, rung in found.rungs.items())
    note = (
        f"rungs {rungs} lose least ({found.loss:.1%} of the entropy) among {found.nodes:,} combinations, of which "
        f"{found.tried:,} were counted; {hidden.total:,} values hidden for {found.below:,} records left below k"
    )
    changed = _changed(keys, hidden.keys)
    details = {
        "rungs": dict(found.rungs),
        "loss": found.loss,
        "combinations": found.nodes,
        "counted": found.tried,
        "left_below_k": found.below,
        "hidden": hidden.total,
    }
    return Outcome(hidden.keys.onto(frame), note, changed, details)


def _ladder(keys: Keys, name: str, step: Generalise) -> Ladder:
    if name in step.hierarchies:
        return ladder_of_hierarchy(keys, name, step.hierarchies[name], "generalise")
    if name in step.widths:
        return ladder_of_widths(keys, name, step.widths[name], "generalise")
    return plain_ladder(keys, name)


def boxed(frame: Frame, step: Mondrian, _random: np.random.Generator) -> Outcome:
    """Split into boxes."""
    keys = Keys.of(frame, step.reads(()), "mondrian")
    result = mondrian(keys, step.k, step.importance, "mondrian")
    note = (
        f"{result.boxes:,} groups of at least {step.k} records; {result.loss:.1%} of the range of a key is told as one"
    )
    details = {"groups": result.boxes, "loss": result.loss}
    return Outcome(result.keys.onto(frame), note, _changed(keys, result.keys), details)


def _changed(before: Keys, after: Keys) -> Mapping[str, int]:
    """Return in how many records each variable is told otherwise than before."""
    counts = {}
    for place, name in enumerate(before.names):
        old, new = (_as_texts(keys, place) for keys in (before, after))
        counts[name] = int((old != new).sum())
    return counts


def _as_texts(keys: Keys, place: int) -> np.ndarray[tuple[int], np.dtype[Any]]:
    from saferoom.disclosure.microdata.protection.labels import text_of

    texts = np.array([*(text_of(value) for value in keys.categories[place]), ""], dtype=object)
    return texts[keys.codes[:, place]]
