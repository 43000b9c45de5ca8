"""Columns of a table of records as they are asked for: known names, numbers where numbers are due, positive weights.

A table is a pandas frame or an Arrow table. Messages name columns and counts of records, never values.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.queries.relations import unknown
from saferoom.errors import BadInputError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    Frame: TypeAlias = pd.DataFrame | pa.Table

Numbers: TypeAlias = NDArray[np.float64]


def is_arrow(frame: Frame) -> bool:
    """Return whether `frame` is an Arrow table (and not a pandas frame)."""
    return hasattr(frame, "column_names")


def names_of(frame: Frame) -> list[str]:
    """Return the names of the columns, as text."""
    table: Any = frame
    return [str(name) for name in (table.column_names if is_arrow(frame) else table.columns)]


def length(frame: Frame) -> int:
    """Return the number of records."""
    table: Any = frame
    return int(table.num_rows) if is_arrow(frame) else len(table)


def check_once(names: Sequence[str]) -> None:
    """Check that no two columns have one name.

    Raises
    ------
    BadInputError
    """
    for name in names:
        if names.count(name) > 1:
            raise BadInputError(f"the table has two columns '{name}'; rename one")


def as_arrow(frame: Frame) -> pa.Table:
    """Return the records as an Arrow table.

    Raises
    ------
    BadInputError
        When two columns have one name, or one holds values of several kinds.
    """
    table: Any = frame
    check_once(names_of(frame))
    if is_arrow(frame):
        return table
    import pyarrow as pa

    try:
        return pa.Table.from_pandas(table, preserve_index=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        raise BadInputError("the table has a column that holds values of several kinds; give each one kind") from None


def check_names(frame: Frame, wanted: Sequence[str], what: str) -> None:
    """Check that each of `wanted` is one column of `frame`, and that none is asked for twice.

    Parameters
    ----------
    what : str
        What the names are for, as messages begin: "keys", "--weight", "step 2".

    Raises
    ------
    BadInputError
    """
    check_wanted(names_of(frame), wanted, what)


def check_wanted(present: Sequence[str], wanted: Sequence[str], what: str) -> None:
    """Check that each of `wanted` is once among the columns `present` and once among `wanted`."""
    for name in wanted:
        if name not in present:
            raise unknown("column", name, present, what)
        if present.count(name) > 1:
            raise BadInputError(f"{what}: the table has two columns '{name}'; rename one")
        if list(wanted).count(name) > 1:
            raise BadInputError(f"{what}: '{name}' is named twice")


def column(frame: Frame, name: str) -> Any:
    """Return the column `name`: a pandas series or an Arrow chunked array."""
    table: Any = frame
    return table.column(name) if is_arrow(frame) else table.iloc[:, names_of(frame).index(name)]


def numbers(frame: Frame, name: str, what: str) -> Numbers:
    """Return the column `name` as numbers; missing values are NaN.

    Returns
    -------
    ndarray of float, shape (n,)

    Raises
    ------
    BadInputError
        When there is no such column, it holds text or dates, a number is infinite, or every value is missing.
    """
    check_names(frame, [name], what)
    values = floats(frame, name)
    if values is None:
        raise no_numbers(name, what)
    if np.isinf(values).any():
        raise BadInputError(f"{what}: '{name}' holds infinite numbers")
    if len(values) and np.isnan(values).all():
        raise all_missing(name, what)
    return values


def floats(frame: Frame, name: str) -> Numbers | None:
    """Return the column `name` as numbers, missing values as NaN, shape (n,); None where it holds something else."""
    return _as_floats(column(frame, name), is_arrow(frame))


def no_numbers(name: str, what: str) -> BadInputError:
    """Return the error of a column that holds something else than numbers."""
    return BadInputError(f"{what}: '{name}' must hold numbers, and holds something else (text, dates or lists)")


def all_missing(name: str, what: str) -> BadInputError:
    """Return the error of a column without a single value."""
    return BadInputError(f"{what}: every value of '{name}' is missing; leave the column out")


def _as_floats(values: Any, arrow: bool) -> Numbers | None:
    if arrow:
        import pyarrow as pa
        import pyarrow.types as kinds

        kind = values.type
        if values.null_count == len(values):
            return np.full(len(values), np.nan)
        plain = kinds.is_integer(kind) or kinds.is_floating(kind) or kinds.is_decimal(kind)
        if not plain:
            return None
        return np.asarray(values.cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64)
    import pandas as pd

    kind = values.dtype
    if pd.api.types.is_numeric_dtype(kind) and not (
        pd.api.types.is_bool_dtype(kind) or pd.api.types.is_complex_dtype(kind)
    ):
        return np.asarray(values.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)
    if (pd.api.types.is_object_dtype(kind) or pd.api.types.is_string_dtype(kind)) and values.isna().all():
        return np.full(len(values), np.nan)
    return None


def weights(frame: Frame, name: str, what: str = "weight") -> Numbers:
    """Return the sampling weights: how many people of the population each record stands for.

    Returns
    -------
    ndarray of float, shape (n,), persons, all positive

    Raises
    ------
    BadInputError
        When it is no column of numbers, or a weight is missing, zero or negative.
    """
    values = numbers(frame, name, what)
    check_weights(name, int(np.isnan(values).sum()), int((values <= 0).sum()), what)
    return values


def check_weights(name: str, missing: int, low: int, what: str) -> None:
    """Check the numbers of records whose weight is `missing`, and is zero or negative (`low`).

    Raises
    ------
    BadInputError
    """
    if missing:
        raise BadInputError(f"{what}: '{name}' is missing in {_records(missing)}; every record needs a weight")
    if low:
        raise BadInputError(f"{what}: '{name}' is zero or negative in {_records(low)}; a weight is above zero")


def _records(count: int) -> str:
    return "1 record" if count == 1 else f"{count:,} records"


def check_k(k: int, records: int, what: str = "keys") -> None:
    """Check that k records can share a key at all.

    Raises
    ------
    BadInputError
        When k is below 2 or above the number of records.
    """
    if k < 2:
        raise BadInputError(f"{what}: k must be at least 2")
    if k > records:
        there = f"{'is' if records == 1 else 'are'} only {_records(records)}"
        raise BadInputError(f"{what}: k is {k:,}, but there {there}; no k of them can be alike")
