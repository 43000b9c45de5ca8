"""The audit of a protected table as evidence: what is hidden, why, and between what bounds anybody can tell it.

It holds exact numbers and stays on the trusted side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from saferoom.disclosure.queries.evidence import Mask, Numbers
from saferoom.disclosure.statbarns.case import Outcome
from saferoom.disclosure.tables.additive import Audit, Suppression
from saferoom.disclosure.tables.assemble import number, shown_labels
from saferoom.disclosure.tables.lattice import Lattice


@dataclass(frozen=True)
class Audited:
    """What attackers can tell of one layer of a table."""

    name: str
    values: Numbers
    audit: Audit


def report(
    lattice: Lattice, outcome: Outcome, hidden: Mask, primary: Mask, found: tuple[Sequence[Audited], Suppression | None]
) -> dict[str, Any]:
    """Return the audit, JSON-ready.

    Returns
    -------
    dict
        ``method`` ("suppress"); ``mode`` ("exact" or "heuristic") and ``gap`` (how far `cost` can be above the least,
        None when that is not known) of the last layer that was protected; ``cost`` (units in secondary cells);
        ``holds`` (True: what does not hold is not let out); ``layers`` (names of what adds up: "units", "rows",
        "weight", "count", "sum", "group shares"); and ``cells``, one per hidden cell that holds anybody, each with
        ``cell`` (labels), ``status`` ("u" for primary, "x" for secondary), ``before`` (the hidden numbers by column)
        and ``intervals`` (in the order of `layers`, ``[low, value, high]`` as anybody can tell it; None for no bound).
    """
    audited, last = found
    there = np.flatnonzero(hidden & lattice.there)
    columns = {name: lattice.numbers(values, np.nan) for name, values in outcome.columns.items()}
    units = lattice.numbers(outcome.units[0].units.astype(np.float64))
    cells = [
        {
            "cell": list(lattice.labels[place]),
            "status": "u" if primary[place] else "x",
            "before": {name: number(float(values[place])) for name, values in columns.items()},
            "intervals": [
                [number(float(part[place])) for part in (layer.audit.low, layer.values, layer.audit.high)]
                for layer in audited
            ],
        }
        for place in there.tolist()
    ]
    return {
        "method": "suppress",
        "mode": None if last is None else last.mode.value,
        "gap": None if last is None else last.gap,
        "cost": float(units[hidden & ~primary].sum()),
        "holds": all(layer.audit.holds for layer in audited),
        "layers": [layer.name for layer in audited],
        "cells": cells,
    }


def report_without_sums(
    outcome: Outcome, method: str, changed: Mask, bounds: tuple[Numbers, Numbers], blank: Mask
) -> dict[str, Any]:
    """Return the audit of a table in which nothing that leaves adds up to a hidden or changed cell, in the same form.

    Parameters
    ----------
    changed : ndarray of bool, shape (cells,)
        The cells that do not leave as they are.
    bounds : pair of ndarray of float, shape (cells,)
        What anybody can tell of them: of the units where a cell is blank, else of the number itself.
    blank : ndarray of bool, shape (cells,)
        The changed cells that are left blank.
    """
    labels, units = shown_labels(outcome.cells), outcome.units[0].units
    name = next(iter(outcome.columns))
    low, high = bounds
    cells = [
        {
            "cell": list(labels[place]),
            "status": "u" if blank[place] else "",
            "before": {column: number(float(values[place])) for column, values in outcome.columns.items()},
            "intervals": [
                [
                    number(float(low[place])),
                    number(float(units[place] if blank[place] else outcome.columns[name][place])),
                    number(float(high[place])),
                ]
            ],
        }
        for place in np.flatnonzero(changed).tolist()
    ]
    layer = "units" if blank[changed].all() else name
    return {"method": method, "holds": True, "layers": [layer], "cells": cells}
