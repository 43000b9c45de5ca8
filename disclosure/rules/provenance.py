"""What the units themselves rest on: ids that are missing, dropped or unknown."""

from __future__ import annotations

from collections.abc import Sequence

from saferoom.disclosure.queries.base import Base
from saferoom.disclosure.queries.evidence import Counts, Mask
from saferoom.disclosure.queries.plan import Plan
from saferoom.disclosure.rules.hit import Hit, hit_if
from saferoom.disclosure.rules.threshold import threshold_of
from saferoom.disclosure.verdict import Risk, Verdict
from saferoom.policies.models import RiskAppetite


def provenance(plan: Plan, base: Base) -> list[Hit]:
    """Send to a person whatever cannot be counted in distinct units with certainty."""
    hits = [_doubt(text) for text in plan.relation.doubts]
    if not base.units and not plan.relation.doubts:
        hits.append(_doubt("the data names no statistical units"))
    if plan.relation.claimed:
        hits.append(_SNAPSHOT)
    if any(base.missing_ids):
        hits.append(_doubt("some rows have no unit id"))
    return hits


_SNAPSHOT = Hit(
    rule="snapshot",
    risk=Risk.UNPROVEN,
    severity=Verdict.REVIEW,
    message="The values were made in a room and cannot be computed again, so that a number could be anybody's own value "
    "under another name.",
    remedy="declare the preparation as views, in SQL or as Ibis expressions, or let an output checker decide",
)


def _doubt(reason: str) -> Hit:
    return Hit(
        rule="units-unknown",
        risk=Risk.UNPROVEN,
        severity=Verdict.REVIEW,
        message=f"It is not known for every number how many distinct units are behind it: {reason}. Rows of one person "
        "could pass for many people.",
        remedy="name the unit columns, carry their ids through every view, or let an output checker decide",
    )


def singled_out(
    inside: Sequence[Sequence[Counts]],
    outside: Sequence[Sequence[Counts]],
    kinds: Sequence[str],
    policy: RiskAppetite,
    unchecked: bool,
) -> list[Hit]:
    """Send to a person a measure whose conditions (CASE, comparisons) hold for, or leave out, only few units of a cell.

    Parameters
    ----------
    inside, outside : per condition and kind of unit, ndarray of int, units
        Units for which the condition holds, and for which it does not.
    unchecked : bool
        The measure has conditions that are not counted: too many, or inside a view.
    """
    hits = []
    for yes, no in zip(inside, outside, strict=True):
        for few, rest, kind in zip(yes, no, kinds, strict=True):
            least = threshold_of(policy, kind)
            hits += hit_if(_conditional(((few > 0) & (few < least)) | ((rest > 0) & (rest < least)), least, kind))
    if unchecked:
        hits.append(_UNCOUNTED)
    return hits


_UNCOUNTED = Hit(
    rule="condition-singles-out",
    risk=Risk.DIFFERENCING,
    severity=Verdict.REVIEW,
    message="The measure has conditions whose effect is not counted cell by cell, inside a view or because there are "
    "too many; each could treat a single person differently.",
    remedy="write the condition into derive or the measure, use fewer of them, or let an output checker decide",
)


def _conditional(cells: Mask, least: int, kind: str) -> Hit:
    return Hit(
        rule="condition-singles-out",
        risk=Risk.DIFFERENCING,
        severity=Verdict.REVIEW,
        cells=cells,
        message=f"A condition inside the measure treats fewer than {least} units ({kind}) of a cell differently; "
        "beside the same number without the condition it would tell their values.",
        remedy="drop or widen the condition, or let an output checker decide",
    )
