"""What goes into a picture and what comes out.

Vocabulary
----------
sheet
    A table that leaves: labels of its dimensions, and numbers; None for what is not shown.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass

from saferoom.disclosure.verdict import Label, Table
from saferoom.errors import BadInputError

Labels = tuple[Label, ...]
MOST_LETTERS = 40
NOT_SHOWN = "not shown"


@dataclass(frozen=True)
class Picture:
    """A drawn chart in both formats; the same table gives the same bytes."""

    svg: bytes
    png: bytes

    def to_json(self) -> dict[str, str]:
        """Return a JSON-ready form."""
        return {name: base64.b64encode(data).decode("ascii") for name, data in (("svg", self.svg), ("png", self.png))}

    @classmethod
    def from_json(cls, document: Mapping[str, str]) -> Picture:
        """Read what `to_json` wrote; `ValueError` for anything else."""
        try:
            return cls(
                base64.b64decode(document["svg"], validate=True), base64.b64decode(document["png"], validate=True)
            )
        except binascii.Error:
            raise ValueError("a picture is damaged") from None


@dataclass(frozen=True)
class Sheet:
    """A table as it is drawn.

    Attributes
    ----------
    names : tuple of str
        The dimensions' public names.
    labels : tuple of label tuples
        Per row, its categories.
    columns : mapping of name to numbers
        Per row; None where nothing is shown.
    title : str
    measures : tuple of str
        What was measured, as the title calls it.
    """

    names: tuple[str, ...]
    labels: tuple[Labels, ...]
    columns: Mapping[str, tuple[float | None, ...]]
    title: str
    measures: tuple[str, ...] = ()

    @classmethod
    def of(cls, table: Table, dimensions: int, title: str, total: str | None = None) -> Sheet:
        """Return a table as it is drawn; rows of totals (with the label `total`) are left out."""
        rows = [row for row in table.rows if total is None or total not in row[:dimensions]]
        columns = {
            name: tuple(_number(row[dimensions + i]) for row in rows)
            for i, name in enumerate(table.columns[dimensions:])
        }
        return cls(tuple(table.columns[:dimensions]), tuple(row[:dimensions] for row in rows), columns, title)

    def categories(self, dimension: int) -> list[Label]:
        """Return a dimension's categories in the table's order."""
        return list(dict.fromkeys(labels[dimension] for labels in self.labels))

    def value(self, wanted: str | None, first: tuple[str, ...] = ()) -> str:
        """Return the column to draw: the one that was asked for, else the first of `first` that there is.

        Raises
        ------
        BadInputError
            When there is no column of that name.
        """
        if wanted is None:
            return next(name for name in (*first, *self.columns) if name in self.columns)
        if wanted not in self.columns:
            raise BadInputError(f"chart.value: the table has no such column; it has {', '.join(self.columns)}")
        return wanted

    def numbers(self, column: str) -> dict[Labels, float | None]:
        """Return a column's numbers by labels."""
        return dict(zip(self.labels, self.columns[column], strict=True))


def _number(value: Label) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def words(label: Label) -> str:
    """Return a label as it is written at an axis.

    >>> words(None), words(2.0), words("x" * 50) == "x" * 39 + "…"
    ('(missing)', '2', True)
    """
    if label is None:
        return "(missing)"
    text = f"{label:g}" if isinstance(label, float) else str(label)
    text = "".join(c if c.isprintable() else " " for c in text)
    return text if len(text) <= MOST_LETTERS else text[: MOST_LETTERS - 1] + "…"
