"""Columns of numbers, dates and times as plain numbers, and back in their own type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata.synthetic.kinds import is_text
from saferoom.errors import BadInputError

Values: TypeAlias = NDArray[np.float64]
_MOST_DECIMALS = 6
_CLOSE = 1e-11
_DAY = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}
_PARTS = (86_400_000_000_000, 3_600_000_000_000, 60_000_000_000, 1_000_000_000, 1_000_000, 1_000, 1)
"""Nanoseconds of a day, an hour, a minute, a second, and below: times are made in the coarsest that all are told in."""


@dataclass(frozen=True)
class Scale:
    """How values stand for numbers: origin + number times unit, or number by unit for floats, in the column's own type.

    Attributes
    ----------
    kind : Arrow type of the column
    lattice : bool
        Whether all numbers are whole.
    text : bool
        Whether the column is text that holds dates (YYYY-MM-DD).
    """

    kind: Any
    origin: int = 0
    unit: float = 1.0
    lattice: bool = True
    text: bool = False

    @property
    def fraction(self) -> bool:
        """Whether values are numbers divided by the unit (floats and decimals), not multiplied with it."""
        import pyarrow.types as kinds

        return bool(kinds.is_floating(self.kind) or kinds.is_decimal(self.kind))

    def absolute(self, numbers: Values) -> Values:
        """Return numbers that columns of one type have in common, whatever they were counted from and in."""
        return numbers / self.unit if self.fraction else numbers * self.unit + self.origin

    def column(self, numbers: Values, missing: NDArray[np.bool_]) -> Any:
        """Return an Arrow array of the column's type."""
        import pyarrow as pa
        import pyarrow.types as kinds

        filled = np.where(missing, 0.0, numbers)
        if self.text:  # origin is 0: days since 1970
            days = pa.array((np.round(filled) + self.origin).astype(np.int32), mask=missing)
            return days.cast(pa.date32()).cast(self.kind)
        if self.fraction:
            own = np.round(filled) / self.unit if self.lattice else filled
            floats = pa.array(own, mask=missing)
            return floats.cast(self.kind, safe=False)
        whole = np.round(filled).astype(np.int64) * int(self.unit) + self.origin
        plain = pa.array(whole, mask=missing)
        small = kinds.is_date32(self.kind) or kinds.is_time32(self.kind)
        return (plain.cast(pa.int32()) if small else plain).cast(self.kind)


def numbers_of(column: Any, name: str) -> tuple[Values, NDArray[np.bool_], Scale]:
    """Return a column as numbers.

    Parameters
    ----------
    column : Arrow chunked array of numbers, dates, times, or texts that are dates

    Returns
    -------
    numbers : ndarray of float, shape (n,)
        Whole numbers where the scale is a lattice; 0 where missing.
    missing : ndarray of bool, shape (n,)
    scale : Scale

    Raises
    ------
    BadInputError
        When a number is infinite, or beyond signed integers of 64 bits.
    """
    import pyarrow as pa
    import pyarrow.types as kinds

    kind = column.type
    if kinds.is_floating(kind) or kinds.is_decimal(kind):
        return _floats(column, kind, name)
    if is_text(kind):
        whole, missing = _whole(column.cast(pa.date32()))
        return whole.astype(np.float64), missing, Scale(kind, text=True)
    try:
        whole, missing = _whole(column)
    except pa.ArrowInvalid:
        raise BadInputError(
            f"'{name}' holds whole numbers beyond 64 bits; describe it as an id or a category"
        ) from None
    told = whole[~missing]
    origin = int(told.min()) if len(told) else 0
    unit = _unit(told - origin, kind) if kinds.is_temporal(kind) else 1
    shifted = np.where(missing, 0, whole - origin)
    return (shifted // unit).astype(np.float64), missing, Scale(kind, origin, float(unit))


def _whole(column: Any) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    import pyarrow as pa
    import pyarrow.types as kinds

    missing = np.asarray(column.is_null().to_numpy(), dtype=bool)
    kind = column.type
    if kinds.is_date32(kind) or kinds.is_time32(kind):
        column = column.cast(pa.int32())
    plain = column.cast(pa.int64())
    if plain.null_count:
        plain = plain.fill_null(0)
    return np.asarray(plain.to_numpy(), dtype=np.int64), missing


def _unit(told: NDArray[np.int64], kind: Any) -> int:
    """Return the coarsest of day, hour, minute, second ... that all times are told in, in the column's own unit."""
    import pyarrow.types as kinds

    if not len(told):
        return 1
    if kinds.is_date32(kind):
        return 1
    own = _PARTS[0] // _DAY["ms" if kinds.is_date64(kind) else kind.unit]
    common = int(np.gcd.reduce(told))
    for part in _PARTS:
        if part >= own and common % (part // own) == 0:
            return part // own
    return 1


def _floats(column: Any, kind: Any, name: str) -> tuple[Values, NDArray[np.bool_], Scale]:
    import pyarrow as pa

    plain = column.cast(pa.float64(), safe=False)
    numbers = np.asarray(plain.to_numpy(), dtype=np.float64)
    missing = np.isnan(numbers)
    if np.isinf(numbers).any():
        raise BadInputError(f"'{name}' holds infinite numbers")
    told = numbers[~missing]
    filled = np.where(missing, 0.0, numbers)
    decimals = _decimals(told)
    if decimals is None:
        return filled, missing, Scale(kind, lattice=False)
    unit = 10.0**decimals
    return np.round(filled * unit), missing, Scale(kind, unit=unit)


def _decimals(told: Values) -> int | None:
    """Return with how many decimals all numbers are told, None when with more than `_MOST_DECIMALS`."""
    if len(told) and np.abs(told).max() > 1e15:
        return None
    for decimals in range(_MOST_DECIMALS + 1):
        scaled = told * 10.0**decimals
        if (np.abs(scaled - np.round(scaled)) <= _CLOSE * np.abs(scaled)).all():
            return decimals
    return None
