"""Protects what leaves in the way a query asks for (`protect`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from saferoom.disclosure.queries.model import Method
from saferoom.disclosure.rules.hit import Hit
from saferoom.disclosure.statbarns.case import Case, Outcome
from saferoom.disclosure.tables.blanks import suppress
from saferoom.disclosure.tables.protected import Protected
from saferoom.disclosure.tables.rounded_counts import round_counts
from saferoom.disclosure.verdict import Risk, Verdict


@dataclass(frozen=True)
class Protection:
    """What became of the protection that a query asks for.

    Attributes
    ----------
    protected : Protected or None
        None when none is asked for, or none can be given.
    hits : sequence of Hit
        The rules that bite on what would leave.
    """

    protected: Protected | None
    hits: Sequence[Hit]


def protection_of(case: Case, outcome: Outcome) -> Protection:
    """Return the protected table, or None when none is asked for or none can be given, and the rules that then bite."""
    query, policy = case.plan.query, case.policy
    axes = (*case.axes, *outcome.added)
    if query.protect.method is Method.ROUND:
        rounded = round_counts(outcome, axes, policy, query.protect.base or policy.rounding_base)
        return Protection(rounded, rounded.hits)
    if query.protect.method is Method.SUPPRESS:
        if query.margins and any(hit.cells is not None for hit in outcome.hits):
            return Protection(None, [_MARGINS, *(hit for hit in outcome.hits if hit.cells is None)])
        blank = suppress(outcome, axes, policy)
        return Protection(blank, blank.hits)
    return Protection(None, outcome.hits)


_MARGINS = Hit(
    rule="suppression-with-margins",
    risk=Risk.DIFFERENCING,
    severity=Verdict.REVIEW,
    message="Cells of this table have to be blanked, and with its margins they could be worked out by subtraction, so "
    "no protected table is given.",
    remedy="leave the margins out (margins: false), or use broader categories",
)
