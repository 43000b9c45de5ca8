"""What a table carries besides its values, and what must not go with protected records.

A categorical column keeps a list of all its categories, also of those that no record has any more: the value that a
step hid, the names of people who were filtered away. A Parquet file writes that list out, together with whatever notes
the table and its columns came with.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def values_alone(table: Any) -> Any:
    """Return an Arrow table of the same values and types, without notes and without categories that nobody has.

    Parameters
    ----------
    table : pyarrow.Table, n records

    Returns
    -------
    pyarrow.Table, n records
        Categories stay in their order; columns of other types are as they were.
    """
    import pyarrow as pa

    made = [_compact(column) for column in table.columns]
    fields = [
        pa.field(field.name, column.type, nullable=field.nullable)
        for field, column in zip(table.schema, made, strict=True)
    ]
    return pa.Table.from_arrays(made, schema=pa.schema(fields))


def _compact(column: Any) -> Any:
    """Return a categorical column with the categories that occur; any other as it is."""
    import pyarrow as pa

    if not pa.types.is_dictionary(column.type):
        return column
    kind = column.type
    piece = pa.concat_arrays(column.unify_dictionaries().chunks or [pa.array([], kind)])
    used = np.unique(piece.indices.drop_null().to_numpy(zero_copy_only=False))
    place = np.zeros(len(piece.dictionary) + 1, dtype=np.int64)
    place[used] = np.arange(len(used))
    codes = place[piece.indices.fill_null(0).to_numpy(zero_copy_only=False)]
    places = pa.array(codes, mask=np.asarray(piece.indices.is_null())).cast(kind.index_type)
    own = piece.dictionary.take(pa.array(used))
    return pa.chunked_array([pa.DictionaryArray.from_arrays(places, own, ordered=kind.ordered)])
