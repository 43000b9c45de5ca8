"""A file beside its query, computed again: every number and every word of the file must be the query's.

Method
------
A file is compared when it shows one table, of whatever type it is; only plain tables (CSV and TSV), which have nothing
beside their table, can take the query's verdict. Labels tell which computed row a printed row is; numbers are compared
with the digits they print. What is left over (another column, a note, a space, a digit too many, a row in an order that
nothing explains) is named, by place and never by value, and then the file is one like any other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.files.alignment import Aligned, align
from saferoom.disclosure.files.model import Grid, Opened
from saferoom.disclosure.files.plain_table import PLAIN, only_table
from saferoom.disclosure.files.printing import as_text, printed_evenly, same_number
from saferoom.disclosure.files.screens.places import Rule
from saferoom.disclosure.files.screens.text_tables import tables_in
from saferoom.disclosure.files.screens.views import with_whole_head
from saferoom.disclosure.verdict import Finding, Label, Risk, Table, Verdict

MOST_BITS = 16.0
"""How much an order of rows and a choice of cells may say that nothing explains (8 rows in any order are 15 bits)."""
_REMEDY = "Write the table that the query gives, and nothing else, to a new CSV file; or take the query off."
_MOST_CELLS = 200
NOT_A_TABLE = Rule(
    "query-not-compared",
    Risk.UNPROVEN,
    Verdict.REVIEW,
    "the attached query was computed, but the file is not one plain table alone",
    _REMEDY,
)
FORMAT = Rule(
    "query-equal-format",
    Risk.FREE_TEXT,
    Verdict.REVIEW,
    "every number and label is one of the attached query, computed again; a file of this format can hold more than "
    "its table (styles, times, notes), so that people look at it",
    "Write the table as CSV, or release the declared statistic: it leaves as CSV and as a workbook.",
)
NOT_ALIGNED = Rule(
    "query-not-compared",
    Risk.UNPROVEN,
    Verdict.REVIEW,
    "the attached query was computed, but its categories are not those of the file's rows and columns",
    _REMEDY,
)
DIFFERENT = Rule(
    "query-differs",
    Risk.UNPROVEN,
    Verdict.REVIEW,
    "is not what the attached query gives when it is computed again",
    "Correct the query or the file; a number may be printed with fewer digits than it has, never with more than 12.",
)
UNEXPLAINED = Rule(
    "query-explains-less",
    Risk.FREE_TEXT,
    Verdict.REVIEW,
    "stands in the file and not in what the attached query gives",
    _REMEDY,
)
STYLE = Rule(
    "query-printed-unevenly",
    Risk.FREE_TEXT,
    Verdict.REVIEW,
    "cells of one kind are printed in several ways (decimals, zeros, commas, signs, blanks, spellings of a category), "
    "which can say something by itself",
    "Print every column with one number of decimals, every category and every blank in one way.",
)
ORDER = Rule(
    "query-order",
    Risk.FREE_TEXT,
    Verdict.REVIEW,
    "rows stand in an order that no column explains, or cells are left out; that can say something by itself",
    "Sort the rows by a column and give all of them.",
)


@dataclass(frozen=True)
class Comparison:
    """What came out: equal, or where not."""

    findings: tuple[Finding, ...]

    @property
    def equal(self) -> bool:
        """Whether the file holds the query's numbers and nothing else."""
        return not self.findings


def compare(kind: str, data: bytes, opened: Opened, evaluation: Evaluation) -> Comparison:
    """Compare a file with what its query gives.

    Parameters
    ----------
    data : bytes
        The file itself: what an opener reads kindly (a space, a quote too many) counts here.
    """
    grid, why = only_table(kind, data, opened)
    if grid is not None:
        return Comparison(_differences(grid, evaluation))
    shown = None if kind in PLAIN else _shown_table(opened)
    if shown is None:
        return Comparison((NOT_A_TABLE.at(why),))
    # Its numbers are compared all the same; that they agree says nothing about what else such a file can hold.
    differences = _differences(shown, evaluation)
    return Comparison(differences or (FORMAT.at(shown.place),))


