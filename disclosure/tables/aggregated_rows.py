"""Rows of aggregated input: labels and numbers, read strictly from CSV, TSV or Parquet.

Messages name rows, columns and labels, never numbers of the table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from saferoom.disclosure.queries.evidence import Numbers
from saferoom.disclosure.queries.files import PARQUET, described, reader, separator_of
from saferoom.disclosure.queries.relations import unknown
from saferoom.disclosure.queries.source import Source
from saferoom.disclosure.tables.hierarchies import text
from saferoom.disclosure.tables.specification import Specification
from saferoom.disclosure.verdict import Label
from saferoom.errors import BadInputError

MOST_ROWS = 2_000_000


@dataclass(frozen=True)
class Rows:
    """The columns of an input that a specification names, row by row.

    Attributes
    ----------
    labels : tuple of lists of Label, one per dimension
    numbers : dict of str to ndarray of float, shape (rows,)
        By column: value, count, weight and largest contributions.
    holders : tuple of lists of str, one per column of `top`
    first : int
        The number of the first row in the file, for messages.
    """

    labels: tuple[list[Label], ...]
    numbers: dict[str, Numbers]
    holders: tuple[list[str], ...]
    first: int = 2

    def __len__(self) -> int:
        return len(self.labels[0])

    def named(self, row: int, names: Sequence[str]) -> str:
        """Return how messages call a row: where it is, and its labels."""
        said = ", ".join(f"{name} '{labels[row]}'" for name, labels in zip(names, self.labels, strict=True))
        return f"row {row + self.first} ({said})"


def read_rows(file: Path, specification: Specification) -> Rows:
    """Read what `specification` names from a CSV, TSV or Parquet file.

    Raises
    ------
    BadInputError
        For a file that is none, columns that are missing, and anything that is no label or number.
    """
    frame = _frame(file)
    names = list(frame.column_names)
    for wanted in _columns(specification):
        if wanted not in names:
            raise unknown("column", wanted, names, f"the table {file.name}")
        if names.count(wanted) > 1:
            raise BadInputError(f"the table {file.name} has two columns '{wanted}'")
    if frame.num_rows == 0:
        raise BadInputError(f"the table {file.name} has no rows")
    if frame.num_rows > MOST_ROWS:
        raise BadInputError(f"the table {file.name} has more than {MOST_ROWS:,} rows")
    first = 1 if file.suffix.lower() in PARQUET else 2
    labels = tuple(_labels(frame, name, first) for name in specification.dimensions)
    measured = [
        name for name in _columns(specification) if name not in {*specification.dimensions, *specification.holders}
    ]
    blank = set(specification.top)
    numbers = {name: _numbers(frame, name, first, blank=name in blank) for name in measured}
    holders = tuple(["" if x is None else text(x) for x in frame[name].to_pylist()] for name in specification.holders)
    return Rows(labels, numbers, holders, first)


def _columns(specification: Specification) -> list[str]:
    optional = [name for name in (specification.count, specification.weight) if name is not None]
    return [*specification.dimensions, specification.value, *optional, *specification.top, *specification.holders]


def _frame(file: Path) -> Any:
    import pyarrow as pa

    source = Source(file.stem, file)
    try:
        reader(source, file, whole=False)  # says what is wrong with a file that is none of these
    except BadInputError as error:
        raise BadInputError(error.message.replace(described(source), f"the table {file}")) from None
    try:
        if file.suffix.lower() in PARQUET:
            from pyarrow import parquet

            return parquet.read_table(file)
        return _text_frame(source)
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        # Arrow's own texts quote lines of the file.
        raise BadInputError(
            f"the table {file.name} cannot be read: it must have one header line and the same number of columns in "
            "every line, in UTF-8"
        ) from None


def _text_frame(source: Source) -> Any:
    """Return all columns as texts, so that labels such as ``01`` stay as they are."""
    import pyarrow as pa
    from pyarrow import csv

    parse = csv.ParseOptions(delimiter=separator_of(source), newlines_in_values=True)
    with source.path.open("rb") as stream:
        if stream.read(3) != b"\xef\xbb\xbf":
            stream.seek(0)
        names = csv.open_csv(stream, parse_options=parse).schema.names
    convert = csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False)
    return csv.read_csv(source.path, parse_options=parse, convert_options=convert)


def _labels(frame: Any, name: str, first: int) -> list[Label]:
    found = [label.strip() if isinstance(label, str) else label for label in frame[name].to_pylist()]
    for row, label in enumerate(found):
        if label is None or label == "" or label != label:
            raise BadInputError(f"row {row + first}: the column '{name}' has no label; name missing categories")
    plain = [label if isinstance(label, str | int | float | bool) else str(label) for label in found]
    if all(isinstance(label, str) and _is_whole_number(label) for label in plain):
        return [int(label) for label in plain]
    return [int(label) if isinstance(label, float) and label.is_integer() else label for label in plain]


def _is_whole_number(label: str) -> bool:
    digits = label.removeprefix("-")
    return digits.isascii() and digits.isdigit() and (digits == "0" or digits[0] != "0") and len(digits) < 16


def _numbers(frame: Any, name: str, first: int, *, blank: bool) -> Numbers:
    import pyarrow as pa
    import pyarrow.compute as pc

    column = frame[name].combine_chunks()
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column = pc.utf8_trim_whitespace(column)
        column = pc.if_else(pc.equal(column, ""), pa.scalar(None, column.type), column)
    try:
        if pa.types.is_boolean(column.type):
            raise pa.ArrowInvalid
        numbers: Numbers = column.cast(pa.float64()).to_numpy(zero_copy_only=False).astype(np.float64)
    except (pa.ArrowException, ValueError):
        row = _first_without_number(column.to_pylist())
        raise BadInputError(
            f"row {row + first}: the column '{name}' does not hold a number (digits with a decimal point, no units or "
            "separators of thousands)"
        ) from None
    missing = np.asarray(column.is_null().to_numpy(zero_copy_only=False), dtype=bool)
    if blank:
        numbers = np.where(missing, 0.0, numbers)
        missing = np.zeros_like(missing)
    wrong = np.flatnonzero(missing | ~np.isfinite(numbers))
    if len(wrong):
        said = "is empty" if missing[wrong[0]] else "is not a finite number"
        raise BadInputError(f"row {int(wrong[0]) + first}: the column '{name}' {said}; every row needs a number")
    return numbers


def _first_without_number(texts: Sequence[Any]) -> int:
    for row, given in enumerate(texts):
        try:
            if given is not None:
                float(given)
        except (TypeError, ValueError):
            return row
        # What Python reads as a number and Arrow does not: digits of other scripts, and those grouped.
        if isinstance(given, bool) or (isinstance(given, str) and ("_" in given or not given.isascii())):
            return row
    return 0
