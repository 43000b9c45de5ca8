"""Answers take one of a few lengths of time, whatever became of what they are about."""

from __future__ import annotations

import pytest

from saferoom.hub.evaluator.padding import CLASSES_SECONDS, padded, with_noise


class Watch:
    """A clock that moves when told to, and while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.now += seconds


@pytest.mark.parametrize(("takes", "ends"), [(0, 1), (0.7, 1), (1, 1), (1.1, 2), (33, 64), (500, 500)])
def test_block_ends_with_its_class(takes: float, ends: float) -> None:
    watch = Watch()
    with padded(watch, watch.sleep):
        watch.now += takes
    assert watch.now == pytest.approx(100 + ends)


def test_block_that_raises_takes_no_less() -> None:
    watch = Watch()
    with pytest.raises(ValueError, match="wrong"), padded(watch, watch.sleep):
        raise ValueError("wrong")
    assert watch.now == pytest.approx(100 + CLASSES_SECONDS[0])


def test_queries_with_noise_are_told_before_they_are_read() -> None:
    assert with_noise({"protect": {"method": "dp", "rho": 1}})
    protects: tuple[object, ...] = ({"method": "round"}, "dp", None, {})
    assert not with_noise({})
    for protect in protects:
        assert not with_noise({"protect": protect})
