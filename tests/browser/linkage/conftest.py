"""A real Chromium for the pages of the linker's zone; see `tests.support.chromium`."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser as Chromium
from tests.support.chromium import running


@pytest.fixture(scope="module")
def chromium() -> Chromium:
    """Debian's Chromium."""
    return running()
