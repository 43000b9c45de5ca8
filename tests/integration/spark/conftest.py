"""Spark is started once for all of these tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.spark import SMALL, world

from saferoom.disclosure.queries.source import Source
from saferoom.disclosure.queries.spark.session import session


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """Return a dataset of people, with Spark running."""
    session(SMALL)
    return world(Path(tmp_path_factory.mktemp("spark")))
