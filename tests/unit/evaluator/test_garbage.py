"""Evaluators look for garbage seldom."""

from __future__ import annotations

import gc

from saferoom.hub.evaluator.garbage import look_seldom


def test_garbage_is_looked_for_seldom() -> None:
    before = gc.get_threshold()
    try:
        look_seldom()
        assert gc.get_threshold()[0] > 10 * before[0]
        assert gc.isenabled()
    finally:
        gc.set_threshold(*before)
