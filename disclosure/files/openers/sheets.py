"""One worksheet of an XLSX workbook, streamed: its cells, and what is hidden in it.

Notes
-----
Own code in place of openpyxl or calamine: openpyxl needs four times as long, calamine allocates the whole rectangle
that a sheet claims, and neither tells hidden rows, hidden columns and covered cells.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import IO, Final

from saferoom.disclosure.files.model import Grid
from saferoom.disclosure.files.openers.base import File, OpeningError, grid_of, too_large
from saferoom.disclosure.files.openers.rows import ATTRIBUTE, NotPlainError, PlainRows, Token, unescaped
from saferoom.disclosure.files.openers.styles import Styles
from saferoom.disclosure.files.openers.xml import feed, guarded, stream
from saferoom.disclosure.verdict import Label

_LETTERS: Final = re.compile(r"([A-Z]{1,3})(\d{1,7})")
_MOST_BLANK_ROWS = 50
_MOST_MERGED = 1_000_000
_MOST_NOTED = 2_000
_DIGITS = "0123456789"
_Row = tuple[Label, ...]


@dataclass
class Sheet:
    """What one pass over a worksheet found.

    Attributes
    ----------
    formulas : list of (int, int, str)
        Row, column (from 1) and text.
    texts : list of (str, str)
        Headers, footers, lists of validation and the like: what, and text.
    used_texts : bytearray
        1 for every shared text that a cell of the sheet shows.
    """

    grids: list[tuple[int, list[_Row]]] = field(default_factory=list)
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    unseen_cells: list[tuple[int, int]] = field(default_factory=list)
    formulas: list[tuple[int, int, str]] = field(default_factory=list)
    formula_count: int = 0
    merged: list[str] = field(default_factory=list)
    texts: list[tuple[str, str]] = field(default_factory=list)
    used_texts: bytearray = field(default_factory=bytearray)


def column_name(number: int) -> str:
    """Return the letters of a column counted from 1.

    >>> column_name(1), column_name(28)
    ('A', 'AB')
    """
    letters = ""
    while number > 0:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def column_number(letters: str) -> int:
    """Return the number of a column, counted from 1."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


