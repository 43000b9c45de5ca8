"""Columns of a table as the methods take them, and tables with columns put back; nothing else of a table changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata import columns
from saferoom.disclosure.microdata.keys import Keys
from saferoom.disclosure.microdata.patterns import group
from saferoom.disclosure.microdata.perturbation.grouping import Groups, Points
from saferoom.errors import BadInputError

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.columns import Frame


def numeric(frame: Frame, names: Sequence[str], what: str) -> Points:
    """Return the columns `names` as numbers; missing values are NaN.

    Returns
    -------
    ndarray of float, shape (n, d)

    Raises
    ------
    BadInputError
        No column is named, one is unknown or named twice, is not of numbers, or all missing.
    """
    if not names:
        raise BadInputError(f"{what}: name at least one column of numbers")
    columns.check_names(frame, names, what)
    return np.column_stack([columns.numbers(frame, name, what) for name in names])


def complete(frame: Frame, names: Sequence[str], what: str) -> Points:
    """Return the columns `names` as numbers, none of them missing.

    Raises
    ------
    BadInputError
    """
    values = numeric(frame, names, what)
    for name, missing in zip(names, np.isnan(values).sum(axis=0), strict=True):
        if missing:
            raise BadInputError(
                f"{what}: '{name}' is missing in {missing:,} of {len(values):,} records, and this method needs every"
                " value; impute them, leave those records out, or leave the column out"
            )
    return values


def numbered(frame: Frame, names: Sequence[str], what: str) -> Groups:
    """Number the combinations of values of the columns `names` from 0; a missing value is a value of its own.

    Returns
    -------
    ndarray of int, shape (n,)
        All 0 when no column is named.
    """
    if not names:
        return np.zeros(columns.length(frame), dtype=np.intp)
    keys = Keys.of(frame, names, what)
    return group(keys.codes, keys.sizes)[0]


def members(numbers: Groups) -> list[Groups]:
    """Return the places of the records of each number, in the order of the file."""
    order = np.argsort(numbers, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(numbers[order])) + 1) if len(numbers) else []


def with_numbers(frame: Frame, names: Sequence[str], values: Points) -> Frame:
    """Return `frame` with the columns `names` holding `values` as floating point numbers; NaN becomes missing."""
    return _with(frame, names, [values[:, place] for place in range(values.shape[1])], _floats)


def permuted(frame: Frame, names: Sequence[str], order: NDArray[np.intp]) -> Frame:
    """Return `frame` in which record i has the values of record `order[i]` in the columns `names`, of the same type."""
    return _with(frame, names, [order] * len(names), _taken)


def _with(frame: Frame, names: Sequence[str], parts: Sequence[Any], made: Any) -> Frame:
    table: Any = frame
    present = columns.names_of(frame)
    arrow = columns.is_arrow(frame)
    if arrow:
        for name, part in zip(names, parts, strict=True):
            table = table.set_column(present.index(name), name, made(columns.column(frame, name), part, True))
        return cast("Frame", table)
    new = {
        table.columns[present.index(name)]: made(columns.column(frame, name), part, False)
        for name, part in zip(names, parts, strict=True)
    }
    return cast("Frame", table.assign(**new))


def _floats(_column: Any, values: Points, arrow: bool) -> Any:
    if not arrow:
        return values
    import pyarrow as pa

    return pa.array(values, mask=np.isnan(values))


def _taken(column: Any, order: NDArray[np.intp], arrow: bool) -> Any:
    return column.take(order) if arrow else column.iloc[order].set_axis(column.index)
