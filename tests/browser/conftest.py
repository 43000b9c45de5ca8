"""A real Chromium, started once for all browser tests of a worker; see `tests.support.chromium`."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser as Chromium
from tests.support.chromium import running


@pytest.fixture(scope="module")
def chromium() -> Chromium:
    """Debian's Chromium."""
    return running()
