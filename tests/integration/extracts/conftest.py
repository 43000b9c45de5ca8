"""A workshop for one test."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.extract_world import Workshop, workshop


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    """Sources with htv in them, approved for mob."""
    return workshop(tmp_path)
