"""Noise from a privacy budget on pages and in calls: quotes for authors, numbers for those who may see them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import pytest
from tests.support.airlock_server import Service, service
from tests.support.airlock_world import MOBILITY
from tests.support.api_client import client, said
from tests.support.privacy_airlock import ANA, COUNTS, WORDS, PrivacyAirlock, privacy_airlock
from tests.support.privacy_pages import INFUSED, Seen, seen

from saferoom.hub.store.tables import DatasetRow
from saferoom.projects.airlock.states import State
from saferoom.projects.ledger.model import ChargeState


@dataclass(frozen=True)
class Shown:
    """Requests in every state that pages show, and the service that shows them; nobody changes any of them."""

    made: Seen
    place: PrivacyAirlock
    airlock: Service


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    with privacy_airlock(tmp_path_factory.mktemp("shown"), sandboxed=False) as place:
        made = seen(place)
        with service(place.world) as running:
            yield Shown(made, place, running)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[PrivacyAirlock]:
    with privacy_airlock(tmp_path, sandboxed=False) as made:
        yield made


@pytest.fixture
def airlock(place: PrivacyAirlock) -> Iterator[Service]:
    with service(place.world) as running:
        yield running


def test_draft_says_what_it_would_cost_and_whether_the_budget_is_enough(shown: Shown) -> None:
    ana = shown.airlock.browser("ana")
    page = ana.get(f"requests/{shown.made.draft.id}/edit").text
    assert "Would cost: rho 0.25" in page
    assert "Budget: enough at this moment." in page
    assert "rho 0.9 requested" in page
    assert "Submitting pays for the noise and draws it, once." in page
    whole = ana.get(f"requests/{shown.made.draft.id}").text
    assert "How exact the numbers will be" in whole
    assert "What left" not in whole


def test_draft_that_costs_too_much_comes_back_with_the_sentence_and_nothing_is_paid(shown: Shown) -> None:
    before = shown.place.spent
    fields = {"version": str(shown.made.draft.version)}
    answer = shown.airlock.browser("ana").post(f"requests/{shown.made.draft.id}/submit", fields)
    assert answer.status_code == 409
    assert "does not allow this: rho 0.9 requested" in answer.text
    assert shown.place.spent == before


def test_quotes_and_not_their_results_can_be_added_to_a_draft(shown: Shown) -> None:
    fresh = shown.place.evaluate()
    page = shown.airlock.browser("ana").get(f"requests/{shown.made.draft.id}/edit").text
    assert f'value="{fresh.id}"' in page
    assert "drawn-evaluation" not in page


def test_numbers_are_for_checkers_until_they_have_left(shown: Shown) -> None:
    ana, ben, dora = (shown.airlock.browser(name) for name in ("ana", "ben", "dora"))
    assert "What would leave" in ben.get(f"requests/{shown.made.waiting.id}").text
    waiting = ana.get(f"requests/{shown.made.waiting.id}").text
    assert "differentially private" in waiting
    assert "What left" not in waiting
    assert "±" not in waiting
    assert "What left" in ana.get(f"requests/{shown.made.released.id}").text
    to_sign = dora.get(f"requests/{shown.made.to_sign.id}").text
    assert "rho 0.1 of zero-concentrated differential privacy" in to_sign
    for name in ("csv", "xlsx"):
        output = shown.made.to_sign.outputs[0].id
        assert dora.get(f"requests/{shown.made.to_sign.id}/leaving/{output}/{name}").status_code == 200


def test_page_of_a_released_output_says_what_its_certificate_refers_to(shown: Shown) -> None:
    (charge,) = shown.place.charges(ChargeState.RELEASED)
    page = shown.airlock.browser("ana").get(f"requests/{shown.made.released.id}").text
    assert charge.id in page
    assert charge.wanted.plan in page


def test_calls_answer_with_quotes_and_numbers_to_those_who_may_see_them(shown: Shown) -> None:
    ana, ben, dora = (client(shown.airlock, name) for name in ("ana", "ben", "dora"))
    quote = said(ana.get(f"requests/{shown.made.draft.id}/outputs"))[0]
    assert (quote["lane"], quote["statistic"]["privacy"]["label"]) == ("privacy", "differentially private")
    assert (quote["statistic"]["leaving"], quote["statistic"]["exact"]) == (None, None)
    assert quote["statistic"]["budget"] == ""
    assert "rho 0.9 requested" in said(ana.get(f"requests/{shown.made.draft.id}/outputs"))[1]["statistic"]["budget"]
    waiting = said(ana.get(f"requests/{shown.made.waiting.id}/outputs"))[0]["statistic"]
    assert (waiting["leaving"], waiting["exact"], waiting["privacy"]["drawn"]) == (None, None, True)
    checked = said(ben.get(f"requests/{shown.made.waiting.id}/review"))["outputs"][0]["statistic"]
    assert checked["exact"] == checked["leaving"]
    left = said(ana.get(f"requests/{shown.made.released.id}/outputs"))[0]["statistic"]
    assert left["leaving"]["columns"][0] == "region"
    signed = said(dora.get(f"requests/{shown.made.to_sign.id}/leaving"))[0]
    assert (signed["lane"], signed["file"], signed["privacy"]["measure"]) == ("privacy", None, "zcdp")


def test_call_submits_and_pays(airlock: Service, place: PrivacyAirlock) -> None:
    quote, ana = place.evaluate(), client(airlock, "ana")
    group = {"context": WORDS["context"], "controls": WORDS["controls"], "outputs": [quote.id]}
    draft = said(ana.post("requests", {"project": "mobility", "title": "Regions", "groups": [group]}), 201)
    done = said(ana.post(f"requests/{draft['id']}/submit", {"version": draft["version"]}))
    assert done["state"] == "released"
    assert place.charge(quote).state is ChargeState.RELEASED


def test_checkers_see_what_was_done_to_released_numbers(place: PrivacyAirlock, airlock: Service) -> None:
    route = {"kind": "release-route", "automatic": True, "literals": 1}
    place.world.change(DatasetRow, "survey", release_route=route)
    quote = place.evaluate({**COUNTS, "protect": {"method": "dp", "rho": 0.01}})
    assert place.ask(quote.id).state is State.RELEASED
    steps = [{"rows": {"region": ["north", "south"]}}, {"round": 10}]
    made, _ = place.airlock.process(ANA, MOBILITY, quote.id, steps)
    request = place.ask(made.id)
    assert request.state is State.SUBMITTED
    page = unescape(airlock.browser("ben").get(f"requests/{request.id}").text)
    assert 'rows {"region": ["north", "south"]}; round {"to": 10}' in page
    assert "nothing more; what was drawn did rho 0.01" in page
    assert "choose more than 1 numbers and codes" in page
    assert airlock.browser("ana").get(f"requests/{request.id}").status_code == 200
    told = said(client(airlock, "ben").get(f"requests/{request.id}"))
    assert told["outputs"][0]["lane"] == "privacy"


def test_noise_that_is_not_differentially_private_is_never_called_so(airlock: Service, place: PrivacyAirlock) -> None:
    request = place.ask(place.evaluate(INFUSED).id)
    for name in ("ana", "ben"):
        page = airlock.browser(name).get(f"requests/{request.id}").text
        assert "noise-infused, not differentially private" in page
        assert "that is not differential privacy" in page
        assert "What it was paid and drawn by" in page
        for word in ("certificate", "differential privacy: noise", "✓</span>differentially private"):
            assert word not in page
