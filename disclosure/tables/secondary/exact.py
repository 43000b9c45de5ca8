"""The exact choice of secondary cells: a master program and the attacks that its choices do not withstand, in turn.

Notes
-----
The linear master is solved to the end first, with cuts from points between its solution and the best choice known (the
cuts are deeper there). Then integer masters, each started from the best choice; what they choose is attacked, which
gives more cuts, and completed by the heuristic, which gives better choices. It ends when the bound meets the best
choice, or with the gap between them.

References
----------
Fischetti and Salazar (2001), Management Science 47(7). Ben-Ameur and Neto (2007), Acceleration of cutting-plane and
column generation algorithms: in-out, Networks 49.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from saferoom.disclosure.queries.evidence import Mask, Numbers
from saferoom.disclosure.tables.additive import Audit
from saferoom.disclosure.tables.attacker import audit
from saferoom.disclosure.tables.secondary.cleaning import Cleaner
from saferoom.disclosure.tables.secondary.cuts import Cut, Separator, attacks
from saferoom.disclosure.tables.secondary.heuristic import hidden_cost, hide
from saferoom.disclosure.tables.secondary.master import Master
from saferoom.disclosure.tables.secondary.problem import Problem, Unprotectable
from saferoom.disclosure.tables.secondary.watch import TimeUp, Watch
from saferoom.errors import UnavailableError

_ROUNDS = 400
_STALLED = 8
_LOOK_EVERY = 6
_PROGRESS = 1e-4
_CUTS_PER_ROUND = 120
_CUTS_WORTH_A_ROUND = 20
_WHOLE_ROUNDS = 120
_INWARD = 0.1
_EVERYWHERE = 1e-3
_VIOLATED = 1e-4
_PROVEN = 1e-9


@dataclass
class _Best:
    hidden: Mask
    verdict: Audit
    cost: float


def improve(problem: Problem, found: tuple[Mask, Audit], watch: Watch) -> tuple[Mask, Audit, float]:
    """Return the cheapest choice that stands the audit, and how far its cost can be above the least, as a share.

    Parameters
    ----------
    found : tuple of Mask and Audit
        A choice that stands it.
    """
    search = _Search(problem, found, watch)
    try:
        search.relax()
        search.decide()
    except (TimeUp, UnavailableError, Unprotectable):
        # The best so far has stood the audit, and what is proven of the bound stays proven.
        return search.best.hidden, search.best.verdict, search.gap
    return search.best.hidden, search.best.verdict, search.gap


class _Search:
    """The state of the search: the master's bound from below, the best choice from above."""

    def __init__(self, problem: Problem, found: tuple[Mask, Audit], watch: Watch) -> None:
        self._problem, self._watch = problem, watch
        self.best = _Best(*found, hidden_cost(problem, found[0]))
        self._master = Master(problem)
        self._separator = Separator(problem)
        self._attacks = attacks(problem)

    @property
    def gap(self) -> float:
        """How far the best cost can be above the least possible, as a share of it."""
        if self.best.cost <= 0:
            return 0.0
        gap = (self.best.cost - self._master.bound) / self.best.cost
        return 0.0 if gap <= _PROVEN else gap

    def relax(self) -> None:
        """Raise the bound by the linear master, and look for better choices where its solutions point."""
        stalled, last = 0, 0.0
        for number in range(_ROUNDS):
            if self.gap == 0 or stalled >= _STALLED:
                break
            choice = self._master.relaxed(self.best.cost, self._watch)
            added = self._master.add(self._cuts(choice.share))
            if not added or number % _LOOK_EVERY == _LOOK_EVERY - 1:
                self._look_near(choice.share)
            if not added:
                break
            stalled = 0 if choice.bound > last + _PROGRESS * self.best.cost else stalled + 1
            last = max(last, choice.bound)

    def _look_near(self, share: Numbers) -> None:
        """Let the heuristic choose with the cells cheap that a fractional choice hides for the greater part."""
        near = replace(self._problem, weight=self._problem.weight * np.maximum(1.02 - share, 0.02))
        self._complete(near, self._problem.needs.primary)

    def decide(self) -> None:
        """Solve integer masters until the bound meets the best choice."""
        for _ in range(_WHOLE_ROUNDS):
            if self.gap == 0:
                return
            self._watch.report("proving the least cost", 1 - self.gap)
            wanted = min(0.02, self.gap / 4)
            choice = self._master.whole(self.best.hidden, wanted if wanted > 1e-4 else 0.0, self._watch)
            hidden = choice.share > 0.5
            cuts, withstands = self._attacked(hidden)
            if withstands:
                if not self._take(hidden):
                    cuts.append(self._beyond(hidden))
            else:
                self._complete(self._problem, hidden)
            if not self._master.add(cuts) and wanted <= 1e-4:
                return

    def _cuts(self, share: Numbers) -> list[Cut]:
        """Return cuts that a fractional choice violates, from a point between it and the best one, and from itself."""
        inner = np.maximum((1 - _INWARD) * share + _INWARD * self.best.hidden, _EVERYWHERE * self._problem.free)
        found: list[Cut] = []
        for point in (inner, np.maximum(share, _EVERYWHERE * self._problem.free)):
            for number, attack in enumerate(self._attacks):
                self._watch.report("raising the bound on the cost", 1 - self.gap)
                cut, _ = self._separator.cut(attack, point)
                if cut is None or not _violated(cut, share):
                    continue
                found.append(cut)
                if len(found) >= _CUTS_PER_ROUND:
                    # The next round begins where this one ended, so that no attack waits for ever.
                    self._attacks = self._attacks[number + 1 :] + self._attacks[: number + 1]
                    return found
            if len(found) >= _CUTS_WORTH_A_ROUND:
                break
        return found

    def _attacked(self, hidden: Mask) -> tuple[list[Cut], bool]:
        """Return cuts from all attacks that a whole choice does not withstand, and whether it withstands all."""
        share = hidden.astype(np.float64)
        blurred = np.maximum(share, _EVERYWHERE * self._problem.free)
        cuts, withstands = [], True
        for attack in self._attacks:
            self._watch.report("attacking a choice of cells", 1 - self.gap)
            plain, holds = self._separator.cut(attack, share)
            if holds:
                continue
            withstands = False
            deep, _ = self._separator.cut(attack, blurred)
            cuts += [cut for cut in (deep, plain) if cut is not None and not hidden[cut.cells].any()]
            cuts += [cut for cut in (deep, plain) if cut is not None and _violated(cut, share)]
        if not withstands and not cuts:
            cuts.append(self._beyond(hidden))
        return cuts, withstands

    def _beyond(self, hidden: Mask) -> Cut:
        """Return the cut that a choice which does not protect needs a further cell; its own cells never suffice."""
        others = np.flatnonzero(self._problem.free & ~hidden & ~self._problem.needs.primary)
        return Cut(others, np.ones(len(others)))

    def _complete(self, priced: Problem, start: Mask) -> None:
        """Complete a choice by the heuristic, clean it, and take it when it is better."""
        hidden, ledger = hide(priced, start, self._watch)
        Cleaner(self._problem, hidden, ledger, self._watch).clean()
        self._take(hidden)

    def _take(self, hidden: Mask) -> bool:
        """Take a choice when it is cheaper than the best one and stands the audit; says whether it stands it."""
        cost = hidden_cost(self._problem, hidden)
        if cost >= self.best.cost * (1 - _PROVEN):
            return True
        verdict = audit(self._problem.table, hidden, self._problem.needs, self._watch.report)
        if verdict.holds:
            self.best = _Best(hidden, verdict, cost)
        return verdict.holds


def _violated(cut: Cut, share: Numbers) -> bool:
    return float(cut.coefficients @ share[cut.cells]) < 1 - _VIOLATED
