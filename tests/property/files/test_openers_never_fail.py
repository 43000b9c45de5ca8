"""Whatever is done to a valid file, opening it never raises, never hangs, and never runs anything."""

from __future__ import annotations

import gzip
import io
import json
import time
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.attack.files.hostile import ods, pdf, png, png_chunk, sheet, workbook, zipped

from saferoom.disclosure.files.kind import kind_of
from saferoom.disclosure.files.openers import OpenLimits, open_file

_LIMITS = OpenLimits(cells=20_000, text_characters=500_000, pixels=1_000_000, expanded_bytes=8 << 20, marks=5_000)
_SETTINGS = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _jpeg() -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (8, 8), (200, 10, 10)).save(out, "JPEG", comment=b"note")
    return out.getvalue()


def _notebook() -> bytes:
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": ["n  12\n"]},
        {
            "output_type": "display_data",
            "data": {"text/html": "<table><tr><td>1</table>", "text/plain": "1"},
            "metadata": {},
        },
    ]
    cells = [
        {"cell_type": "code", "source": ["1"], "metadata": {}, "outputs": outputs},
        {
            "cell_type": "markdown",
            "source": "# A\n<!-- b -->",
            "metadata": {},
            "attachments": {"a.png": {"image/png": "iVBOR"}},
        },
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {"widgets": {}}, "cells": cells}).encode()


_ROWS = (
    '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" s="1"><f>1+1</f><v>2</v></c></row>'
    '<row r="2" hidden="1"><c r="C2"><v>3</v></c></row>'
)
_STRINGS = (
    b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>region</t></si>'
    b"<si><t>x</t></si></sst>"
)
_TABLE_ROW = (
    '<table:table-row><table:table-cell office:value-type="float" office:value="1"/>'
    "<table:table-cell><text:p>a</text:p></table:table-cell></table:table-row>"
)


@cache
def seeds() -> dict[str, bytes]:
    """Return one valid file of every type that is opened."""
    return {
        "a.csv": b'region,n\nNorth,100\nSouth,"2,00"\n',
        "a.tsv": b"region\tn\nNorth\t100\n",
        "a.txt": b"Table 1\n\nregion   n\nNorth  100\n",
        "a.md": b"# T\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```\n<b>\n```\n<details hidden>x</details>\n",
        "a.tex": b"\\begin{tabular}{ll}\na & b \\\\ % c\n1 & 2 \\\\\n\\end{tabular}\n",
        "a.json": json.dumps({"a": [{"x": 1, "y": {"z": 2}}, {"x": 3}], "columns": ["a"], "data": [[1]]}).encode(),
        "a.jsonl": b'{"a": 1}\n{"a": 2}\n',
        "a.ipynb": _notebook(),
        "a.html": b'<!doctype html><table><tr><th>a<td colspan="2">1</table><p style="display:none">x'
        b"<script>1</script>",
        "a.svg": b'<svg xmlns="http://www.w3.org/2000/svg"><g><text>a</text><path d="M0 0L1 1"/>'
        b'<circle r="1"/></g></svg>',
        "a.png": png(4, 4, more=png_chunk(b"tEXt", b"Title\0hello")),
        "a.jpg": _jpeg(),
        "a.pdf": pdf("/Lang (en)"),
        "a.xlsx": workbook(sheet(_ROWS), **{"xl/sharedStrings.xml": _STRINGS}),
        "a.ods": ods(f'<table:table table:name="S">{_TABLE_ROW}</table:table>'),
        "a.zip": zipped({"a.csv": b"a,b\n1,2\n", "b/c.txt": b"hello\n"}),
        "a.csv.gz": gzip.compress(b"a,b\n1,2\n"),
        "a.py": b"import os\nprint(1)\n",
    }


def mutated(data: bytes, changes: list[tuple[int, int, int]]) -> bytes:
    """Return `data` after some changes: (how, where, with what)."""
    changed = bytearray(data)
    for how, where, value in changes:
        at = where % (len(changed) + 1)
        if how == 0 and at < len(changed):
            changed[at] = value
        elif how == 1:
            changed[at:at] = bytes([value]) * (1 + value % 7)
        elif how == 2:
            del changed[at : at + 1 + value]
        elif how == 3:
            changed[at:at] = changed[at : at + value * 4] * (1 + value % 5)
        elif how == 4:
            del changed[at:]
    return bytes(changed)


_CHANGES = st.lists(
    st.tuples(st.sampled_from([0, 0, 0, 1, 2, 3, 4]), st.integers(0, 1 << 16), st.integers(0, 255)),
    min_size=1,
    max_size=8,
)


@pytest.mark.parametrize("name", sorted(seeds()))
def test_valid_file_is_opened_without_complaint_about_its_form(name: str) -> None:
    _, opened = open_file(name, seeds()[name])
    assert not [finding for finding in opened.findings if finding.rule in {"unreadable", "mislabelled", "hostile"}]
    assert opened.grids or opened.passages or opened.pictures or opened.inner


@pytest.mark.parametrize("name", sorted(seeds()))
@_SETTINGS
@given(changes=_CHANGES)
def test_mutated_file_is_opened_never_raises_and_never_hangs(name: str, changes: list[tuple[int, int, int]]) -> None:
    data = mutated(seeds()[name], changes)
    began = time.process_time()
    kind, _ = open_file(name, data, _LIMITS)
    assert kind == kind_of(data, name).value
    assert time.process_time() - began < 5


@_SETTINGS
@given(data=st.binary(max_size=3_000), name=st.sampled_from([*seeds(), "a", "a.unknown", "..", "", "a\u202egnp.csv"]))
def test_any_bytes_under_any_name_are_opened_never_raise(data: bytes, name: str) -> None:
    open_file(name, data, _LIMITS)


@_SETTINGS
@given(name=st.text(max_size=40))
def test_any_name_is_opened_never_raises_and_is_shown_in_one_line(name: str) -> None:
    _, opened = open_file(name, b"\x7fELF")
    assert all("\n" not in finding.message for finding in opened.findings)


@_SETTINGS
@given(
    text=st.text(alphabet=st.characters(codec="utf-8"), max_size=400),
    start=st.sampled_from(["<p>", "{", "[", "%PDF-", "a,b\n", "\\begin{table}"]),
)
def test_any_text_is_opened_never_raises(text: str, start: str) -> None:
    for name in ("a.html", "a.json", "a.md", "a.csv", "a.svg", "a.tex", "a.txt", "a"):
        open_file(name, (start + text).encode(), _LIMITS)
