"""From what was judged to what a page shows: tables with their marks, findings, and queries in words."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.privacy.statistics import OBSERVED
from saferoom.disclosure.queries.model import Method, Query, Statistic
from saferoom.disclosure.verdict import Finding, Table, Verdict
from saferoom.hub.notebook.layout import Grid, Labels, Mark, grid
from saferoom.hub.web.airlock.present_privacy import PrivacyView, privacy
from saferoom.hub.web.texts.airlock import RISKS, VERDICTS
from saferoom.hub.web.texts.common import Sign, several
from saferoom.policies.document import written

MOST_ROWS = 2_000
"""Rows of a table that a page shows; a longer table is named as cut, never cut silently."""


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
    exact: Grid
    leaving: Grid | None
    unchanged: bool
    facts: tuple[tuple[str, str], ...]
    yaml: str
    evidence: tuple[tuple[str, str], ...]
    obstacles: tuple[str, ...]
    is_file: bool = False
    privacy: PrivacyView | None = None
    """Of a statistic with noise from a privacy budget."""
    picture: str | None = None
    """The chart that would leave, as a data URI of a PNG image."""


def output(evaluation: Evaluation) -> OutputView:
    """Return `evaluation` as the pages show it."""
    leaving = evaluation.outgoing
    query = evaluation.query
    return OutputView(
        title=evaluation.title,
        sign=VERDICTS[evaluation.verdict],
        findings=tuple(finding(number, f) for number, f in enumerate(evaluation.findings, start=1)),
        exact=_grid(evaluation.table, evaluation, evaluation.findings),
        leaving=_grid(leaving, evaluation, ()) if leaving else None,
        unchanged=leaving is not None and leaving.rows == evaluation.table.rows,
        facts=tuple(facts(query)),
        yaml=as_yaml(query),
        evidence=tuple(_evidence(evaluation.evidence)),
        obstacles=evaluation.automatic_obstacles,
        privacy=privacy(evaluation),
        picture=_picture(evaluation),
    )


def _picture(evaluation: Evaluation) -> str | None:
    """Return the chart for an image element, where nothing in it can run or load anything."""
    if evaluation.picture is None:
        return None
    return "data:image/png;base64," + base64.b64encode(evaluation.picture.png).decode("ascii")


def _grid(shown: Table, judged: Evaluation, findings: Sequence[Finding]) -> Grid:
    """Lay out `shown` with the cells that `findings` name marked by the findings' numbers."""
    query = judged.query
    dimensions = len(query.by) if judged.label_columns is None else judged.label_columns
    if query.statistic is Statistic.REGRESSION:
        # Terms without a category have none, which is not a missing one.
        dimensions = 2
        shown = Table(shown.columns, tuple((term, label or "", *rest) for term, label, *rest in shown.rows))
    named: dict[Labels, list[tuple[Verdict, str]]] = {}
    for number, found in enumerate(findings, start=1):
        for cell in found.cells:
            named.setdefault(cell, []).append((found.severity, str(number)))
    marks = {
        cell: Mark(Verdict.worst(severity for severity, _ in marked), tuple(number for _, number in marked))
        for cell, marked in named.items()
    }
    return grid(shown, dimensions, marks, MOST_ROWS)


def finding(number: int, found: Finding) -> FindingView:
    """Return a finding as the pages show it, with the number that marks its cells."""
    count = len(found.cells)
    return FindingView(
        number=number,
        sign=VERDICTS[found.severity],
        risk=RISKS[found.risk],
        rule=found.rule,
        message=found.message,
        remedy=found.remedy,
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
    protect = query.protect
    if protect.method is Method.NONE:
        return "none: the exact numbers would leave"
    said = _PROTECTIONS[protect.method] if protect.estimator != OBSERVED else _INFUSED
    said = said.format(
        base=f"multiples of {protect.base}" if protect.base else "multiples of the rules' rounding base",
        digits=f"{protect.digits} digits" if protect.digits else "as many digits as the rules say",
    )
    noise = {"D": protect.maximum, "V": protect.variance, "js": protect.js, "pstay": protect.pstay}
    if protect.method is Method.DP:
        noise = protect.model_dump(mode="json", exclude={"method"}, exclude_none=True)
    given = ", ".join(f"{name} = {_plain(value)}" for name, value in noise.items() if value is not None)
    return f"{said} ({given})" if given else said


_INFUSED = "noise that a privacy budget pays for, as large as the data ask for; that is not differential privacy"
_PROTECTIONS = {
    Method.AUTO: "the way that loses least is chosen",
    Method.SUPPRESS: "cells at risk are left out, and others that would give them away",
    Method.ROUND: "every count is rounded to {base}",
    Method.CONTROLLED_ROUNDING: "counts are rounded to neighbouring {base}, and still add up",
    Method.RANDOM_ROUNDING: "counts are rounded up or down by chance to {base}",
    Method.CELL_KEY: "counts get noise that is the same wherever the same people are counted",
    Method.DP: "differential privacy: noise that a privacy budget pays for",
    Method.SIGNIFICANT: "numbers keep their first digits: {digits}",
}


def as_yaml(query: Query) -> str:
    """Return `query` as the YAML document that the command line and the notebook take."""
    return written(query.document(), width=100)


def _evidence(evidence: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what the evidence says about the whole table; its cells stand in the table."""
    return [
        (name.replace("_", " "), _plain(value))
        for name, value in evidence.items()
        if isinstance(value, str | int | float | bool)
    ]


def _plain(value: Any) -> str:
    return ", ".join(map(_plain, value)) if isinstance(value, list) else str(value)
