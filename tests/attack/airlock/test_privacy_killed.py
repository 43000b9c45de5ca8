"""kill -9 between, and inside, every step from the budget to the release.

Never a released result without its charge, never more spent than charged, never two noises for one quote.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.empty_store import ON_POSTGRES
from tests.support.privacy_airlock import PrivacyAirlock, privacy_airlock, reopened
from tests.support.privacy_victim import filled, killed

from saferoom.errors import WrongStateError
from saferoom.ids import EvaluationId
from saferoom.projects.airlock.states import State
from saferoom.projects.airlock.store import Selection
from saferoom.projects.airlock.verify import verify_bundle
from saferoom.projects.ledger.model import ChargeState

BEFORE_CHARGE = ("prepared", "commit-1")
BEFORE_RESULT = ("charged", "drawn", "kept", "commit-2")
BEFORE_REQUEST = ("computed", "commit-3", "noted", "remembered", "commit-4")
AFTER_REQUEST = ("submitted", "approved", "bundled", "commit-5", "released", "commit-6")


@pytest.fixture
def quote(tmp_path: Path) -> EvaluationId:
    with privacy_airlock(tmp_path, sandboxed=False) as place:
        return place.evaluate().id


def start(place: PrivacyAirlock) -> None:
    """Do what the service does when it starts."""
    place.world.instance.ledger.resume()
    place.airlock.resume()


def healthy(place: PrivacyAirlock) -> None:
    """Check what must hold whatever happened."""
    charges = place.charges()
    assert place.spent.rho == sum(charge.wanted.loss.rho for charge in charges)
    with place.airlock.store.reading() as tx:
        requests = tx.requests(Selection())
        drawn = [tx.evaluation(EvaluationId(f"drawn-{charge.wanted.key}")) for charge in charges]
    results = {charge.result: charge.state for charge in charges if charge.result is not None}
    assert {record.digest for record in drawn if record is not None} <= set(results)
    for request in requests:
        if request.state is State.RELEASED:
            assert [results[output.judged] for output in request.outputs] == [ChargeState.RELEASED]
            bundle = place.airlock.bundle(request.author, request.id)
            assert verify_bundle(bundle, place.airlock.signing_key.verifying_key).ok


def submitted(place: PrivacyAirlock) -> list[State]:
    with place.airlock.store.reading() as tx:
        return [request.state for request in tx.requests(Selection())]


@pytest.mark.parametrize("point", BEFORE_CHARGE)
def test_attack_killed_before_the_charge_costs_nothing(tmp_path: Path, quote: EvaluationId, point: str) -> None:
    assert killed(tmp_path, point, quote)
    with reopened(tmp_path) as place:
        start(place)
        assert (place.charges(), submitted(place)) == ([], [])
        assert place.ask(quote).state is State.RELEASED
        healthy(place)


@pytest.mark.parametrize("point", BEFORE_RESULT)
def test_attack_killed_before_the_result_is_kept_it_stays_paid(tmp_path: Path, quote: EvaluationId, point: str) -> None:
    assert killed(tmp_path, point, quote)
    with reopened(tmp_path) as place:
        with pytest.raises(WrongStateError, match="being drawn at this moment"):
            place.ask(quote)
        start(place)
        (charge,) = place.charges()
        assert charge.state is ChargeState.FAILED
        with pytest.raises(WrongStateError, match="stays paid"):
            place.ask(quote)
        assert submitted(place) == []
        again = place.evaluate()
        assert place.ask(again.id).state is State.RELEASED
        assert len(place.charges()) == 2
        healthy(place)


@pytest.mark.parametrize("point", BEFORE_REQUEST)
def test_attack_killed_after_the_draw_the_same_noise_is_released(
    tmp_path: Path, quote: EvaluationId, point: str
) -> None:
    assert killed(tmp_path, point, quote)
    with reopened(tmp_path) as place:
        start(place)
        (charge,) = place.charges()
        assert (charge.state, submitted(place)) == (ChargeState.COMPUTED, [])
        request = place.with_parts(drawing=None).ask(quote)
        assert (request.state, request.outputs[0].judged) == (State.RELEASED, charge.result)
        assert len(place.charges()) == 1
        healthy(place)


@pytest.mark.parametrize("point", AFTER_REQUEST)
def test_attack_killed_while_it_leaves_it_leaves_once(tmp_path: Path, quote: EvaluationId, point: str) -> None:
    assert killed(tmp_path, point, quote)
    with reopened(tmp_path) as place:
        start(place)
        assert submitted(place) == [State.RELEASED]
        assert [charge.state for charge in place.charges()] == [ChargeState.RELEASED]
        again = place.with_parts(drawing=None).ask(quote)
        assert (again.state, len(place.charges())) == (State.RELEASED, 1)
        healthy(place)


def test_attack_killed_again_and_again_no_noise_is_drawn_twice(tmp_path: Path, quote: EvaluationId) -> None:
    for point in ("prepared", "computed", "noted", "remembered", "approved"):
        assert killed(tmp_path, point, quote)
    with reopened(tmp_path) as place:
        start(place)
        assert submitted(place) == [State.RELEASED]
        assert len(place.charges()) == 1
        healthy(place)


def test_every_point_is_one_of_the_parts(tmp_path: Path, quote: EvaluationId) -> None:
    assert not killed(tmp_path, "commit-7", quote), "there are six commits, and each is a point above"
    with reopened(tmp_path) as place:
        healthy(place)


@pytest.mark.parametrize(
    ("point", "became"),
    [
        ("prepared", None),
        ("charged", ChargeState.FAILED),
        ("drawn", ChargeState.FAILED),
        # The disk of a database's server is another one: there it is still written that the result was drawn.
        ("kept", ChargeState.COMPUTED if ON_POSTGRES else ChargeState.FAILED),
        ("computed", ChargeState.COMPUTED),
        ("noted", ChargeState.COMPUTED),
        ("approved", ChargeState.RELEASED),
    ],
)
def test_attack_disk_that_is_full_from_any_point_on_releases_nothing_unpaid(
    tmp_path: Path, quote: EvaluationId, point: str, became: ChargeState | None
) -> None:
    told = filled(tmp_path, point, quote)
    assert told != State.RELEASED
    with reopened(tmp_path) as place:
        start(place)
        assert [charge.state for charge in place.charges()] == ([] if became is None else [became])
        assert submitted(place) == ([State.RELEASED] if became is ChargeState.RELEASED else []), told
        healthy(place)
