"""The files that leave: the same bytes every time, and nothing a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import time
import zipfile

import pytest
from openpyxl import load_workbook

from saferoom.disclosure.verdict import Label, Table
from saferoom.errors import BadInputError
from saferoom.projects.airlock import render
from saferoom.projects.airlock.render import archive_of, neutral, to_csv, to_xlsx

TABLE = Table(("region", "count", "mean"), (("north", 12, 3.25), ("süd", None, -0.5), (None, 10, True)))


def sheet(table: Table) -> list[list[tuple[object, str]]]:
    book = load_workbook(io.BytesIO(to_xlsx(table)))
    assert book.active is not None
    return [[(cell.value, cell.data_type) for cell in row] for row in book.active.iter_rows()]


def test_csv_is_written_as_rfc_4180_says() -> None:
    assert to_csv(TABLE) == "region,count,mean\r\nnorth,12,3.25\r\nsüd,,-0.5\r\n,10,TRUE\r\n".encode()


def test_csv_quotes_what_would_break_a_row() -> None:
    table = Table(("a,b", 'c"d'), (("e\nf", "g;h"),))
    assert list(csv.reader(io.StringIO(to_csv(table).decode(), newline=""))) == [["a,b", 'c"d'], ["e\nf", "g;h"]]


def test_xlsx_keeps_numbers_numbers_and_text_text() -> None:
    rows = sheet(TABLE)
    assert rows[1] == [("north", "s"), (12, "n"), (3.25, "n")]
    assert rows[2] == [("süd", "s"), (None, "n"), (-0.5, "n")]
    assert rows[3][2] == (True, "b")


def test_xlsx_keeps_text_of_digits_as_text() -> None:
    assert sheet(Table(("a",), (("007",), ("1e5",))))[1:] == [[("007", "s")], [("1e5", "s")]]


def test_files_made_again_later_are_the_same_bytes() -> None:
    first = to_csv(TABLE), to_xlsx(TABLE)
    time.sleep(2.1)  # a ZIP file's clock ticks every two seconds
    assert (to_csv(TABLE), to_xlsx(TABLE)) == first


def test_xlsx_tells_no_time_and_no_name() -> None:
    with zipfile.ZipFile(io.BytesIO(to_xlsx(TABLE))) as archive:
        assert {info.date_time for info in archive.infolist()} == {render.EPOCH}
        core = archive.read("docProps/core.xml").decode()
    assert core.count("1980-01-01T00:00:00Z") == 2
    assert "Saferoom" in core
    assert "openpyxl" not in core


@pytest.mark.parametrize("start", [*"=+-@\t\r\n＝＋－＠", " =", "\u00a0 @", " \t=", "\n+"])
def test_text_that_begins_like_a_formula_is_neutralised_in_both_formats(start: str) -> None:
    text = f"{start}1+cmd|' /C calc'!A0"
    table = Table((text,), ((text,),))
    for name in next(csv.reader(io.StringIO(to_csv(table).decode(), newline=""))):
        assert name.startswith("'")
    for row in sheet(table):
        assert row[0][1] == "s"
        assert str(row[0][0]).startswith("'")


@pytest.mark.parametrize("text", ["north", "a=b", "1-2", "", "'quoted"])
def test_other_text_is_left_as_it_is(text: str) -> None:
    assert neutral(text) == text


def test_negative_numbers_are_not_text() -> None:
    assert to_csv(Table(("a",), ((-5,), (-0.5,)))) == b"a\r\n-5\r\n-0.5\r\n"


@pytest.mark.parametrize("character", ["\x00", "\x08", "\x1b", "\x7f", "\ufffe"])
def test_control_characters_are_replaced_in_both_formats(character: str) -> None:
    table = Table(("a",), ((f"x{character}y",),))
    assert to_csv(table) == "a\r\nx\ufffdy\r\n".encode()
    assert sheet(table)[1] == [("x\ufffdy", "s")]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("write", [to_csv, to_xlsx])
def test_number_that_is_not_finite_is_refused(write: object, value: Label) -> None:
    with pytest.raises(BadInputError, match="not a finite number"):
        write(Table(("a",), ((value,),)))  # type: ignore[operator]


def test_ragged_table_is_refused() -> None:
    with pytest.raises(BadInputError, match="ragged"):
        to_csv(Table(("a", "b"), ((1,),)))


def test_table_of_too_many_rows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "LONGEST_ROWS", 2)
    to_csv(Table(("a",), ((1,), (2,))))
    with pytest.raises(BadInputError, match="at most 2 rows"):
        to_csv(Table(("a",), ((1,), (2,), (3,))))


def test_archive_keeps_the_order_it_is_given() -> None:
    with zipfile.ZipFile(io.BytesIO(archive_of([("b", b"1"), ("a", b"2")]))) as archive:
        assert archive.namelist() == ["b", "a"]
