"""What hostile files are made with, and the list they are entered in."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

MARKER = "saferoom-pickle-was-run"
CASES: list[tuple[str, str, Callable[[], bytes]]] = []
NS = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


@dataclass(frozen=True)
class Hostile:
    """One file.

    Attributes
    ----------
    worst : str
        ``fail``; or ``review`` for what is truly harmless.
    """

    name: str
    worst: str
    make: Callable[[], bytes]


def hostile(name: str, worst: str = "fail") -> Callable[[Callable[[], bytes]], Callable[[], bytes]]:
    """Enter a maker of bytes in the corpus."""

    def enter(make: Callable[[], bytes]) -> Callable[[], bytes]:
        CASES.append((name, worst, make))
        return make

    return enter


def zipped(entries: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a ZIP file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return out.getvalue()


def workbook(sheet: bytes, **parts: bytes) -> bytes:
    """Return an XLSX file with one sheet and further parts (``__`` in a name stands for ``/``)."""
    entries = {
        "xl/workbook.xml": f'<workbook {NS} xmlns:r="{_REL}"><sheets><sheet name="S" sheetId="1" r:id="rId1"/>'
        "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{_REL}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
    }
    packed = {name: text.encode() for name, text in entries.items()}
    packed["xl/worksheets/sheet1.xml"] = sheet
    packed.update({name.replace("__", "/"): data for name, data in parts.items()})
    return zipped(packed)


def sheet(rows: str) -> bytes:
    """Return a worksheet."""
    return f'<?xml version="1.0" encoding="UTF-8"?><worksheet {NS}><sheetData>{rows}</sheetData></worksheet>'.encode()


def png(width: int = 2, height: int = 2, *, more: bytes = b"", pixels: bytes | None = None) -> bytes:
    """Return a PNG picture that claims a size."""

    def chunk(sort: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + sort + content + struct.pack(">I", zlib.crc32(sort + content))

    body = zlib.compress((b"\0" + b"\x10\x20\x30" * width) * height) if pixels is None else pixels
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + more + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def png_chunk(sort: bytes, content: bytes) -> bytes:
    """Return one chunk of a PNG picture."""
    return struct.pack(">I", len(content)) + sort + content + struct.pack(">I", zlib.crc32(sort + content))


def pdf(catalog: str = "", *objects: str, content: bytes = b"BT /F1 12 Tf 72 720 Td (Table 1) Tj ET") -> bytes:
    """Return a PDF document of one page; further objects begin with number 6."""
    bodies = [
        f"<< /Type /Catalog /Pages 2 0 R {catalog} >>".encode(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n" % len(content) + content + b"\nendstream",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        *(body.encode("latin-1") for body in objects),
    ]
    out, places = bytearray(b"%PDF-1.7\n"), []
    for number, body in enumerate(bodies, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    return bytes(out + b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(bodies) + 1, start))


class Reduces:
    """Leaves a mark on the disk when its pickle is loaded."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (Path("/tmp") / MARKER,)  # type: ignore[return-value]


def ods(body: str, **parts: bytes) -> bytes:
    """Return an ODS file."""
    names = " ".join(
        f'xmlns:{n}="urn:oasis:names:tc:opendocument:xmlns:{n}:1.0"' for n in ("office", "table", "text", "style")
    )
    content = (
        f"<office:document-content {names}><office:body><office:spreadsheet>{body}</office:spreadsheet></office:body>"
        "</office:document-content>"
    )
    entries = {"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": content.encode()}
    return zipped({**entries, **{name.replace("__", "/"): data for name, data in parts.items()}})
