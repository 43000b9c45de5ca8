"""A request returned with the cheapest safe variant of a query, and its author's one deed to accept it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from tests.support.airlock_domain import ANA, BEN, CHECKED, CHRIS, MOBILITY, WORDS, Domain
from tests.support.naming import names

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.remedies.model import Suggestion
from saferoom.disclosure.verdict import Verdict
from saferoom.errors import BadInputError, ForbiddenError, IntegrityError, NotFoundError, WrongStateError
from saferoom.ids import OutputId
from saferoom.projects.airlock.model import Request
from saferoom.projects.airlock.states import State
from saferoom.projects.airlock.wanted import WantedGroup

MEANS: dict[str, Any] = {"from": "wages", "statistic": "mean", "measure": "wage", "by": ["region"]}
ROUNDED = Suggestion({"protect": {"method": "round", "base": 5}}, Verdict.PASS, 0.1, "Round to multiples of 5")


def advised(world: Domain, *queries: Mapping[str, Any]) -> Request:
    """A submitted request whose outputs have a safe variant."""
    records = []
    for query in queries or (CHECKED,):
        evaluation = replace(world.evaluate(query), suggestions=(ROUNDED,))
        records.append(world.airlock.record_evaluation(ANA, MOBILITY, evaluation))
    return world.ask([record.id for record in records])


def evaluator(world: Domain) -> Any:
    def evaluate(query: Mapping[str, Any], _snapshot: bytes | None) -> Evaluation:
        return world.evaluate(query)

    return evaluate


def test_cheapest_safe_variant_goes_with_the_return_and_is_accepted_in_one_deed(world: Domain) -> None:
    request = advised(world)
    (output,) = request.outputs
    assert world.airlock.suggestions(BEN, request.id) == {output.id: ROUNDED}
    world.airlock.return_to_author(BEN, request.id, "Round it, please.", advise=[output.id])
    seen = world.airlock.request(ANA, request.id)
    (advice,) = seen.advice
    assert (advice.patch, advice.words) == ({"protect": {"method": "round", "base": 5}}, ROUNDED.sentence)
    assert not names(repr(seen), "ben")
    again = world.airlock.accept_advice(ANA, request.id, evaluator(world))
    assert (again.state, again.round, again.groups) == (State.SUBMITTED, 2, request.groups)
    stored = world.stored(request.id)
    assert stored.advice[0].taken_as == stored.outputs[0].evaluation != output.evaluation
    judged = world.airlock.judgement(BEN, request.id, stored.outputs[0].id)
    assert judged.evaluation.query.document()["protect"] == {"method": "round", "base": 5}
    assert world.approve(again).state is State.RELEASED


def test_advice_on_one_output_leaves_the_others_and_their_groups_alone(world: Domain) -> None:
    request = advised(world, CHECKED, MEANS)
    world.airlock.return_to_author(BEN, request.id, "Round the first.", advise=[request.outputs[0].id])
    again = world.airlock.accept_advice(ANA, request.id, evaluator(world))
    assert again.outputs[1].evaluation == request.outputs[1].evaluation
    assert again.outputs[0].evaluation != request.outputs[0].evaluation


def test_output_without_a_safe_variant_cannot_be_advised_and_nothing_is_returned(world: Domain) -> None:
    request = world.submit(CHECKED)
    with pytest.raises(BadInputError, match="no safe variant of output 1"):
        world.airlock.return_to_author(BEN, request.id, "?", advise=[request.outputs[0].id])
    with pytest.raises(NotFoundError, match="no such output"):
        world.airlock.return_to_author(BEN, request.id, "?", advise=[OutputId("output-x")])
    assert world.stored(request.id).state is State.SUBMITTED


def test_author_side_does_not_ask_for_suggestions_nor_accept_what_was_not_advised(world: Domain) -> None:
    request = advised(world)
    for person in (ANA, CHRIS):
        with pytest.raises(ForbiddenError):
            world.airlock.suggestions(person, request.id)
    world.airlock.return_to_author(BEN, request.id, "No.")
    with pytest.raises(WrongStateError, match="nothing is advised"):
        world.airlock.accept_advice(ANA, request.id, evaluator(world))
    with pytest.raises(ForbiddenError, match="only the author"):
        world.airlock.accept_advice(CHRIS, request.id, evaluator(world))


def test_evaluation_of_another_query_than_the_advised_one_is_refused(world: Domain) -> None:
    request = advised(world)
    world.airlock.return_to_author(BEN, request.id, "Round it.", advise=[request.outputs[0].id])
    with pytest.raises(IntegrityError, match="not what was advised"):
        world.airlock.accept_advice(ANA, request.id, lambda _query, _snapshot: world.evaluate(MEANS))
    assert world.stored(request.id).draft is None


def test_advice_for_what_the_author_took_out_is_not_offered_any_more(world: Domain) -> None:
    request = advised(world, CHECKED, MEANS)
    world.airlock.return_to_author(BEN, request.id, "Round it.", advise=[request.outputs[0].id])
    version = world.stored(request.id).version
    kept = WantedGroup((request.outputs[1].evaluation,), WORDS["context"], WORDS["controls"])
    world.airlock.save(ANA, request.id, version, "Means", [kept])
    with pytest.raises(WrongStateError, match="nothing is advised"):
        world.airlock.accept_advice(ANA, request.id, evaluator(world))


def test_changed_query_that_cannot_be_submitted_is_kept_for_its_author(world: Domain) -> None:
    request = advised(world)
    world.airlock.return_to_author(BEN, request.id, "Round it.", advise=[request.outputs[0].id])

    def failing(query: Mapping[str, Any], _snapshot: bytes | None) -> Evaluation:
        return replace(world.evaluate(query), verdict=Verdict.FAIL)

    with pytest.raises(BadInputError, match="must not leave"):
        world.airlock.accept_advice(ANA, request.id, failing)
    stored = world.stored(request.id)
    assert (stored.state, stored.draft is not None) == (State.RETURNED, True)
