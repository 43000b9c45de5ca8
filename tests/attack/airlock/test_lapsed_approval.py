"""Approvals and rules that change while a query is judged: what is kept must be what was judged, and paid for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from tests.support.airlock_world import MOBILITY, NOW
from tests.support.privacy_airlock import ANA, PrivacyAirlock, privacy_airlock

from saferoom.disclosure.evaluation import Evaluation
from saferoom.errors import WrongStateError
from saferoom.hub.evaluator import runner
from saferoom.hub.evaluator.runner import Evaluator
from saferoom.hub.store import tables
from saferoom.projects.ledger.losses import Loss
from saferoom.projects.ledger.model import AccountId, AccountKind

JOINED: dict[str, Any] = {
    "views": {"v": "select s.person_id, s.region, r.wage from survey s join register r using (person_id)"},
    "from": "v",
    "statistic": "frequency",
    "by": ["region"],
    "where": "region <> 'west'",
}
NOISY = {**JOINED, "protect": {"method": "dp", "rho": 0.25}}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[PrivacyAirlock]:
    with privacy_airlock(tmp_path, sandboxed=False) as made:
        yield made


def _hold(place: PrivacyAirlock, *, live: bool) -> None:
    ended = None if live else NOW - timedelta(days=1)
    place.world.change(tables.ApprovalRow, (MOBILITY, "register"), ended_at=ended)


def _restrict(place: PrivacyAirlock) -> None:
    place.world.change(tables.DatasetRow, "survey", risk_appetite={"kind": "risk-appetite", "threshold_units": 500})


@pytest.mark.parametrize("query", [JOINED, NOISY])
@pytest.mark.parametrize("change", [partial(_hold, live=False), _restrict])
def test_approval_or_rules_that_change_while_a_query_is_judged_refuse_it(
    place: PrivacyAirlock, query: dict[str, Any], change: Callable[[PrivacyAirlock], None]
) -> None:
    judge = runner.judge

    def slow(*given: Any) -> Evaluation:
        found = judge(*given)
        change(place)
        return found

    with mock.patch.object(runner, "judge", slow), pytest.raises(WrongStateError, match="while the query was judged"):
        Evaluator(place.world.instance).evaluate(ANA, MOBILITY, query)


@pytest.mark.parametrize("query", [JOINED, NOISY])
def test_quote_that_was_kept_without_a_dataset_is_not_drawn_from_it(
    place: PrivacyAirlock, query: dict[str, Any]
) -> None:
    evaluation = Evaluator(place.world.instance).evaluate(ANA, MOBILITY, query)
    _hold(place, live=False)
    record = place.airlock.record_evaluation(ANA, MOBILITY, evaluation)
    assert [one.name for one in record.datasets] == ["survey"], "what the approvals of that moment say"
    _hold(place, live=True)
    with pytest.raises(WrongStateError, match="approvals changed since"):
        place.ask(record.id)
    assert place.spent == Loss()


def test_release_from_two_datasets_costs_both(place: PrivacyAirlock) -> None:
    record = place.evaluate(NOISY)
    place.ask(record.id)
    with place.airlock.ledger.store.reading() as tx:  # type: ignore[union-attr]
        spent = {name: tx.account(AccountId(AccountKind.LINEAGE, name)).spent for name in ("survey", "register")}
    assert spent["survey"] == spent["register"] == place.charge(record).wanted.loss
