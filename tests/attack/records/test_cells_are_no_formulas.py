"""A label in the owner's data that a spreadsheet would run does not leave as one, and checkers see what leaves."""

from __future__ import annotations

import csv
import io

import pyarrow as pa
import pytest

from saferoom.hub.recordfiles.writing import to_csv, written


def rows_of(table: pa.Table) -> list[list[str]]:
    return list(csv.reader(io.StringIO(to_csv(written(table)).decode())))[1:]


@pytest.mark.parametrize(
    "text", ['=HYPERLINK("http://x.example";"open")', "+1", "-9 no answer", "@SUM(A1)", " \t=1", "＝1"]
)
@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_no_text_begins_like_a_formula(text: str, kind: pa.DataType) -> None:
    table = pa.table({"label": pa.array([text, "plain", None, text]).cast(kind), "n": range(4)})
    assert rows_of(table) == [[f"'{text}", "0"], ["plain", "1"], ["", "2"], [f"'{text}", "3"]]


def test_what_is_no_text_is_as_it_was() -> None:
    table = pa.table({"pay": [-1.5, None], "year": pa.array([-2, 3], pa.int16()), "yes": [True, None]})
    assert rows_of(table) == [["-1.5", "-2", "true"], ["", "3", ""]]


def test_control_characters_do_not_reach_a_terminal() -> None:
    assert rows_of(pa.table({"label": ["a\x1b[2Jb"]})) == [["a\ufffd[2Jb"]]


def test_an_empty_text_is_not_a_missing_value() -> None:
    """Which of both it was is told by the quotes, as `quoting_style` has it, and no field is of another column."""
    assert to_csv(written(pa.table({"a": ["", None], "b": ["x,y", 'q"q']}))) == b'"a","b"\n"","x,y"\n,"q""q"\n'
