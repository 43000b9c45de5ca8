"""Judged outputs with the evidence that output checkers alone may see: audits, and combinations with releases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tests.support.airlock_world import judged

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.queries.model import parse_query
from saferoom.disclosure.verdict import Label, Table

COLUMNS = ("region", "education", "count")
EXACT = ((("north", "low"), 4711), (("north", "high"), 3), (("south", "low"), 77), (("south", "high"), 65))
HIDDEN = {("north", "high"): "u", ("south", "high"): "x"}
SECRETS = ("4,321", "1 to 17")
"""Texts of the evidence: an end of an interval, and the band of a combination."""


def table(hidden: Sequence[tuple[str, str]] = ()) -> Table:
    """Return the table, with `hidden` cells blank."""
    rows: list[tuple[Label, ...]] = [(*cell, None if cell in hidden else value) for cell, value in EXACT]
    return Table(COLUMNS, tuple(rows))


def audit() -> dict[str, Any]:
    """Return an audit of the hidden cells."""
    cells = [
        {
            "cell": ["south", "high"],
            "status": "x",
            "before": {"count": 65},
            "intervals": [[0, 65, 4321], [0, 65, None]],
        },
        {"cell": ["north", "high"], "status": "u", "before": {"count": 3}, "intervals": [[0, 3, 68], [None, 3, None]]},
    ]
    known: dict[str, Any] = {"method": "suppress", "mode": "exact", "gap": 0.0, "cost": 65.0, "holds": True}
    return {**known, "layers": ["units", "count"], "cells": cells}


def _cell(cell: tuple[str, str], before: int, *intervals: list[int | None]) -> dict[str, Any]:
    return {"cell": list(cell), "status": HIDDEN[cell], "before": {"count": before}, "intervals": list(intervals)}


def combination(release: str, cells: Sequence[Sequence[Label]] = (("north",),)) -> dict[str, Any]:
    """Return a combination with a released output."""
    earlier = {"release": release, "title": None, "cells": [list(cell) for cell in cells]}
    return {"how": "subtract", "new": [["north", "low"]], "earlier": [earlier], "units": SECRETS[1]}


CHOSEN = {
    "method": "suppress",
    "why": "2 cells are blank, the least of 2 ways that pass",
    "tried": [
        {"method": "none", "verdict": "fail", "loss": 0.0, "words": "as they are", "why": "as they are: fails"},
        {"method": "suppress", "verdict": "review", "loss": 0.1, "words": "blank", "why": "blank: goes to a person"},
    ],
}


def protected(combined: Sequence[dict[str, Any]] = ()) -> Evaluation:
    """Return a protected output, combined with earlier releases."""
    blank = table(list(HIDDEN))
    query = {
        "statistic": "frequency",
        "by": ["region", "education"],
        "margins": True,
        "protect": {"method": "suppress"},
    }
    return replace(
        judged(),
        query=parse_query(query),
        table=table(),
        protected=blank,
        outgoing=blank,
        evidence={"audit": audit(), "combinations": list(combined)},
        chosen=CHOSEN,
        label_columns=2,
    )
