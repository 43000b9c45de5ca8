"""Whatever a label is, the files that leave hold it as plain text, and the same bytes every time."""

from __future__ import annotations

import csv
import io

from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from saferoom.disclosure.verdict import Table
from saferoom.projects.airlock.render import neutral, to_csv, to_xlsx

LABELS = st.text(max_size=30)
VALUES = st.none() | st.integers(-(10**15), 10**15) | st.floats(allow_nan=False, allow_infinity=False) | LABELS
TABLES = st.integers(1, 4).flatmap(
    lambda width: st.builds(
        lambda columns, rows: Table(tuple(columns), tuple(tuple(row) for row in rows)),
        st.lists(LABELS, min_size=width, max_size=width),
        st.lists(st.lists(VALUES, min_size=width, max_size=width), min_size=1, max_size=5),
    )
)
DANGEROUS = tuple("=+-@\t\r\n＝＋－＠")


@settings(max_examples=100, deadline=None)
@given(TABLES)
def test_csv_read_again_is_the_table_with_its_texts_neutralised(table: Table) -> None:
    rows = list(csv.reader(io.StringIO(to_csv(table).decode(), newline="")))
    assert rows[0] == [neutral(name) for name in table.columns] or rows[0] == []
    for read, row in zip(rows[1:], table.rows, strict=True):
        for field, value in zip(read, row, strict=False):
            if isinstance(value, str):
                assert not field.startswith(DANGEROUS)
            elif value is not None:
                assert float(field) == value


@settings(max_examples=40, deadline=None)
@given(TABLES)
def test_xlsx_holds_no_formula_and_the_same_bytes_every_time(table: Table) -> None:
    data = to_xlsx(table)
    assert data == to_xlsx(table)
    book = load_workbook(io.BytesIO(data))
    assert book.active is not None
    for row in book.active.iter_rows():
        for cell in row:
            assert cell.data_type != "f"
            assert not str(cell.value or "").startswith(DANGEROUS) or cell.data_type == "n"
