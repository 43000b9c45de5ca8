"""Answers take one of a few lengths of time, so that how long one took says next to nothing about the data."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from saferoom.disclosure.queries.forms import Method

CLASSES_SECONDS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)


def with_noise(query: Mapping[str, Any]) -> bool:
    """Tell whether a query, which nobody has read yet, asks for noise from a privacy budget."""
    protect = query.get("protect")
    return isinstance(protect, Mapping) and protect.get("method") == Method.DP.value


@contextmanager
def padded(clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep) -> Iterator[None]:
    """Let the block, whatever becomes of it, take as long as the next longer class says.

    A block that takes longer than every class ends when it ends: evaluators are stopped long before.
    """
    began = clock()
    try:
        yield
    finally:
        spent = clock() - began
        sleep(next((seconds - spent for seconds in CLASSES_SECONDS if seconds >= spent), 0.0))
