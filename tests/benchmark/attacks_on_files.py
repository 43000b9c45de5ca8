"""Attacks on files: open them with ordinary means, and read on where the victim's number stands."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import json
import re
import zipfile
from typing import Any

from tests.benchmark.model import Known, Released


def reads_after_the_id(released: Released, known: Known) -> Any:
    """Find the number that everybody can know of the victim, and read the number that stands after it."""
    text = _text(released.file, known.get("how", "text"))
    found = re.search(rf"(?<!\d){re.escape(str(known['key']))}(?!\d)(?:\.0\b)?[^\d-]*?(-?\d+(?:\.\d+)?)", text)
    return None if found is None else float(found[1])


def _text(data: bytes, how: str) -> str:
    """Return everything in a file as text, also what does not show."""
    if how == "workbook":
        return _workbook(data)
    if how == "archive":
        with zipfile.ZipFile(io.BytesIO(data)) as target:
            inner = [(name, target.read(name)) for name in target.namelist()]
        return "\n".join(_text(part, "archive" if name.endswith(".zip") else "text") for name, part in inner)
    if how == "gzip":
        return gzip.decompress(data).decode()
    if how == "data uri":
        found = re.search(rb"base64,([A-Za-z0-9+/=]+)", data)
        return "" if found is None else base64.b64decode(found[1]).decode()
    if how in {"attachment", "document"}:
        return _document(data, how)
    if how in {"parquet", "pickle", "feather", "stata"}:
        return _frame(data, how)
    if how == "notebook":
        # Output lines are JSON strings; what a person sees has its line ends.
        return json.dumps(json.loads(data), ensure_ascii=False).replace("\\n", "\n")
    return data.decode("latin-1")


def _workbook(data: bytes) -> str:
    from openpyxl import load_workbook

    parts = []
    for sheet in load_workbook(io.BytesIO(data)).worksheets:
        for row in sheet.iter_rows():
            parts.append(" ".join(str(cell.value) for cell in row))
            parts += [cell.comment.text for cell in row if cell.comment is not None]
    return "\n".join(parts)


def _document(data: bytes, how: str) -> str:
    from pypdf import PdfReader

    reader = PdfReader(io.BytesIO(data))
    if how == "attachment":
        return "\n".join(part.decode() for parts in reader.attachments.values() for part in parts)
    return "\n".join(page.extract_text() for page in reader.pages)


def _frame(data: bytes, how: str) -> str:
    import pandas as pd

    read: dict[str, Any] = {
        "parquet": pd.read_parquet,
        "pickle": pd.read_pickle,
        "feather": pd.read_feather,
        "stata": pd.read_stata,
    }
    buffer = io.StringIO()
    read[how](io.BytesIO(data)).to_csv(buffer, index=False)
    return buffer.getvalue()


def _cells(data: bytes) -> list[list[str]]:
    """Return the cells of a table in CSV, LaTeX, Markdown, HTML or aligned text."""
    text = data.decode("latin-1")
    if "<td>" in text:
        return [re.findall(r"<td>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", text)]
    for separator in ("|", "&"):
        if separator in text:
            lines = [line.replace("\\\\", "").strip().strip("|") for line in text.splitlines() if separator in line]
            return [[cell.strip() for cell in line.split(separator)] for line in lines]
    if "," in text:
        return [list(row) for row in csv.reader(io.StringIO(text))]
    return [line.split() for line in text.splitlines()]


def counts_the_others_away(released: Released, known: Known) -> Any:
    """Take the others, whose categories are known, off the counts of a row: the category left is the victim's.

    The head names the categories; blank cells stay out.
    """
    cells = _cells(released.file)
    head = next(row for row in cells if known["categories"][0] in row)
    row = next(row for row in cells if row and row[0] == known["row"])
    left = []
    for category in known["categories"]:
        count = int(row[head.index(category)]) - sum(other == category for other in known["others"])
        left += [category] if count > 0 else []
    return left[0] if len(left) == 1 else None


def solves_a_blank(released: Released, known: Known) -> Any:
    """Take the visible cells of a row off its total."""
    row = next(row for row in _cells(released.file) if row and row[0] == known["row"])
    numbers = [int(cell) for cell in row[1:] if cell.isdigit()]
    return numbers[-1] - sum(numbers[:-1])


def reads_the_row(released: Released, known: Known) -> Any:
    """Read the last number of a row."""
    row = next(row for row in _cells(released.file) if row and row[0] == known["row"])
    return float(row[-1])


def finds_the_person_by_traits(released: Released, known: Known) -> Any:
    """Find the only row with the victim's visible traits, and read the last column."""
    wanted = {str(trait) for trait in known["traits"]}
    rows = [row for row in _cells(released.file) if wanted <= set(row)]
    return float(rows[0][-1]) if len(rows) == 1 else None


def reads_a_point(released: Released, known: Known) -> Any:
    """Find the point at the known abscissa, and read its ordinate."""
    text = released.file.decode()
    found = re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', text)
    heights = [float(y) for x, y in found if float(x) == known["x"]]
    return heights[0] if len(heights) == 1 else None
