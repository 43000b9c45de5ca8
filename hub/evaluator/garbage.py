"""How often an evaluator process looks for garbage: it ends with its answer, and looking takes longer than a query."""

from __future__ import annotations

import gc

_SELDOM = 100_000
"""Objects made since the last look: a hundred and forty times Python's own, which a long table reaches often."""


def look_seldom() -> None:
    """Let the collector of reference cycles look seldom, from now on."""
    gc.set_threshold(_SELDOM, 20, 20)
