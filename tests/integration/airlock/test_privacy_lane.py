"""What a privacy budget pays for is charged first, drawn once, and leaves by itself."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.support.airlock_world import MOBILITY
from tests.support.privacy_airlock import ANA, COUNTS, WORDS, PrivacyAirlock, privacy_airlock
from tests.support.privacy_pages import INFUSED

from saferoom.errors import BadInputError, NotFoundError, UnavailableError, WrongStateError
from saferoom.hub.store import tables
from saferoom.ids import EvaluationId, Username
from saferoom.projects.airlock.model import Lane, Request
from saferoom.projects.airlock.screening import Words
from saferoom.projects.airlock.states import State
from saferoom.projects.airlock.verify import verify_bundle
from saferoom.projects.airlock.wanted import WantedGroup
from saferoom.projects.ledger.losses import Loss
from saferoom.projects.ledger.model import ChargeState
from saferoom.projects.ledger.service import BudgetError

BEN, DORA = Username("ben"), Username("dora")
BY_REGION: dict[str, Any] = {"from": "survey", "statistic": "frequency", "by": ["region"]}
PEOPLE = 600


@pytest.fixture
def place(tmp_path: Path) -> Iterator[PrivacyAirlock]:
    with privacy_airlock(tmp_path, sandboxed=False) as made:
        yield made


def counts(rho: float = 0.25, **more: Any) -> dict[str, Any]:
    return {**COUNTS, "protect": {"method": "dp", "rho": rho}, **more}


def files(place: PrivacyAirlock, request: Request) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(place.airlock.bundle(request.author, request.id))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def drawn_of(place: PrivacyAirlock, request: Request) -> list[tuple[Any, ...]]:
    (output,) = request.outputs
    outgoing = place.airlock.judgement(ANA, request.id, output.id).evaluation.outgoing
    assert outgoing is not None
    return list(outgoing.rows)


def changed_route(place: PrivacyAirlock, **route: Any) -> None:
    stated = {"kind": "release-route", "automatic": True, **route}
    place.world.change(tables.DatasetRow, "survey", release_route=stated)


def test_release_in_the_sandbox_is_what_was_quoted_and_its_certificate_holds(tmp_path: Path) -> None:
    with privacy_airlock(tmp_path) as place:
        quote = place.evaluate()
        assert (quote.route.automatic, place.spent) == (True, Loss())
        request = place.ask(quote.id)
        assert (request.state, request.automatic) == (State.RELEASED, True)
        (output,) = request.outputs
        assert (output.lane, output.evaluation) == (Lane.PRIVACY, f"drawn-{quote.id}")
        assert 0.249 * 10**9 < place.spent.rho <= 0.25 * 10**9
        charge = place.charge(quote)
        assert (charge.state, charge.result) == (ChargeState.RELEASED, output.judged)
        assert charge.wanted.loss == place.spent
        bundle = place.airlock.bundle(ANA, request.id)
        assert verify_bundle(bundle, place.airlock.signing_key.verifying_key).ok
        record = json.loads(files(place, request)["sdc-record.json"])
        assert record["outputs"][0]["lane"] == "privacy"
        assert record["outputs"][0]["certificate"]["payloadType"].endswith("privacy-certificate+json")
        noisy = {row[0]: row[1] for row in drawn_of(place, request)}
        assert sum(noisy.values()) == pytest.approx(PEOPLE, abs=60)


def test_same_quote_again_is_the_same_request_and_nothing_is_debited(place: PrivacyAirlock) -> None:
    quote = place.evaluate()
    first = place.ask(quote.id)
    spent = place.spent
    again = place.ask(quote.id)
    assert (again.id, place.spent, len(place.charges())) == (first.id, spent, 1)
    assert again.outputs == first.outputs
    with pytest.raises(WrongStateError, match="already part of request"):
        place.ask(quote.id, title="Under another title")
    assert place.spent == spent


def test_same_query_quoted_twice_is_two_releases_and_paid_twice(place: PrivacyAirlock) -> None:
    # So little is paid that the noise of each of the four counts has a standard deviation of 70.
    one, other = place.evaluate(counts(0.0001)), place.evaluate(counts(0.0001))
    first, second = place.ask(one.id), place.ask(other.id)
    assert second.state is State.RELEASED
    assert len(place.charges(ChargeState.RELEASED)) == 2
    assert drawn_of(place, first) != drawn_of(place, second), "one chance in thousands of millions"


def test_what_is_over_the_budget_is_refused_before_anything_is_drawn(place: PrivacyAirlock) -> None:
    place.ask(place.evaluate(counts(0.75)).id)
    spent = place.spent
    quote = place.evaluate(counts(0.5))
    refusal = place.airlock.refusal(quote, place.airlock.evaluation(ANA, quote.id).evaluation)
    with pytest.raises(BudgetError) as caught:
        place.ask(quote.id)
    assert caught.value.message == refusal
    for part in ("dataset 'survey'", "rho 0.5 requested", "0.25", "too much"):
        assert part in caught.value.message
    assert (place.spent, len(place.charges())) == (spent, 1)


def test_outputs_of_one_request_are_paid_together_or_not_at_all(place: PrivacyAirlock) -> None:
    one, other = place.evaluate(counts(0.75)), place.evaluate(counts(0.5))
    with pytest.raises(BudgetError):
        place.ask(one.id, other.id)
    assert (place.spent, place.charges()) == (Loss(), [])
    assert place.ask(one.id).state is State.RELEASED


def test_two_outputs_and_an_ordinary_one_leave_together(place: PrivacyAirlock) -> None:
    quotes = [place.evaluate(counts(0.25)), place.evaluate(counts(0.25, where="education > 9"))]
    request = place.ask(*(quote.id for quote in quotes))
    assert request.state is State.RELEASED
    assert [output.lane for output in request.outputs] == [Lane.PRIVACY, Lane.PRIVACY]
    assert [output.position for output in request.outputs] == [1, 2]
    assert len(place.charges(ChargeState.RELEASED)) == 2


def test_budget_counts_and_not_what_the_owner_says_of_other_outputs(place: PrivacyAirlock) -> None:
    changed_route(place, automatic=False)
    ordinary, quote = place.evaluate(BY_REGION), place.evaluate()
    assert (ordinary.route.automatic, quote.route.automatic) == (False, True)
    assert place.ask(quote.id).state is State.RELEASED
    changed_route(place, automatic=True, automatic_per_day=1)
    assert place.ask(place.evaluate().id).state is State.RELEASED
    with place.airlock.store.reading() as tx:
        assert tx.automatic_outputs(MOBILITY, place.world.clock.now() - timedelta(days=1)) == 0


def test_owner_who_signs_sees_what_leaves_and_signs(place: PrivacyAirlock) -> None:
    changed_route(place, owner_signs=True)
    request = place.ask(place.evaluate().id)
    assert (request.state, request.waits_because) == (State.SUBMITTED, ("a data owner signs what leaves",))
    assert place.charges(ChargeState.COMPUTED) != []
    request = place.world.approve(request)
    assert request.state is State.AWAITING_SIGN_OFF
    request = place.airlock.sign_off(DORA, request.id)
    assert request.state is State.RELEASED
    assert [charge.state for charge in place.charges()] == [ChargeState.RELEASED]


def test_rejected_or_withdrawn_result_is_withheld_and_stays_paid(place: PrivacyAirlock) -> None:
    changed_route(place, owner_signs=True)
    first, second = place.evaluate(), place.evaluate()
    rejected, withdrawn = place.ask(first.id), place.ask(second.id)
    spent = place.spent
    place.airlock.reject(BEN, rejected.id, "Not this one.")
    place.airlock.withdraw(ANA, withdrawn.id)
    assert [charge.state for charge in place.charges()] == [ChargeState.WITHHELD] * 2
    assert place.spent == spent
    for quote in (first, second):
        with pytest.raises(WrongStateError, match="withheld with the request"):
            place.ask(quote.id)
    assert place.spent == spent


def test_returned_request_is_submitted_again_with_the_same_noise(place: PrivacyAirlock) -> None:
    changed_route(place, owner_signs=True)
    quote = place.evaluate()
    request = place.ask(quote.id)
    place.airlock.return_to_author(BEN, request.id, "Say what it is for.")
    before, spent = request.outputs[0].judged, place.spent
    again = place.airlock.submit_again(ANA, request.id, [quote.id], Words("Regions", "For a map.", "None needed."))
    assert (again.id, again.round, again.outputs[0].judged) == (request.id, 2, before)
    assert (place.spent, len(place.charges())) == (spent, 1)


def test_draft_costs_nothing_until_it_is_submitted(place: PrivacyAirlock) -> None:
    quote = place.evaluate()
    group = WantedGroup((quote.id,), WORDS["context"], WORDS["controls"])
    draft = place.airlock.draft_groups(ANA, MOBILITY, WORDS["title"], [group])
    assert (draft.outputs[0].lane, dict(draft.outputs[0].files)) == (Lane.PRIVACY, {})
    draft = place.airlock.save(ANA, draft.id, draft.version, "Another title", [group])
    assert place.charges() == []
    with pytest.raises(WrongStateError, match="changed meanwhile"):
        place.airlock.submit_draft(ANA, draft.id, draft.version - 1)
    assert place.charges() == []
    released = place.airlock.submit_draft(ANA, draft.id, draft.version)
    assert (released.id, released.state) == (draft.id, State.RELEASED)
    assert len(place.charges(ChargeState.RELEASED)) == 1


@pytest.mark.parametrize("words", [{"title": " "}, {"context": " "}, {"controls": "x" * 100_000}])
def test_request_that_is_refused_for_its_words_costs_nothing(place: PrivacyAirlock, words: dict[str, Any]) -> None:
    with pytest.raises(BadInputError):
        place.ask(place.evaluate().id, **words)
    assert place.charges() == []


def test_quote_beside_an_output_that_must_not_leave_costs_nothing(place: PrivacyAirlock) -> None:
    failing = place.evaluate({**BY_REGION, "by": ["region", "education"]})
    assert failing.verdict.value == "fail"
    with pytest.raises(BadInputError, match="must not leave"):
        place.ask(place.evaluate().id, failing.id)
    assert place.charges() == []


def test_quote_of_somebody_else_costs_nothing(place: PrivacyAirlock) -> None:
    quote = place.evaluate(author=Username("chris"))
    with pytest.raises(NotFoundError):
        place.ask(quote.id)
    with pytest.raises(NotFoundError):
        place.ask(EvaluationId(f"drawn-{quote.id}"))
    assert place.charges() == []


@pytest.mark.parametrize(
    "change",
    [
        {"version": "2"},
        {"risk_appetite": {"kind": "risk-appetite", "privacy_rows": 3}},
        {"release_route": {"kind": "release-route", "owner_signs": True, "literals": 0}},
    ],
)
def test_quote_under_other_rules_or_data_is_evaluated_again(place: PrivacyAirlock, change: dict[str, Any]) -> None:
    quote = place.evaluate()
    place.world.change(tables.DatasetRow, "survey", **change)
    if "release_route" in change:
        assert place.ask(quote.id).state is State.SUBMITTED
    else:
        with pytest.raises(WrongStateError, match="evaluate again"):
            place.ask(quote.id)
        assert place.charges() == []


def test_quote_is_too_old_after_a_week(place: PrivacyAirlock) -> None:
    quote = place.evaluate()
    place.world.clock.advance(timedelta(days=8))
    with pytest.raises(WrongStateError, match="older than 7 days"):
        place.ask(quote.id)
    assert place.charges() == []


def test_project_whose_approval_has_no_budget_is_told_who_sets_one(place: PrivacyAirlock) -> None:
    place.world.change(tables.ApprovalRow, (MOBILITY, "survey"), budget=None)
    with pytest.raises(BudgetError, match="its data owner sets one"):
        place.ask(place.evaluate().id)


@pytest.mark.parametrize("last", ["computed", "noted"])
def test_what_was_drawn_and_never_submitted_is_withheld_when_it_is_too_old(place: PrivacyAirlock, last: str) -> None:
    class StopError(Exception):
        pass

    def stop(step: str) -> None:
        if step == last:
            raise StopError

    quote = place.evaluate()
    with pytest.raises(StopError):
        place.with_parts(checkpoint=stop).ask(quote.id)
    place.airlock.resume()
    assert [charge.state for charge in place.charges()] == [ChargeState.COMPUTED]
    place.world.clock.advance(timedelta(days=8))
    place.airlock.resume()
    assert [charge.state for charge in place.charges()] == [ChargeState.WITHHELD]


def test_instance_without_budgets_says_so(place: PrivacyAirlock) -> None:
    quote = place.evaluate()
    for changes in ({"ledger": None}, {"drawing": None}):
        with pytest.raises(UnavailableError, match="no privacy budgets are kept here"):
            place.with_parts(**changes).ask(quote.id)
    assert place.charges() == []


def test_table_made_in_the_room_gets_no_quote(place: PrivacyAirlock) -> None:
    evaluation = place.airlock.evaluation(ANA, place.evaluate().id).evaluation
    with pytest.raises(BadInputError, match="a table made in the room"):
        place.airlock.record_evaluation(ANA, MOBILITY, evaluation, b"PAR1 a table")
    with pytest.raises(BadInputError, match="a table made in the room"):
        place.world.instance.evaluator.evaluate(ANA, MOBILITY, COUNTS, b"PAR1 a table")


def test_draw_that_is_not_what_was_quoted_is_paid_and_never_kept(place: PrivacyAirlock) -> None:
    judgement = place.airlock.evaluation(ANA, place.evaluate().id)
    assert judgement.evaluation.privacy is not None
    label = {"label": "noise-infused, not differentially private"}
    another = replace(judgement.evaluation, privacy={**judgement.evaluation.privacy, **label})
    record = place.airlock.record_evaluation(ANA, MOBILITY, another)
    with pytest.raises(UnavailableError, match="could not be drawn"):
        place.ask(record.id)
    charge = place.charge(record)
    assert (charge.state, charge.result) == (ChargeState.FAILED, None)


def test_noise_that_is_not_differentially_private_goes_to_a_person_is_paid_and_has_no_certificate(
    place: PrivacyAirlock,
) -> None:
    quote = place.evaluate(INFUSED)
    assert not quote.route.automatic
    request = place.ask(quote.id)
    (output,) = request.outputs
    assert (request.state, output.lane, request.automatic) == (State.SUBMITTED, Lane.DECLARED, False)
    assert place.charge(quote).state is ChargeState.COMPUTED
    assert place.spent.rho == 125_000_000
    request = place.world.approve(request)
    assert request.state is State.RELEASED
    record = json.loads(files(place, request)["sdc-record.json"])["outputs"][0]
    assert "certificate" not in record
    assert record["privacy"]["label"] == "noise-infused, not differentially private"
    assert verify_bundle(place.airlock.bundle(ANA, request.id), place.airlock.signing_key.verifying_key).ok
    assert place.charge(quote).state is ChargeState.RELEASED


SHAPES: dict[str, dict[str, Any]] = {
    "private keys": {"by": ["education"], "protect": {"method": "dp", "rho": 0.1, "keys": "private", "delta": 1e-9}},
    "a chart": {"by": ["region"], "chart": {"kind": "bar"}, "protect": {"method": "dp", "rho": 0.1}},
    "margins": {"by": ["region"], "margins": True, "protect": {"method": "dp", "epsilon": 0.4}},
    "a median": {
        "statistic": "median",
        "measure": "wage",
        "by": ["region"],
        "protect": {"method": "dp", "rho": 0.1, "candidates": {"from": 0, "to": 50, "step": 1}},
    },
}


@pytest.mark.parametrize("query", SHAPES.values(), ids=SHAPES)
def test_every_shape_of_a_release_is_paid_and_certified(place: PrivacyAirlock, query: dict[str, Any]) -> None:
    quote = place.evaluate({"from": "survey", "statistic": "frequency", **query})
    request = place.ask(quote.id)
    assert request.state is State.RELEASED
    left = files(place, request)
    assert ("outputs/output-01.png" in left) == ("chart" in query)
    assert "certificate" in json.loads(left["sdc-record.json"])["outputs"][0]
    assert verify_bundle(place.airlock.bundle(ANA, request.id), place.airlock.signing_key.verifying_key).ok
    assert place.charge(quote).state is ChargeState.RELEASED


def test_delta_of_private_keys_is_charged(place: PrivacyAirlock) -> None:
    query = {"from": "survey", "statistic": "frequency", **SHAPES["private keys"]}
    place.ask(place.evaluate(query).id)
    assert 0 < place.spent.delta <= 10**6
