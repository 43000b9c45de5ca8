"""Shared by the airlock service's unit tests."""

from __future__ import annotations

import pytest


@pytest.fixture
def anyio_backend() -> str:
    """Run coroutines in asyncio alone, as the service does."""
    return "asyncio"
