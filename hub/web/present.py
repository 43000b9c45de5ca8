"""From what was judged to what a page shows: tables with their marks, findings, and queries in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import yaml

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.queries.model import Method, Query
from saferoom.disclosure.verdict import Finding, Label, Table, Verdict
from saferoom.hub.web.words import RISKS, VERDICTS, Sign, several

MOST_ROWS = 2_000
"""Rows of a table that a page shows; a longer table is named as cut, never cut silently."""
_MOST_ACROSS = 15


@dataclass(frozen=True)
class CellView:
    """One field of a table, ready to be shown.

    Attributes
    ----------
    kind : str
        ``label`` or ``value``.
    look : str
        ``fail``, ``review`` or empty.
    marks : tuple of int
        Numbers of the findings that concern it, as the list of findings counts them.
    """

    text: str
    kind: str
    look: str = ""
    marks: tuple[int, ...] = ()


@dataclass(frozen=True)
class TableView:
    """A table as a page shows it.

    Attributes
    ----------
    columns : tuple of (str, bool)
        Headings, and whether the column holds values.
    across : str
        The dimension whose categories are the headings, when there is one.
    hidden : int
        Rows that are left out of the page.
    """

    columns: tuple[tuple[str, bool], ...]
    rows: tuple[tuple[CellView, ...], ...]
    across: str = ""
    hidden: int = 0

    @property
    def marked(self) -> bool:
        """Whether any field has a mark."""
        return any(cell.marks for row in self.rows for cell in row)


@dataclass(frozen=True)
class FindingView:
    """A finding as a page shows it."""

    number: int
    sign: Sign
    risk: str
    rule: str
    message: str
    remedy: str
    cells: str


@dataclass(frozen=True)
class OutputView:
    """One judged output as a page shows it."""

    title: str
    sign: Sign
    findings: tuple[FindingView, ...]
    exact: TableView
    leaving: TableView | None
    unchanged: bool
    facts: tuple[tuple[str, str], ...]
    yaml: str
    evidence: tuple[tuple[str, str], ...]
    obstacles: tuple[str, ...]


def output(evaluation: Evaluation) -> OutputView:
    """Return `evaluation` as the pages show it."""
    leaving = evaluation.outgoing
    dimensions = len(evaluation.query.by)
    return OutputView(
        title=evaluation.title,
        sign=VERDICTS[evaluation.verdict],
        findings=tuple(_finding(number, f) for number, f in enumerate(evaluation.findings, start=1)),
        exact=table(evaluation.table, dimensions, evaluation.findings),
        leaving=table(leaving, dimensions, ()) if leaving else None,
        unchanged=leaving is not None and leaving.rows == evaluation.table.rows,
        facts=tuple(facts(evaluation.query)),
        yaml=as_yaml(evaluation.query),
        evidence=tuple(_evidence(evaluation.evidence)),
        obstacles=evaluation.automatic_obstacles,
    )


def table(shown: Table, dimensions: int, findings: Sequence[Finding]) -> TableView:
    """Return `shown` with the cells that `findings` concern marked by their numbers.

    One value by two dimensions is laid out as people expect a cross-table. A finding that names fewer labels than
    the table has dimensions concerns every cell below those labels.
    """
    marks = _marks(findings)
    across = _across(shown, dimensions)
    if across:
        return _crossed(shown, across, marks)
    columns = tuple((name, index >= dimensions) for index, name in enumerate(shown.columns))
    rows = tuple(_row(row, dimensions, marks) for row in shown.rows[:MOST_ROWS])
    return TableView(columns, rows, hidden=max(0, len(shown.rows) - MOST_ROWS))


_Marks = Mapping[tuple[Label, ...], Sequence[tuple[int, Verdict]]]


def _marks(findings: Sequence[Finding]) -> _Marks:
    marks: dict[tuple[Label, ...], list[tuple[int, Verdict]]] = {}
    for number, finding in enumerate(findings, start=1):
        for cell in finding.cells:
            marks.setdefault(cell, []).append((number, finding.severity))
    return marks


def _value(value: Label, labels: tuple[Label, ...], marks: _Marks) -> CellView:
    found = [mark for length in range(1, len(labels) + 1) for mark in marks.get(labels[:length], ())]
    look = Verdict.worst(severity for _, severity in found).value if found else ""
    return CellView(text(value), "value", look, tuple(sorted({number for number, _ in found})))


def _row(row: tuple[Label, ...], dimensions: int, marks: _Marks) -> tuple[CellView, ...]:
    labels = row[:dimensions]
    values = [_value(value, labels, marks) for value in row[dimensions:]]
    # The mark stands once, at the first value; its look is the whole row's.
    values[1:] = [replace(value, marks=()) for value in values[1:]]
    return (*(CellView(text(label), "label") for label in labels), *values)


def _across(shown: Table, dimensions: int) -> list[Label]:
    """Return the headings of a cross-table, in their order; none when the table is not to be one."""
    if dimensions != 2 or len(shown.columns) != 3 or len({row[:2] for row in shown.rows}) != len(shown.rows):
        return []
    found = list(dict.fromkeys(row[1] for row in shown.rows))
    down = len({row[0] for row in shown.rows})
    return found if 2 <= len(found) <= _MOST_ACROSS and down <= MOST_ROWS else []


def _crossed(shown: Table, across: Sequence[Label], marks: _Marks) -> TableView:
    values = {row[:2]: row[2] for row in shown.rows}
    down = dict.fromkeys(row[0] for row in shown.rows)
    rows = [
        (
            CellView(text(label), "label"),
            *(
                _value(values[label, other], (label, other), marks)
                if (label, other) in values
                else CellView("", "value")
                for other in across
            ),
        )
        for label in down
    ]
    first, second, value = shown.columns
    columns = ((first, False), *((text(label), True) for label in across))
    return TableView(columns, tuple(rows), across=f"{value} by {first} (down) and {second} (across)")


def text(value: Label) -> str:
    """Return a label or a number as a person reads it."""
    if value is None:
        return "not given"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    if isinstance(value, float):
        return f"{value:,.6g}" if abs(value) < 1_000_000 else f"{value:,.0f}"
    return value


def _finding(number: int, finding: Finding) -> FindingView:
    count = len(finding.cells)
    return FindingView(
        number=number,
        sign=VERDICTS[finding.severity],
        risk=RISKS[finding.risk],
        rule=finding.rule,
        message=finding.message,
        remedy=finding.remedy,
        cells=several(count, "cell") if count else "the whole output",
    )


def facts(query: Query) -> list[tuple[str, str]]:
    """Return `query` in words, one fact a line."""
    said = [("Statistic", query.statistic.value + (f" of {query.measure}" if query.measure else ""))]
    said += [("By", ", ".join(query.by))] if query.by else []
    optional = (("Of", query.from_), ("Only where", query.where), ("Weighted by", query.weight))
    said += [(name, value) for name, value in optional if value]
    said += [(f"New column {name}", expression) for name, expression in query.derive.items()]
    said += [(f"Prepared table {name}", statement) for name, statement in query.views.items()]
    said += [(name.capitalize(), _plain(value)) for name, value in _options(query).items()]
    said += [("Margins", "totals are added")] if query.margins else []
    said.append(("Protection", _protection(query)))
    return said


def _options(query: Query) -> dict[str, Any]:
    document: dict[str, Any] = query.options.model_dump(mode="json", exclude_none=True)
    return document


def _protection(query: Query) -> str:
    if query.protect.method is Method.NONE:
        return "none: the exact numbers would leave"
    if query.protect.method is Method.ROUND:
        base = f"multiples of {query.protect.base}" if query.protect.base else "multiples of the rules' rounding base"
        return f"every count is rounded to {base}"
    return "cells at risk are left out"


def as_yaml(query: Query) -> str:
    """Return `query` as the YAML document that the command line and the notebook take."""
    return yaml.safe_dump(query.document(), sort_keys=False, allow_unicode=True, width=100)


def _evidence(evidence: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what the evidence says about the whole table; its cells stand in the table."""
    return [
        (name.replace("_", " "), _plain(value))
        for name, value in evidence.items()
        if isinstance(value, str | int | float | bool)
    ]


def _plain(value: Any) -> str:
    return ", ".join(map(_plain, value)) if isinstance(value, list) else text(value)
