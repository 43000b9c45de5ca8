"""The one table that a file is, where it is nothing else: no note, no second table, nothing read kindly."""

from __future__ import annotations

import csv
import io
from typing import Literal

from saferoom.disclosure.files.model import Grid, Opened

PLAIN = frozenset({"csv", "tsv"})
_DELIMITERS = ",\t;|"
_QUOTING: tuple[Literal[0, 1], ...] = (csv.QUOTE_MINIMAL, csv.QUOTE_ALL)


def only_table(kind: str, data: bytes, opened: Opened) -> tuple[Grid | None, str]:
    """Return the table that a file of delimited lines is, or None and why it is none alone.

    Notes
    -----
    Only CSV and TSV can be taken at their word: written again by a program, the table gives the same bytes. Other
    formats (workbooks, pages, notebooks) hold styles, times and structure that no query explains.
    """
    if opened.concealed or opened.inner or opened.pictures or opened.findings:
        return None, "the whole file (something in it is no table)"
    if kind not in PLAIN:
        return None, f"the whole file ({kind}; only CSV and TSV files have nothing beside their table)"
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None, "the whole file (it is not UTF-8)"
    for delimiter in _DELIMITERS:
        rows = _rows(text, delimiter)
        if rows and len(rows) > 1 and len({len(row) for row in rows}) == 1 and _rewritten(rows, text, delimiter):
            return Grid("the whole file", tuple(rows[0]), tuple(tuple(row) for row in rows[1:]), 2), ""
    return None, "the whole file (lines of different length, blank lines, or quotation marks that nothing asks for)"


def _rows(text: str, delimiter: str) -> list[list[str]]:
    if delimiter not in text.partition("\n")[0]:
        return []
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error:
        return []


def _rewritten(rows: list[list[str]], text: str, delimiter: str) -> bool:
    """Say whether writing the rows in one of the usual ways gives the same text."""
    for end in ("\n", "\r\n"):
        for quoting in _QUOTING:
            out = io.StringIO(newline="")
            csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator=end).writerows(rows)
            if text in {out.getvalue(), out.getvalue().removesuffix(end)}:
                return True
        if (
            text.replace("\r\n", "\n").rstrip("\n") == _words_quoted(rows, delimiter)
            and (end in text)
            and _one_end(text, end)
        ):
            return True
    return False


def _words_quoted(rows: list[list[str]], delimiter: str) -> str:
    """Return the rows as R writes them: words in quotation marks, numbers without."""

    def cell(text: str) -> str:
        return text if _number(text) or text in {"", "NA"} else '"' + text.replace('"', '""') + '"'

    return "\n".join(delimiter.join(cell(text) for text in row) for row in rows)


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text.strip() == text


def _one_end(text: str, end: str) -> bool:
    return text.count("\n") == text.count(end) and not text.endswith(end * 2)
