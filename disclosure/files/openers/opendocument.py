"""ODS spreadsheets: every sheet, hidden ones and hidden rows and columns too, and what else the package holds."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from saferoom.disclosure.files.openers.archive import Package
from saferoom.disclosure.files.openers.base import File, OpeningError, grid_of, shown, too_large, unreadable
from saferoom.disclosure.files.openers.parts import words_of
from saferoom.disclosure.files.openers.xml import guarded, local, stream, tree
from saferoom.disclosure.verdict import Label, Verdict

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_Row = tuple[Label, ...]
_HARMLESS: Final = re.compile(r"mimetype|META-INF/manifest\.xml|manifest\.rdf|styles\.xml|Configurations2/.*")
_GENERATED: Final = frozenset(
    {"generator", "creation-date", "date", "document-statistic", "editing-duration", "editing-cycles"}
)
_MOST_EMPTY_ROWS = 50


def read(file: File) -> None:
    """Open a spreadsheet."""
    with Package(file) as package:
        if "content.xml" not in package.names:
            raise unreadable("a spreadsheet", "without its content")
        if "META-INF/manifest.xml" in package.names:
            _manifest(tree(package.read("META-INF/manifest.xml"), "a spreadsheet's list", file.limits.nesting))
        with package.open("content.xml") as source:
            reader = _Reader(file)
            stream(guarded(reader.start, reader.end, reader.text), source, "a spreadsheet")
        for name in package.names:
            if name != "content.xml" and not _HARMLESS.fullmatch(name):
                _part(file, package, name)


def _manifest(root: Element) -> None:
    if any(local(element.tag) == "encryption-data" for element in root.iter()):
        raise OpeningError("encrypted", "is encrypted, so nobody can check it", "Save it without a password.")


def _part(file: File, package: Package, name: str) -> None:
    place = f"part {shown(name)}"
    data = package.read(name)
    if name == "meta.xml":
        root = tree(data, "a spreadsheet's properties", file.limits.nesting)
        said = [e for e in root.iter() if local(e.tag) not in _GENERATED and (e.text or "").strip()]
        if said:
            grave = any(local(e.tag) == "user-defined" for e in said)
            file.conceal(
                "the document properties", "author, title and the like", Verdict.FAIL if grave else Verdict.REVIEW
            )
            file.passage("the document properties", "\n".join((e.text or "").strip() for e in said))
    elif name == "settings.xml":
        file.passage(place, words_of(tree(data, "a spreadsheet's settings", file.limits.nesting)))
    elif name.startswith("Pictures/"):
        file.open_inner(file, name.rsplit("/", 1)[-1], data)
    else:
        what = "a small picture of an earlier state" if name.startswith("Thumbnails/") else "an embedded object"
        what = "macros" if name.startswith(("Basic/", "Scripts/")) else what
        file.conceal(place, what, Verdict.REVIEW if name.startswith("Thumbnails/") else Verdict.FAIL)
        file.open_inner(file, name.rsplit("/", 1)[-1], data)


@dataclass
class _Table:
    """The sheet that is being read."""

    place: str
    rows: list[_Row] = field(default_factory=list)
    first: int = 1
    number: int = 0
    hidden_rows: int = 0
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    column: int = 0


_CONCEALING: Final = {
    "tracked-changes": "a history of changes",
    "cell-range-source": "a link to another file",
    "dde-link": "a link to another program",
    "script": "a script",
    "event-listener": "a script",
    "named-expression": "a defined name",
    "data-pilot-table": "a pivot table",
    "object-ole": "an embedded object",
    "content-validation": "the rule of a validation",
}


class _Reader:
    """Handlers of one pass over the content."""

    def __init__(self, file: File) -> None:
        self._file = file
        self._names: dict[str, str] = {}
        self._hidden_styles: set[str] = set()
        self._style = ""
        self._table: _Table | None = None
        self._row: list[Label] = []
        self._row_times = 1
        self._row_hidden = False
        self._cell_times = 1
        self._value: Label = None
        self._text: list[str] = []
        self._notes: list[str] = []
        self._note = self._changes = 0
        self._other: list[str] = []

    def start(self, tag: str, attributes: list[str]) -> None:
        name = self._names.setdefault(tag, tag.rsplit(" ", 1)[-1])
        if name in {"table-cell", "covered-table-cell"} and self._table is not None:
            self._start_cell(_locals(attributes), covered=name.startswith("covered"))
        elif name in _CONCEALING:
            self._file.conceal(self._table.place if self._table else "the spreadsheet", _CONCEALING[name])
            self._other += [value for value in attributes[1::2] if value]
            self._changes += name == "tracked-changes"
        elif name == "annotation":
            self._note += 1
        elif name == "p" and self._text and not self._note:
            self._text.append("\n")
        elif name in _STARTS:
            getattr(self, _STARTS[name])(_locals(attributes))

    def text(self, data: str) -> None:
        if self._note or self._changes:
            self._notes.append(data)
        elif self._table is not None:
            self._text.append(data)

    def end(self, tag: str) -> None:
        name = self._names[tag]
        if name in {"table-cell", "covered-table-cell"} and self._table is not None:
            self._end_cell()
        elif name == "table-row" and self._table is not None:
            self._end_row(self._table)
        elif name == "table" and self._table is not None:
            self._end_table(self._table)
        elif name == "annotation":
            self._note -= 1
            place = self._table.place if self._table else "the spreadsheet"
            self._file.conceal(place, "comments on cells")
            self._file.passage(f"{place}, comments", "".join(self._notes))
            self._notes.clear()
        elif name == "tracked-changes":
            self._changes -= 1
        elif name == "spreadsheet":
            self._file.passage("links and names of the spreadsheet", "\n".join([*self._other, *self._notes]))

    def start_style(self, attributes: dict[str, str]) -> None:
        self._style = attributes.get("name", "")

    def start_table_properties(self, attributes: dict[str, str]) -> None:
        if attributes.get("display") == "false":
            self._hidden_styles.add(self._style)

    def start_table(self, attributes: dict[str, str]) -> None:
        self._table = _Table(f"sheet '{shown(attributes.get('name', ''))}'")
        if attributes.get("style-name") in self._hidden_styles:
            self._file.conceal(self._table.place, "a hidden sheet")

    def start_column(self, attributes: dict[str, str]) -> None:
        if self._table is not None:
            low, times = self._table.column, _times(attributes, "number-columns-repeated")
            self._table.column += times
            if attributes.get("visibility", "visible") != "visible":
                self._table.hidden_columns.append((low, low + times))

    def start_row(self, attributes: dict[str, str]) -> None:
        self._row = []
        self._row_times = _times(attributes, "number-rows-repeated")
        self._row_hidden = attributes.get("visibility", "visible") != "visible"

    def _start_cell(self, attributes: dict[str, str], *, covered: bool) -> None:
        self._cell_times = _times(attributes, "number-columns-repeated")
        self._text.clear()
        self._value = _value(attributes)
        if covered and self._value is not None and self._table is not None:
            self._file.conceal(self._table.place, "cells with content under merged cells")
        if "formula" in attributes and self._table is not None:
            self._file.conceal(self._table.place, "formulas behind the numbers", Verdict.REVIEW)
            self._other.append(attributes["formula"])

    def _end_cell(self) -> None:
        value = self._value if self._value is not None else ("".join(self._text) or None)
        if value is None:
            # Blank cells count only when something follows them.
            self._row.extend([None] * min(self._cell_times, self._file.limits.columns - min(len(self._row), 1)))
            return
        if len(self._row) + self._cell_times > self._file.limits.columns:
            raise too_large(f"has more than {self._file.limits.columns:,} columns")
        self._row.extend([value] * self._cell_times)

    def _end_row(self, table: _Table) -> None:
        while self._row and self._row[-1] is None:
            self._row.pop()
        if len(self._row) > self._file.limits.columns:
            raise too_large(f"has more than {self._file.limits.columns:,} columns")
        if not self._row:
            self._file.budget.cells(1)
            if self._row_times > _MOST_EMPTY_ROWS:
                self._close(table)
            elif table.rows:
                table.rows.extend([()] * self._row_times)
            table.number += self._row_times
            return
        self._file.budget.cells(len(self._row) * self._row_times)
        if not table.rows:
            table.first = table.number + 1
        table.rows.extend([tuple(self._row)] * self._row_times)
        table.hidden_rows += self._row_times if self._row_hidden else 0
        table.number += self._row_times

    def _close(self, table: _Table) -> None:
        while table.rows and not table.rows[-1]:
            table.rows.pop()
        if table.rows:
            self._file.found.grids.append(grid_of(table.place, table.rows, head=None, first=table.first))
            hidden = [(a, b) for a, b in table.hidden_columns if any(c is not None for r in table.rows for c in r[a:b])]
            if hidden:
                self._file.conceal(table.place, "hidden columns")
            table.rows = []

    def _end_table(self, table: _Table) -> None:
        self._close(table)
        if table.hidden_rows:
            self._file.conceal(table.place, f"hidden rows ({table.hidden_rows:,})")
        self._table = None


_STARTS: Final = {
    "style": "start_style",
    "table-properties": "start_table_properties",
    "table": "start_table",
    "table-column": "start_column",
    "table-row": "start_row",
}


def _locals(attributes: list[str]) -> dict[str, str]:
    names = (name.rsplit(" ", 1)[-1] for name in attributes[::2])
    return dict(zip(names, attributes[1::2], strict=True))


def _times(attributes: dict[str, str], name: str) -> int:
    said = attributes.get(name, "1")
    return max(1, min(int(said), 1 << 24)) if said.isdigit() and len(said) < 12 else 1


def _value(attributes: dict[str, str]) -> Label:
    sort = attributes.get("value-type", "")
    if sort in {"float", "percentage", "currency"}:
        try:
            number = float(attributes.get("value", ""))
        except ValueError:
            return None
        return int(number) if number.is_integer() and abs(number) < 1e15 else number
    if sort == "boolean":
        return attributes.get("boolean-value") == "true"
    return attributes.get("date-value") or attributes.get("time-value") or attributes.get("string-value")
