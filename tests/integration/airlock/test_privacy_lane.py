"""What a privacy budget pays for is charged first, drawn once, and leaves by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.privacy_airlock import PrivacyAirlock, privacy_airlock

from saferoom.projects.airlock.model import Lane
from saferoom.projects.airlock.states import State
from saferoom.projects.ledger.losses import Loss
from saferoom.projects.ledger.model import ChargeState


@pytest.fixture
def place(tmp_path: Path) -> Iterator[PrivacyAirlock]:
    with privacy_airlock(tmp_path) as made:
        yield made


def test_quote_costs_nothing_and_its_release_what_it_said(place: PrivacyAirlock) -> None:
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
