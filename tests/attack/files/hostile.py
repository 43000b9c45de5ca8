"""Hostile, corrupt and gigantic files, made by code: a name, the bytes, and the verdict they must get."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import random
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

MARKER = "saferoom-pickle-was-run"
_CASES: list[tuple[str, str, Callable[[], bytes]]] = []
_NS = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
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
        _CASES.append((name, worst, make))
        return make

    return enter


def corpus() -> list[Hostile]:
    """Return every file."""
    return [Hostile(*case) for case in _CASES]


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
        "xl/workbook.xml": f'<workbook {_NS} xmlns:r="{_REL}"><sheets><sheet name="S" sheetId="1" r:id="rId1"/>'
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
    return f'<?xml version="1.0" encoding="UTF-8"?><worksheet {_NS}><sheetData>{rows}</sheetData></worksheet>'.encode()


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


# --- archives ---------------------------------------------------------------------------------------------------


@hostile("zeros.zip")
def _bomb() -> bytes:
    return zipped({"zeros.csv": bytes(80 << 20)})


@hostile("nested.zip")
def _nested_bomb() -> bytes:
    data = zipped({"a.csv": b"a,b\n1,2\n"})
    for level in range(8):
        data = zipped({f"{level}.zip": data})
    return data


@hostile("many.zip")
def _many() -> bytes:
    return zipped({f"{number}.txt": b"x" for number in range(5_000)}, zipfile.ZIP_STORED)


@hostile("overlap.zip")
def _overlap() -> bytes:
    data = bytearray(zipped({"a.txt": b"a" * 500, "b.txt": b"b" * 500}, zipfile.ZIP_STORED))
    second = data.rfind(b"PK\1\2")
    data[second + 42 : second + 46] = struct.pack("<I", 0)
    return bytes(data)


@hostile("traversal.zip")
def _traversal() -> bytes:
    return zipped({"../../etc/cron.d/x": b"a,b\n1,2\n"})


@hostile("absolute.zip")
def _absolute() -> bytes:
    return zipped({"/etc/passwd": b"x"})


@hostile("backslash.zip")
def _backslash() -> bytes:
    return zipped({"..\\..\\x.csv": b"a,b\n1,2\n"})


@hostile("drive.zip")
def _drive() -> bytes:
    return zipped({"C:evil.csv": b"a,b\n1,2\n"})


@hostile("symlink.zip")
def _symlink() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        link = zipfile.ZipInfo("data.csv")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    return out.getvalue()


@hostile("twice.zip")
def _twice() -> bytes:
    data = zipped({"a.csv": b"a,b\n100,200\n", "b.csv": b"a,b\n1,2\n"})
    return data.replace(b"b.csv", b"a.csv")


@hostile("encrypted.zip")
def _encrypted_zip() -> bytes:
    data = bytearray(zipped({"a.csv": b"a,b\n1,2\n"}, zipfile.ZIP_STORED))
    for magic, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.find(magic) + at] |= 1
    return bytes(data)


@hostile("checksum.zip")
def _checksum() -> bytes:
    return zipped({"a.csv": b"region,n\nNorth,100\n"}, zipfile.ZIP_STORED).replace(b"North", b"South", 1)


@hostile("names.zip")
def _names() -> bytes:
    return zipped({"a.csv": b"a,b\n1,2\n"}, zipfile.ZIP_STORED).replace(b"a.csv", b"b.exe", 1)


@hostile("cut.zip")
def _cut_zip() -> bytes:
    return zipped({"a.csv": b"a,b\n" + b"1,2\n" * 500})[:-40]


@hostile("prefix.zip")
def _prefix_zip() -> bytes:
    return b"PK\3\4" + b"secret" * 40 + zipped({"a.csv": b"a,b\n1,2\n"})


@hostile("suffix.zip")
def _suffix_zip() -> bytes:
    return zipped({"a.csv": b"a,b\n1,2\n"}) + b"1;2;3\n" * 20


@hostile("between.zip")
def _between() -> bytes:
    data = zipped({"a.csv": b"a,b\n100,200\n"}, zipfile.ZIP_STORED)
    start, hidden = data.find(b"PK\1\2"), b"P001,12.5\n" * 30
    end = data.rfind(b"PK\5\6")
    offset = struct.pack("<I", start + len(hidden))
    return data[:start] + hidden + data[start:end] + data[end : end + 16] + offset + data[end + 20 :]


@hostile("lzma.zip")
def _lzma() -> bytes:
    return zipped({"a.csv": b"a,b\n1,2\n"}, zipfile.ZIP_LZMA)


@hostile("bomb.csv.gz")
def _gz_bomb() -> bytes:
    return gzip.compress(bytes(80 << 20), 9)


@hostile("cut.csv.gz")
def _gz_cut() -> bytes:
    return gzip.compress(random.Random(1).randbytes(5_000))[:-600]


@hostile("two.csv.gz")
def _gz_two() -> bytes:
    return gzip.compress(b"a,b\n100,200\n") + gzip.compress(b"id,v\n1,2\n")


# --- XML and workbooks ------------------------------------------------------------------------------------------


@hostile("laughs.svg")
def _laughs() -> bytes:
    entities = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))
    return f'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY l0 "lol">{entities}]><svg><text>&l9;</text></svg>'.encode()


@hostile("external.svg")
def _xxe() -> bytes:
    return b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg><text>&x;</text></svg>'


@hostile("laughs.xlsx")
def _xlsx_laughs() -> bytes:
    text = sheet('<row r="1"><c r="A1" t="str"><v>&a;</v></c></row>').decode()
    return workbook(
        text.replace("<worksheet", '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><worksheet', 1).encode()
    )


@hostile("external.xlsx")
def _xlsx_xxe() -> bytes:
    core = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><a><title>&x;</title></a>'
    return workbook(
        sheet('<row r="1"><c r="A1"><v>100</v></c></row>'), docProps__core=core, **{"docProps__core.xml": core}
    )


@hostile("script.svg")
def _svg_script() -> bytes:
    return b'<svg xmlns="http://www.w3.org/2000/svg"><script>fetch("//x")</script><rect width="9" height="9"/></svg>'


@hostile("event.svg")
def _svg_event() -> bytes:
    return b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><rect width="9" height="9"/></svg>'


@hostile("foreign.svg")
def _svg_foreign() -> bytes:
    return b'<svg xmlns="http://www.w3.org/2000/svg"><foreignObject><body><p>P001 12</p></body></foreignObject></svg>'


@hostile("deep.svg")
def _svg_deep() -> bytes:
    return b"<svg>" + b"<g>" * 200_000 + b"</g>" * 200_000 + b"</svg>"


@hostile("points.svg")
def _svg_points() -> bytes:
    chance = random.Random(2)
    points = "".join(f'<circle cx="{chance.random()}" cy="{chance.random()}" r="2"/>' for _ in range(5_000))
    return f'<svg xmlns="http://www.w3.org/2000/svg">{points}</svg>'.encode()


@hostile("cut.svg")
def _svg_cut() -> bytes:
    return b'<svg xmlns="http://www.w3.org/2000/svg"><g><rect width="9"'


@hostile("claims.xlsx")
def _xlsx_claims() -> bytes:
    return workbook(
        sheet('<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>').replace(
            b"<sheetData>", b'<dimension ref="A1:XFD1048576"/><sheetData>', 1
        ),
        xl__printerSettings=b"",
        **{
            "xl/worksheets/sheet2.xml": sheet(
                "".join(f'<row r="{r}"><c r="XFD{r}"><v>1</v></c></row>' for r in range(1, 3_000))
            )
        },
    )


@hostile("many-rows.xlsx")
def _xlsx_rows() -> bytes:
    return workbook(sheet("".join(f'<row r="{r}"><c r="A{r}"><v>{r % 7}</v></c></row>' for r in range(1, 1_048_577, 2))))


@hostile("cut.xlsx")
def _xlsx_cut() -> bytes:
    return workbook(sheet('<row r="1"><c r="A1"><v>1</v></c></row>'))[:-100]


@hostile("no-sheets.xlsx")
def _xlsx_missing() -> bytes:
    return zipped({"xl/workbook.xml": b"<workbook/>"})


@hostile("damaged.xlsx")
def _xlsx_damaged() -> bytes:
    return workbook(b"<worksheet><sheetData><row><c>")


@hostile("unlisted.xlsx")
def _xlsx_unlisted() -> bytes:
    plain = sheet('<row r="1"><c r="A1"><v>100</v></c></row>')
    return workbook(plain, **{"xl/worksheets/sheet9.xml": sheet('<row r="1"><c r="A1"><v>3</v></c></row>')})


@hostile("macros.xlsm")
def _xlsm() -> bytes:
    return workbook(
        sheet('<row r="1"><c r="A1"><v>100</v></c></row>'), **{"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0" * 50}
    )


@hostile("links.xlsx")
def _xlsx_links() -> bytes:
    cells = '<externalLink><sheetDataSet><row r="1"><cell r="A1"><v>12</v></cell></row></sheetDataSet></externalLink>'
    plain = sheet('<row r="1"><c r="A1"><v>100</v></c></row>')
    return workbook(plain, **{"xl/externalLinks/externalLink1.xml": cells.encode()})


@hostile("prefixed.xlsx")
def _xlsx_prefixed() -> bytes:
    return workbook(
        f'<x:worksheet xmlns:x="{_NS[7:-1]}"><x:sheetData><x:row r="1" hidden="1"><x:c r="A1"><x:v>1</x:v></x:c>'
        "</x:row></x:sheetData></x:worksheet>".encode()
    )


@hostile("encrypted.xlsx")
def _xlsx_encrypted() -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "EncryptedPackage".encode("utf-16-le") + bytes(2_000)


@hostile("old.xls")
def _xls() -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "Workbook".encode("utf-16-le") + bytes(2_000)


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


@hostile("repeated.ods")
def _ods_repeated() -> bytes:
    cell = '<table:table-cell office:value-type="float" office:value="1" table:number-columns-repeated="16000"/>'
    row = f'<table:table-row table:number-rows-repeated="1048576">{cell}</table:table-row>'
    return ods(f'<table:table table:name="S">{row}</table:table>')


@hostile("encrypted.ods")
def _ods_encrypted() -> bytes:
    listed = b'<manifest><file-entry full-path="content.xml"><encryption-data/></file-entry></manifest>'
    return ods("", **{"META-INF__manifest.xml": listed})


@hostile("macro.ods")
def _ods_macro() -> bytes:
    row = '<table:table-row><table:table-cell office:value-type="float" office:value="100"/></table:table-row>'
    return ods(f'<table:table table:name="S">{row}</table:table>', Basic__m=b"Sub x")


# --- records ----------------------------------------------------------------------------------------------------


@hostile("frame.pkl")
def _pickle() -> bytes:
    return pickle.dumps(Reduces())


@hostile("old.pickle")
def _pickle_0() -> bytes:
    return pickle.dumps(Reduces(), protocol=0)


@hostile("table.csv")
def _pickle_as_csv() -> bytes:
    return pickle.dumps(Reduces(), protocol=0)


@hostile("model.joblib")
def _joblib() -> bytes:
    return gzip.compress(pickle.dumps(Reduces()))


@hostile("results.json")
def _pickle_in_json() -> bytes:
    return pickle.dumps({"a": Reduces()})


@hostile("arrays.npz")
def _npz() -> bytes:
    return zipped({"a.npy": b"\x93NUMPY" + pickle.dumps(Reduces())})


@hostile("people.parquet")
def _parquet() -> bytes:
    return b"PAR1" + bytes(100) + b"PAR1"


@hostile("people.rds")
def _rds() -> bytes:
    return gzip.compress(b"X\n\0\0\0\3\0\4\2\1" + bytes(100))


@hostile("people.dta")
def _dta() -> bytes:
    return b"<stata_dta><header><release>118</release>" + bytes(100)


@hostile("people.sqlite")
def _sqlite() -> bytes:
    return b"SQLite format 3\0" + bytes(500)


# --- text, tables and JSON --------------------------------------------------------------------------------------


@hostile("nul.csv")
def _nul() -> bytes:
    return b"region,n\nNorth,1\0000\n" * 50


@hostile("wide.csv")
def _wide() -> bytes:
    return b",".join([b"1"] * 1_000_000) + b"\n" + b",".join([b"2"] * 1_000_000) + b"\n"


@hostile("field.csv")
def _field() -> bytes:
    return b'region,note\nNorth,"' + b"x" * 20_000_000 + b'"\n'


@hostile("quotes.csv")
def _quotes() -> bytes:
    return b'region,n\nNorth,"' + b"12\n" * 500_000


@hostile("storm.csv")
def _storm() -> bytes:
    return b'a,b\n"' + b"\n" * 3_000_000 + b'",1\n'


@hostile("long.csv")
def _long() -> bytes:
    return b"1,2\n" * 3_000_000


@hostile("utf16.csv", "review")
def _utf16() -> bytes:
    return "region,n\nNorth,100\nSouth,200\n".encode("utf-16")


@hostile("latin.csv", "review")
def _latin() -> bytes:
    return "region,n\nMálaga,100\nÜbersee,200\n".encode("cp1252")


@hostile("bytes.csv")
def _random_bytes() -> bytes:
    return random.Random(3).randbytes(100_000)


@hostile("formula.csv")
def _formula() -> bytes:
    return b"region,n\nNorth,100\n=cmd|' /C calc'!A0,200\n"


@hostile("overridden.csv")
def _bidi() -> bytes:
    return "region,n\nNor\u202eht\u202c,100\n".encode()


@hostile("invisible.md")
def _zero_width() -> bytes:
    secret = "".join("\u200b" if bit == "1" else "\u200c" for bit in f"{1234567:b}")
    return f"# Results\n\nThe mean is 12.{secret}\n".encode()


@hostile("tags.txt")
def _tags() -> bytes:
    return ("Done." + "".join(chr(0xE0000 + ord(c)) for c in "P001 12")).encode()


@hostile("escapes.log")
def _escapes() -> bytes:
    return b"epoch 1\n\x1b[8mP001 12\x1b[0m\nepoch 2\n"


@hostile("deep.json")
def _deep_json() -> bytes:
    return b"[" * 1_000_000


@hostile("deep-objects.json")
def _deep_objects() -> bytes:
    return b'{"a":' * 50_000 + b"1" + b"}" * 50_000


@hostile("level.json")
def _level_json() -> bytes:
    return b'{"a":' * 700 + b"1" + b"}" * 700


@hostile("twice.json")
def _twice_json() -> bytes:
    return b'{"n": 3, "n": 100}'


@hostile("digits.json")
def _digits() -> bytes:
    return b'{"n": ' + b"9" * 2_000_000 + b"}"


@hostile("cut.json")
def _cut_json() -> bytes:
    return b'{"rows": [{"n": 100}, {"n": '


@hostile("lists.json")
def _lists() -> bytes:
    return b"[" + b"[]," * 20_000_000 + b"[]]"


@hostile("deep.ipynb")
def _deep_notebook() -> bytes:
    return b'{"nbformat": 4, "cells": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"


@hostile("wrong.ipynb")
def _wrong_notebook() -> bytes:
    return b'{"nbformat": 4, "cells": [1, 2]}'


@hostile("script.ipynb")
def _notebook_script() -> bytes:
    output = {"output_type": "display_data", "data": {"application/javascript": "x()"}, "metadata": {}}
    cell = {"cell_type": "code", "source": "1", "metadata": {}, "outputs": [output]}
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}).encode()


@hostile("picture.ipynb")
def _notebook_bomb() -> bytes:
    import base64

    picture = base64.b64encode(png(50_000, 50_000, pixels=b"x")).decode()
    output = {"output_type": "display_data", "data": {"image/png": picture}, "metadata": {}}
    cell = {"cell_type": "code", "source": "1", "metadata": {}, "outputs": [output]}
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}).encode()


@hostile("backtracking.txt", "review")
def _backtracking() -> bytes:
    return b"a" * 300_000 + b"!" + b" " * 300_000 + b"\n" + b"1," * 100_000 + b"\n" + b"(" * 100_000


@hostile("bars.txt", "review")
def _bars() -> bytes:
    return b"| " * 200_000 + b"\n" + b"\t" * 200_000


# --- pages ------------------------------------------------------------------------------------------------------


@hostile("nested.html", "review")
def _nested_html() -> bytes:
    return b"<!doctype html>" + b"<div>" * 600_000


@hostile("comments.html")
def _open_comments() -> bytes:
    return b"<!doctype html>" + b"<!-- " * 500_000


@hostile("tags.html")
def _open_tags() -> bytes:
    return b"<!doctype html>" + b'<a href="' * 300_000


@hostile("attributes.html", "review")
def _attributes() -> bytes:
    return b"<!doctype html><p " + b"a=1 " * 500_000 + b">"


@hostile("scripts.html")
def _scripts() -> bytes:
    return b"<html><script>" * 100_000


@hostile("tables.html", "review")
def _tables() -> bytes:
    return b"<html>" + b"<table><tr><td>" * 20_000


@hostile("spans.html")
def _spans() -> bytes:
    return b"<html><table>" + b'<tr><td colspan="9999999">1</td>' * 5_000


@hostile("uri.html")
def _uri() -> bytes:
    import base64

    return b'<html><a href="data:text/csv;base64,' + base64.b64encode(b"id,v\nP1,2\n" * 50) + b'">all</a></html>'


@hostile("hidden.html")
def _hidden() -> bytes:
    return b'<html><p>Mean 12</p><div style="display: none">P001 12; P002 14</div></html>'


# --- pictures ---------------------------------------------------------------------------------------------------


@hostile("bomb.png")
def _png_bomb() -> bytes:
    return png(60_000, 60_000, pixels=zlib.compress(bytes(1 << 20)))


@hostile("small-claim.png")
def _png_long() -> bytes:
    return png(2, 2, pixels=zlib.compress(bytes(40 << 20), 9))


@hostile("cut.png")
def _png_cut() -> bytes:
    return png(50, 50)[:-30]


@hostile("checksum.png")
def _png_checksum() -> bytes:
    data = bytearray(png(50, 50))
    data[-20] ^= 0xFF
    return bytes(data)


@hostile("after.png")
def _png_after() -> bytes:
    return png() + b"id,pay\nP001,12\n"


@hostile("zip.png")
def _png_zip() -> bytes:
    return png() + zipped({"people.csv": b"id,pay\nP001,12\n"})


@hostile("text-bomb.png")
def _png_text_bomb() -> bytes:
    return png(more=png_chunk(b"zTXt", b"c\0\0" + zlib.compress(bytes(40 << 20), 9)))


@hostile("own-chunk.png")
def _png_own_chunk() -> bytes:
    return png(more=png_chunk(b"reCd", b"P001,12\n" * 20))


@hostile("frames.png")
def _png_frames() -> bytes:
    return png(more=png_chunk(b"acTL", struct.pack(">II", 2, 0)))


@hostile("cut.jpg")
def _jpeg_cut() -> bytes:
    return b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xc0"


@hostile("claims.jpg")
def _jpeg_claims() -> bytes:
    return b"\xff\xd8\xff\xc0\0\x11\x08\xff\xff\xff\xff\3\1\x11\0\2\x11\0\3\x11\0\xff\xd9"


@hostile("page.gif")
def _gif_html() -> bytes:
    return b"GIF89a/*<html><script>alert(1)</script>*/=1;"


# --- documents --------------------------------------------------------------------------------------------------


@hostile("script.pdf")
def _pdf_script() -> bytes:
    return pdf("/OpenAction 6 0 R", "<< /S /JavaScript /JS (app.alert\\(1\\)) >>")


@hostile("launch.pdf")
def _pdf_launch() -> bytes:
    return pdf("/OpenAction 6 0 R", "<< /S /Launch /F (cmd.exe) >>")


@hostile("attached.pdf")
def _pdf_attached() -> bytes:
    return pdf(
        "/Names << /EmbeddedFiles << /Names [(people.csv) 6 0 R] >> >>",
        "<< /Type /Filespec /F (people.csv) /EF << /F 7 0 R >> >>",
        "<< /Type /EmbeddedFile /Length 15 >>\nstream\nid,pay\nP001,12\n\nendstream",
    )


@hostile("form.pdf")
def _pdf_form() -> bytes:
    return pdf(
        "/AcroForm << /Fields [6 0 R] >>", "<< /Type /Annot /Subtype /Widget /FT /Tx /T (a) /V (P001 pays 12) >>"
    )


@hostile("encrypted.pdf")
def _pdf_encrypted() -> bytes:
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf())))
    writer.encrypt("a password", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@hostile("cut.pdf")
def _pdf_cut() -> bytes:
    return pdf()[:200]


@hostile("zip.pdf")
def _pdf_zip() -> bytes:
    return pdf() + zipped({"people.csv": b"id,pay\nP001,12\n"})


@hostile("zip-inside.pdf")
def _pdf_zip_inside() -> bytes:
    return pdf("", f"<< /Length 9 >>\nstream\n{zipped({'a.csv': b'1,2'}).decode('latin-1')}\nendstream")


@hostile("loop.pdf")
def _pdf_loop() -> bytes:
    return pdf().replace(b"/Kids [3 0 R] /Count 1", b"/Kids [2 0 R] /Count 1")


@hostile("pages.pdf")
def _pdf_pages() -> bytes:
    return pdf().replace(b"/Kids [3 0 R] /Count 1", b"/Kids [" + b"3 0 R " * 20_000 + b"] /Count 20000")


@hostile("stream-bomb.pdf")
def _pdf_bomb() -> bytes:
    packed = zlib.compress(bytes(120 << 20), 9)
    data = pdf(content=packed)
    return data.replace(b"<< /Length %d >>" % len(packed), b"<< /Length %d /Filter /FlateDecode >>" % len(packed))


@hostile("versions.pdf")
def _pdf_versions() -> bytes:
    return (
        pdf() + b"1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\ntrailer << /Root 1 0 R >>\nstartxref\n0\n%%EOF\n"
    )


@hostile("forms.pdf", "review")
def _pdf_forms() -> bytes:
    form = "<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /F {0} 0 R >> >> /Length 12 >>"
    levels = [form.format(number + 1) + "\nstream\n/F Do /F Do \nendstream" for number in range(6, 36)]
    last = "<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] /Length 4 >>\nstream\nq Q \nendstream"
    first = pdf("", *levels, last, content=b"/F Do /F Do")
    return first.replace(b"/Resources << /Font", b"/Resources << /XObject << /F 6 0 R >> /Font", 1)


@hostile("white.pdf")
def _pdf_white() -> bytes:
    return pdf(content=b"BT /F1 12 Tf 3 Tr 72 720 Td (P001 12) Tj ET")


@hostile("operators.pdf", "fail")
def _pdf_operators() -> bytes:
    return pdf(content=b"1 1 m 2 2 l S\n" * 200_000)


# --- names that lie ---------------------------------------------------------------------------------------------


@hostile("table.png")
def _csv_as_png() -> bytes:
    return b"id,pay\nP001,12\n"


@hostile("figure.csv")
def _png_as_csv() -> bytes:
    return png()


@hostile("notes.txt")
def _html_as_text() -> bytes:
    return b"<html><script>1</script></html>"


@hostile("results.csv")
def _zip_as_csv() -> bytes:
    return zipped({"a.csv": b"a,b\n100,200\n"})


@hostile("report.pdf")
def _text_as_pdf() -> bytes:
    return b"Mean pay is 12.\n"


@hostile("summary.txt")
def _program() -> bytes:
    return b"\x7fELF" + bytes(200)


@hostile("empty.csv")
def _empty() -> bytes:
    return b""


@hostile("blank.csv")
def _blank() -> bytes:
    return b"\n \n\n"


@hostile("huge.csv")
def _huge() -> bytes:
    return b"1,2\n" * (17 << 20)
