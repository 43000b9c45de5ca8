"""Steps that hide, generalise and group until k records share every key, and how they are done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from saferoom.disclosure.microdata.keys import MISSING, Keys
from saferoom.disclosure.microdata.plans.step import (
    Column,
    Columns,
    GroupSize,
    Hierarchy,
    Outcome,
    Part,
    Step,
    Weight,
)
from saferoom.disclosure.microdata.protection.generalising import generalise
from saferoom.disclosure.microdata.protection.labels import told_otherwise
from saferoom.disclosure.microdata.protection.ladders import (
    Ladder,
    ladder_of_hierarchy,
    ladder_of_widths,
    plain_ladder,
)
from saferoom.disclosure.microdata.protection.mondrian import mondrian
from saferoom.disclosure.microdata.protection.suppression import Guarantee, Suppression, Wanted, subsets, suppress
from saferoom.disclosure.microdata.risk.gaps import as_categories

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.columns import Frame

MOST_REASONS = 1_000
"""Reasons that a result holds at most; the rest are counted."""


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
    values, people = ("value" if result.total == 1 else "values"), ("record" if at_risk == 1 else "records")
    return f"{result.total:,} {values} hidden ({counts}) for {at_risk:,} {people} below k"


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
    changed = told_otherwise(keys, hidden.keys)
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
    return Outcome(result.keys.onto(frame), note, told_otherwise(keys, result.keys), details)
