"""The one way in: tells the kind, chooses the opener, and turns every problem into a finding."""

from __future__ import annotations

import importlib
import warnings
from dataclasses import replace

from saferoom.disclosure.files.kind import RECORDS, SOURCE_CODE, Kind, kind_of, mislabelled, promised_kinds, suffix
from saferoom.disclosure.files.model import Opened
from saferoom.disclosure.files.openers.base import (
    Budget,
    File,
    Found,
    OpeningError,
    OpenLimits,
    shown,
    too_large,
    unreadable,
)
from saferoom.disclosure.files.openers.characters import invisible
from saferoom.disclosure.verdict import Verdict

_PACKAGE = "saferoom.disclosure.files.openers"
# Modules are imported when a file of their kind comes: libraries for pictures and documents are heavy.
_OPENERS: dict[Kind, str] = {
    Kind.CSV: "delimited",
    Kind.TSV: "delimited",
    Kind.TEXT: "plain",
    Kind.MARKDOWN: "markdown",
    Kind.LATEX: "latex",
    Kind.JSON: "structured",
    Kind.JSON_LINES: "structured",
    Kind.IPYNB: "notebook",
    Kind.HTML: "html",
    Kind.SVG: "drawing",
    Kind.PNG: "png",
    Kind.JPEG: "jpeg",
    Kind.PDF: "document",
    Kind.XLSX: "workbook",
    Kind.ODS: "opendocument",
    Kind.ZIP: "archive",
    Kind.GZIP: "gzipped",
    **dict.fromkeys(SOURCE_CODE, "code"),
}


def open_file(name: str, data: bytes, limits: OpenLimits | None = None) -> tuple[str, Opened]:
    """Open a file as far as the limits allow.

    Parameters
    ----------
    name : str
        What the file is called; only its extension is looked at, and never believed.

    Returns
    -------
    (str, Opened)
        The kind told from the content, and everything found. Whatever is wrong with the file is a finding; bad bytes
        never raise.
    """
    kind = kind_of(data, name)
    file = File(name, data, kind, Budget(limits or OpenLimits()), 0, Found(), open_inner)
    _open(file)
    return kind.value, file.found.opened()


def open_inner(outer: File, name: str, data: bytes) -> None:
    """Open a file found inside `outer`, under what is left of the same limits."""
    kind = kind_of(data, name)
    label = f"{outer.label or shown(outer.name)}: {shown(name)}"
    inner = replace(outer, name=name, data=data, kind=kind, depth=outer.depth + 1, found=Found(), label=label)
    _open(inner)
    outer.found.inner.append((name, kind.value, inner.found.opened()))


def _open(file: File) -> None:
    try:
        with warnings.catch_warnings():
            # Libraries warn about bad files in words that may hold what is in them.
            warnings.simplefilter("ignore")
            _name(file)
            if file.depth > file.limits.depth:
                raise too_large(f"lies more than {file.limits.depth} files deep within other files")
            if len(file.data) > file.limits.file_bytes:
                raise too_large(f"is larger than {file.limits.file_bytes >> 20} MiB")
            _opener(file)
    except OpeningError as error:
        file.finding(error.rule, error.reason, error.remedy or "Give the content in a plain, small file.")
    except MemoryError:
        large = too_large("needs more memory than the check of a file may use")
        file.finding(large.rule, large.reason, large.remedy)
    except RecursionError:
        file.finding("hostile", "nests its parts more deeply than any proper file", "Write the file again, flat.")
    except Exception:
        # Whatever a parser stumbles over: the text of its error could hold values.
        bad = unreadable(f"a file of type {file.kind.value}")
        file.finding(bad.rule, bad.reason, bad.remedy)


def _opener(file: File) -> None:
    if file.kind in RECORDS:
        raise OpeningError(
            "record-file",
            f"is a file of records ({file.kind.value}) and was not opened: it can hold every person's values",
            "Declare the statistics that you need from these data, or write a table of results as CSV. Records leave "
            "by the data owner's plan alone: ask for a record plan, then saferoom.record_file(dataset, plan).",
        )
    module = _OPENERS.get(file.kind)
    if module is None:
        reason, remedy = _REFUSED.get(file.kind, _NOBODY_KNOWS)
        rule = "encrypted" if file.kind is Kind.ENCRYPTED_OFFICE else "unsupported-type"
        raise OpeningError("unreadable" if file.kind is Kind.EMPTY else rule, reason, remedy)
    importlib.import_module(f"{_PACKAGE}.{module}").read(file)


def _name(file: File) -> None:
    if mislabelled(file.kind, file.name):
        promised = (promised_kinds(file.name) or (file.kind,))[0]
        file.finding(
            "mislabelled",
            f"is called {suffix(file.name)}, which stands for {promised.value}, but its content is {file.kind.value}",
            "Give the file the extension of what it is; say what it is for.",
        )
    elif promised_kinds(file.name) is None:
        file.finding(
            "unknown-extension",
            f"has an extension that is not known here; its content was read as {file.kind.value}",
            "Give the file the usual extension of what it is.",
            Verdict.REVIEW,
        )
    if what := invisible(file.name):
        file.conceal("the name of the file", what)
    if any(ord(char) < 32 for char in file.name):
        file.conceal("the name of the file", "control characters")


_NOBODY_KNOWS = (
    "is of no type that can be opened and looked at here",
    "Send tables as CSV or XLSX, pictures as PNG, SVG or PDF, and text as plain text.",
)
_REFUSED = {
    Kind.EMPTY: ("is empty", "Write the file again, or leave it out."),
    Kind.XLS: ("is an old Excel workbook (XLS), which is not opened here", "Save it as XLSX or CSV."),
    Kind.XLSB: ("is a binary Excel workbook (XLSB), which is not opened here", "Save it as XLSX or CSV."),
    Kind.ENCRYPTED_OFFICE: ("is encrypted, so nobody can check it", "Save it without a password."),
    Kind.OFFICE: ("is an office document that is not opened here", "Save it as PDF, or its tables as XLSX or CSV."),
    Kind.GIF: ("is a GIF picture, which is not opened here", "Save it as PNG."),
    Kind.IMAGE: ("is a picture of a type that is not opened here", "Save it as PNG."),
    Kind.ARCHIVE: ("is an archive of a type that is not opened here", "Send the files by themselves, or as ZIP."),
    Kind.PROGRAM: ("is a program", "Send its source code as text, if that is what should leave."),
    Kind.MEDIA: ("is sound or film, which cannot be checked", "Leave it out."),
    Kind.RICH_TEXT: ("is an RTF document, which is not opened here", "Save it as plain text or PDF."),
    Kind.POSTSCRIPT: ("is PostScript, a program that draws, which is not run here", "Save it as PDF or PNG."),
    Kind.XML: ("is XML of no type that is opened here", "Send tables as CSV or XLSX, and text as plain text."),
}
