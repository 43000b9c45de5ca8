"""Noise from a privacy budget in a real browser: pages that everybody can use, from the quote to the numbers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser as Chromium
from tests.support.accessible import faults
from tests.support.airlock_pages import each, opened
from tests.support.airlock_server import Service, service
from tests.support.airlock_world import MOBILITY
from tests.support.privacy_airlock import ANA, WORDS, PrivacyAirlock, privacy_airlock
from tests.support.privacy_pages import pages

from saferoom.projects.airlock.wanted import WantedGroup
from saferoom.projects.ledger.model import ChargeState

pytestmark = pytest.mark.browser


@pytest.fixture
def budgets(tmp_path: Path) -> Iterator[PrivacyAirlock]:
    with privacy_airlock(tmp_path, sandboxed=False) as made:
        yield made


@pytest.fixture
def running(budgets: PrivacyAirlock) -> Iterator[Service]:
    with service(budgets.world) as made:
        yield made


def test_pages_are_accessible_in_light_and_dark_and_fit_every_width(
    chromium: Chromium, running: Service, budgets: PrivacyAirlock
) -> None:
    assert each(chromium, running, pages(budgets), faults) == {}


def test_quote_is_submitted_and_its_numbers_are_there(
    chromium: Chromium, running: Service, budgets: PrivacyAirlock
) -> None:
    group = WantedGroup((budgets.evaluate().id,), WORDS["context"], WORDS["controls"])
    draft = budgets.airlock.draft_groups(ANA, MOBILITY, WORDS["title"], [group])
    with opened(chromium, running, "ana", f"requests/{draft.id}/edit", java_script_enabled=False) as page:
        assert page.get_by_text("enough at this moment").is_visible()
        page.get_by_role("button", name="Submit").click()
        page.get_by_text("What left").wait_for()
        assert page.get_by_role("cell", name="±").count() > 0
        page.get_by_text("What its certificate refers to").click()
        (charge,) = budgets.charges(ChargeState.RELEASED)
        assert page.get_by_text(charge.id).is_visible()
