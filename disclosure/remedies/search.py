"""Tries variants of a query that does not pass, with the same engine, until cheap ones that pass are found.

Notes
-----
What the search may cost is bounded by `Effort`: so many evaluations, so many seconds, and none at all when the query
itself took long, because each variant takes about as long. Variants are evaluated in the order of the loss to be
expected, so the first that pass are the cheapest; their true loss is measured on what they would let leave.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from saferoom.disclosure.checker import Context, Judged, judge
from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.queries.engine import Engine
from saferoom.disclosure.queries.model import Method, Query, parse_query
from saferoom.disclosure.remedies.candidates import Candidate, asked_detail, candidates, merged, suppresses
from saferoom.disclosure.remedies.cost import detail, error_of, loss
from saferoom.disclosure.remedies.grid import Situation, situation_of
from saferoom.disclosure.remedies.model import Suggestion, patched
from saferoom.disclosure.remedies.wording import worded
from saferoom.disclosure.verdict import Verdict
from saferoom.errors import BadInputError, SaferoomError, UnavailableError

Clock = Callable[[], float]
"""Seconds, from any point in time on."""
_POPULATION = frozenset({"from", "views", "where", "derive"})
MOST_LOST = 0.98
"""A variant that loses more is no help."""
_MOST_TERMS = 3
RANK = {Verdict.PASS: 0, Verdict.REVIEW: 1, Verdict.FAIL: 2}


@dataclass(frozen=True)
class Effort:
    """How much a search for remedies may use.

    Attributes
    ----------
    evaluations : int
        Most variants that are evaluated.
    enough : int
        Variants that pass, after which no more are tried.
    seconds : float
        After so long no further variant is begun.
    first_seconds : float
        A query that took longer itself is not varied.
    """

    evaluations: int = 12
    enough: int = 3
    seconds: float = 6.0
    first_seconds: float = 2.0


@dataclass(frozen=True)
class Remedies:
    """Looks for remedies where an evaluation does not pass; give it to `saferoom.disclosure.checker.check`.

    Attributes
    ----------
    clock : Clock
        The search stops by it.
    started : float
        When the evaluation began, by the clock.
    """

    clock: Clock
    started: float
    effort: Effort = field(default_factory=Effort)

    @classmethod
    def from_now(cls, clock: Clock, effort: Effort | None = None) -> Remedies:
        """Return the search for an evaluation that begins now."""
        return cls(clock, clock(), effort or Effort())

    def __call__(self, judged: Judged, context: Context, engine: Engine) -> Evaluation:
        """Return the evaluation with suggestions, and with remedies that name the cheapest; the verdict stays."""
        evaluation = judged.evaluation
        if evaluation.verdict is Verdict.PASS or self.clock() - self.started > self.effort.first_seconds:
            return evaluation
        search = _Search(evaluation.query, context, engine, self.clock, self.clock() + self.effort.seconds, self.effort)
        try:
            found, suppression_passes = search.run(judged)
        except (ArithmeticError, LookupError, TypeError, ValueError, SaferoomError):
            # Without a remedy the verdict is what it was.
            return evaluation
        return worded(evaluation, found, suppression_passes)


@dataclass(frozen=True)
class _Search:
    query: Query
    context: Context
    engine: Engine
    clock: Clock
    until: float
    effort: Effort

    def run(self, judged: Judged) -> tuple[tuple[Suggestion, ...], bool | None]:
        """Return the variants that are better than `judged`, best first, and whether blanking cells alone passes.

        The latter is None when it was not tried.
        """
        situation = situation_of(judged, self.context.policy)
        tried = sorted([*candidates(situation), *self._of_a_model(situation)], key=lambda item: item.expected)
        blank = suppresses(tried)
        found: list[Suggestion] = []
        suppression: bool | None = None
        if self.query.protect.method is Method.SUPPRESS:
            suppression = False
        for candidate in self._order(tried, blank):
            if sum(item.verdict is Verdict.PASS for item in found) >= self.effort.enough or self.clock() > self.until:
                break
            suggestion = self._evaluated(candidate, situation)
            if candidate is blank:
                suppression = suggestion is not None and suggestion.verdict is Verdict.PASS
            if suggestion is not None and RANK[suggestion.verdict] < RANK[judged.evaluation.verdict]:
                found.append(suggestion)
        return tuple(sorted(found, key=lambda item: (RANK[item.verdict], item.loss))), suppression

    def _of_a_model(self, situation: Situation) -> Iterator[Candidate]:
        """Merge the categories of a model's terms; they are counted as a frequency first."""
        formula = situation.judged.case.plan.formula
        for name in (formula.categories if formula is not None else ())[:_MOST_TERMS]:
            document = self.query.document()
            kept = {key: value for key, value in document.items() if key in _POPULATION}
            try:
                self.engine.tidy()
                frequency = parse_query({**kept, "statistic": "frequency", "by": [name]})
                counted = judge(frequency, self.context, self.engine)
            except (BadInputError, UnavailableError):
                continue
            yield from merged(situation, situation_of(counted, self.context.policy), 0, name)

    def _order(self, tried: list[Candidate], blank: Candidate | None) -> list[Candidate]:
        """Blanking cells comes first: findings offer it, so it must be known whether it helps."""
        rest = [candidate for candidate in tried if candidate is not blank]
        return [*([blank] if blank is not None else []), *rest][: self.effort.evaluations]

    def _evaluated(self, candidate: Candidate, situation: Situation) -> Suggestion | None:
        """Return what the engine makes of a variant; None when it cannot be computed."""
        try:
            variant = parse_query(patched(self.query.document(), candidate.patch))
            self.engine.tidy()
            judged = judge(variant, self.context, self.engine)
        except (BadInputError, UnavailableError):
            return None
        share = lost(judged, candidate.kept, situation)
        if judged.evaluation.outgoing is None or share > MOST_LOST:
            return None
        return Suggestion(
            candidate.patch, judged.evaluation.verdict, share, candidate.words, candidate.names_categories
        )


def lost(judged: Judged, kept: float, situation: Situation) -> float:
    """Return the share of the detail of `situation` that a judged variant lacks.

    Parameters
    ----------
    kept : float
        How much of what a number tells is kept, e.g. less than 1 for another statistic.
    """
    outcome = judged.outcome
    if outcome.row_names is not None or situation.judged.outcome.row_names is not None:
        before, after = situation.judged.outcome.row_names or (), outcome.row_names or ()
        return max(0.0, 1 - kept * len(after) / max(len(before), 1))
    error = error_of(judged.case.plan.query, situation.policy, max(situation.least))
    shown = outcome.cells.inner & judged.visible
    told = kept * detail(outcome.units[0].units, shown, situation.whole, error)
    return loss(told, asked_detail(situation))


def apply(query: Query, suggestion: Suggestion) -> Query:
    """Return the query that a suggestion stands for."""
    return parse_query(patched(query.document(), suggestion.patch))
