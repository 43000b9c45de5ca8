"""Hostile XML, workbooks and spreadsheets."""

from __future__ import annotations

import random

from tests.attack.files.making import NS, hostile, ods, sheet, workbook, zipped


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
    cells = "".join(f'<c r="{letter}%d"><v>%d</v></c>' for letter in "ABCDEF")
    return workbook(
        sheet("".join(f'<row r="{r}">' + cells % ((r, r % 7) * 6) + "</row>" for r in range(1, 1_048_577, 2)))
    )


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
        f'<x:worksheet xmlns:x="{NS[7:-1]}"><x:sheetData><x:row r="1" hidden="1"><x:c r="A1"><x:v>1</x:v></x:c>'
        "</x:row></x:sheetData></x:worksheet>".encode()
    )


@hostile("encrypted.xlsx")
def _xlsx_encrypted() -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "EncryptedPackage".encode("utf-16-le") + bytes(2_000)


@hostile("old.xls")
def _xls() -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + "Workbook".encode("utf-16-le") + bytes(2_000)


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
