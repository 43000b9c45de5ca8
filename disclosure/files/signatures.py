"""The marks by which types of files are told apart, and careful looks into the first bytes."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Callable
from typing import Final

# (offset, bytes, kind). Longer and more telling marks first.
MAGIC: Final[tuple[tuple[int, bytes, str], ...]] = (
    (0, b"\x89PNG\r\n\x1a\n", "png"),
    (0, b"\xff\xd8\xff", "jpeg"),
    (0, b"%PDF-", "pdf"),
    (0, b"PK\x03\x04", "zip"),
    (0, b"PK\x05\x06", "zip"),
    (0, b"\x1f\x8b", "gzip"),
    (0, b"PAR1", "parquet"),
    (0, b"PARE", "parquet"),
    (0, b"ARROW1", "feather"),
    (0, b"FEA1", "feather"),
    (0, b"\xff\xff\xff\xff\x10\x00\x00\x00", "feather"),
    (0, b"ORC", "orc"),
    (0, b"Obj\x01", "avro"),
    (0, b"\x89HDF\r\n\x1a\n", "hdf5"),
    (512, b"\x89HDF\r\n\x1a\n", "hdf5"),
    (0, b"SQLite format 3\x00", "sqlite"),
    (8, b"DUCK", "duckdb"),
    (0, b"\x93NUMPY", "npy"),
    (0, b"<stata_dta>", "dta"),
    (0, b"$FL2@(#)", "sav"),
    (0, b"$FL3@(#)", "sav"),
    (0, b"\x00" * 12 + b"\xc2\xea\x81\x60\xb3\x14\x11\xcf", "sas"),
    (0, b"HEADER RECORD*******LIB", "sas"),
    (0, b"RDX2\n", "rdata"),
    (0, b"RDX3\n", "rdata"),
    (0, b"RDA2\n", "rdata"),
    (0, b"RDA3\n", "rdata"),
    (0, b"RDB2\n", "rdata"),
    (0, b"X\n\x00\x00\x00\x02", "rds"),
    (0, b"X\n\x00\x00\x00\x03", "rds"),
    (0, b"A\n2\n", "rds"),
    (0, b"A\n3\n", "rds"),
    (0, b"\x0b\x0e\x0a\x0c", "rds"),
    (0, b"MATLAB 5.0 MAT-file", "mat"),
    (0, b"\x80\x02", "pickle"),
    (0, b"\x80\x03", "pickle"),
    (0, b"\x80\x04", "pickle"),
    (0, b"\x80\x05", "pickle"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "office document"),
    (0, b"GIF87a", "gif"),
    (0, b"GIF89a", "gif"),
    (0, b"BM", "image"),
    (0, b"II*\x00", "image"),
    (0, b"MM\x00*", "image"),
    (8, b"WEBP", "image"),
    (4, b"ftyp", "media"),
    (0, b"OggS", "media"),
    (0, b"RIFF", "media"),
    (0, b"ID3", "media"),
    (0, b"7z\xbc\xaf\x27\x1c", "archive"),
    (0, b"Rar!\x1a\x07", "archive"),
    (257, b"ustar", "archive"),
    (0, b"\xfd7zXZ\x00", "archive"),
    (0, b"BZh", "archive"),
    (0, b"\x28\xb5\x2f\xfd", "archive"),
    (0, b"\x04\x22\x4d\x18", "archive"),
    (0, b"\x7fELF", "program"),
    (0, b"MZ\x90", "program"),
    (0, b"\xca\xfe\xba\xbe", "program"),
    (0, b"\xcf\xfa\xed\xfe", "program"),
    (0, b"\x00asm", "program"),
)
# Pickles of protocols 0 and 1 are text: a memo or a global at the very start.
PICKLE_OF_TEXT: Final = re.compile(rb"\(?[(dl]p\d+\n|\(?c[\w.]+\n[\w.]+\n|\x80\x01|\(dp|ccopy_reg\n")
PICKLE_START: Final = re.compile(rb"(?:\(|\]|\}|I-?\d+\n|F[-\d.e+]+\n|[SVU]'?)[\s\S]{0,200}?(?:[qp]\d*\n|q[\x00-\xff])")
_MOST_ZIP_NAMES = 20_000
_PROBE_BYTES = 1 << 16


def looks_like_text(data: bytes) -> bool:
    """Tell whether the bytes are text in some encoding: no control characters but line ends, tabs and the like."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        return True
    start = data[:_PROBE_BYTES]
    if b"\x00" in start:
        return wide(start) is not None
    odd = len(re.findall(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f]", start))
    return odd * 50 <= len(start)


def wide(start: bytes) -> str | None:
    """Return which UTF-16 text without a mark at its start would be, judged by where its zeros stand."""
    sample = start[:4096]
    if len(sample) < 4:
        return None
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    if odd > 0.4 * half and even < 0.05 * half:
        return "utf-16-le"
    if even > 0.4 * half and odd < 0.05 * half:
        return "utf-16-be"
    return None


def text_start(data: bytes) -> str | None:
    """Return what a text begins as: html, svg, xml, ipynb, json, jsonl, latex, rtf, postscript, csv, tsv, or None."""
    text = _probe(data)
    start = text.lstrip("\ufeff \t\r\n")
    for kind, pattern in _STARTS:
        if pattern.match(start):
            return kind
    if _JSON.match(start):
        return _json_kind(data, start)
    if _LATEX.search(text):
        return "latex"
    return _delimited(text)


def _probe(data: bytes) -> str:
    start = data[:_PROBE_BYTES]
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return start.decode("utf-16", "replace")
    return start.decode(wide(start) or "utf-8", "replace")


_COMMENT = r"(?:<!--(?:(?!-->)[\s\S]){0,4000}-->\s*)"
_PROLOGUE = (
    rf"(?:<\?xml[^>]{{0,300}}\?>\s*)?(?:{_COMMENT}|<!DOCTYPE\s+svg[^>]{{0,2000}}(?:\[[^\]]{{0,4000}}\]\s*)?>\s*){{0,5}}"
)
_TAGS = (
    "html|head|body|table|div|p|script|style|span|h[1-6]|ul|ol|meta|title|iframe|img|a|pre|b|i|br|form|object|embed"
    "|svg:svg|section|article|main|link|base|center|font|template"
)
_STARTS: Final = (
    ("svg", re.compile(rf"{_PROLOGUE}<(?:\w+:)?svg[\s>/]", re.I)),
    (
        "html",
        re.compile(rf"(?:<\?xml[^>]{{0,300}}\?>\s*)?{_COMMENT}{{0,5}}<(?:!doctype\s+html|(?:{_TAGS})[\s>/])", re.I),
    ),
    ("xml", re.compile(r"<\?xml|<!DOCTYPE|<!ENTITY", re.I)),
    ("pdf", re.compile(r"%PDF-")),
    ("rtf", re.compile(r"\{\\rtf")),
    ("postscript", re.compile(r"%!PS")),
)
_JSON: Final = re.compile(r'\{\s*(?:"|\}|$)|\[\s*(?:["\[{\]]|-?\d|true|false|null|NaN|$)')
_LATEX: Final = re.compile(r"\\documentclass|\\begin\{(?:tabular|table|longtable|document|tabularx)")


def _json_kind(data: bytes, start: str) -> str:
    if re.search(rb'"nbformat"\s*:', data) and re.search(rb'"cells"\s*:', data):
        return "ipynb"
    lines = start.splitlines()[:3]
    if len(lines) > 1 and all(line.strip()[:1] == "{" and line.strip()[-1:] == "}" for line in lines[:2]):
        return "jsonl"
    return "json"


def _delimited(text: str) -> str | None:
    lines = [line for line in text.splitlines()[:50] if line.strip()][:-1] or text.splitlines()[:1]
    if len(lines) < 2:
        return None
    for delimiter, kind in (("\t", "tsv"), (",", "csv"), (";", "csv")):
        counts = {line.count(delimiter) for line in lines}
        if len(counts) == 1 and counts != {0}:
            return kind
    return None


def zip_names(data: bytes) -> frozenset[str]:
    """Return the names of a ZIP file's entries; none where its directory cannot be read."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return frozenset(info.filename for info in archive.infolist()[:_MOST_ZIP_NAMES]) | _mimetype(archive)
    except Exception:
        # Any damage: whoever opens it as a ZIP says what is wrong.
        return frozenset()


def _mimetype(archive: zipfile.ZipFile) -> frozenset[str]:
    if "mimetype" not in archive.namelist()[:50] or archive.getinfo("mimetype").file_size > 200:
        return frozenset()
    return frozenset({"mimetype:" + archive.read("mimetype").decode("ascii", "replace").strip()})


def _has(*names: str) -> Callable[[frozenset[str]], bool]:
    return lambda found: any(name in found for name in names)


def _all_end(ending: str) -> Callable[[frozenset[str]], bool]:
    return lambda found: bool(found) and all(name.endswith(ending) for name in found)


def _some_start(start: str) -> Callable[[frozenset[str]], bool]:
    return lambda found: any(name.startswith(start) for name in found)


# What an office document or another format keeps in a ZIP, by the entries that give it away.
KEPT_IN_ZIP: Final = (
    ((_has("xl/workbook.bin"),), "xlsb"),
    ((_has("xl/workbook.xml"),), "xlsx"),
    ((_some_start("mimetype:application/vnd.oasis.opendocument.spreadsheet"),), "ods"),
    ((_has("word/document.xml", "ppt/presentation.xml"), _some_start("mimetype:application/")), "office document"),
    ((_all_end(".npy"),), "npz"),
    ((_has("META-INF/MANIFEST.MF", "AndroidManifest.xml"),), "program"),
    ((lambda names: any(name.endswith("/data.pkl") for name in names),), "pickle"),
)


def ole_streams(data: bytes) -> str:
    """Return which kind of old office document the bytes are, by the names of their streams."""

    def has(name: str) -> bool:
        return name.encode("utf-16-le") in data

    if has("EncryptedPackage"):
        return "encrypted office document"
    return "xls" if has("Workbook") or has("Book\0") else "office document"


def gzipped_records(data: bytes) -> str | None:
    """Return the record format that R or Python compressed, or None."""
    try:
        start = zlib.decompressobj(31).decompress(data[:4096], 64)
    except zlib.error:
        return None
    if start.startswith((b"RDX", b"RDA", b"RDB")):
        return "rdata"
    if start.startswith((b"X\n\x00\x00\x00", b"A\n2\n", b"A\n3\n")):
        return "rds"
    return "pickle" if re.match(rb"\x80[\x02-\x05]", start) else None
