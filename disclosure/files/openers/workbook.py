"""XLSX workbooks: every sheet, and every part of the package that a person who opens the workbook does not see."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from saferoom.disclosure.files.openers.archive import Package
from saferoom.disclosure.files.openers.base import File, shown, unreadable
from saferoom.disclosure.files.openers.characters import invisible
from saferoom.disclosure.files.openers.delimited import is_formula
from saferoom.disclosure.files.openers.parts import read_part
from saferoom.disclosure.files.openers.rows import NotPlainError
from saferoom.disclosure.files.openers.sheets import (
    Sheet,
    column_name,
    covered_cells,
    filled_columns,
    grids_of,
    read_plain_sheet,
    read_sheet,
)
from saferoom.disclosure.files.openers.styles import Styles, styles_of
from saferoom.disclosure.files.openers.xml import guarded, local, stream, tree
from saferoom.disclosure.verdict import Verdict

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_WORKSHEET: Final = re.compile(r"xl/(?:work|chart|dialog|macro)sheets/[^/]+\.xml")
_BUILT_IN: Final = re.compile(r"_xlnm\.(?:Print_Area|Print_Titles|_FilterDatabase|Criteria|Extract)")
_OUTWARD: Final = re.compile(
    r"\[\d+\]|https?:|\\\\|\b(?:WEBSERVICE|HYPERLINK|FILTERXML|RTD|CALL|EXEC|REGISTER|DDE)\s*\(", re.I
)
_MOST_NAMED = 5


@dataclass
class _Book:
    """What the workbook part says: its sheets by the part that holds them."""

    names: dict[str, tuple[str, str]] = field(default_factory=dict)
    shared: list[str] = field(default_factory=list)
    styles: Styles = field(default_factory=Styles)


def read(file: File) -> None:
    """Open a workbook."""
    with Package(file) as package:
        book = _book(file, package)
        used = bytearray(len(book.shared))
        for part in package.names:
            if _WORKSHEET.fullmatch(part):
                sheet = _sheet(file, package, part, book)
                used = bytearray(a | b for a, b in zip(used, sheet.used_texts, strict=True)) if used else used
            elif part not in _MAIN_PARTS:
                read_part(file, package, part)
        _orphans(file, [text for text, one in zip(book.shared, used, strict=True) if not one and text.strip()])


_MAIN_PARTS: Final = frozenset(
    {"xl/workbook.xml", "xl/styles.xml", "xl/sharedStrings.xml", "xl/_rels/workbook.xml.rels"}
)


def _book(file: File, package: Package) -> _Book:
    root = tree(package.read("xl/workbook.xml"), "a workbook", file.limits.nesting)
    targets = _targets(file, package)
    book = _Book()
    since_1904 = False
    for element in root.iter():
        name = local(element.tag)
        if name == "sheet":
            link = next((value for key, value in element.attrib.items() if local(key) == "id"), "")
            book.names[targets.get(link, "")] = (element.get("name", ""), element.get("state", "visible"))
        elif name == "definedName":
            _defined_name(file, element)
        elif name == "workbookPr":
            since_1904 = element.get("date1904", "0") in {"1", "true"}
        elif name == "fileSharing" or (name == "workbookProtection" and element.get("lockStructure") in {"1", "true"}):
            file.conceal("the workbook", "protection that keeps people from showing what is hidden", Verdict.REVIEW)
    if "xl/styles.xml" in package.names:
        styles = tree(package.read("xl/styles.xml"), "a workbook's styles", file.limits.nesting)
        book.styles = styles_of(styles, since_1904=since_1904)
    if "xl/sharedStrings.xml" in package.names:
        book.shared = _shared_texts(file, package)
    return book


def _targets(file: File, package: Package) -> dict[str, str]:
    """Return the parts that the workbook points to, by the ids of the pointers."""
    name = "xl/_rels/workbook.xml.rels"
    if name not in package.names:
        raise unreadable("a workbook", "without its list of sheets")
    found = {}
    for element in tree(package.read(name), "a workbook's list of sheets", file.limits.nesting):
        target = element.get("Target", "")
        part = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        found[element.get("Id", "")] = part
        if element.get("TargetMode") == "External":
            file.conceal("the workbook", "a link to something outside the file")
    return found


def _defined_name(file: File, element: Element) -> None:
    name, text = element.get("name", ""), element.text or ""
    if _BUILT_IN.fullmatch(name) and re.fullmatch(r"[^\"\[{]{0,500}", text):
        return
    hidden = element.get("hidden", "0") in {"1", "true"}
    # A name for cells of the workbook shows no more than they do; one that holds a value is a cell nobody sees.
    points = re.fullmatch(r"(?:'[^'\[]+'|[\w.]+)!\$?[A-Z]*\$?\d*(?::\$?[A-Z]*\$?\d*)?", text)
    severity = Verdict.REVIEW if points and not hidden else Verdict.FAIL
    file.conceal("the workbook", f"a {'hidden ' if hidden else ''}defined name", severity)
    file.passage("a defined name of the workbook", f"{name} = {text}")


def _shared_texts(file: File, package: Package) -> list[str]:
    texts: list[str] = []
    parts: list[str] = []
    locals_: dict[str, str] = {}
    state = {"text": False, "phonetic": False}

    def start(tag: str, _: list[str]) -> None:
        name = locals_.setdefault(tag, tag.rsplit(" ", 1)[-1])
        if name == "t":
            state["text"] = True
        elif name == "rPh":
            state["phonetic"] = True

    def end(tag: str) -> None:
        name = locals_[tag]
        if name == "t":
            state["text"] = False
        elif name == "rPh":
            state["phonetic"] = False
        elif name == "si":
            texts.append("".join(parts))
            file.budget.characters(len(texts[-1]) + 1)
            parts.clear()

    def text(data: str) -> None:
        if state["text"] and not state["phonetic"]:
            parts.append(data)

    with package.open("xl/sharedStrings.xml") as source:
        stream(guarded(start, end, text), source, "a workbook's texts")
    return texts


def _sheet(file: File, package: Package, part: str, book: _Book) -> Sheet:
    name, state = book.names.get(part, ("", "not listed"))
    place = f"sheet '{shown(name)}'" if name else f"part {shown(part)}"
    if "worksheets" not in part:
        what = "a sheet of macros or dialogs" if "chartsheets" not in part else ""
        if what:
            file.conceal(place, what)
    if state != "visible":
        said = {"hidden": "a hidden sheet", "veryHidden": "a sheet hidden so that no menu shows it"}
        file.conceal(place, said.get(state, "a sheet that the workbook does not list"))
    try:
        with package.open(part) as source:
            sheet = read_plain_sheet(file, source, place, book.shared, book.styles)
    except NotPlainError:
        with package.open(part) as source:
            sheet = read_sheet(file, source, place, book.shared, book.styles)
    file.found.grids.extend(grids_of(sheet, place))
    _hidden(file, place, sheet)
    _texts(file, place, sheet)
    return sheet


def _hidden(file: File, place: str, sheet: Sheet) -> None:
    if sheet.hidden_rows:
        file.conceal(place, f"hidden rows ({_some(map(str, sheet.hidden_rows))})")
    columns = [(low, high) for low, high in sheet.hidden_columns if filled_columns(sheet, low, high)]
    if columns:
        named = _some(
            f"{column_name(low)} to {column_name(high)}" if high > low else column_name(low) for low, high in columns
        )
        file.conceal(place, f"hidden columns ({named})")
    if sheet.unseen_cells:
        named = _some(f"{column_name(column)}{row}" for row, column in sheet.unseen_cells)
        file.conceal(place, f"cells whose format shows nothing ({named})")
    covered = covered_cells(sheet)
    if covered > 0:
        file.conceal(place, "cells with content under merged cells")


def _texts(file: File, place: str, sheet: Sheet) -> None:
    if sheet.formula_count:
        first = [f"{column_name(column)}{row}" for row, column, _ in sheet.formulas]
        # What a formula was made from stands in other cells of the file, unless it reaches out of it.
        file.conceal(place, f"formulas behind the numbers ({_some(first) or 'shared'})", Verdict.REVIEW)
        for row, column, text in sheet.formulas:
            if _OUTWARD.search(text) or (is_formula("=" + text) and "|" in text):
                file.conceal(f"{place}, cell {column_name(column)}{row}", "a formula that reaches out of the file")
        file.passage(f"{place}, formulas", "\n".join(text for *_, text in sheet.formulas), is_code=True)
    for what, text in sheet.texts:
        if "page" not in what:
            severity = Verdict.REVIEW if "format" in what else Verdict.FAIL
            file.conceal(place, what, severity)
        file.passage(f"{place}, {what}", text)
    seen = next((found for grid in file.found.grids[-3:] for row in grid.rows[:5_000] for cell in row
                 if isinstance(cell, str) and not cell.isascii() and (found := invisible(cell))), None)  # fmt: skip
    if seen:
        file.conceal(place, seen)


def _orphans(file: File, texts: Sequence[str]) -> None:
    if texts:
        file.conceal("the workbook", "texts that no cell shows any more (left over from deleted cells)")
        file.passage("texts of the workbook that no cell shows", "\n".join(texts))


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    more = f" and {len(listed) - _MOST_NAMED:,} more" if len(listed) > _MOST_NAMED else ""
    return ", ".join(listed[:_MOST_NAMED]) + more
