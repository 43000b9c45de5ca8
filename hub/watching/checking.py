"""Counts checks: how many ended how, and how long they took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from saferoom.disclosure.verdict import Verdict
from saferoom.hub.watching.counts import CHECK_SECONDS, CHECKS, Check

REFUSED = "refused"
"""What counts as the verdict of a check that gave none: the query was wrong, it took too long, or it could not run."""


class Watched:
    """A check under way; its verdict is said at its end."""

    verdict: Verdict | None = None


@contextmanager
def watched(kind: Check) -> Iterator[Watched]:
    """Count the check that is done in the block, its time with the waiting for its turn."""
    check, started = Watched(), time.monotonic()
    try:
        yield check
    finally:
        CHECKS.labels(kind, check.verdict.value if check.verdict else REFUSED).inc()
        CHECK_SECONDS.labels(kind).observe(time.monotonic() - started)
