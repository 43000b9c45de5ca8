"""One set rounded in several ways lies in all of its ranges at once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from tests.attack.history.desk import Desk
from tests.attack.history.model import Safe, Step
from tests.attack.history.populations import SEEDS, altered, ordinary
from tests.attack.history.scenarios.changed import protected
from tests.attack.history.scenarios.making import count
from tests.benchmark.worlds import Data

BASES = (5, 9)
PARTS = ("zone = 'first'", "zone = 'second'", "zone <> 'elsewhere'")
"""Two large groups, and both with a few others; no two of these are near each other."""


def zoned(first: int, second: int, few: int) -> Data:
    base = ordinary(SEEDS[0])
    zone = np.full(len(base.frame), "elsewhere", dtype=object)
    zone[: first + second + few] = np.repeat(["first", "second", "few"], [first, second, few])
    return altered(base, f"groups-{first}-{second}-{few}", zone=zone)


def between(size: int, base: int) -> tuple[int, int]:
    shown = (size + base // 2) // base * base
    return shown - base // 2, shown + (base - 1) // 2


def told(bases: Sequence[int], first: int, second: int, few: int) -> bool:
    """Say whether it is known that there is somebody beside the two groups, and that they are few."""
    sizes = (first, second, first + second + few)
    ends = [[between(size, base) for base in bases] for size in sizes]
    (a, b), (c, d), (low, high) = ((max(x for x, _ in one), min(y for _, y in one)) for one in ends)
    return low - b - d >= 1 and high - a - c < 10


def test_two_ways_to_round_the_same_sets_do_not_tell_what_is_left_between_them(tmp_path: Path) -> None:
    sizes = product(range(20, 60), range(20, 60), range(3, 8))
    found = next(one for one in sizes if told(BASES, *one) and not any(told([base], *one) for base in BASES))
    queries = [count(where=where, **protected("round", base=base)) for base in BASES for where in PARTS]
    ran = Desk(tmp_path).run(Safe("twice", (zoned(*found),), tuple(Step(query) for query in queries)))
    assert [step.passed for step in ran] == [True] * 5 + [False]


@pytest.mark.parametrize("base", [5, 9])
def test_the_same_way_to_round_the_same_sets_again_tells_nothing(base: int, tmp_path: Path) -> None:
    query = count("region", "sex", **protected("round", base=base))
    ran = Desk(tmp_path).run(Safe("again", (ordinary(SEEDS[0]),), (Step(query), Step(query))))
    assert all(step.passed for step in ran)
