"""Top and bottom coding: numbers beyond a limit become one value, so that nobody stands out at an end."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata import columns
from saferoom.errors import BadInputError

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.columns import Frame, Numbers


LEAST_SHOWN = 10
"""Fewest records whose mean or median is told: of two, each knows the other."""


class Shown(Enum):
    """What is shown in place of a number beyond a limit."""

    LIMIT = "limit"
    MEAN = "mean"
    MEDIAN = "median"


@dataclass(frozen=True)
class Coded:
    """The frame with coded numbers, and how many records were at each end."""

    frame: Frame
    top: int
    bottom: int


def top_bottom_coded(
    frame: Frame,
    name: str,
    top: float | None = None,
    bottom: float | None = None,
    shown: Shown = Shown.LIMIT,
    what: str = "top and bottom coding",
) -> Coded:
    """Replace the numbers of `name` above `top` and below `bottom`.

    Parameters
    ----------
    shown : Shown
        The limit itself, or the mean or median of those beyond it (rounded to whole numbers where all are whole).

    Raises
    ------
    BadInputError
        When `name` holds no numbers, no limit is given, the limits cross, or a mean would be of too few records.
    """
    values = columns.numbers(frame, name, what)
    if top is None and bottom is None:
        raise BadInputError(f"{what}: give a top or a bottom for '{name}'")
    if top is not None and bottom is not None and not bottom < top:
        raise BadInputError(f"{what}: the bottom of '{name}' must be below its top")
    told = values[~np.isnan(values)]
    whole = bool((told == np.floor(told)).all())
    above = np.zeros(len(values), dtype=bool) if top is None else values > top
    below = np.zeros(len(values), dtype=bool) if bottom is None else values < bottom
    made = values.copy()
    for beyond, limit in ((above, top), (below, bottom)):
        if beyond.any() and limit is not None:
            made[beyond] = _value(values[beyond], limit, shown, name, what)
            if whole and shown is not Shown.LIMIT:
                made[beyond] = np.rint(made[beyond])
    return Coded(with_numbers(frame, name, made), int(above.sum()), int(below.sum()))


def _value(beyond: Numbers, limit: float, shown: Shown, name: str, what: str) -> float:
    if shown is Shown.LIMIT:
        return limit
    if len(beyond) < LEAST_SHOWN:
        raise BadInputError(
            f"{what}: fewer than {LEAST_SHOWN} records are beyond a limit of '{name}', and their {shown.value} would "
            "tell of each: take a limit that more are beyond, or show the limit itself"
        )
    return float(beyond.mean() if shown is Shown.MEAN else np.median(beyond))


def with_numbers(frame: Frame, name: str, values: NDArray[np.float64]) -> Frame:
    """Return `frame` with the numbers `values` in column `name`, whole where they were and can be; NaN is missing."""
    table: Any = frame
    missing = np.isnan(values)
    whole = bool((values[~missing] == np.floor(values[~missing])).all())
    if columns.is_arrow(frame):
        import pyarrow as pa

        numbers = pa.array(values, mask=missing)
        kind = table.schema.field(name).type
        keeps = pa.types.is_floating(kind) or (whole and not pa.types.is_null(kind))
        return table.set_column(
            columns.names_of(frame).index(name), name, numbers.cast(kind if keeps else pa.float64())
        )
    import pandas as pd

    old = table[name].dtype
    if whole and pd.api.types.is_integer_dtype(old):
        made: Any = pd.Series(values, index=table.index).astype("Float64").mask(missing)
        return table.assign(**{name: made.astype("Int64" if missing.any() else old)})
    return table.assign(**{name: pd.Series(values, index=table.index)})
