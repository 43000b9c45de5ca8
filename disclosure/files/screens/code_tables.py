"""Data written into code: rows of literals. Long lists are looked at in `charts`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from saferoom.disclosure.files.model import Grid, Passage
from saferoom.disclosure.files.screens.line_tables import tables_of_lines
from saferoom.disclosure.files.screens.text_tables import tables_in

_FEWEST_ROWS = 50
"""Code has lines like those of tables; only so many of them are data."""
_AROUND = " \t()[]{},;"


def tables_of_code(passage: Passage) -> Iterator[Grid]:
    """Yield the tables of a passage of code: rows of 50 literals or more."""
    bare = "\n".join(line.strip(_AROUND) for line in passage.text.splitlines())
    for table in (*tables_in(passage), *tables_of_lines(replace(passage, text=bare))):
        if len(table.rows) >= _FEWEST_ROWS:
            yield table
