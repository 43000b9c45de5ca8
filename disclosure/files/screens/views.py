"""A file's tables column by column, so that screens work on arrays and not on cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from saferoom.disclosure.files.model import Grid
from saferoom.disclosure.files.screens.numerals import is_blank, is_empty, plain_numbers, printed_value
from saferoom.disclosure.files.screens.vocabulary import AMBIGUOUS
from saferoom.disclosure.files.screens.words import Role, role, tokens
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
    among_letters : bool
        Whether other columns too have a single letter as their head; then an N is a category (north) and no count.
    """

    position: int
    head: str
    values: Sequence[Label]
    among_letters: bool = False

    @cached_property
    def role(self) -> Role:
        """What the head says; a single letter such as F is a statistic only above fractions."""
        said = role(self.head)
        if said is Role.COUNT and self.among_letters and len(self.head.strip()) == 1:
            return Role.UNKNOWN
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
        if kinds <= {int, float, type(None)}:
            return plain_numbers(self.values)
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
        if all(kind in _NUMBERS for kind in set(map(type, self.values))):
            return np.isnan(np.array(self.values, dtype=np.float64))
        # What is a number is no blank; only the rest has to be looked at.
        numbers = dict(zip(self.values, self.is_number.tolist(), strict=True))
        known = {value: not numbers[value] and is_blank(value) for value in self._distinct}
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


_NUMBERS = (int, float)
_MOST_HEADS = 4


def with_whole_head(grid: Grid) -> Grid:
    """Return a table whose head is all of its head: further lines of heads above the numbers, or one of codes.

    Programs write one line for every level of the columns, and a line with the names of the rows' levels alone.
    """
    grid = _below_title(grid)
    rows, header = grid.rows, list(grid.header)
    taken = 0
    if not header and len(rows) > 1 and _codes(rows[0]) and not _codes(rows[1]):
        header, taken = [_text(cell) for cell in rows[0]], 1
    while (
        taken < min(_MOST_HEADS, len(rows) - 1)
        and header
        and (_only_words(rows[taken]) or (_level_names(rows[taken]) and not any(header[: _filled(rows[taken])])))
        and _has_numbers(rows[taken + 1 :])
    ):
        words = [_text(cell) for cell in rows[taken]]
        width = max(len(words), len(header))
        header = [f"{h} {w}".strip() for h, w in zip(_padded(header, width), _padded(words, width), strict=True)]
        taken += 1
    return Grid(grid.place, tuple(header), rows[taken:], grid.first_row + taken) if taken else grid


def _text(cell: Label) -> str:
    return "" if cell is None else str(cell)


def _below_title(grid: Grid) -> Grid:
    """Return a table without the lines of one cell above its head (a title, where it is from)."""
    lines = [grid.header, *grid.rows[: _MOST_HEADS * 2]]
    head = next((i for i, line in enumerate(lines) if _filled(line) > 1), 0)
    if not head or not all(isinstance(cell, str) or cell is None for cell in lines[head]):
        return grid
    named = not any(printed_value(cell) is not None for cell in lines[head])
    start = head if named else head - 1
    header = tuple(map(_text, lines[head])) if named else ()
    return Grid(grid.place, header, grid.rows[start:], grid.first_row + start)


def _filled(row: Sequence[Label]) -> int:
    return sum(not is_empty(cell) for cell in row)


def _padded(texts: list[str], width: int) -> list[str]:
    return [*texts, *[""] * (width - len(texts))]


def _codes(row: Sequence[Label]) -> bool:
    """Say whether a row is a blank corner and rising whole numbers: the heads of a table by codes."""
    numbers = [printed_value(cell) for cell in row[1:]]
    values = [number.value for number in numbers if number is not None and number.decimals == 0]
    return is_empty(row[0] if row else None) and len(values) == len(row) - 1 > 0 and values == sorted(set(values))


def _only_words(row: Sequence[Label]) -> bool:
    """Say whether a row below the head is words beyond its first cell, or nothing there at all."""
    others = [cell for cell in row[1:] if not is_empty(cell)]
    if not others:
        return isinstance(row[0], str) and bool(row[0].strip()) and len(row) > 1 if row else False
    return (is_empty(row[0]) or len(others) == len(row) - 1) and all(
        isinstance(cell, str) and printed_value(cell) is None and not is_blank(cell) for cell in others
    )


def _has_numbers(rows: Sequence[Sequence[Label]]) -> bool:
    """Say whether the rows that follow at once are numbers beside their labels."""
    below = next((i for i, row in enumerate(rows[:_MOST_HEADS]) if not _only_words(row) and not _level_names(row)), 0)
    following = [cell for row in rows[below : below + 2] for cell in row[1:]]
    return bool(following) and sum(printed_value(cell) is not None for cell in following) * 2 >= len(following)


def _level_names(row: Sequence[Label]) -> bool:
    """Say whether a row is words on the left and nothing else: the names of the rows' levels."""
    filled = [not is_empty(cell) for cell in row]
    count = sum(filled)
    return 0 < count < len(row) and all(filled[:count]) and all(isinstance(cell, str) for cell in row[:count])


class View:
    """A grid as columns; made when asked for, and dropped with the view.

    Parameters
    ----------
    grid : Grid
        Rows may be shorter than the head; what is missing is None.
    """

    def __init__(self, grid: Grid) -> None:
        self.as_given = grid
        self.grid = with_whole_head(grid)
        self.place = grid.place
        self.width = max((len(self.grid.header), *map(len, self.grid.rows)), default=0)
        self.rows = len(self.grid.rows) if self.width else 0

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """All columns."""
        header, rows, width = self.grid.header, self.grid.rows, self.width
        letters = sum(len(head.strip()) == 1 and head.strip().isalpha() for head in header) > 1
        if all(len(row) == width for row in rows):
            columns = list(zip(*rows, strict=True)) if rows else [()] * width
        else:
            columns = [tuple(row[i] if i < len(row) else None for row in rows) for i in range(width)]
        heads = [*header, *[""] * (width - len(header))]
        return tuple(Column(i, heads[i], values, letters) for i, values in enumerate(columns))

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
