"""The last word is the attacker's: what does not stand the audit is repaired by hiding more, until it does.

Notes
-----
Patterns prove protection against an attacker who allows any number. One who knows that values are whole, or numerical
trouble, can make an interval tighter than the patterns show. Then the exposed cells are asked to move farther; where
that hides nothing more, the cheapest cell near them goes too. Every round hides at least one more cell.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from saferoom.disclosure.queries.evidence import Mask, Numbers
from saferoom.disclosure.tables.additive import Audit
from saferoom.disclosure.tables.attacker import audit
from saferoom.disclosure.tables.secondary.heuristic import hide
from saferoom.disclosure.tables.secondary.problem import Problem, Unprotectable
from saferoom.disclosure.tables.secondary.watch import Watch
from saferoom.disclosure.tables.secondary.zones import Neighbours

_FARTHER = 1.5
_ALL_AGAIN = 1_000
"""In tables of more primary cells only exposed ones are looked at again."""


def audited(problem: Problem, hidden: Mask, watch: Watch) -> tuple[Mask, Audit]:
    """Return `hidden` with as many more cells as it takes for the audit to hold, and the audit.

    Raises
    ------
    Unprotectable
        When the audit does not hold though all that may be hidden is.
    """
    asked = problem
    while True:
        verdict = audit(problem.table, hidden, problem.needs, watch.report)
        if verdict.holds:
            return hidden, verdict
        asked = _asking_more(asked, verdict.exposed)
        hidden = _more(asked, hidden, verdict.exposed, watch)


def _asking_more(problem: Problem, exposed: Mask) -> Problem:
    """Return the problem with exposed cells asked to move farther, as far as that is possible beforehand."""

    def farther(amounts: Numbers, limits: Numbers) -> Numbers:
        more = np.where(exposed, amounts * _FARTHER, amounts)
        return np.minimum(np.ceil(more) if problem.table.whole else more, limits)

    return replace(
        problem,
        below=farther(problem.below, -problem.down),
        above=farther(problem.above, problem.up),
        width=farther(problem.width, problem.up - problem.down),
    )


def _asking_for(problem: Problem, exposed: Mask) -> Problem:
    """Return the problem of the exposed cells alone: who is protected stays protected when more is hidden.

    In small tables all are asked for again, because what is then chosen for one serves others too.
    """
    if int(problem.needs.primary.sum()) <= _ALL_AGAIN:
        return problem
    below, above, width = (np.where(exposed, asked, 0.0) for asked in (problem.below, problem.above, problem.width))
    return replace(problem, below=below, above=above, width=width)


def _more(problem: Problem, hidden: Mask, exposed: Mask, watch: Watch) -> Mask:
    try:
        wider, _ = hide(_asking_for(problem, exposed), hidden, watch)
    except Unprotectable:
        wider = hidden
    if (wider & ~hidden).any():
        return wider
    wider = hidden.copy()
    published = problem.free & ~hidden
    if not published.any():
        raise Unprotectable(
            "hiding every cell that may be hidden does not protect all cells that a rule names: the table leaves them "
            "too little freedom; merge categories, or lower the protection level"
        )
    for cell in np.flatnonzero(exposed).tolist():
        wider[_nearest(problem, cell, published)] = True
    return wider


def _nearest(problem: Problem, cell: int, published: Mask) -> int:
    """Return the cheapest published cell among those in the nearest ring that has one, or anywhere."""
    neighbours = Neighbours(problem, np.ones(len(published), dtype=bool))
    reached = np.array([cell], dtype=np.int64)
    while True:
        grown = neighbours.ring(reached)
        there = grown[published[grown]]
        if len(there) or len(grown) == len(reached):
            break
        reached = grown
    options = there if len(there) else np.flatnonzero(published)
    return int(options[np.lexsort((options, problem.weight[options]))[0]])
