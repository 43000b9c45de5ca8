"""Which type a file is, told from its content; its name only chooses among types of plain text.

Vocabulary
----------
kind
    The type of a file as the reports name it.
family
    What happens to a kind: it is opened, it holds records (refused), or nobody can look into it (refused).
mislabelled
    The name promises another kind than the content is.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import PurePosixPath

from saferoom.disclosure.files.signatures import (
    KEPT_IN_ZIP,
    MAGIC,
    PICKLE_OF_TEXT,
    PICKLE_START,
    gzipped_records,
    looks_like_text,
    ole_streams,
    text_start,
    zip_names,
)


class Kind(StrEnum):
    """Types of files, by the names that the reports use."""

    CSV = "csv"
    TSV = "tsv"
    XLSX = "xlsx"
    ODS = "ods"
    JSON = "json"
    JSON_LINES = "jsonl"
    IPYNB = "ipynb"
    HTML = "html"
    MARKDOWN = "markdown"
    TEXT = "text"
    PNG = "png"
    JPEG = "jpeg"
    SVG = "svg"
    PDF = "pdf"
    LATEX = "latex"
    PYTHON = "python"
    R = "r"
    SQL = "sql"
    STATA_DO = "do"
    CODE = "code"
    XML = "xml"
    ZIP = "zip"
    GZIP = "gzip"
    # Record files: never opened.
    PARQUET = "parquet"
    FEATHER = "feather"
    ORC = "orc"
    AVRO = "avro"
    PICKLE = "pickle"
    RDATA = "rdata"
    RDS = "rds"
    DTA = "dta"
    SAV = "sav"
    SAS = "sas"
    HDF5 = "hdf5"
    SQLITE = "sqlite"
    DUCKDB = "duckdb"
    NPY = "npy"
    NPZ = "npz"
    MATLAB = "mat"
    # Known, and not opened here.
    XLS = "xls"
    XLSB = "xlsb"
    ENCRYPTED_OFFICE = "encrypted office document"
    OFFICE = "office document"
    GIF = "gif"
    IMAGE = "image"
    ARCHIVE = "archive"
    PROGRAM = "program"
    MEDIA = "media"
    RICH_TEXT = "rtf"
    POSTSCRIPT = "postscript"
    EMPTY = "empty"
    UNKNOWN = "unknown"


RECORDS = frozenset(
    {
        *(Kind.PARQUET, Kind.FEATHER, Kind.ORC, Kind.AVRO, Kind.PICKLE, Kind.RDATA, Kind.RDS, Kind.DTA, Kind.SAV),
        *(Kind.SAS, Kind.HDF5, Kind.SQLITE, Kind.DUCKDB, Kind.NPY, Kind.NPZ, Kind.MATLAB),
    }
)
SOURCE_CODE = frozenset({Kind.PYTHON, Kind.R, Kind.SQL, Kind.STATA_DO, Kind.CODE})
_PLAIN = frozenset({Kind.TEXT, Kind.CSV, Kind.TSV, Kind.MARKDOWN, Kind.LATEX, *SOURCE_CODE})

# What a name promises. The first kind is what plain text under such a name is read as.
_BY_NAME: dict[str, tuple[Kind, ...]] = {
    ".csv": (Kind.CSV,),
    ".tsv": (Kind.TSV,),
    ".tab": (Kind.TSV,),
    ".txt": (Kind.TEXT,),
    ".log": (Kind.TEXT,),
    ".smcl": (Kind.TEXT,),
    ".out": (Kind.TEXT,),
    ".lst": (Kind.TEXT,),
    ".rout": (Kind.TEXT,),
    ".dat": (Kind.TEXT,),
    ".rst": (Kind.TEXT,),
    ".md": (Kind.MARKDOWN,),
    ".markdown": (Kind.MARKDOWN,),
    ".rmd": (Kind.MARKDOWN,),
    ".qmd": (Kind.MARKDOWN,),
    ".tex": (Kind.LATEX,),
    ".latex": (Kind.LATEX,),
    ".json": (Kind.JSON,),
    ".geojson": (Kind.JSON,),
    ".jsonl": (Kind.JSON_LINES, Kind.JSON),
    ".ndjson": (Kind.JSON_LINES, Kind.JSON),
    ".ipynb": (Kind.IPYNB,),
    ".html": (Kind.HTML,),
    ".htm": (Kind.HTML,),
    ".xhtml": (Kind.HTML,),
    ".svg": (Kind.SVG,),
    ".svgz": (Kind.GZIP,),
    ".xml": (Kind.XML, Kind.SVG),
    ".xlsx": (Kind.XLSX,),
    ".xlsm": (Kind.XLSX,),
    ".xltx": (Kind.XLSX,),
    ".xls": (Kind.XLS,),
    ".xlsb": (Kind.XLSB,),
    ".ods": (Kind.ODS,),
    ".png": (Kind.PNG,),
    ".jpg": (Kind.JPEG,),
    ".jpeg": (Kind.JPEG,),
    ".gif": (Kind.GIF,),
    ".pdf": (Kind.PDF,),
    ".zip": (Kind.ZIP,),
    ".gz": (Kind.GZIP,),
    ".py": (Kind.PYTHON,),
    ".r": (Kind.R,),
    ".sql": (Kind.SQL,),
    ".do": (Kind.STATA_DO,),
    ".ado": (Kind.STATA_DO,),
    ".sas": (Kind.CODE,),
    ".sps": (Kind.CODE,),
    ".jl": (Kind.CODE,),
    ".sh": (Kind.CODE,),
    ".m": (Kind.CODE,),
    ".stan": (Kind.CODE,),
    ".yaml": (Kind.CODE,),
    ".yml": (Kind.CODE,),
    ".toml": (Kind.CODE,),
    ".parquet": (Kind.PARQUET,),
    ".feather": (Kind.FEATHER,),
    ".arrow": (Kind.FEATHER,),
    ".orc": (Kind.ORC,),
    ".avro": (Kind.AVRO,),
    ".pkl": (Kind.PICKLE, Kind.GZIP, Kind.ARCHIVE),
    ".pickle": (Kind.PICKLE, Kind.GZIP, Kind.ARCHIVE),
    ".joblib": (Kind.PICKLE, Kind.GZIP, Kind.ARCHIVE),
    ".rdata": (Kind.RDATA,),
    ".rda": (Kind.RDATA,),
    ".rds": (Kind.RDS,),
    ".dta": (Kind.DTA,),
    ".sav": (Kind.SAV,),
    ".zsav": (Kind.SAV,),
    ".sas7bdat": (Kind.SAS,),
    ".xpt": (Kind.SAS,),
    ".h5": (Kind.HDF5,),
    ".hdf5": (Kind.HDF5,),
    ".hdf": (Kind.HDF5,),
    ".sqlite": (Kind.SQLITE,),
    ".sqlite3": (Kind.SQLITE,),
    ".db": (Kind.SQLITE, Kind.DUCKDB),
    ".duckdb": (Kind.DUCKDB,),
    ".npy": (Kind.NPY,),
    ".npz": (Kind.NPZ,),
    ".mat": (Kind.MATLAB, Kind.HDF5),
    ".docx": (Kind.OFFICE,),
    ".pptx": (Kind.OFFICE,),
    ".odt": (Kind.OFFICE,),
    ".doc": (Kind.OFFICE,),
    ".ppt": (Kind.OFFICE,),
    ".rtf": (Kind.RICH_TEXT,),
    ".ps": (Kind.POSTSCRIPT,),
    ".eps": (Kind.POSTSCRIPT,),
    ".bmp": (Kind.IMAGE,),
    ".tif": (Kind.IMAGE,),
    ".tiff": (Kind.IMAGE,),
    ".webp": (Kind.IMAGE,),
    ".7z": (Kind.ARCHIVE,),
    ".rar": (Kind.ARCHIVE,),
    ".tar": (Kind.ARCHIVE,),
    ".xz": (Kind.ARCHIVE,),
    ".bz2": (Kind.ARCHIVE,),
    ".zst": (Kind.ARCHIVE,),
}


def suffix(name: str) -> str:
    """Return the last extension of `name`, in lower case, with its dot."""
    return PurePosixPath(name.replace("\\", "/").strip()).suffix.lower()


def kind_of(data: bytes, name: str) -> Kind:
    """Tell the kind of a file from its content.

    Notes
    -----
    Signatures decide first, then the start of a text. Only what is plain text in any case may take its kind from the
    name: nothing is gained by calling a log a table.
    """
    if not data:
        return Kind.EMPTY
    for at, magic, kind in MAGIC:
        if data.startswith(magic, at):
            return _more_exactly(data, name, kind)
    if PICKLE_OF_TEXT.match(data[:512]) or (PICKLE_START.match(data) and data.rstrip()[-1:] == b"."):
        return Kind.PICKLE
    if not looks_like_text(data):
        return Kind.PDF if b"%PDF-" in data[:1024] else _binary(data, name)
    return _text_kind(data, name)


def _binary(data: bytes, name: str) -> Kind:
    # Old Stata files have no signature but their version, byte order and file type.
    if data[0] in {105, 108, *range(110, 116)} and data[1:2] in {b"\1", b"\2"} and data[2:3] == b"\1":
        return Kind.DTA
    if b"PK\5\6" in data[-66_000:] and b"PK\1\2" in data:
        return Kind.ZIP
    start = data[:4096]
    if start.count(0) * 5 < len(start) and looks_like_text(start.replace(b"\0", b"")):
        # Text with a few zeros in it: whoever decodes it says so.
        return _text_kind(start.replace(b"\0", b""), name)
    return Kind.UNKNOWN


def _more_exactly(data: bytes, name: str, kind: str) -> Kind:
    found = Kind(kind)
    if found is Kind.ZIP:
        names = zip_names(data)
        return next((Kind(inner) for marks, inner in KEPT_IN_ZIP if any(mark(names) for mark in marks)), found)
    if found is Kind.OFFICE:
        return Kind(ole_streams(data))
    if found is Kind.GZIP and suffix(name) != ".svgz":
        return Kind(gzipped_records(data) or found)
    return found


def _text_kind(data: bytes, name: str) -> Kind:
    started = text_start(data)
    promised = _BY_NAME.get(suffix(name), ())
    first = promised[0] if promised else None
    if started in {"html", "svg", "pdf", "rtf", "postscript", "ipynb", "xml"}:
        # Code and prose may begin with an angle bracket without being a page.
        return Kind(started) if started != "html" or first is not Kind.MARKDOWN else Kind.MARKDOWN
    if started in {"json", "jsonl"} and (first is None or first not in _PLAIN or first is Kind.CSV):
        return Kind.JSON_LINES if started == "jsonl" or first is Kind.JSON_LINES else Kind.JSON
    if started == "latex" and (first is None or first in {Kind.TEXT, Kind.LATEX}):
        return Kind.LATEX
    if first is not None and first in {*_PLAIN, Kind.HTML, Kind.JSON_LINES}:
        return first
    return Kind(started) if started in {"csv", "tsv"} and first is None else Kind.TEXT


def promised_kinds(name: str) -> tuple[Kind, ...] | None:
    """Return the kinds that the extension of `name` stands for; None for an extension nobody knows.

    A name without an extension promises nothing (the empty tuple).
    """
    ending = suffix(name)
    return _BY_NAME.get(ending) if ending else ()


def mislabelled(kind: Kind, name: str) -> bool:
    """Tell whether the name promises another kind than the content is."""
    promised = promised_kinds(name)
    if not promised or kind is Kind.EMPTY or kind in promised:
        return False
    return not (kind in _PLAIN and promised[0] in _PLAIN)
