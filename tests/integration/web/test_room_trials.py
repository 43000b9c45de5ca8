"""Trials on made-up data: free, kept nowhere, about nobody, and made without the datasets' files."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.airlock_server import Service
from tests.support.airlock_world import MOBILITY, REGIONS
from tests.support.opened import sealed

PROTECT = {"method": "dp", "rho": 0.5}
QUERY = {"from": "survey", "statistic": "frequency", "by": ["region"], "protect": PROTECT}


def _tried(airlock: Service, query: dict[str, Any]) -> dict[str, Any]:
    answer = airlock.room().post("trials", {"query": query})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_trial_has_the_table_of_a_release_and_is_kept_nowhere(airlock: Service) -> None:
    # The data are out of reach: whatever comes out is made up.
    sealed(airlock.world.home, MOBILITY, "survey").unlink()
    found = _tried(airlock, {**QUERY, "chart": {"kind": "bar"}})
    assert "picture" not in found
    assert found["privacy"]["synthetic"] is True
    assert found["privacy"]["loss"] == 0.5
    assert found["id"] == ""
    assert [row[0] for row in found["table"]["rows"]] == list(REGIONS)
    assert sum(row[1] for row in found["table"]["rows"]) == pytest.approx(1_000, abs=100)
    assert not list(airlock.world.home.run.glob("twin-*"))
    assert not airlock.world.instance.airlock.statistics_of(airlock.world.person("ana"), MOBILITY)


def test_bounds_of_the_query_are_those_of_the_made_up_values(airlock: Service) -> None:
    query = {**QUERY, "statistic": "mean", "measure": "wage", "by": [], "protect": {**PROTECT, "bounds": [40, 60]}}
    row = _tried(airlock, query)["table"]["rows"][0]
    assert row[0] == pytest.approx(1_000, abs=100)
    assert row[2] == pytest.approx(50, abs=3)


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({**QUERY, "protect": {"method": "none"}}, "trials are for queries with differential privacy"),
        ({"statistic": "frequency"}, "trials are for queries with differential privacy"),
        ({**QUERY, "protect": {"method": "dp"}}, "exactly one of the three"),
        ({**QUERY, "by": ["nothing"]}, "nothing"),
        ({**QUERY, "from": "elsewhere"}, "elsewhere"),
    ],
)
def test_what_no_quote_is_given_for_cannot_be_tried(airlock: Service, query: dict[str, Any], says: str) -> None:
    answer = airlock.room().post("trials", {"query": query})
    assert answer.status_code in (403, 422)
    assert says in answer.json()["error"]["message"]


def test_trial_needs_a_room(airlock: Service) -> None:
    assert airlock.room().http.post("/api/room/trials", json={"query": QUERY}).status_code == 401
