"""Protects a declared table by changing its numbers, and judges what the changed numbers still tell.

Notes
-----
What leaves is judged as an outsider sees it: every shown number leaves a box for the true one, boxes are put together
along all margins (`boxes`), and a small count must not be known to be small, nor any cell more closely than its rule
allows. Rules that the change does not answer, bite as before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from saferoom.disclosure.history.contributors import Noise
from saferoom.disclosure.queries.evidence import Cells, Numbers
from saferoom.disclosure.queries.model import Method
from saferoom.disclosure.rules.classes import Axis
from saferoom.disclosure.rules.hit import Hit, hit_if
from saferoom.disclosure.statbarns.case import Case, Outcome
from saferoom.disclosure.tables.assemble import number
from saferoom.disclosure.tables.boxes import Told, told, within
from saferoom.disclosure.tables.known import known_classes
from saferoom.disclosure.tables.perturbed_counts import perturbed_counts
from saferoom.disclosure.tables.perturbed_totals import perturbed_totals
from saferoom.disclosure.tables.perturbing_frame import Frame
from saferoom.disclosure.tables.perturbing_model import Changed
from saferoom.disclosure.tables.protected import NOTHING_LEFT, Protected, sparse
from saferoom.disclosure.verdict import Risk, Verdict

_NOISES = {
    Method.CONTROLLED_ROUNDING: Noise.CONTROLLED_ROUNDING,
    Method.RANDOM_ROUNDING: Noise.RANDOM_ROUNDING,
    Method.CELL_KEY: Noise.CELL_KEY,
    Method.SIGNIFICANT: Noise.SIGNIFICANT,
}


def perturb(case: Case, outcome: Outcome, axes: Sequence[Axis]) -> Protected:
    """Return the table with changed numbers, and the rules that still bite.

    Raises
    ------
    BadInputError
        When the method's parameters are weaker than the policy's, or do not fit the table.
    UnavailableError
        When there is no secret, or no time left.
    """
    frame = Frame(case, outcome, tuple(axes))
    changed = perturbed_counts(frame) if "count" in outcome.columns else perturbed_totals(frame)
    found = _told(frame, changed)
    hits = [*changed.hits, *_of_intervals(frame, found, changed)]
    hidden = np.isnan(changed.shown)
    visible = frame.shown & ~hidden
    if "count" in outcome.columns:
        own = frame.on_outcome(hidden | ~frame.shown)
        shown = np.where(own, np.nan, changed.shown[frame.lattice.place])
        hits += known_classes(outcome, shown, own, changed.error, axes, case.policy)
    inner = frame.shown & (frame.lattice.cells.levels == 0)
    if not visible.any():
        hits.append(NOTHING_LEFT)
    hits += sparse(hidden[inner], case.policy)
    cells, columns = _listed(frame, changed)
    method = case.plan.query.protect.method
    return Protected(
        cells,
        columns,
        tuple(hits),
        frame.on_outcome(visible),
        exact=False,
        audit=_report(frame, changed, found),
        noise=_NOISES[method],
        base=changed.base,
    )


def _told(frame: Frame, changed: Changed) -> Told:
    table = frame.table(whole=changed.whole)
    low = np.where(frame.shown, changed.low, -np.inf)
    high = np.where(frame.shown, changed.high, np.inf)
    boxed = within(table, low, high)
    return told(boxed, changed.asked, changed.enough, changed.witnesses, frame.case.engine.tick)


def _of_intervals(frame: Frame, found: Told, changed: Changed) -> list[Hit]:
    hits = []
    for cells, hit in ((found.exposed, changed.exposed), (found.unproven, _UNPROVEN)):
        own = frame.on_outcome(cells & changed.asked)
        hits += hit_if(Hit(hit.rule, hit.risk, hit.severity, hit.message, hit.remedy, cells=own))
    return hits


_UNPROVEN = Hit(
    rule="audit-unfinished",
    risk=Risk.DIFFERENCING,
    severity=Verdict.REVIEW,
    message="The table is too large to prove in time that its changed numbers, put together, hide these cells well "
    "enough.",
    remedy="use fewer dimensions or broader categories, leave the margins out, or let an output checker decide",
)


def _listed(frame: Frame, changed: Changed) -> tuple[Cells, dict[str, Numbers]]:
    name = next(iter(frame.outcome.columns))
    if not frame.axes:
        return frame.outcome.cells, {name: changed.shown[frame.lattice.place]}
    chosen = np.flatnonzero(frame.shown)
    cells = frame.lattice.cells
    listed = Cells(tuple(cells.labels[place] for place in chosen.tolist()), cells.levels[chosen])
    return listed, {name: changed.shown[chosen]}


def _report(frame: Frame, changed: Changed, found: Told) -> dict[str, Any]:
    """Return the audit as evidence, in the form of `saferoom.disclosure.tables.report`; for the trusted side only.

    A mean was judged as the sum it is made from; what is reported is the mean's interval for who knows the divisor.
    """
    weight = np.where(frame.weight > 0, frame.weight, 1.0)
    name = next(iter(frame.outcome.columns))
    cells = [
        {
            "cell": list(frame.lattice.labels[place]),
            "status": "u",
            "before": {name: number(float(frame.totals[place] / weight[place]))},
            "after": {name: number(float(changed.shown[place]))},
            "intervals": [
                [number(float(part[place] / weight[place])) for part in (found.low, frame.totals, found.high)]
            ],
        }
        for place in np.flatnonzero(changed.asked & frame.lattice.there).tolist()
    ]
    return {
        "method": frame.case.plan.query.protect.method.value,
        "holds": not (found.exposed | found.unproven).any(),
        "layers": [name],
        "said": list(changed.said),
        "cells": cells,
    }
