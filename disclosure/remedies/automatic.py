"""Chooses how a table is protected: of what passes, the way that loses least (``protect: {method: auto}``).

Notes
-----
Every way is judged as if it had been asked for, with the same engine, policy and history. What a way loses is what is
to be expected of it and of the cells it leaves blank (`cost`), so that the choice tells nothing about hidden numbers
beyond which cells are blank. Where nothing passes, what goes to a person is chosen before what fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from saferoom.disclosure.checker import Context, Judged, judge
from saferoom.disclosure.queries.engine import Engine
from saferoom.disclosure.queries.forms import FORMS
from saferoom.disclosure.queries.model import Method, Query, parse_query
from saferoom.disclosure.remedies.candidates import Candidate, by_hierarchy
from saferoom.disclosure.remedies.grid import situation_of
from saferoom.disclosure.remedies.model import patched, percent
from saferoom.disclosure.remedies.search import MOST_LOST, RANK, lost
from saferoom.disclosure.verdict import Verdict
from saferoom.errors import BadInputError, UnavailableError

SECONDS = 25.0
"""After so long no further way is tried."""
_MOST_MERGES = 3
_WORDS: Mapping[Method, str] = {
    Method.SUPPRESS: "cells at risk blank, and as few others as keep them from being worked out",
    Method.ROUND: "counts rounded to the nearest multiple of the base, cells at risk blank",
    Method.CONTROLLED_ROUNDING: "counts rounded to neighbouring multiples of the base that add up",
    Method.CELL_KEY: "noise that is the same wherever the same people are counted",
    Method.SIGNIFICANT: "the first digits only",
}
"""What is tried, in this order; random rounding never loses less than controlled rounding."""


@dataclass(frozen=True)
class Way:
    """One way to protect that was tried.

    Attributes
    ----------
    verdict : Verdict or None
        None where it cannot be computed for this table, or takes too long.
    loss : float
        Share of the table's detail that is lost; 1 where nothing would leave.
    """

    method: str
    words: str
    judged: Judged | None
    loss: float

    @property
    def verdict(self) -> Verdict | None:
        """What the way was given."""
        return None if self.judged is None else self.judged.evaluation.verdict

    def document(self) -> dict[str, Any]:
        """Return the way as JSON."""
        verdict = self.verdict
        if verdict is None:
            why = f"{self.words}: not possible for this table"
        elif self.loss >= 1:
            why = f"{self.words}: {_GIVES[verdict]}; nothing would leave"
        else:
            why = f"{self.words}: {_GIVES[verdict]}; {_lost_words(self.loss)}"
        return {
            "method": self.method,
            "verdict": None if verdict is None else verdict.value,
            "loss": round(self.loss, 4),
            "words": self.words,
            "why": why,
        }


def protected_automatically(
    query: Query, context: Context, engine: Engine, clock: Callable[[], float] | None = None
) -> Judged:
    """Return the evaluation under the way of protection that loses least of those that pass.

    Parameters
    ----------
    clock : callable, optional
        Seconds; after `SECONDS` no further way is begun. Without it all are tried.

    Raises
    ------
    BadInputError
        When the query itself cannot be computed.
    """
    until = None if clock is None else clock() + SECONDS
    plain = parse_query(patched(query.document(), {"protect": None}))
    first = judge(plain, context, engine)
    tried = [Way("none", "the numbers as they are", first, 0.0)]
    if first.evaluation.verdict is not Verdict.PASS:
        situation = situation_of(first, context.policy)
        for method, candidate in _ways(plain, first, context):
            if clock is not None and until is not None and clock() > until:
                break
            judged = _judged(plain, candidate, context, engine)
            share = 1.0 if judged is None else lost(judged, candidate.kept, situation)
            empty = judged is None or judged.evaluation.outgoing is None or share > MOST_LOST
            tried.append(Way(method, candidate.words, judged, 1.0 if empty else share))
    return _chosen(tried)


def _ways(plain: Query, first: Judged, context: Context) -> Iterator[tuple[str, Candidate]]:
    """Yield what is tried: methods with the policy's parameters, and merging up a hierarchy."""
    for method, words in _WORDS.items():
        if method in FORMS[plain.statistic].protect:
            yield method.value, Candidate({"protect": {"method": method.value}}, words, 0.0)
    situation = situation_of(first, context.policy)
    least = max(situation.least)
    if Method.ROUND in FORMS[plain.statistic].protect and least > context.policy.rounding_base:
        patch = {"protect": {"method": "round", "base": least}}
        yield "round", Candidate(patch, f"counts rounded to the nearest multiple of {least}", 0.0)
    merges = sorted(by_hierarchy(situation), key=lambda candidate: candidate.expected)
    for candidate in merges[:_MOST_MERGES]:
        yield "merge", candidate


def _judged(plain: Query, candidate: Candidate, context: Context, engine: Engine) -> Judged | None:
    try:
        variant = parse_query(patched(plain.document(), candidate.patch))
        engine.tidy()
        return judge(variant, context, engine)
    except (BadInputError, UnavailableError):
        return None


def _chosen(tried: list[Way]) -> Judged:
    """Return the evaluation of the best way, with an account of what was tried."""
    possible = [way for way in tried if way.judged is not None]
    best = min(possible, key=lambda way: (RANK[way.judged.evaluation.verdict], way.loss))  # type: ignore[union-attr]
    if best.judged is None:
        raise UnavailableError("no way to protect the table was judged")
    verdict = best.judged.evaluation.verdict
    document = {
        "method": "" if verdict is Verdict.FAIL else best.method,
        "why": _why(best, tried, verdict),
        "tried": [way.document() for way in tried],
    }
    return replace(best.judged, evaluation=replace(best.judged.evaluation, chosen=document))


def _why(best: Way, tried: list[Way], verdict: Verdict) -> str:
    if verdict is Verdict.FAIL:
        return "none of what was tried may leave; the findings are those without protection"
    if best.method == "none" and verdict is Verdict.PASS:
        return "the table passes as it is, so nothing has to be lost"
    others = [way for way in tried if way is not best and way.verdict is verdict]
    passes = f"{best.words}: {_GIVES[verdict]}; {_lost_words(best.loss)}"
    if verdict is Verdict.REVIEW:
        return f"nothing that was tried passes by itself; {passes}"
    if others:
        return f"{passes}, the least of {len(others) + 1} ways that pass"
    return f"{passes}, and nothing else that was tried passes"


def _lost_words(share: float) -> str:
    return "nothing of the table's detail is lost" if share < 0.0005 else f"{percent(share)} of its detail is lost"


_GIVES = {Verdict.PASS: "passes", Verdict.REVIEW: "goes to a person", Verdict.FAIL: "fails"}
