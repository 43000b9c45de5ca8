"""One airlock per test, on files of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.airlock_domain import Domain, domain


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Domain]:
    with domain(tmp_path) as made:
        yield made
