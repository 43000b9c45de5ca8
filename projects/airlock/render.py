"""Writes a table as the files that leave: CSV and XLSX, the same bytes for the same table every time.

Spreadsheets run text that begins like a formula. Such text is neutralised in both formats by a leading apostrophe
(OWASP, CSV Injection); numbers stay numbers.
"""

from __future__ import annotations

import csv
import io
import math
import re
import zipfile
from datetime import datetime
from typing import cast

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from saferoom.disclosure.verdict import Label, Table
from saferoom.errors import BadInputError

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time in every archive entry, because a ZIP file knows no earlier one and no other is needed."""

LONGEST_ROWS = 100_000
"""Most rows of one output; more is a data set, not a statistic."""

# The full-width forms are formulas to spreadsheets in some locales.
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
_MODIFIED = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*(</dcterms:)")


def neutral(text: str) -> str:
    """Return `text` so that no spreadsheet takes it for a formula and no control character is in it."""
    clean = _CONTROL.sub("\ufffd", text)
    return "'" + clean if clean.startswith(_FORMULA) or clean.lstrip().startswith(_FORMULA) else clean


def check_table(table: Table) -> None:
    """Raise `BadInputError` when `table` cannot be written as it stands."""
    if len(table.rows) > LONGEST_ROWS:
        raise BadInputError(f"an output has at most {LONGEST_ROWS:,} rows; ask for fewer cells")
    if any(len(row) != len(table.columns) for row in table.rows):
        raise BadInputError("the table is ragged: a row has more or fewer values than there are columns")
    if any(isinstance(value, float) and not math.isfinite(value) for row in table.rows for value in row):
        raise BadInputError("the table has a value that is not a finite number; leave its cell out")


def to_csv(table: Table) -> bytes:
    """Return `table` as CSV (RFC 4180, UTF-8); a missing value is an empty field."""
    check_table(table)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([neutral(name) for name in table.columns])
    writer.writerows([field_of(value) for value in row] for row in table.rows)
    return text.getvalue().encode("utf-8")


def field_of(value: Label) -> str:
    """Return a value as a field of a CSV file."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return neutral(value) if isinstance(value, str) else repr(value)


def to_xlsx(table: Table) -> bytes:
    """Return `table` as an XLSX workbook with one sheet, free of times, authors and formulas."""
    check_table(table)
    book = Workbook(write_only=True)
    sheet = cast("WriteOnlyWorksheet", book.create_sheet("table"))
    sheet.append([_cell(sheet, name) for name in table.columns])
    for row in table.rows:
        sheet.append([_cell(sheet, value) for value in row])
    book.properties.creator = "Saferoom"
    data = io.BytesIO()
    book.save(data)
    return _timeless(data.getvalue())


def _cell(sheet: WriteOnlyWorksheet, value: Label) -> WriteOnlyCell:
    cell = WriteOnlyCell(sheet, value=neutral(value) if isinstance(value, str) else value)
    if isinstance(value, str):
        cell.data_type = "s"
    return cell


def _timeless(workbook: bytes) -> bytes:
    """Return the workbook with one fixed time in its properties and in its archive."""
    fixed = datetime(*EPOCH).strftime("%Y-%m-%dT%H:%M:%SZ").encode()  # noqa: DTZ001 - a constant, not a time
    entries: list[tuple[str, bytes]] = []
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        for name in sorted(archive.namelist(), key=lambda name: (name != "[Content_Types].xml", name)):
            content = archive.read(name)
            if name == "docProps/core.xml":
                content = _MODIFIED.sub(rb"\g<1>" + fixed + rb"\g<3>", content)
            entries.append((name, content))
    return archive_of(entries)


def archive_of(entries: list[tuple[str, bytes]]) -> bytes:
    """Return a ZIP archive of `entries` in their order, the same bytes for the same entries."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in entries:
            info = zipfile.ZipInfo(name, EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3
            info.external_attr = 0o100644 << 16
            archive.writestr(info, content)
    return data.getvalue()
