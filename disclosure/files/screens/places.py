"""Findings that say where in a file something stands; places are numbers and names of parts, never contents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from saferoom.disclosure.files.screens.views import Column, View
from saferoom.disclosure.files.screens.words import Role
from saferoom.disclosure.verdict import Finding, Label, Risk, Verdict

_MOST_NAMED = 6
_MOST_CELLS = 200


@dataclass(frozen=True)
class Rule:
    """What a screen says wherever it bites.

    Attributes
    ----------
    message : str
        The sentence after the place.
    """

    name: str
    risk: Risk
    severity: Verdict
    message: str
    remedy: str

    def at(self, place: str, cells: Iterable[tuple[Label, ...]] = ()) -> Finding:
        """Return the finding about `place`."""
        chosen = tuple(cells)[:_MOST_CELLS]
        return Finding(self.name, self.risk, self.severity, chosen, f"{place}: {self.message}", self.remedy)

    def in_column(self, view: View, column: Column, rows: Sequence[int] | None = None) -> Finding:
        """Return the finding about a column of a table, or some of its rows (counted from 0)."""
        cells = [(view.place, view.row_number(row), column.position + 1) for row in rows or ()]
        return self.at(f"{view.place}, {columns_named([column])}{rows_named(view, rows)}", cells)

    def in_cells(self, view: View, spots: Sequence[tuple[int, int]]) -> Finding:
        """Return the finding about cells (row, column), both counted from 0."""
        cells = [(view.place, view.row_number(row), column + 1) for row, column in spots]
        named = [f"row {row} column {column}" for _, row, column in cells[:_MOST_NAMED]]
        more = f" and {len(cells) - _MOST_NAMED} more" if len(cells) > _MOST_NAMED else ""
        return self.at(f"{view.place}, {', '.join(named)}{more}", cells)


def columns_named(columns: Sequence[Column]) -> str:
    """Return the columns by their numbers; heads are shown only where they are words of the field.

    A head can be a value itself, in a table that was turned round.
    """
    parts = []
    for column in columns[:_MOST_NAMED]:
        known = column.role in {Role.COUNT, Role.PERCENT, Role.MEAN, Role.EXTREME, Role.MODE, Role.RECORD}
        parts.append(f"{column.position + 1} ({column.role.value})" if known else str(column.position + 1))
    more = f" and {len(columns) - _MOST_NAMED} more" if len(columns) > _MOST_NAMED else ""
    return f"column{'s' if len(columns) > 1 else ''} {', '.join(parts)}{more}"


def rows_named(view: View, rows: Sequence[int] | None) -> str:
    """Return some rows by the numbers people see beside them."""
    if not rows:
        return ""
    named = ", ".join(str(view.row_number(row)) for row in rows[:_MOST_NAMED])
    more = f" and {len(rows) - _MOST_NAMED} more" if len(rows) > _MOST_NAMED else ""
    return f", row{'s' if len(rows) > 1 else ''} {named}{more}"