def _shown_table(opened: Opened) -> Grid | None:
    """Return the one table that a page, workbook or text shows, or None."""
    tables = [*opened.grids, *(table for passage in opened.passages for table in tables_in(passage))]
    if len(tables) != 1 or opened.inner or opened.pictures:
        return None
    grid = with_whole_head(tables[0])
    return replace(grid, rows=tuple(tuple(as_text(cell) or "" for cell in row) for row in grid.rows))


def _differences(grid: Grid, evaluation: Evaluation) -> tuple[Finding, ...]:
    table = evaluation.protected if evaluation.protected is not None else evaluation.table
    aligned = align(grid, table, len(evaluation.query.by))
    if aligned is None:
        return (NOT_ALIGNED.at(grid.place),)
    return (*_leftover(grid, aligned), *_numbers(grid, aligned), *_style(grid, aligned), *_order(aligned, table))


def _leftover(grid: Grid, aligned: Aligned) -> list[Finding]:
    """Return cells of the file that the query does not explain."""
    cells = [(grid.place, row, column) for row, column in aligned.unexplained]
    if not cells:
        return []
    named = ", ".join(_spot(grid, row, column) for _, row, column in cells[:6])
    more = f" and {len(cells) - 6} more" if len(cells) > 6 else ""
    return [UNEXPLAINED.at(f"{grid.place}, {named}{more}", cells[:_MOST_CELLS])]


def _spot(grid: Grid, row: int, column: int) -> str:
    return f"head of column {column + 1}" if row < 0 else f"row {grid.first_row + row} column {column + 1}"


def _numbers(grid: Grid, aligned: Aligned) -> list[Finding]:
    wrong = []
    for (row, column), value in aligned.expected.items():
        text = as_text(grid.rows[row][column] if column < len(grid.rows[row]) else None)
        if not same_number(text, value, whole=isinstance(value, int)):
            wrong.append((row, column))
    if not wrong:
        return []
    named = ", ".join(_spot(grid, row, column) for row, column in wrong[:6])
    more = f" and {len(wrong) - 6} more" if len(wrong) > 6 else ""
    cells: list[tuple[Label, ...]] = [(grid.place, grid.first_row + row, column + 1) for row, column in wrong]
    return [DIFFERENT.at(f"{grid.place}, {named}{more}", cells)]


def _style(grid: Grid, aligned: Aligned) -> list[Finding]:
    """Name the columns that are printed in several ways; columns of one measure have one way together."""
    kinds: dict[int, list[tuple[str, float]]] = {}
    blanks = set()
    for (row, column), value in aligned.expected.items():
        text = as_text(grid.rows[row][column])
        if isinstance(value, (int, float)) and same_number(text, value, whole=isinstance(value, int)):
            kinds.setdefault(0 if aligned.wide else column, []).append((text, float(value)))
        elif value is None:
            blanks.add(text)
    uneven = [kind for kind, cells in kinds.items() if not printed_evenly(*zip(*cells, strict=True))]
    found = [
        STYLE.at(grid.place if aligned.wide else f"{grid.place}, column {column + 1}") for column in sorted(uneven)
    ]
    found += [STYLE.at(f"{grid.place}, labels in column {column + 1}") for column in aligned.uneven if column >= 0]
    found += [STYLE.at(f"{grid.place}, heads")] if -1 in aligned.uneven else []
    return found + ([STYLE.at(f"{grid.place}, blanks")] if len(blanks) > 1 else [])


def _order(aligned: Aligned, table: Table) -> list[Finding]:
    """Say how much the order of rows and columns, and what is left out, could tell."""
    bits = (0.0 if aligned.sorted else _order_bits(aligned.row_order)) + _order_bits(aligned.column_order)
    if aligned.rows_used < len(table.rows):
        bits += len(table.rows)
    return [ORDER.at("the whole table")] if bits > MOST_BITS else []


def _order_bits(order: Sequence[int]) -> float:
    if list(order) == sorted(order) or list(order) == sorted(order, reverse=True):
        return 0.0
    return math.lgamma(len(order) + 1) / math.log(2)
