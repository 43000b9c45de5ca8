"""The kind of a file comes from its content; a name that says otherwise is a finding."""

from __future__ import annotations

import gzip
import pickle

import pytest
from tests.attack.files.hostile import ods, pdf, png, sheet, workbook, zipped

from saferoom.disclosure.files.kind import Kind, kind_of, mislabelled
from saferoom.disclosure.files.openers import open_file
from saferoom.disclosure.verdict import Verdict

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", Kind.EMPTY),
        (b"a,b\n1,2\n3,4\n", Kind.CSV),
        (b"a\tb\n1\t2\n3\t4\n", Kind.TSV),
        (b"Some words.\n", Kind.TEXT),
        (b'{"a": 1}', Kind.JSON),
        (b'[{"a": 1}]', Kind.JSON),
        (b'{"a": 1}\n{"a": 2}\n', Kind.JSON_LINES),
        (b'{"cells": [], "nbformat": 4}', Kind.IPYNB),
        (b"<!DOCTYPE html><p>x", Kind.HTML),
        (b"<!-- note --><html>", Kind.HTML),
        (b"<table><tr><td>1", Kind.HTML),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', Kind.SVG),
        (b'<?xml version="1.0"?><!DOCTYPE svg PUBLIC "x" "y"><svg/>', Kind.SVG),
        (b'<?xml version="1.0"?><data/>', Kind.XML),
        (b"\\begin{tabular}{l}\na\n\\end{tabular}", Kind.LATEX),
        (png(), Kind.PNG),
        (b"\xff\xd8\xff\xe0", Kind.JPEG),
        (pdf(), Kind.PDF),
        (b"GIF89a", Kind.GIF),
        (workbook(sheet("")), Kind.XLSX),
        (ods(""), Kind.ODS),
        (zipped({"a.txt": b"x"}), Kind.ZIP),
        (zipped({"xl/workbook.bin": b"x"}), Kind.XLSB),
        (zipped({"word/document.xml": b"x"}), Kind.OFFICE),
        (zipped({"a.npy": b"x"}), Kind.NPZ),
        (zipped({"archive/data.pkl": b"x"}), Kind.PICKLE),
        (gzip.compress(b"a,b\n", mtime=0), Kind.GZIP),
        (gzip.compress(b"RDX3\nX\n", mtime=0), Kind.RDATA),
        (gzip.compress(b"X\n\0\0\0\3", mtime=0), Kind.RDS),
        (gzip.compress(pickle.dumps([1]), mtime=0), Kind.PICKLE),
        (b"PAR1", Kind.PARQUET),
        (b"ARROW1\0\0", Kind.FEATHER),
        (pickle.dumps({"a": [1, 2]}, protocol=0), Kind.PICKLE),
        (pickle.dumps([1, "a"], protocol=1), Kind.PICKLE),
        (pickle.dumps({"a": [1, 2]}, protocol=2), Kind.PICKLE),
        (pickle.dumps({"a": [1, 2]}), Kind.PICKLE),
        (b"<stata_dta><header>", Kind.DTA),
        (b"\x72\x02\x01\x00" + bytes(100), Kind.DTA),
        (b"$FL2@(#) SPSS", Kind.SAV),
        (b"HEADER RECORD*******LIBRARY HEADER", Kind.SAS),
        (b"\x89HDF\r\n\x1a\n", Kind.HDF5),
        (b"SQLite format 3\0", Kind.SQLITE),
        (bytes(8) + b"DUCK" + bytes(50), Kind.DUCKDB),
        (b"\x93NUMPY\1\0", Kind.NPY),
        (_OLE + "Workbook".encode("utf-16-le"), Kind.XLS),
        (_OLE + "EncryptedPackage".encode("utf-16-le"), Kind.ENCRYPTED_OFFICE),
        (_OLE, Kind.OFFICE),
        (b"\x7fELF\2", Kind.PROGRAM),
        (b"7z\xbc\xaf\x27\x1c", Kind.ARCHIVE),
        (b"{\\rtf1 x}", Kind.RICH_TEXT),
        (bytes(range(256)) * 4, Kind.UNKNOWN),
    ],
)
def test_content_under_a_name_that_says_nothing_gives_its_kind(data: bytes, kind: Kind) -> None:
    assert kind_of(data, "output") is kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.csv", Kind.CSV), ("a.md", Kind.MARKDOWN), ("a.py", Kind.PYTHON), ("a.R", Kind.R), ("a.do", Kind.STATA_DO),
     ("a.sql", Kind.SQL), ("a.log", Kind.TEXT), ("a.TEX", Kind.LATEX), ("a.png", Kind.TEXT)],
)  # fmt: skip
def test_plain_text_takes_its_kind_from_the_name_only_among_kinds_of_text(name: str, kind: Kind) -> None:
    assert kind_of(b"some words, no table\n", name) is kind


@pytest.mark.parametrize(
    ("name", "kind", "wrong"),
    [
        ("a.csv", Kind.CSV, False),
        ("a.csv", Kind.TSV, False),
        ("a.txt", Kind.CSV, False),
        ("a.csv", Kind.XLSX, True),
        ("a.png", Kind.JPEG, True),
        ("a.json", Kind.IPYNB, True),
        ("a.xlsx", Kind.ZIP, True),
        ("a", Kind.PICKLE, False),
        ("a.strange", Kind.CSV, False),
    ],
)
def test_name_that_promises_another_kind_is_mislabelled(name: str, kind: Kind, wrong: bool) -> None:
    assert mislabelled(kind, name) is wrong


def test_unknown_extension_is_a_remark_for_people() -> None:
    _, opened = open_file("table.strange", b"a,b\n1,2\n3,4\n")
    assert [(finding.rule, finding.severity) for finding in opened.findings] == [("unknown-extension", Verdict.REVIEW)]


@pytest.mark.parametrize(
    "data", [b"\x1f\x8b", b"PK\3\4", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"%PDF-", b"\xff\xd8\xff", b"<svg "]
)
def test_signature_alone_is_no_file_and_fails(data: bytes) -> None:
    _, opened = open_file("output", data)
    assert any(finding.severity is Verdict.FAIL for finding in opened.findings)
