"""How exact a release will be: scales and margins of error of every column that will leave, without data."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from saferoom.disclosure.privacy.certificate import NOISE_INFUSED, PRIVATE
from saferoom.disclosure.privacy.declaring import Declared
from saferoom.disclosure.privacy.derived import mean
from saferoom.disclosure.privacy.ingredients import COUNT, SUM
from saferoom.disclosure.privacy.noisy import Drawn
from saferoom.disclosure.privacy.shown import quoted
from saferoom.disclosure.verdict import Label, Table

ROWS = (100, 1_000, 10_000)
"""For how many rows in a cell the margin of a mean is told."""
MARGIN = "margin_95"


def quote_of(declared: Declared) -> dict[str, Any]:
    """Return the quote as `Evaluation.privacy` holds it, JSON-ready.

    Keys
    ----
    plan, digest
        The plan of the noise (`PrivacyPlan`), and its digest, which is charged for.
    measure, loss, delta
        In which terms the loss counts; rho under ``zcdp``, epsilon under ``pure``. At most what the query allowed.
    unit, contributions, cells
        Whose privacy, the bounds on one unit's rows, and how many cells there are (0: the data find them).
    columns
        Per column: ``name``, ``scale`` of its noise, and ``margin_95``, by how much it is off at most in 95 of 100
        draws; null where that depends on the data. Of a mean ``margin_95_at``: in a cell of so many rows, at most.
    label
        What the release may be called.
    """
    drawn = declared.drawn
    return {
        "plan": drawn.to_json(),
        "digest": drawn.digest,
        "measure": declared.budget.measure.value,
        "loss": float(declared.budget.value),
        "delta": float(declared.budget.delta),
        "unit": drawn.unit,
        "contributions": dict(vars(drawn.contributions)),
        "cells": drawn.cells,
        "columns": _columns(declared),
        "label": NOISE_INFUSED if declared.observed else PRIVATE,
    }


def table_of(declared: Declared) -> Table:
    """Return the quote as a table for people."""
    columns = _columns(declared)
    at = [f"{MARGIN}_of_{rows}_rows" for rows in ROWS] if any("margin_95_at" in one for one in columns) else []
    rows: list[tuple[Label, ...]] = []
    for one in columns:
        known = one.get("margin_95_at", {})
        rows.append((one["name"], one["scale"], one[MARGIN], *(known.get(str(n)) for n in ROWS if at)))
    return Table(("column", "noise_scale", MARGIN, *at), tuple(rows))


def _columns(declared: Declared) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": one.name, MARGIN: one.margin_95, "scale": one.scale} for one in quoted(declared.ask, declared.drawn)
    ]
    for one in found:
        if one["name"].startswith("mean") and declared.codes is not None:
            one["margin_95_at"] = _margins_of_mean(declared)
    return found


def _margins_of_mean(declared: Declared) -> dict[str, float]:
    """Return margins of a mean where it is as far off as it can be, at a bound; none where the noise is too large."""
    plan = declared.drawn
    count, total = (next(one for one in plan.aggregates if one.name == name) for name in (COUNT, SUM))
    rows = np.asarray(ROWS, dtype=np.float64)
    half = 0.0 if total.bounds is None else (total.bounds.upper - total.bounds.lower) / 2
    drawn = {COUNT: Drawn(count, plan.measure, rows), SUM: Drawn(total, plan.measure, rows * half)}
    margins = mean(drawn).margins
    found = [] if margins is None else margins.tolist()
    return {str(n): one for n, one in zip(ROWS, found, strict=True) if math.isfinite(one)}
