"""Noise that was paid for beside exact numbers of the same cells: a person decides, whichever comes second."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.airlock_world import INCOME, MOBILITY
from tests.support.privacy_airlock import COUNTS, PrivacyAirlock, privacy_airlock

from saferoom.disclosure.verdict import Verdict
from saferoom.ids import ProjectSlug, Username
from saferoom.projects.airlock import evaluations
from saferoom.projects.airlock.model import EvaluationRecord
from saferoom.projects.airlock.states import State
from saferoom.projects.ledger.losses import Loss
from saferoom.projects.ledger.model import ChargeState

EXACT: dict[str, Any] = {**COUNTS, "protect": {"method": "round"}}
"""Rounded, but without noise from a budget."""
UNDONE = "protect nobody"
RITA = Username("rita")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[PrivacyAirlock]:
    with privacy_airlock(tmp_path, sandboxed=False) as made:
        yield made


def _findings(place: PrivacyAirlock, record: EvaluationRecord) -> dict[str, str]:
    evaluation = evaluations.load(place.airlock, record).evaluation
    return {one.rule: one.message for one in evaluation.findings}


def test_quote_beside_an_exact_release_goes_to_a_person_and_is_paid_when_submitted(place: PrivacyAirlock) -> None:
    assert place.ask(place.evaluate(EXACT).id).state is State.RELEASED
    quote = place.evaluate()
    assert (quote.verdict, quote.route.automatic, place.spent) == (Verdict.REVIEW, False, Loss())
    assert UNDONE in _findings(place, quote)["privacy-undone"]
    request = place.ask(quote.id)
    assert request.state is State.SUBMITTED
    assert place.charge(quote).state is ChargeState.COMPUTED
    after = place.world.approve(request)
    after = after if after.state is State.RELEASED else place.world.approve(request, "cleo")
    assert after.state is State.RELEASED
    assert place.charge(quote).state is ChargeState.RELEASED
    assert len(place.charges()) == 1


def test_exact_numbers_of_another_project_are_not_named(place: PrivacyAirlock) -> None:
    place.ask(place.evaluate(EXACT).id)
    quote = place.evaluate(author=RITA, project=INCOME)
    assert "an earlier release of another project" in _findings(place, quote)["privacy-undone"]


def test_exact_numbers_that_left_since_the_quote_bring_a_person(place: PrivacyAirlock) -> None:
    quote = place.evaluate()
    assert quote.route.automatic
    place.ask(place.evaluate(EXACT).id)
    request = place.ask(quote.id)
    assert request.state is State.SUBMITTED
    with place.airlock.store.reading() as tx:
        drawn = tx.evaluation(request.outputs[0].evaluation)
    assert drawn is not None
    assert UNDONE in _findings(place, drawn)["privacy-undone"]


def test_noise_that_left_since_exact_numbers_were_evaluated_brings_a_person(place: PrivacyAirlock) -> None:
    exact = place.evaluate(EXACT)
    assert exact.route.automatic
    place.ask(place.evaluate().id)
    request = place.ask(exact.id)
    assert request.state is State.SUBMITTED
    assert UNDONE in request.reason


@pytest.mark.parametrize("author", [("ana", MOBILITY), ("rita", INCOME)])
def test_exact_numbers_after_noise_go_to_a_person(place: PrivacyAirlock, author: tuple[str, ProjectSlug]) -> None:
    assert place.ask(place.evaluate().id).state is State.RELEASED
    record = place.evaluate(EXACT, Username(author[0]), author[1])
    assert record.verdict is Verdict.REVIEW
    assert UNDONE in _findings(place, record)["privacy-undone"]


def test_noise_and_exact_numbers_in_one_request_go_to_a_person(place: PrivacyAirlock) -> None:
    request = place.ask(place.evaluate().id, place.evaluate(EXACT).id)
    assert request.state is State.SUBMITTED
    assert UNDONE in request.reason


def test_noise_that_left_while_exact_numbers_waited_starts_their_review_again(place: PrivacyAirlock) -> None:
    place.ask(place.evaluate().id)
    request = place.ask(place.evaluate(EXACT).id)
    record = place.evaluate({**COUNTS, "protect": {"method": "dp", "rho": 0.125}}, RITA, INCOME)
    theirs = place.airlock.submit(RITA, INCOME, [record.id], "Theirs", "Context.", "Controls.")
    assert theirs.state is State.RELEASED
    again = place.world.approve(request)
    assert again.state is State.SUBMITTED
    assert again.reason.startswith("the review starts again: output 1: ")
    assert "an earlier release of another project" in again.reason
    assert "Theirs" not in again.reason
    assert place.world.approve(again).state is State.RELEASED


def test_noise_after_noise_leaves_by_itself(place: PrivacyAirlock) -> None:
    for query in (COUNTS, {**COUNTS, "by": []}, COUNTS):
        assert place.ask(place.evaluate(query).id).state is State.RELEASED
    assert len(place.charges(ChargeState.RELEASED)) == 3
