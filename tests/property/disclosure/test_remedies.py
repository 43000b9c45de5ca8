"""Suggestions keep their promises: applied, they are given the verdict they claim."""

from __future__ import annotations

import random
import time
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.statistics_lab import Lab, Row

from saferoom.disclosure.checker import Context, check
from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.queries.engine import Limits
from saferoom.disclosure.queries.model import parse_query
from saferoom.disclosure.remedies.model import patched
from saferoom.disclosure.remedies.search import Remedies
from saferoom.disclosure.verdict import Verdict
from saferoom.policies.models import RiskAppetite

ORDER = [Verdict.PASS, Verdict.REVIEW, Verdict.FAIL]


@st.composite
def populations(draw: st.DrawFn) -> list[Row]:
    """People with a few categories of very different sizes."""
    seed = random.Random(draw(st.integers(0, 1_000_000)))
    towns = [
        name for i, name in enumerate("ABCDEF") for _ in range(draw(st.sampled_from([1, 3, 9, 40, 80])) if i else 60)
    ]
    return [
        {
            "person_id": i,
            "town": town,
            "kids": min(int(seed.expovariate(0.8)), 7),
            "sex": seed.choice("FM"),
            "edu": seed.choices(["low", "mid", "high", "phd"], [60, 50, 30, 2])[0],
            "pay": round(seed.lognormvariate(10, 0.6), 2),
        }
        for i, town in enumerate(towns)
    ]


QUERIES = st.fixed_dictionaries(
    {"by": st.lists(st.sampled_from(["town", "kids", "sex", "edu"]), unique=True, max_size=3)},
    optional={"margins": st.booleans()},
).flatmap(
    lambda base: st.sampled_from(
        [
            {"statistic": "frequency", **base},
            {"statistic": "mean", "measure": "pay", **base},
            {"statistic": "max", "measure": "pay", **base},
            {"statistic": "quantile", "measure": "pay", "options": {"quantiles": [0.01, 0.5]}, **base},
        ]
    )
)


def judged(query: dict[str, Any], context: Context, *, improve: bool = False) -> Evaluation:
    return check(parse_query(query), context, Remedies.from_now(time.monotonic) if improve else None)


@given(populations(), QUERIES)
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_suggestion_is_given_the_verdict_it_claims(lab: Lab, rows: list[Row], query: dict[str, Any]) -> None:
    if not query["by"]:
        query = {**query, "margins": False}
    source = lab.source(rows, codelists={"edu": ("low", "mid", "high", "phd")})
    context = Context([source], RiskAppetite(), memory=Memory.empty(), limits=Limits(seconds=60, threads=2))
    plain = judged(query, context)
    found = judged(query, context, improve=True)
    # Looking for remedies changes neither the verdict nor the numbers.
    assert (found.verdict, found.table, found.outgoing) == (plain.verdict, plain.table, plain.outgoing)
    assert found.suggestions == () or found.verdict is not Verdict.PASS
    for suggestion in found.suggestions:
        assert ORDER.index(suggestion.verdict) < ORDER.index(found.verdict)
        assert 0 <= suggestion.loss <= 1
        variant = judged(patched(query, suggestion.patch), context)
        assert variant.verdict is suggestion.verdict
        assert variant.outgoing is not None
    ranks = [(ORDER.index(item.verdict), item.loss) for item in found.suggestions]
    assert ranks == sorted(ranks)
