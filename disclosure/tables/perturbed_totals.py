"""Declared sums and means with cell-key noise or cut to significant digits; cells at risk for other reasons are blank.

Notes
-----
A mean is judged as the sum it is made from, by somebody who knows exactly what it was divided by.
"""

from __future__ import annotations

import numpy as np

from saferoom.disclosure.queries.evidence import Mask, Numbers
from saferoom.disclosure.queries.model import Method, Statistic
from saferoom.disclosure.rules.dominance import dominance, weight_dominance
from saferoom.disclosure.rules.hit import BROADER, SUPPRESS, Hit
from saferoom.disclosure.tables.boxes import Enough
from saferoom.disclosure.tables.magnitudes import MagnitudeNoise, needed
from saferoom.disclosure.tables.perturbed_counts import code_of, design_of
from saferoom.disclosure.tables.perturbing_frame import Frame
from saferoom.disclosure.tables.perturbing_model import Changed
from saferoom.disclosure.tables.protected import CLASS_RULES
from saferoom.disclosure.tables.significant import significant, unit_of
from saferoom.disclosure.verdict import Risk, Verdict
from saferoom.errors import BadInputError

_SLACK = 1e-9
_DIGITS = 6
"""Significant digits of totals with noise; further ones would only look exact."""
_PURPOSES = ("magnitude 0", "magnitude 1")


def perturbed_totals(frame: Frame) -> Changed:
    """Change the sums or means in the way the query asks for."""
    blank, flagged = _at_risk(frame)
    below = frame.lattice.numbers(needed(frame.outcome.units, frame.case.policy))
    if frame.case.plan.query.protect.method is Method.CELL_KEY:
        shown, reach, base, said = _with_noise(frame)
    else:
        shown, reach, base, said = _cut(frame)
    centre = np.nan_to_num(shown) * frame.weight
    blank |= ~frame.lattice.there & (frame.lattice.cells.levels == 0)
    return Changed(
        shown=np.where(blank, np.nan, shown),
        low=np.where(blank, -np.inf, centre - reach),
        high=np.where(blank, np.inf, centre + reach),
        asked=(blank | flagged) & frame.lattice.there,
        enough=_enough(below),
        hits=[hit for hit in frame.outcome.hits if hit.cells is None and hit.rule not in CLASS_RULES],
        exposed=_EXPOSED,
        base=base,
        said=said,
    )


def _at_risk(frame: Frame) -> tuple[Mask, Mask]:
    """Return the cells to blank, and those whose largest contributions have to be hidden by the change."""
    outcome, policy = frame.outcome, frame.case.policy
    blank = np.zeros(len(outcome.cells), dtype=bool)
    flagged = blank.copy()
    rules = set()
    for hit in dominance(outcome.units, policy):
        rules.add(hit.rule)
        flagged |= hit.cells if hit.cells is not None else False
    if frame.case.plan.query.statistic is Statistic.MEAN:
        for hit in weight_dominance(outcome.units, policy):
            blank |= hit.cells if hit.cells is not None else False
    for hit in outcome.hits:
        if hit.cells is not None and hit.rule not in CLASS_RULES:
            blank |= hit.cells & ~flagged if hit.rule in rules else hit.cells
    return frame.lattice.spread(blank), frame.lattice.spread(flagged)


def _enough(below: Numbers) -> Enough:
    """Return what says that an interval is as wide as protection below and above the total asks for."""

    def enough(low: Numbers, high: Numbers) -> Mask:
        return np.asarray((high > low) & (high - low >= 2 * below * (1 - _SLACK)))

    return enough


_EXPOSED = Hit(
    rule="total-told",
    risk=Risk.DOMINANCE,
    severity=Verdict.FAIL,
    message="From the changed numbers and their margins together a total can be told so closely that it nearly tells "
    "the largest contribution.",
    remedy=f"use fewer digits, leave the margins out, {BROADER}, or {SUPPRESS}",
)


def _with_noise(frame: Frame) -> tuple[Numbers, Numbers, int, list[str]]:
    """Return the shown numbers, the largest noise of each total, the noise's code, and what has to be said."""
    design, share = design_of(frame), frame.case.policy.cell_key_share
    noise = MagnitudeNoise(share, design.maximum, design.variance)
    room = np.maximum(frame.totals, 0.0) if frame.never_negative else np.full(len(frame.lattice), np.inf)
    places = np.column_stack(frame.places(*_PURPOSES))
    added = noise.noise(frame.top, room, places)
    shown = np.divide(
        frame.totals + added, frame.weight, out=np.full(len(frame.lattice), np.nan), where=frame.weight > 0
    )
    said = ["Margins have noise of their own, so that cells do not add up to them."]
    shown = significant(shown, _DIGITS)
    return shown, noise.widths(frame.top), code_of(design), said


def _cut(frame: Frame) -> tuple[Numbers, Numbers, int, list[str]]:
    policy = frame.case.policy
    digits = frame.case.plan.query.protect.digits or policy.significant_digits
    if digits > policy.significant_digits:
        raise BadInputError(f"protect.digits: must be at most {policy.significant_digits}, by the policy")
    exact = np.divide(frame.totals, frame.weight, out=np.full(len(frame.lattice), np.nan), where=frame.weight > 0)
    shown = significant(exact, digits)
    return shown, unit_of(np.nan_to_num(shown), digits) / 2 * frame.weight, digits, []
