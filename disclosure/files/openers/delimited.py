"""CSV and TSV: every usual encoding and delimiter, uneven lines, and cells that a spreadsheet would run."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from saferoom.disclosure.files.kind import Kind
from saferoom.disclosure.files.openers.base import File, OpeningError, grid_of, too_large, unreadable
from saferoom.disclosure.files.openers.characters import decode, invisible
from saferoom.disclosure.verdict import Verdict

_DELIMITERS: Final = (",", "\t", ";", "|")
_SIGNED_NUMBER: Final = re.compile(r"[-+]\s*[\d.,]+(?:[eE][-+]?\d+)?\s*[%*†‡]*\s*(?:[(\[][^A-Za-z|!]*[)\]])?\s*[*†‡]*")
_SAMPLE_CHARACTERS = 100_000


def read(file: File) -> None:
    """Read a file of delimited lines."""
    text = decode(file.data, file.kind.value.upper())
    if not text.strip():
        raise OpeningError("unreadable", "holds nothing but blanks", "Leave it out.")
    if what := invisible(text):
        file.conceal("", what)
    delimiter, skip = _delimiter(text, "\t" if file.kind is Kind.TSV else ",")
    rows: list[tuple[str, ...]] = []
    try:
        rows.extend(_rows(file, text, delimiter))
    except OpeningError:
        file.found.grids.append(grid_of(file.place(), list(rows), head=None, first=1 + skip))
        raise
    if skip and rows and rows[0][:1] and str(rows[0][0]).lower().startswith("sep="):
        rows = rows[1:]
    _ragged(file, rows)
    _formulas(file, rows)
    file.grid("", rows, first=1 + skip)


def _delimiter(text: str, usual: str) -> tuple[str, int]:
    """Return the delimiter that divides the first lines most evenly, and how many lines only announce it."""
    if text[:4].lower() == "sep=" and text[4:5] in _DELIMITERS:
        return text[4], 1
    lines = [line for line in text[:_SAMPLE_CHARACTERS].splitlines()[:200] if line.strip()]
    best, score = usual, 0.0
    for delimiter in dict.fromkeys((usual, *_DELIMITERS)):
        counts = Counter(_outside_quotes(line).count(delimiter) for line in lines)
        count, times = counts.most_common(1)[0]
        # One column more matters less than one delimiter that is in every line.
        evenness = times / len(lines) * (count > 0)
        # A decimal comma is in every line but the head; what divides cells divides the head as well.
        evenness += 0.2 * (0 < count == _outside_quotes(lines[0]).count(delimiter))
        if evenness > score + 0.05:
            best, score = delimiter, evenness
    return best, 0


def _outside_quotes(line: str) -> str:
    return "".join(line.split('"')[::2])


def _rows(file: File, text: str, delimiter: str) -> Iterator[tuple[str, ...]]:
    csv.field_size_limit(file.limits.field_characters)
    reader = csv.reader(text.splitlines(keepends=True), delimiter=delimiter, strict=False)
    left = file.budget.cells_left
    try:
        for row in reader:
            if len(row) > file.limits.columns:
                raise too_large(f"has more than {file.limits.columns:,} columns (line {reader.line_num})")
            left -= len(row)
            if left < 0:
                file.budget.cells(file.budget.cells_left + 1)
            yield tuple(row)
    except csv.Error as error:
        if "field larger" in str(error):
            most = file.limits.field_characters
            raise too_large(f"has a cell of more than {most:,} characters (line {reader.line_num})") from None
        raise unreadable("a table", f"not properly delimited (line {reader.line_num})") from None


def _ragged(file: File, rows: list[tuple[str, ...]]) -> None:
    if any("\n" in cell and cell.count("\n") > 1_000 for row in rows for cell in row):
        raise unreadable("a table", "one with a quotation mark that is opened and never closed")
    widths = Counter(len(row) for row in rows if row)
    if len(widths) > 1 and rows:
        usual = widths.most_common(1)[0][0]
        wider = next((number for number, row in enumerate(rows, start=1) if len(row) > usual), None)
        if wider is not None and any(cell.strip() for cell in rows[wider - 1][usual:]) and wider > 1:
            what = "more cells than the other rows have: many programs do not show them"
            # The screens see them; programs that print several tables one below the other write such files.
            file.conceal(f"row {wider}", what, Verdict.REVIEW)


def _formulas(file: File, rows: list[tuple[str, ...]]) -> None:
    for number, row in enumerate(rows, start=1):
        for position, cell in enumerate(row, start=1):
            if cell[:1] in _SUSPECT and is_formula(cell):
                file.conceal(f"row {number}, column {position}", "a formula that a spreadsheet would run")


_SUSPECT: Final = frozenset("=@+-\t\r \n")


def is_formula(cell: str) -> bool:
    """Tell whether a spreadsheet would run a cell's text as a formula."""
    text = cell.strip()
    if not text or len(text) == 1 or _SIGNED_NUMBER.fullmatch(text[:200]):
        return False
    if text[0] in "=@":
        return not set(text) <= {"="}
    return text[0] in "+-" and any(mark in text for mark in "(|!") and bool(re.search(r"[A-Za-z]\w*\s*[(|!]", text))
