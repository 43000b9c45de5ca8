"""Attack: the same cells once with noise from a privacy budget and once without."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.support.privacy_world import context_of, people, unreadable

from saferoom.disclosure.checker import Context, check, draw
from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.history.contributors import Noise
from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.queries.model import parse_query
from saferoom.disclosure.queries.source import Source
from saferoom.disclosure.verdict import Verdict
from saferoom.errors import IntegrityError

Document = dict[str, Any]
COUNTS: Document = {"statistic": "frequency", "by": ["region"]}
TWO: Document = {"statistic": "frequency", "by": ["region", "sex"]}
PAY: Document = {"statistic": "mean", "measure": "pay", "by": ["region"]}
ADULTS: Document = {**COUNTS, "where": "age >= 16 and sex = 'f'"}
VIEW: Document = {**COUNTS, "views": {"v": "select person_id, region from people where age > 20"}, "from": "v"}
BOUNDS = {"bounds": [0, 100_000]}
OTHERS = [{**COUNTS, "by": ["sex"]}, {**COUNTS, "where": "sex = 'm'"}, {**COUNTS, "by": []}, PAY, VIEW, ADULTS]
SAME = [
    (COUNTS, COUNTS),
    (PAY, {**PAY, "statistic": "sum"}),
    (ADULTS, {**COUNTS, "where": "('f' = sex) and 16 <= age"}),
    (COUNTS, {**COUNTS, "by": ["area"], "derive": {"area": "region"}}),
    # A table tells the margins of what it shows.
    (COUNTS, TWO),
    ({**TWO, "margins": True}, COUNTS),
    ({**COUNTS, "by": []}, TWO),
]
"""What gets noise, and what is exact."""
REWORDED = [
    (ADULTS, {**COUNTS, "where": "age > 15 and sex <> 'm'"}),
    (VIEW, {**COUNTS, "where": "age > 20"}),
    (VIEW, {**COUNTS, "from": "w", "views": {"w": "select region, person_id from people where age >= 21"}}),
    (COUNTS, {**COUNTS, "where": "pay >= 0"}),
    ({**PAY, "by": ["sex"]}, {**PAY, "by": ["s"], "derive": {"s": "case when sex = 'f' then 1 else 2 end"}}),
]
"""The same people and cells in other words."""
DIFFERENT = [(COUNTS, other) for other in OTHERS] + [(TWO, COUNTS), ({**TWO, "margins": True}, {**COUNTS, "by": []})]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """Three thousand people."""
    return people(tmp_path_factory.mktemp("people"))


@pytest.fixture(scope="module")
def context(source: Source) -> Context:
    """Nothing was released yet."""
    return replace(context_of(source), memory=Memory.empty())


def _noisy(query: Document) -> Document:
    return {**query, "protect": {"method": "dp", "rho": 0.1, **({} if "measure" not in query else BOUNDS)}}


def _exact(query: Document, context: Context) -> Evaluation:
    return check(parse_query(query), context)


def _quote(query: Document, context: Context) -> Evaluation:
    return check(parse_query(_noisy(query)), context)


def _drawn(query: Document, context: Context) -> Evaluation:
    offered = _quote(query, context)
    assert offered.privacy is not None
    return draw(parse_query(_noisy(query)), context, offered.privacy["digest"])


def _after(context: Context, evaluation: Evaluation, *, other: bool = False) -> Context:
    """Return the context once `evaluation` has left, in another project where `other`."""
    memory = Memory.from_bytes(Memory.empty().with_evaluation(evaluation).to_bytes())
    assert len(memory.releases) == 1
    if other:
        memory = replace(memory, releases=tuple(one.anonymous() for one in memory.releases))
        memory = Memory.from_bytes(memory.to_bytes())
    return replace(context, memory=memory)


def _found(evaluation: Evaluation) -> list[Verdict]:
    return [one.severity for one in evaluation.findings if one.rule == "privacy-undone"]


@pytest.mark.parametrize("other", [False, True])
@pytest.mark.parametrize(("noisy", "exact"), SAME)
def test_attack_noise_beside_exact_numbers_goes_to_a_person(
    context: Context, noisy: Document, exact: Document, other: bool
) -> None:
    quote = _quote(noisy, _after(context, _exact(exact, context), other=other))
    assert (_found(quote), quote.verdict) == ([Verdict.REVIEW], Verdict.REVIEW)
    assert quote.outgoing is None
    said = " ".join(one.message for one in quote.findings)
    assert ("of another project" in said) is other


@pytest.mark.parametrize("other", [False, True])
@pytest.mark.parametrize(("noisy", "exact"), SAME)
def test_attack_exact_numbers_beside_noise_go_to_a_person(
    context: Context, noisy: Document, exact: Document, other: bool
) -> None:
    judged = _exact(exact, _after(context, _drawn(noisy, context), other=other))
    assert _found(judged) == [Verdict.REVIEW]
    assert judged.verdict is Verdict.REVIEW


@pytest.mark.parametrize(("noisy", "exact"), REWORDED)
def test_attack_exact_numbers_in_other_words_go_to_a_person(context: Context, noisy: Document, exact: Document) -> None:
    judged = _exact(exact, _after(context, _drawn(noisy, context)))
    assert "noise-stripped" in {one.rule for one in judged.findings}
    assert judged.verdict is Verdict.REVIEW


@pytest.mark.parametrize(("noisy", "exact"), DIFFERENT)
def test_other_cells_with_noise_and_without_pass(context: Context, noisy: Document, exact: Document) -> None:
    assert _found(_quote(noisy, _after(context, _exact(exact, context)))) == []
    assert _found(_exact(exact, _after(context, _drawn(noisy, context)))) == []


def test_noise_beside_noise_is_left_to_the_budget(context: Context) -> None:
    assert _found(_quote(COUNTS, _after(context, _drawn(COUNTS, context)))) == []


def test_quote_beside_earlier_releases_reads_no_row(context: Context, source: Source) -> None:
    beside = _after(context, _exact(COUNTS, context))
    seen = _quote(COUNTS, beside)
    unseen = _quote(COUNTS, replace(beside, sources=(unreadable(source),)))
    assert seen.to_json() == unseen.to_json()


def test_noisy_numbers_are_remembered_as_noisy(context: Context) -> None:
    (release,) = (_after(context, _drawn(COUNTS, context)).memory or Memory.empty()).releases
    assert (release.contributors.noise, release.contributors.parts) == (Noise.DP, ())
    assert release.table is not None


def test_attack_noisy_numbers_are_not_taken_for_exact_ones(context: Context) -> None:
    but_few = {**PAY, "where": "age <> 89 or pay <> 19000"}
    exact = _exact(but_few, _after(context, _exact(PAY, context)))
    assert ("differencing", Verdict.FAIL) in {(one.rule, one.severity) for one in exact.findings}
    noisy = _exact(but_few, _after(context, _drawn(PAY, context)))
    assert {(one.rule, one.severity) for one in noisy.findings} == {("noise-stripped", Verdict.REVIEW)}


def test_quote_of_what_was_never_released_leaves_no_trace_in_the_memory(context: Context) -> None:
    assert Memory.empty().with_evaluation(_quote(COUNTS, context)).releases == ()


def test_other_projects_query_is_compared_without_being_told(context: Context) -> None:
    beside = _after(context, _exact(ADULTS, context), other=True)
    assert beside.memory is not None
    (release,) = beside.memory.releases
    assert (release.query, release.title) == ({}, None)
    assert b"age" not in beside.memory.to_bytes()


def test_attack_edited_memory_of_what_a_query_said_is_damaged(context: Context) -> None:
    beside = _after(context, _exact(ADULTS, context), other=True)
    assert beside.memory is not None
    data = beside.memory.to_bytes()
    with pytest.raises(IntegrityError, match="damaged"):
        Memory.from_bytes(data.replace(b'"population"', b'"popolation"'))
