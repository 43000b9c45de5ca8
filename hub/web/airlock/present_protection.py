"""From the evidence of a protected output to what an output checker sees: before, after, and what an attacker can tell.

The evidence is disclosive: only `hub.web.pages` for output checkers asks for these views.

Vocabulary
----------
evidence["audit"]
    What was proven of the cells that are hidden or changed, in the form of `saferoom.disclosure.tables.report`; where
    numbers are changed each cell also says what it is ``after``, and ``said`` holds what a checker should know.
layer
    One of the things that add up behind a table: the people of every cell, the rows, the published sums. An attacker
    has an interval in each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.verdict import Label, Table
from saferoom.hub.notebook.layout import Labels, cell_name, number

MOST_CELLS = 1_000
"""Intervals that a page shows; how many more there are is said."""
_STATUSES = {"u": "at risk itself", "x": "hidden so that others cannot be worked out", "": "changed"}
_ALL = "the whole output"
Known = Mapping[Labels, tuple[Label, ...]]
"""The numbers of a table by the labels of its cells."""


@dataclass(frozen=True)
class CellView:
    """One cell: what it was, what leaves of it, and the intervals in which an attacker can tell it to be."""

    name: str
    before: str
    after: str
    intervals: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class ProtectionView:
    """What protects an output, and how well.

    Attributes
    ----------
    facts : what was done and what it costs, one fact a line
    layers : the heads of the intervals, in words
    cells : the cells with an attacker's interval, first those at risk
    left_out : int
        How many more there are.
    tried : the protections that were looked at: name, and what became of it
    """

    facts: tuple[tuple[str, str], ...]
    layers: tuple[str, ...]
    cells: tuple[CellView, ...]
    left_out: int
    tried: tuple[tuple[str, str], ...]


def protection(evaluation: Evaluation) -> ProtectionView | None:
    """Return how `evaluation` is protected; None where nothing is audited and nothing was chosen."""
    audit, chosen = evaluation.evidence.get("audit") or {}, evaluation.chosen or {}
    if not audit and not chosen:
        return None
    after = numbers(evaluation.outgoing, evaluation)
    listed = sorted(audit.get("cells", ()), key=lambda cell: _ORDER[cell.get("status") or ""])
    return ProtectionView(
        facts=tuple(_facts(audit, chosen)),
        layers=tuple(_LAYERS.get(layer, layer) for layer in audit.get("layers", ())),
        cells=tuple(_cell(cell, after) for cell in listed[:MOST_CELLS]),
        left_out=max(0, len(listed) - MOST_CELLS),
        tried=tuple((str(entry["method"]), str(entry["why"])) for entry in chosen.get("tried", ())),
    )


_ORDER = {"u": 0, "x": 1, "": 2}


def numbers(table: Table | None, judged: Evaluation) -> Known:
    """Return the numbers of every cell of a table by its labels."""
    if table is None:
        return {}
    width = len(judged.query.by) if judged.label_columns is None else judged.label_columns
    return {row[:width]: row[width:] for row in table.rows}


def told(found: Known, cell: Labels) -> str:
    """Return a cell's numbers as text; a dash where the table has no such cell."""
    return "; ".join(map(number, found[cell])) if cell in found else "–"


def named(cell: Sequence[Label]) -> str:
    """Return a cell's labels as a reader names it."""
    return cell_name(tuple(cell)) if cell else _ALL


_LAYERS = {"units": "people", "rows": "rows", "count": "count", "sum": "sum", "weight": "weight"}


def _cell(item: Mapping[str, Any], after: Known) -> CellView:
    cell = tuple(item["cell"])
    return CellView(
        name=named(cell),
        before=_values(item["before"]),
        after=_values(item["after"]) if "after" in item else told(after, cell),
        intervals=tuple(interval(low, high) for low, _, high in item["intervals"]),
        why=_STATUSES[item.get("status") or ""],
    )


def _values(columns: Mapping[str, Label]) -> str:
    return "; ".join(map(number, columns.values())) or "–"


def interval(low: float | None, high: float | None) -> str:
    """Return an attacker's interval in words.

    >>> interval(0, 12), interval(None, 12), interval(3, None), interval(None, None)
    ('0 to 12', 'at most 12', 'at least 3', 'anything')
    """
    if low is None:
        return "anything" if high is None else f"at most {number(high)}"
    return f"at least {number(low)}" if high is None else f"{number(low)} to {number(high)}"


def _facts(audit: Mapping[str, Any], chosen: Mapping[str, Any]) -> list[tuple[str, str]]:
    said = []
    if chosen:
        said.append(("Protection chosen", str(chosen["method"] or "none")))
        said.append(("Why", str(chosen["why"])))
    if audit:
        said.append(("Protected by", str(audit["method"]).replace("_", " ")))
        said.append(("The attacker's audit", "holds" if audit["holds"] else "does not hold"))
        said += [("What to know of it", str(words)) for words in audit.get("said", ())]
    if audit.get("mode"):
        said.append(("Further cells chosen by", _MODES.get(str(audit["mode"]), str(audit["mode"]))))
    if audit.get("cost") is not None:
        said.append(("Units in further cells", f"{audit['cost']:,.0f}"))
        said.append(("How few that is", _gap(audit.get("gap"))))
    return said


_MODES = {"exact": "a search of all choices", "heuristic": "a quick search, mended until the audit held"}
_SMALL = 5e-4


def _gap(gap: float | None) -> str:
    if gap is None:
        return "not known"
    if gap < _SMALL:
        return "proven to be the least possible"
    return f"at most {gap:.1%} above the least possible"
