"""Protects what leaves in the way a query asks for (`protect`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from saferoom.disclosure.queries.forms import PERTURBING
from saferoom.disclosure.queries.model import Method
from saferoom.disclosure.rules.hit import Hit
from saferoom.disclosure.statbarns.case import Case, Outcome
from saferoom.disclosure.tables.blanks import suppress
from saferoom.disclosure.tables.protected import Protected
from saferoom.disclosure.tables.rounded_counts import round_counts


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
    if query.protect.method is Method.AUTO:
        raise ValueError("a way to protect has to be chosen first; `check` does")
    axes = (*case.axes, *outcome.added)
    if query.protect.method is Method.ROUND:
        rounded = round_counts(outcome, axes, policy, query.protect.base or policy.rounding_base)
        return Protection(rounded, rounded.hits)
    if query.protect.method is Method.SUPPRESS:
        if query.margins and any(hit.cells is not None for hit in outcome.hits):
            # Solvers are loaded only where they are needed.
            from saferoom.disclosure.tables.margins import suppress_with_margins

            return Protection(*suppress_with_margins(case, outcome, axes))
        blank = suppress(outcome, axes, policy)
        return Protection(blank, blank.hits)
    if query.protect.method in PERTURBING:
        from saferoom.disclosure.tables.perturbing import perturb

        changed = perturb(case, outcome, axes)
        return Protection(changed, changed.hits)
    return Protection(None, outcome.hits)
