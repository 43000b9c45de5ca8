"""What a step of a plan made of a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from saferoom.disclosure.microdata import columns

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.columns import Frame


@dataclass(frozen=True)
class Outcome:
    """A table after one step.

    Attributes
    ----------
    frame : pandas frame or Arrow table
        Of the kind that came in; columns that the step does not name are those that came in.
    note : str
        What was done, in a sentence for the data owner; it holds no value of a record.
    changed : mapping of a column to a number of records
        How many records have another value than before, for every column that the step names.
    """

    frame: Frame
    note: str
    changed: Mapping[str, int]


def changes(before: Frame, after: Frame, names: Iterable[str]) -> dict[str, int]:
    """Count the records whose value changed, for each of the columns `names`; missing stays missing."""
    return {name: _differing(columns.column(before, name), columns.column(after, name)) for name in names}


def _differing(before: Any, after: Any) -> int:
    import pandas as pd

    left, right = (
        pd.Series(values.to_pandas() if hasattr(values, "to_pandas") else values).astype(object).reset_index(drop=True)
        for values in (before, after)
    )
    same = (left == right).fillna(False).astype(bool) | (left.isna() & right.isna())
    return int((~same).sum())