class _Reader:
    """Handlers of one pass. Attributes are few and plain: they are touched several times for every cell."""

    def __init__(self, file: File, shared: Sequence[str], styles: Styles) -> None:
        self.sheet = Sheet(used_texts=bytearray(len(shared)))
        self._used = self.sheet.used_texts
        self._file = file
        self._shared = shared
        self._styles = styles
        self._locals: dict[str, str] = {}
        self._columns: dict[str, int] = {}
        self._row: list[Label] = []
        self._row_number = 0
        self._column = 0
        self._kind = "n"
        self._style = 0
        self._text: list[str] | None = None
        self._value: str | None = None
        self._inline: list[str] = []
        self._in_cell = False
        self._phonetic = False
        self._rows: list[_Row] = []
        self._first = 1
        self.in_sheet_data = False

    def start(self, tag: str, attributes: list[str]) -> None:
        name = self._locals.get(tag)
        if name is None:
            name = self._locals[tag] = tag.rsplit(" ", 1)[-1]
        if name == "c":
            self._start_cell(attributes)
        elif name in _TEXTUAL:
            self._text = []
        elif name == "row":
            self._start_row(dict(zip(attributes[::2], attributes[1::2], strict=True)))
        elif name == "rPh":
            self._phonetic = True
        elif name == "sheetData":
            self.in_sheet_data = tag in _SHEET_DATA
        elif name in _NOTED:
            self._noted(name, dict(zip(attributes[::2], attributes[1::2], strict=True)))

    def text(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)

    def end(self, tag: str) -> None:
        name = self._locals[tag]
        if name == "v":
            self._value = "".join(self._text or ())
            self._text = None
        elif name == "c":
            self._end_cell()
        elif name == "row":
            self._end_row()
        elif name in _TEXTUAL:
            self._end_text(name, "".join(self._text or ()))
            self._text = None
        elif name == "rPh":
            self._phonetic = False

    def _start_cell(self, attributes: list[str]) -> None:
        self._kind, self._style, self._value, self._in_cell = "n", 0, None, True
        column = self._column + 1
        for position in range(0, len(attributes), 2):
            name, value = attributes[position], attributes[position + 1]
            if name == "r":
                letters = value.rstrip(_DIGITS)
                found = self._columns.get(letters)
                if found is None:
                    found = self._columns[letters] = self._number(letters)
                column = found
            elif name == "t":
                self._kind = value
            elif name == "s":
                self._style = int(value) if value.isdigit() and len(value) < 8 else 0
        self._column = column

    def _number(self, letters: str) -> int:
        number = column_number(letters) if 0 < len(letters) <= 3 and letters.isalpha() and letters.isupper() else 0
        if not 0 < number <= self._file.limits.columns:
            raise too_large(f"has more than {self._file.limits.columns:,} columns")
        return number

    def _end_cell(self) -> None:
        self._in_cell = False
        value = self._cell()
        self._inline.clear()
        if value is None or value == "":
            return
        row, column = self._row, self._column
        missing = column - len(row)
        if missing == 1:
            row.append(value)
        elif missing > 1:
            row.extend([None] * (missing - 1))
            row.append(value)
        else:
            row[column - 1] = value
        if self._style in self._styles.unseen and len(self.sheet.unseen_cells) < _MOST_NOTED:
            self.sheet.unseen_cells.append((self._row_number, column))

    def _cell(self) -> Label:
        text = self._value
        if text is None:
            return "".join(self._inline) or None
        kind = self._kind
        if kind == "n":
            return self._numeral(text)
        if kind == "s":
            position = int(text) if text.strip().isdigit() and len(text) < 10 else len(self._shared)
            if position >= len(self._shared):
                return text
            self._used[position] = 1
            return self._shared[position]
        return text.strip() == "1" if kind == "b" else text

    def _numeral(self, text: str) -> Label:
        try:
            number = float(text)
        except ValueError:
            return text or None
        if self._style and self._style in self._styles.dates:
            return self._styles.date(number)
        return int(number) if number.is_integer() and abs(number) < 1e15 else number

    def _start_row(self, attributes: dict[str, str]) -> None:
        said = attributes.get("r", "")
        number = int(said) if said.isdigit() and len(said) <= 7 else self._row_number + 1
        blank = number - self._row_number - 1
        if number <= self._row_number or blank > _MOST_BLANK_ROWS:
            self._close()
        elif self._rows:
            self._rows.extend([()] * blank)
        if not self._rows:
            self._first = number
        self._row_number, self._column, self._row = number, 0, []
        hidden = attributes.get("hidden", "0") in {"1", "true"} or _zero(attributes.get("ht"))
        if hidden and len(self.sheet.hidden_rows) < _MOST_NOTED:
            self.sheet.hidden_rows.append(number)

    def _end_row(self) -> None:
        self._file.budget.cells(max(len(self._row), 1))
        if self._row:
            self._rows.append(tuple(self._row))
        else:
            # Formatted rows without content say nothing; a hidden one hides nothing.
            if self.sheet.hidden_rows[-1:] == [self._row_number]:
                self.sheet.hidden_rows.pop()
            if self._rows:
                self._rows.append(())

    def _close(self) -> None:
        while self._rows and not self._rows[-1]:
            self._rows.pop()
        if self._rows:
            self.sheet.grids.append((self._first, self._rows))
            self._rows = []

    def _end_text(self, name: str, text: str) -> None:
        if name == "t":
            if not self._phonetic or not self._in_cell:
                self._inline.append(text)
            elif text.strip():
                self.sheet.texts.append(("phonetic text of a cell", text))
        elif name == "f":
            self.sheet.formula_count += 1
            if text and len(self.sheet.formulas) < _MOST_NOTED:
                self.sheet.formulas.append((self._row_number, self._column, text))
        elif text.strip() and len(self.sheet.texts) < _MOST_NOTED:
            self.sheet.texts.append((_TEXTUAL[name], text))

    def _noted(self, name: str, attributes: dict[str, str]) -> None:
        if name == "col":
            width = attributes.get("width")
            if attributes.get("hidden", "0") in {"1", "true"} or _zero(width):
                low, high = (int(attributes.get(key, "0") or 0) for key in ("min", "max"))
                self.sheet.hidden_columns.append((low, high))
        elif name == "mergeCell":
            self.sheet.merged.append(attributes.get("ref", ""))
        elif name == "dataValidation":
            for key in ("prompt", "promptTitle", "error", "errorTitle"):
                if attributes.get(key):
                    self.sheet.texts.append(("a message of a validation", attributes[key]))

    def take(self, tokens: list[Token]) -> None:
        """Take the tokens of whole rows, as the quick path reads them."""
        columns = self._columns
        for letters, style, kind, formula, value, inline, attributes, slash, ended, _ in tokens:
            if letters:
                column = columns.get(letters)
                self._column = columns[letters] = self._number(letters) if column is None else column
                self._kind, self._style = kind or "n", int(style) if style else 0
                # The numbers of most cells need no more than this.
                if value and not formula and not style and self._kind == "n" and len(self._row) == self._column - 1:
                    self._row.append(self._numeral(value))
                    continue
                if formula:
                    self._end_text("f", unescaped(formula))
                self._value = unescaped(value) if value else None
                if inline:
                    self._inline.append(unescaped(inline))
                self._end_cell()
            elif ended:
                self._end_row()
            else:
                plain = attributes.startswith(' r="') and attributes.count('"') == 2
                self._start_row({"r": attributes[4:-1]} if plain else dict(ATTRIBUTE.findall(attributes)))
                if slash:
                    self._end_row()

    def done(self) -> Sheet:
        self._close()
        return self.sheet


