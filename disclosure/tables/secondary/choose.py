"""Secondary suppression: which further cells to hide so that nothing that a rule names can be worked out."""

from __future__ import annotations

import numpy as np

from saferoom.clock import Clock
from saferoom.disclosure.queries.evidence import Mask
from saferoom.disclosure.tables.additive import AdditiveTable, Audit, Mode, Needs, Progress, Suppression
from saferoom.disclosure.tables.attacker import audit, quiet
from saferoom.disclosure.tables.secondary.cleaning import Cleaner
from saferoom.disclosure.tables.secondary.exact import improve
from saferoom.disclosure.tables.secondary.heuristic import hidden_cost, hide
from saferoom.disclosure.tables.secondary.problem import Problem, make_problem
from saferoom.disclosure.tables.secondary.repair import audited
from saferoom.disclosure.tables.secondary.watch import TimeUp, Watch
from saferoom.errors import UnavailableError

EXACT_CELLS = 150
"""Tables of at most so many cells that may be hidden are solved exactly unless something else is asked for."""
AUTO_WORK, EXACT_WORK = 5e6, 6e7
"""What the search for the least cost may take without a limit of time (see `Watch.limit`): some seconds, minutes."""
_PER_CELL = 2.5


def suppress(
    table: AdditiveTable,
    needs: Needs,
    mode: Mode = Mode.AUTO,
    seconds: float | None = None,
    progress: Progress = quiet,
    clock: Clock | None = None,
    start: Mask | None = None,
    patience: float = 1.0,
) -> Suppression:
    """Hide all primary cells and as little else as it takes, until the attacker's audit holds.

    Parameters
    ----------
    mode : Mode
        `EXACT` looks for the least cost and says how far it can be from it; `HEURISTIC` is quick. `AUTO` is exact for
        small tables.
    seconds : float, optional
        How long it may take; needs `clock`. The exact mode then returns the best table that has stood the audit. When
        left out, the search for the least cost ends after a set amount of work, on any machine the same.
    progress : callable
        Called often; may raise to stop the work.
    start : ndarray of bool, shape (cells,), optional
        Hidden to begin with, for `HEURISTIC`: what protected for needs that asked for less.
    patience : float
        A share of the usual work, for who suppresses again and again.

    Raises
    ------
    Unprotectable
        When hiding every cell that may be hidden would not do.
    UnavailableError
        When the time is up before any table has stood the audit, or a program is not solved.
    """
    problem = make_problem(table, needs)
    watch = Watch(progress, clock, seconds)
    work = patience * (EXACT_WORK if mode == Mode.EXACT else AUTO_WORK)
    if mode == Mode.AUTO:
        mode = Mode.EXACT if int((problem.free & ~needs.primary).sum()) <= EXACT_CELLS else Mode.HEURISTIC
    try:
        hidden, verdict = _quick(problem, watch, start)
    except TimeUp:
        first = "" if mode == Mode.HEURISTIC else " (the exact mode begins with the heuristic's, which is quicker)"
        raise UnavailableError(
            f"the time was up before any choice of hidden cells had stood the attacker's audit{first}; nothing is "
            "released: allow more time, or use fewer dimensions or broader categories"
        ) from None
    cost = hidden_cost(problem, hidden)
    gap: float | None = 0.0 if cost == 0 else None
    if mode == Mode.EXACT and cost > 0:
        watch.limit(work, _PER_CELL * int(problem.free.sum()))
        hidden, verdict, gap = improve(problem, (hidden, verdict), watch)
    return Suppression(hidden, verdict, hidden_cost(problem, hidden), gap, mode)


def _quick(problem: Problem, watch: Watch, start: Mask | None) -> tuple[Mask, Audit]:
    """Choose by the heuristic, clean, audit."""
    if not problem.needs.primary.any():
        nothing = np.zeros(len(problem.table), dtype=bool)
        return nothing, audit(problem.table, nothing, problem.needs, watch.report)
    hidden, ledger = hide(problem, problem.needs.primary if start is None else start, watch)
    try:
        Cleaner(problem, hidden, ledger, watch).clean()
    except TimeUp:
        # What is hidden protects at every step of the cleaning.
        watch.report("publishing cells that need not be hidden", 1.0)
    return audited(problem, hidden, watch)
