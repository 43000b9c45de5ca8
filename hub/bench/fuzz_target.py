"""What is fuzzed, and from which valid files: ``python -m ... TYPE [options of libFuzzer]``."""

from __future__ import annotations

import gzip
import io
import json
import sys
import zipfile
from functools import cache
from typing import Any

from saferoom.disclosure.files.openers import OpenLimits

LIMITS = OpenLimits(cells=50_000, text_characters=1_000_000, pixels=2_000_000, expanded_bytes=16 << 20, marks=20_000)
_TABLE = b"region,n,mean\nNorth,120,12.5\nSouth,140,13.25\n"


@cache
def seeds() -> dict[str, bytes]:
    """Return one valid file of every type, by the extension it is called by."""
    page = b'<!doctype html><p hidden>a<table><tr><th>n<td colspan="2">120</table><!-- b --><script>1</script>'
    return {
        "csv": _TABLE,
        "txt": b"Table 1\n\nregion     n\nNorth    120\nSouth    140\n",
        "md": b"# Results\n\n| region | n |\n|---|---|\n| North | 120 |\n\n<!-- c -->\n",
        "tex": b"\\begin{tabular}{lr}\nNorth & 120 \\\\ % c\n\\end{tabular}\n",
        "json": json.dumps({"rows": [{"n": 120, "of": {"x": 1}}], "columns": ["a"], "data": [[1]]}).encode(),
        "ipynb": _notebook(page.decode()),
        "html": page,
        "zip": _zip({"a.csv": _TABLE, "b/c.txt": b"words\n"}),
        "gz": gzip.compress(_TABLE),
        "xlsx": _workbook(),
        "ods": _spreadsheet(),
        **_figures(),
    }


def _zip(entries: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    # Stored, so that mutations reach what is inside.
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return out.getvalue()


def _notebook(page: str) -> bytes:
    shown = {"output_type": "display_data", "metadata": {}, "data": {"text/html": page, "text/plain": "n 120"}}
    cell = {"cell_type": "code", "source": ["1"], "metadata": {}, "outputs": [shown]}
    words = {"cell_type": "markdown", "source": "# A", "metadata": {}, "attachments": {"a": {"text/plain": "b"}}}
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell, words]}).encode()


def _workbook() -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    page: Any = book.active
    for row in (["region", "n"], ["North", 120], ["South", 140]):
        page.append(row)
    page["C2"] = "=A2&B2"
    page.row_dimensions[3].hidden = True
    out = io.BytesIO()
    book.save(out)
    with zipfile.ZipFile(out) as archive:
        return _zip({name: archive.read(name) for name in archive.namelist()})


def _spreadsheet() -> bytes:
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    cell = '<table:table-cell office:value-type="float" office:value="120"><text:p>120</text:p></table:table-cell>'
    body = f'<table:table table:name="S"><table:table-row>{cell}</table:table-row></table:table>'
    content = (
        f"<office:document-content {spaces}><office:body><office:spreadsheet>{body}</office:spreadsheet>"
        "</office:body></office:document-content>"
    )
    return _zip({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": content.encode()})


def _figures() -> dict[str, bytes]:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2, 1))
    figure.subplots().bar(["a", "b"], [120, 140])
    found = {}
    for kind in ("png", "jpg", "svg", "pdf"):
        out = io.BytesIO()
        figure.savefig(out, format=kind, dpi=30)
        found[kind] = out.getvalue()
    return found


def main() -> None:
    """Fuzz the type that the first argument names."""
    import atheris

    kind = sys.argv[1]
    seeds()
    for module in [name for name in sys.modules if name.startswith("saferoom.disclosure.files")]:
        del sys.modules[module]
    with atheris.instrument_imports(include=["saferoom.disclosure.files"]):
        from saferoom.disclosure.files.openers import OpenLimits as Limits
        from saferoom.disclosure.files.openers import open_file as instrumented

        limits = Limits(**vars(LIMITS))
        # Openers are imported when a file of their kind comes: now, so that they are watched too.
        instrumented(f"output.{kind}", seeds()[kind], limits)

    def target(data: bytes) -> None:
        instrumented(f"output.{kind}", data, limits)

    atheris.Setup([sys.argv[0], *sys.argv[2:]], target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
