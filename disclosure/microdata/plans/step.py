"""What a step of a plan is, and what comes of it.

A step says beforehand which columns it reads and changes and what it promises, so that a plan whose steps contradict
each other is refused before any work.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from saferoom.disclosure.microdata.protection.labels import Label
from saferoom.disclosure.microdata.protection.suppression import Wanted

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.columns import Frame

Column = Annotated[str, Field(min_length=1, max_length=200)]
Columns = Annotated[tuple[Column, ...], Field(min_length=1, max_length=60)]
Weight = Annotated[float, Field(gt=0, le=1e6)]
GroupSize = Annotated[int, Field(ge=2)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Hierarchy = Annotated[dict[Name, tuple[Label, ...]], Field(min_length=1)]


class Part(BaseModel):
    """A part of a plan: no unknown fields, no values of another type."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Step(Part, ABC):
    """One step of a plan. Each method has a model of its own, whose field `method` is its name.

    Attributes
    ----------
    draws : bool
        Whether it draws random numbers.
    coarsens : bool
        Whether records that were alike stay alike: true for what recodes, hides or drops; false for what perturbs.
    bands : bool
        Whether the columns that it changes hold texts afterwards, whatever they held before.
    """

    method: str
    draws: ClassVar[bool] = False
    coarsens: ClassVar[bool] = True
    bands: ClassVar[bool] = False

    @abstractmethod
    def reads(self, keys: Sequence[str], /) -> tuple[str, ...]:
        """Return the columns that must be there; `keys` are the plan's key variables that still are."""

    def changes(self, keys: Sequence[str], /) -> tuple[str, ...]:
        """Return the columns that may be changed: by default all that are read."""
        return self.reads(keys)

    def numeric(self) -> tuple[str, ...]:
        """Return the columns that must hold numbers."""
        return ()

    def drops(self) -> tuple[str, ...]:
        """Return the columns that are not there afterwards."""
        return ()

    def promises(self, _keys: Sequence[str], /) -> tuple[Wanted, ...]:
        """Return which combinations k records share afterwards."""
        return ()

    def with_keys(self, keys: Sequence[str]) -> Step:
        """Return the step with the plan's key variables filled in where it names none of its own."""
        if "keys" in type(self).model_fields and getattr(self, "keys", None) is None:
            return self.model_copy(update={"keys": tuple(keys)})
        return self


@dataclass(frozen=True)
class Outcome:
    """What came of a step.

    Attributes
    ----------
    frame : Frame
        The records after it, of the same kind as before (an Arrow table within plans).
    note : str
        What was done, in a sentence with counts but no values.
    changed : mapping of str to int
        Values that were changed or hidden, by column.
    details : mapping
        More numbers, JSON-ready.
    """

    frame: Frame
    note: str
    changed: Mapping[str, int]
    details: Mapping[str, Any] = field(default_factory=dict)
