"""The bytes of a record-level file: CSV whose texts no spreadsheet takes for formulas."""

from __future__ import annotations

import io
from typing import Any


def plain(table: Any) -> Any:
    """Return a table whose columns are no dictionaries.

    Parameters
    ----------
    table : pyarrow.Table
    """
    import pyarrow as pa

    for place, column in enumerate(table.schema):
        if pa.types.is_dictionary(column.type):
            table = table.set_column(place, column.name, table.column(place).cast(column.type.value_type))
    return table


def written(table: Any) -> Any:
    """Return a table as it is written: plain, and texts that begin like a formula after an apostrophe.

    What a checker sees of a file and what leaves are made of this one table. Numbers stay numbers.
    """
    import pyarrow as pa

    from saferoom.projects.airlock.render import neutral

    table = plain(table)
    for place, column in enumerate(table.schema):
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            own = table.column(place).combine_chunks().dictionary_encode()
            texts = pa.array([neutral(text) for text in own.dictionary.to_pylist()], column.type)
            table = table.set_column(place, column.name, texts.take(own.indices))
    return table


def to_csv(table: Any) -> bytes:
    """Return the bytes of a table that was `written` (RFC 4180, UTF-8); a missing value is an empty field."""
    from pyarrow import csv

    target = io.BytesIO()
    csv.write_csv(table, target, csv.WriteOptions(quoting_style="needed"))
    return target.getvalue()
