"""A lab for declared statistics in a folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.statistics_lab import Lab


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """Return a lab whose files are removed with the test's folder."""
    return Lab(tmp_path)