_TEXTUAL: Final = {
    "v": "",
    "t": "",
    "f": "",
    "formula1": "the list or rule of a validation",
    "formula2": "the list or rule of a validation",
    "formula": "the rule of a conditional format",
    "sqref": "",
    **dict.fromkeys(("oddHeader", "evenHeader", "firstHeader"), "header of the printed page"),
    **dict.fromkeys(("oddFooter", "evenFooter", "firstFooter"), "footer of the printed page"),
}
_SHEET_DATA: Final = frozenset(
    f"{space} sheetData"
    for space in (
        "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
        "http://purl.oclc.org/ooxml/spreadsheetml/main",
    )
)
_NOTED: Final = frozenset({"col", "mergeCell", "dataValidation"})


def _zero(size: str | None) -> bool:
    try:
        return size is not None and float(size) < 0.2
    except ValueError:
        return False


def read_sheet(file: File, source: IO[bytes], place: str, shared: Sequence[str], styles: Styles) -> Sheet:
    """Stream one worksheet; when a limit ends it, the rows before it are kept.

    Parameters
    ----------
    shared : sequence of str
        The workbook's shared texts.
    """
    reader = _Reader(file, shared, styles)
    try:
        stream(guarded(reader.start, reader.end, reader.text), source, _WHAT)
    except OpeningError:
        file.found.grids.extend(grids_of(reader.done(), place))
        raise
    return reader.done()


def read_plain_sheet(file: File, source: IO[bytes], place: str, shared: Sequence[str], styles: Styles) -> Sheet:
    """Read one worksheet by the quick path.

    Raises
    ------
    NotPlainError
        It is not written in the grammar of the quick path; nothing was taken from the budget for its cells.
    """
    left = file.budget.cells_left
    reader = _Reader(file, shared, styles)
    try:
        plain = PlainRows(source)
        parser = guarded(reader.start, reader.end, reader.text)
        feed(parser, plain.head, _WHAT)
        if not reader.in_sheet_data:
            raise NotPlainError
        for tokens in plain.tokens():
            reader.take(tokens)
        feed(parser, plain.tail, _WHAT, last=True)
    except NotPlainError:
        file.budget.cells(file.budget.cells_left - left)
        raise
    except OpeningError:
        file.found.grids.extend(grids_of(reader.done(), place))
        raise
    return reader.done()


_WHAT = "a worksheet"


def grids_of(sheet: Sheet, place: str) -> list[Grid]:
    """Return a sheet's tables."""
    return [grid_of(place, rows, head=None, first=first) for first, rows in sheet.grids]


def filled_columns(sheet: Sheet, low: int, high: int) -> bool:
    """Tell whether any cell stands in the columns `low` to `high`."""
    return any(
        cell is not None for _, rows in sheet.grids for row in rows if len(row) >= low for cell in row[low - 1 : high]
    )


def covered_cells(sheet: Sheet) -> int:
    """Count cells with content that lie under a merged one, where nobody sees them."""
    cells: dict[int, _Row] = {first + offset: row for first, rows in sheet.grids for offset, row in enumerate(rows)}
    covered, looked_at = 0, 0
    for reference in sheet.merged:
        ends = _LETTERS.findall(reference)
        if len(ends) != 2:
            continue
        (left, top), (right, bottom) = ((column_number(a), int(b)) for a, b in ends)
        for number in range(top, bottom + 1) if bottom - top < _MOST_MERGED else sorted(cells):
            row = cells.get(number, ())
            looked_at += len(row[left - 1 : right]) + 1
            if looked_at > _MOST_MERGED:
                return covered + 1
            covered += sum(value is not None for value in row[left - 1 : right])
        covered -= cells.get(top, ())[left - 1 : left] not in {(), (None,)}
    return covered
