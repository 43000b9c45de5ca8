"""What the units themselves rest on: ids that are missing, dropped or unknown."""

# ruff: noqa: S608 - SQL is put together here, from checked trees and generated names only
from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from saferoom.disclosure.queries import language
from saferoom.disclosure.queries.base import Base
from saferoom.disclosure.queries.engine import Engine
from saferoom.disclosure.queries.evidence import Counts, Mask
from saferoom.disclosure.queries.plan import Plan, with_clause
from saferoom.disclosure.queries.relations import Within
from saferoom.disclosure.rules.hit import Hit, hit_if
from saferoom.disclosure.rules.threshold import threshold_of
from saferoom.disclosure.verdict import Risk, Verdict
from saferoom.policies.models import RiskAppetite


def provenance(plan: Plan, base: Base, engine: Engine | None = None) -> list[Hit]:
    """Send to a person whatever cannot be counted in distinct units with certainty.

    Parameters
    ----------
    engine : Engine, optional
        Looks whether units that a view added up are within those that are counted; without it they are in doubt.
    """
    hits = [doubt(text) for text in plan.relation.doubts]
    hits += [doubt(found.doubt) for found in plan.relation.within if engine is None or not _known(found, plan, engine)]
    if not base.units and not plan.relation.doubts:
        hits.append(doubt("the data names no statistical units"))
    if plan.relation.claimed:
        hits.append(_SNAPSHOT)
    if any(base.missing_ids):
        hits.append(doubt("some rows have no unit id"))
    return hits


_SNAPSHOT = Hit(
    rule="snapshot",
    risk=Risk.UNPROVEN,
    severity=Verdict.REVIEW,
    message="The values were made in a room and cannot be computed again, so that a number could be anybody's own "
    "value under another name.",
    remedy="declare the preparation as views, in SQL or as Ibis expressions, or let an output checker decide",
)


def _known(within: Within, plan: Plan, engine: Engine) -> bool:
    """Say whether every unit is in exactly one larger one, and every larger one in one row of the view."""
    name = language.write(exp.to_identifier(plan.relation.sql_name, quoted=True))
    larger = next((column for column in plan.relation.units if column.unit == within.larger), None)
    if larger is None:
        return False
    own = language.write(language.reference(larger))
    rows = engine.rows(f"{with_clause(plan)}SELECT count(*) = count(DISTINCT {own}) FROM {name}")
    unit, key, source = (
        language.write(exp.to_identifier(text, quoted=True)) for text in (within.unit, within.larger, within.source)
    )
    places = f"SELECT {unit}, count(DISTINCT {key}) AS n FROM {source} GROUP BY {unit}"
    one = engine.rows(
        f"SELECT bool_and(n = 1 AND {unit} IS NOT NULL), (SELECT count(*) = count({key}) FROM {source}) FROM ({places})"
    )
    return bool(rows[0][0]) and bool(one[0][0]) and bool(one[0][1])


def doubt(reason: str) -> Hit:
    """Return what bites where it is not known who is behind the numbers, and why."""
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
