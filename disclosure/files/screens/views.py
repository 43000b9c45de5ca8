"""A file's tables column by column, so that screens work on arrays and not on cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from saferoom.disclosure.files.model import Grid
from saferoom.disclosure.files.screens.numerals import is_blank, printed_value
from saferoom.disclosure.files.screens.words import AMBIGUOUS, Role, role, tokens
from saferoom.disclosure.verdict import Label

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    position : int
        Counted from 0.
    values : sequence of Label, one per row
    """

    position: int
    head: str
    values: Sequence[Label]

    @cached_property
    def role(self) -> Role:
        """What the head says; a single letter such as F is a statistic only above fractions."""
        said = role(self.head)
        if said is Role.STATISTIC and tokens(self.head)[0] in AMBIGUOUS and len(tokens(self.head)) == 1 and self.whole:
            return Role.UNKNOWN
        return said

    @cached_property
    def numbers(self) -> Floats:
        """The numbers, nan where there is none, shape (rows,)."""
        return self._parsed[0]

    @cached_property
    def decimals(self) -> npt.NDArray[np.int16]:
        """Decimals as printed, -1 where there is no number, shape (rows,)."""
        return self._parsed[1]

    @cached_property
    def percents(self) -> bool:
        """Whether any cell has a percent sign."""
        return any(isinstance(v, str) and "%" in v for v in self._distinct)

    @cached_property
    def _distinct(self) -> tuple[Label, ...]:
        try:
            return tuple(dict.fromkeys(self.values))
        except TypeError:
            return tuple(self.values)

    @cached_property
    def _parsed(self) -> tuple[Floats, npt.NDArray[np.int16]]:
        kinds = set(map(type, self.values))
        if kinds <= {int, type(None)} or kinds <= {int}:
            numbers = np.array([np.nan if v is None else v for v in self.values], dtype=np.float64)
            return numbers, np.where(np.isnan(numbers), -1, 0).astype(np.int16)
        # Every distinct cell is read once.
        known: dict[Any, tuple[float, int]] = {}
        for value in self._distinct:
            read = printed_value(value)
            known[value] = (np.nan, -1) if read is None else (read.value, read.decimals)
        pairs = [known[value] for value in self.values]
        numbers = np.fromiter((pair[0] for pair in pairs), dtype=np.float64, count=len(pairs))
        decimals = np.fromiter((min(pair[1], 99) for pair in pairs), dtype=np.int16, count=len(pairs))
        return numbers, decimals

    @cached_property
    def is_number(self) -> Bools:
        """Where there is a number."""
        return ~np.isnan(self.numbers)

    @cached_property
    def blanks(self) -> Bools:
        """Where a cell shows nothing."""
        known = {value: is_blank(value) for value in self._distinct}
        return np.fromiter((known[value] for value in self.values), dtype=bool, count=len(self.values))

    @cached_property
    def is_text(self) -> bool:
        """Whether more cells are words than numbers."""
        filled = len(self.values) - int(self.blanks.sum())
        return filled > 0 and int(self.is_number.sum()) * 2 < filled

    @cached_property
    def is_numeric(self) -> bool:
        """Whether the cells are numbers, all but notes and blanks."""
        filled = int((~self.blanks).sum())
        return filled > 0 and int(self.is_number.sum()) * 10 >= filled * 8

    @cached_property
    def whole(self) -> bool:
        """Whether all numbers are whole and not negative."""
        numbers = self.numbers[self.is_number]
        return bool(numbers.size) and bool(np.all(numbers >= 0)) and bool(np.all(numbers == np.floor(numbers)))

    @cached_property
    def distinct(self) -> int:
        """How many different cells there are, blanks apart."""
        return sum(1 for value in self._distinct if not is_blank(value))

    def texts(self) -> Iterator[tuple[int, str]]:
        """Yield the row number and text of every cell that is text."""
        for row, value in enumerate(self.values):
            if isinstance(value, str):
                yield row, value


class View:
    """A grid as columns; made when asked for, and dropped with the view.

    Parameters
    ----------
    grid : Grid
        Rows may be shorter than the head; what is missing is None.
    """

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self.place = grid.place
        self.rows = len(grid.rows)
        self.width = max((len(grid.header), *map(len, grid.rows)), default=0)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """All columns."""
        header, rows, width = self.grid.header, self.grid.rows, self.width
        if all(len(row) == width for row in rows):
            columns = list(zip(*rows, strict=True)) if rows else [()] * width
        else:
            columns = [tuple(row[i] if i < len(row) else None for row in rows) for i in range(width)]
        return tuple(Column(i, header[i] if i < len(header) else "", values) for i, values in enumerate(columns))

    @cached_property
    def labels(self) -> tuple[Column, ...]:
        """Columns of words, and the first column where it is the index of the rows."""
        return tuple(column for column in self.columns if column.is_text)

    @cached_property
    def numeric(self) -> tuple[Column, ...]:
        """Columns of numbers."""
        return tuple(column for column in self.columns if column.is_numeric)

    @cached_property
    def row_texts(self) -> tuple[str, ...]:
        """The label of every row: its texts, joined."""
        columns = [c.values for c in self.labels if c.position <= 3]
        if not columns:
            return ("",) * self.rows
        return tuple(" ".join(v for v in cells if isinstance(v, str)) for cells in zip(*columns, strict=True))

    def row_number(self, row: int) -> int:
        """Return the number people see beside a row."""
        return self.grid.first_row + row
