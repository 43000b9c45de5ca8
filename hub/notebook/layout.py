"""How a table is laid out for a reader: its cells in a grid, those at risk marked. Pure, for HTML and text alike.

Vocabulary
----------
mark
    What the findings say about one cell: the worst severity among them and their sentences.
blank
    What is shown in place of a number that is not: its sign, and what a reader should know of it.
grid
    Rows of cells as they are read: the last dimension runs across when there is one number per cell.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from saferoom.disclosure.verdict import Finding, Label, Table, Verdict

Labels = tuple[Label, ...]
SYMBOLS = {Verdict.PASS: "✔", Verdict.REVIEW: "◆", Verdict.FAIL: "✖"}
MOST_ROWS = 200
_MOST_ACROSS = 24


@dataclass(frozen=True)
class Mark:
    """What the findings say about a cell."""

    severity: Verdict
    messages: tuple[str, ...]


@dataclass(frozen=True)
class Cell:
    """One place in a grid: its text, whether it heads a row or column, its mark, and a note on a blank."""

    text: str
    heading: bool = False
    mark: Mark | None = None
    note: str = ""


@dataclass(frozen=True)
class Grid:
    """A table as it is read; `left_out` counts rows beyond `MOST_ROWS`."""

    head: tuple[Cell, ...]
    body: tuple[tuple[Cell, ...], ...]
    left_out: int = 0


def marks(findings: Sequence[Finding]) -> dict[Labels, Mark]:
    """Return the mark of every cell that a finding names."""
    named: dict[Labels, list[Finding]] = {}
    for finding in findings:
        for labels in finding.cells:
            named.setdefault(tuple(labels), []).append(finding)
    return {
        labels: Mark(Verdict.worst(f.severity for f in found), tuple(f.message for f in found))
        for labels, found in named.items()
    }


@dataclass(frozen=True)
class Legend:
    """What is known of cells beside their numbers: the marks of findings, and what stands in place of blanks."""

    marks: Mapping[Labels, Mark] = field(default_factory=dict)
    blanks: Mapping[Labels, Cell] = field(default_factory=dict)

    def cell(self, place: Labels, value: Label) -> Cell:
        """Return the cell at `place`."""
        mark = self.marks.get(place)
        blank = self.blanks.get(place) if value is None else None
        return Cell(number(value), mark=mark) if blank is None else replace(blank, mark=mark)


def grid(
    table: Table,
    dimensions: int,
    marked: Mapping[Labels, Mark],
    most_rows: int = MOST_ROWS,
    blanks: Mapping[Labels, Cell] | None = None,
) -> Grid:
    """Lay out `table`, whose first `dimensions` columns are labels and whose others are numbers."""
    legend = Legend(marked, blanks or {})
    if dimensions >= 2 and len(table.columns) == dimensions + 1:
        across = list(dict.fromkeys(row[dimensions - 1] for row in table.rows))
        if len(across) <= _MOST_ACROSS:
            return _crossed(table, across, legend, most_rows)
    return _listed(table, dimensions, legend, most_rows)


def _listed(table: Table, dimensions: int, legend: Legend, most_rows: int) -> Grid:
    body = []
    for row in table.rows[:most_rows]:
        heads = [Cell(label(value), heading=True) for value in row[:dimensions]]
        body.append((*heads, *(legend.cell(row[:dimensions], value) for value in row[dimensions:])))
    head = tuple(Cell(name, heading=True) for name in table.columns)
    return Grid(head, tuple(body), max(0, len(table.rows) - most_rows))


def _crossed(table: Table, across: Sequence[Label], legend: Legend, most_rows: int) -> Grid:
    dimensions = len(table.columns) - 1
    values = {row[:dimensions]: row[dimensions] for row in table.rows}
    down = list(dict.fromkeys(row[: dimensions - 1] for row in table.rows))
    body = []
    for labels in down[:most_rows]:
        cells = [Cell(label(value), heading=True) for value in labels]
        for last in across:
            place = (*labels, last)
            there = place in values
            cells.append(legend.cell(place, values[place]) if there else Cell("", mark=legend.marks.get(place)))
        body.append(tuple(cells))
    names = [*table.columns[: dimensions - 2], f"{table.columns[dimensions - 2]} \\ {table.columns[dimensions - 1]}"]
    head = tuple(Cell(text, heading=True) for text in (*names, *(label(last) for last in across)))
    return Grid(head, tuple(body), max(0, len(down) - most_rows))


def label(value: Label) -> str:
    """Return a dimension's label as text."""
    return "(missing)" if value is None else str(value)


def number(value: Label) -> str:
    """Return a cell's number as text: whole numbers in full, others to three decimals or three digits."""
    if value is None:
        return "x"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    if not math.isfinite(value):
        return "–"
    return f"{value:,.3f}" if abs(value) >= 0.01 or value == 0 else f"{value:.3g}"


def cell_name(labels: Labels) -> str:
    """Return a cell's labels as a reader names it: ``south, 12``."""
    return ", ".join(label(value) for value in labels)
