"""The files of the `check` benchmark: a CSV of 5,000 rows, a workbook of 20 MB, a notebook of 10 MB, and an extract."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

CSV_ROWS = 5_000
WORKBOOK_BYTES = 20_000_000
NOTEBOOK_BYTES = 10_000_000
EXTRACT_ROWS = 100_000
_SEED = 20_260_102
_LETTERS = "ABCDEFGHIJKLMNOPQRST"


def write_files(folder: Path) -> tuple[Path, dict[str, Path]]:
    """Return the extract, and the files by what they are."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {
        f"CSV of {CSV_ROWS:,} rows": folder / f"table-{CSV_ROWS}.csv",
        f"XLSX of {WORKBOOK_BYTES // 10**6} MB": folder / f"numbers-{WORKBOOK_BYTES}.xlsx",
        f"IPYNB of {NOTEBOOK_BYTES // 10**6} MB": folder / f"notebook-{NOTEBOOK_BYTES}.ipynb",
    }
    extract = folder / f"extract-{EXTRACT_ROWS}.parquet"
    for path, write in zip((extract, *files.values()), (_extract, _csv, _workbook, _notebook), strict=True):
        if not path.exists():
            partial = path.with_suffix(".partial")
            write(partial)
            partial.rename(path)
    return extract, files


def _extract(path: Path) -> None:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(_SEED)
    columns = {
        "person_id": rng.permutation(np.arange(10**9, 10**9 + EXTRACT_ROWS)),
        "region": rng.choice(["East", "North", "South", "West"], EXTRACT_ROWS),
        "age": rng.integers(16, 90, EXTRACT_ROWS),
        "pay": rng.lognormal(10, 0.5, EXTRACT_ROWS).round(2),
    }
    pq.write_table(pa.table(columns), path)


def _csv(path: Path) -> None:
    """A table as people hand it in: areas, a group, counts rounded to 5, means."""
    import numpy as np

    rng = np.random.default_rng(_SEED + 1)
    lines = ["area,sex,n,mean_pay,share"]
    for number in range(CSV_ROWS):
        n, mean, share = 5 * rng.integers(4, 400), rng.normal(26_000, 2_000), rng.random()
        lines.append(f"Area {number // 2:04d},{'FM'[number % 2]},{n},{mean:.1f},{share:.3f}")
    path.write_text("\n".join(lines) + "\n")


def _workbook(path: Path) -> None:
    """Numbers with so many digits that they do not become smaller by compression."""
    import numpy as np

    rng = np.random.default_rng(_SEED + 2)
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    packages = "http://schemas.openxmlformats.org/package/2006"
    kinds = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr(
            "[Content_Types].xml",
            f'{head}<Types xmlns="{packages}/content-types"><Default Extension="rels" ContentType='
            f'"application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" '
            f'ContentType="{kinds}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" '
            f'ContentType="{kinds}.worksheet+xml"/></Types>',
        )
        book.writestr(
            "_rels/.rels",
            f'{head}<Relationships xmlns="{packages}/relationships"><Relationship Id="r1" '
            f'Type="{relations}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        book.writestr(
            "xl/_rels/workbook.xml.rels",
            f'{head}<Relationships xmlns="{packages}/relationships"><Relationship Id="r1" '
            f'Type="{relations}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        )
        book.writestr(
            "xl/workbook.xml",
            f'{head}<workbook xmlns="{main}" xmlns:r="{relations}"><sheets><sheet name="Numbers" sheetId="1" '
            'r:id="r1"/></sheets></workbook>',
        )
        with book.open("xl/worksheets/sheet1.xml", "w") as sheet:
            sheet.write(f'{head}<worksheet xmlns="{main}"><sheetData>'.encode())
            written, number = 0, 0
            # What compression leaves of random digits and of the marks around them.
            while written < WORKBOOK_BYTES / 0.291:
                number += 1
                cells = "".join(
                    f'<c r="{letter}{number}"><v>{value!r}</v></c>'
                    for letter, value in zip(_LETTERS, rng.random(20).tolist(), strict=True)
                )
                written += sheet.write(f'<row r="{number}">{cells}</row>'.encode())
            sheet.write(b"</sheetData></worksheet>")


def _notebook(path: Path) -> None:
    """Cells with printed tables of means, and figures."""
    cells = list(_cells())
    document = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    path.write_text(json.dumps(document))


def _cells() -> Iterator[dict[str, object]]:
    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(_SEED + 3)
    written = 0
    while written < NOTEBOOK_BYTES:
        pixels = rng.integers(0, 255, (180, 300, 3), dtype=np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, format="PNG")
        figure = base64.b64encode(buffer.getvalue()).decode()
        lines = [f"Area {i:03d}  {5 * rng.integers(4, 99):6d}  {rng.normal(26_000, 900):10.1f}" for i in range(300)]
        printed = "\n".join(lines)
        written += len(figure) + len(printed)
        yield {
            "cell_type": "code",
            "id": f"c{written}",
            "metadata": {},
            "execution_count": 1,
            "source": "show(means)",
            "outputs": [
                {"output_type": "stream", "name": "stdout", "text": printed},
                {"output_type": "display_data", "metadata": {}, "data": {"image/png": figure}},
            ],
        }
