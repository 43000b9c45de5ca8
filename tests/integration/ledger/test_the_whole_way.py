"""From a query in a room to the budget's page: what was drawn is what tighter accounting composes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.budget_pages import ANA, DORA, PROJECT, SURVEY, USE, form
from tests.support.privacy_airlock import COUNTS, PrivacyAirlock, privacy_airlock

from saferoom.projects.ledger.budgets import Budgets
from saferoom.projects.ledger.losses import limit_of
from saferoom.projects.ledger.model import ChargeState
from saferoom.projects.ledger.service import BudgetError
from saferoom.projects.people.permissions import Actor

AS_ANA, AS_DORA = Actor.person(ANA), Actor.person(DORA)
MEAN: dict[str, Any] = {
    "from": "survey",
    "statistic": "mean",
    "measure": "wage",
    "by": ["region"],
    "protect": {"method": "dp", "epsilon": 0.5, "bounds": [0, 50]},
}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[PrivacyAirlock]:
    with privacy_airlock(tmp_path, sandboxed=False) as made:
        yield made


@pytest.fixture
def budgets(place: PrivacyAirlock) -> Budgets:
    return place.world.instance.budgets


@pytest.mark.parametrize("query", [COUNTS, MEAN], ids=["rho", "epsilon"])
def test_release_is_on_every_budgets_page_with_what_it_consists_of(
    place: PrivacyAirlock, budgets: Budgets, query: dict[str, Any]
) -> None:
    quote = place.evaluate(query)
    place.ask(quote.id)
    charge = place.charge(quote)
    assert charge.state is ChargeState.RELEASED
    for account in (SURVEY, PROJECT, USE):
        assert [one.id for one in budgets.charges(AS_DORA, account).items] == [charge.id]
        assert budgets.statement(AS_ANA, account).account.spent == charge.wanted.loss
    found = budgets.composition(AS_ANA, SURVEY)
    assert found.pld is not None
    if query is MEAN:
        # Two mechanisms share an epsilon of 0.5, and nothing loses more than they do together.
        assert 0.4 < found.pld.epsilon <= 0.51
    else:
        assert 0.8 * found.zcdp.epsilon < found.pld.epsilon < found.zcdp.epsilon


def test_owner_who_raises_the_limit_lets_a_refused_quote_go(place: PrivacyAirlock, budgets: Budgets) -> None:
    version = budgets.statement(AS_DORA, SURVEY).account.version
    small = budgets.set_limit(AS_DORA, SURVEY, form("2", version=version)).account
    assert small.limit is not None
    assert small.limit.rho < 250_000_000
    quote = place.evaluate()
    with pytest.raises(BudgetError, match=r"dataset 'survey'.*rho 0\.2.* requested"):
        place.ask(quote.id)
    budgets.set_limit(AS_DORA, SURVEY, form("5", version=small.version))
    place.ask(quote.id)
    spent = budgets.statement(AS_DORA, SURVEY).account
    assert spent.limit == limit_of(5, form().delta or 0)
    assert 0.24 * 10**9 < spent.spent.rho <= 0.25 * 10**9
