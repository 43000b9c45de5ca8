"""A lab for the attack list of remote analysis systems (O'Keefe and Chipperfield 2013)."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.statistics_lab import Lab


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """Return a lab whose files are removed with the test's folder."""
    return Lab(tmp_path)
