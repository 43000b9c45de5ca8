"""The catalogue's pages of a dataset described in full: accessible, and usable at any width."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page
from tests.support.accessible import faults
from tests.support.airlock_pages import each
from tests.support.airlock_server import Service
from tests.support.catalogue_world import described
from tests.support.linked_version import linked
from tests.support.record_files import NOISY, allow

pytestmark = pytest.mark.browser
SEEN = {
    "catalogue, dataset": ("ana", "catalogue/pupils"),
    "catalogue, dataset of the owner": ("dora", "catalogue/pupils"),
    "catalogue, variable": ("ana", "catalogue/pupils/sex"),
    "catalogue, checks of a version": ("dora", "catalogue/pupils/versions/2022"),
    "catalogue, dataset with a linked version": ("ana", "catalogue/survey"),
    "catalogue, linkage of a version": ("ana", "catalogue/survey/versions/1/linkage"),
    "catalogue, linkage through two indexes": ("ana", "catalogue/survey/versions/2/linkage"),
    "catalogue, records that may leave": ("dora", "catalogue/survey/records"),
    "register, dataset": ("", "register/datasets/pupils"),
    "register, datasets": ("", "register/datasets"),
    "proposal": ("ana", "projects/new?dataset=pupils"),
}


def too_wide(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


def test_pages_are_accessible_and_fit_narrow_windows(chromium: Chromium, airlock: Service, tmp_path: Path) -> None:
    described(airlock.world, tmp_path)
    allow(airlock.world, plan=NOISY)
    allow(airlock.world, name="another", ended=True)
    linked(airlock.world, "1")
    linked(airlock.world, "2", number=2, afresh=False)
    linked(airlock.world, "2", index="household")
    assert each(chromium, airlock, SEEN, faults) == {}
    assert each(chromium, airlock, SEEN, too_wide, viewport={"width": 360, "height": 740}) == {}
