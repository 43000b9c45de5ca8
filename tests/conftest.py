"""Shared by all tests: heavy tests stay together on one worker, and nothing talks beyond this machine."""

from __future__ import annotations

import pytest
from tests.support.live import live as live

HEAVY = ("live", "browser", "packaging")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests that share a running hub on one worker, so that it is started once."""
    for item in items:
        if any(item.get_closest_marker(name) for name in HEAVY):
            group = "packaging" if item.get_closest_marker("packaging") else "live"
            item.add_marker(pytest.mark.xdist_group(group))
