"""Writes files as people hand them in: tables, workbooks, notebooks, pages, pictures, documents, archives, code."""

from __future__ import annotations

import base64
import gzip
import io
import json
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

Content = Callable[[], bytes]
Rows = Sequence[Sequence[Any]]


def text(content: str) -> Content:
    """Return a file of plain text."""
    return content.encode


def delimited(rows: Rows, separator: str = ",") -> Content:
    """Return rows as CSV, or with another separator."""
    return text("".join(separator.join(str(cell) for cell in row) + "\n" for row in rows))


def frame_as(frame: Any, kind: str) -> Content:
    """Return a data frame as Parquet, pickle, Stata's or Feather's file."""

    def content() -> bytes:
        buffer = io.BytesIO()
        if kind == "parquet":
            frame.to_parquet(buffer, index=False)
        elif kind == "pickle":
            frame.to_pickle(buffer)
        elif kind == "feather":
            frame.reset_index(drop=True).to_feather(buffer)
        else:
            frame.to_stata(buffer, write_index=False)
        return buffer.getvalue()

    return content


def workbook(sheets: dict[str, Rows], hidden: Sequence[str] = (), comment: str = "", hide_column: str = "") -> Content:
    """Return an XLSX file.

    Parameters
    ----------
    hidden : sequence of str
        Sheets that do not show.
    comment : str
        A comment on the first sheet's first cell.
    hide_column : str
        A column of the first sheet that does not show.
    """

    def content() -> bytes:
        from openpyxl import Workbook
        from openpyxl.comments import Comment

        book = Workbook()
        book.remove(book.active)
        for name, rows in sheets.items():
            sheet = book.create_sheet(name)
            for row in rows:
                sheet.append(list(row))
            if name in hidden:
                sheet.sheet_state = "hidden"
        first = book.worksheets[0]
        if comment:
            first["A1"].comment = Comment(comment, "author")
        if hide_column:
            first.column_dimensions[hide_column].hidden = True
        buffer = io.BytesIO()
        book.save(buffer)
        return buffer.getvalue()

    return content


def notebook(outputs: Sequence[dict[str, Any]] = (), source: str = "df.head()", **metadata: Any) -> Content:
    """Return an IPYNB file with one cell of code and its outputs."""
    cell = {
        "cell_type": "code",
        "id": "a1",
        "execution_count": 1,
        "metadata": {},
        "source": source,
        "outputs": list(outputs),
    }
    document = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": [cell]}
    return text(json.dumps(document))


def stream(printed: str) -> dict[str, Any]:
    """Return an output that was printed."""
    return {"output_type": "stream", "name": "stdout", "text": printed}


def shown(html: str, plain: str = "table") -> dict[str, Any]:
    """Return an output that is shown as HTML."""
    return {
        "output_type": "execute_result",
        "execution_count": 1,
        "metadata": {},
        "data": {"text/html": html, "text/plain": plain},
    }


def page_of(body: str) -> Content:
    """Return an HTML page."""
    return text(f"<!DOCTYPE html><html><head><title>Results</title></head><body>{body}</body></html>")


def html_table(rows: Rows) -> str:
    """Return rows as an HTML table."""
    cells = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table>{cells}</table>"


def data_uri(content: str) -> str:
    """Return a link whose address is a CSV file."""
    return f'<a href="data:text/csv;base64,{base64.b64encode(content.encode()).decode()}">data</a>'


def chart(kind: str, heights: Sequence[float], labels: Sequence[str], note: str = "") -> Content:
    """Return a bar chart as PNG, JPEG, SVG or PDF, with a note in the file's metadata."""

    def content() -> bytes:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=(4, 3), dpi=60)
        FigureCanvasAgg(figure)
        axes = figure.subplots()
        axes.bar(list(labels), list(heights))
        axes.set_ylabel("mean wage")
        buffer = io.BytesIO()
        if kind == "jpeg":
            figure.savefig(buffer, format="png")
            return _as_jpeg(buffer.getvalue(), note)
        key = {"png": "Description", "svg": "Description", "pdf": "Subject"}[kind]
        figure.savefig(buffer, format=kind, metadata={key: note} if note else None)
        return buffer.getvalue()

    return content


def _as_jpeg(png: bytes, note: str) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    image = Image.open(io.BytesIO(png)).convert("RGB")
    image.save(buffer, format="JPEG", **({"comment": note.encode()} if note else {}))
    return buffer.getvalue()


def scatter(points: Sequence[tuple[float, float]]) -> Content:
    """Return a drawing with one circle per person at that person's own values."""
    circles = "".join(f'<circle cx="{x}" cy="{y}" r="2"/>' for x, y in points)
    return text(f'<svg xmlns="http://www.w3.org/2000/svg" width="400" height="300">{circles}</svg>')


def document(printed: Sequence[str], attached: tuple[str, bytes] | None = None) -> Content:
    """Return a PDF with lines of text, and perhaps a file attached."""

    def content() -> bytes:
        from matplotlib.figure import Figure
        from pypdf import PdfReader, PdfWriter

        figure = Figure(figsize=(6, 4))
        for number, line in enumerate(printed):
            figure.text(0.05, 0.9 - 0.06 * number, line, family="DejaVu Sans Mono", fontsize=9)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="pdf")
        writer = PdfWriter()
        writer.append(PdfReader(buffer))
        if attached is not None:
            writer.add_attachment(*attached)
        result = io.BytesIO()
        writer.write(result)
        return result.getvalue()

    return content


def archive(files: dict[str, Content]) -> Content:
    """Return a ZIP file."""

    def content() -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
            for name, inner in files.items():
                target.writestr(name, inner())
        return buffer.getvalue()

    return content


def gzipped(inner: Content) -> Content:
    """Return a gzip file."""
    return lambda: gzip.compress(inner())


def latex(rows: Rows) -> Content:
    """Return a table in LaTeX."""
    lines = " \\\\\n".join(" & ".join(str(cell) for cell in row) for row in rows)
    return text(f"\\begin{{tabular}}{{{'l' * len(rows[0])}}}\n\\hline\n{lines} \\\\\n\\hline\n\\end{{tabular}}\n")


def markdown(rows: Rows, around: str = "") -> Content:
    """Return a table in Markdown."""
    head, *rest = ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    rule = "|" + "---|" * len(rows[0])
    return text("\n".join([around, "", head, rule, *rest, ""]))
