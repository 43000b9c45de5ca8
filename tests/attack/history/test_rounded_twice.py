"""One set rounded in several ways lies in all of its ranges at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.attack.history.desk import Desk
from tests.attack.history.model import Safe, Step
from tests.attack.history.populations import SEEDS, altered, ordinary
from tests.attack.history.scenarios.changed import protected
from tests.attack.history.scenarios.making import count
from tests.benchmark.worlds import Data


def zoned(inner: int, few: int) -> Data:
    base = ordinary(SEEDS[0])
    zone = np.full(len(base.frame), "elsewhere", dtype=object)
    zone[:inner], zone[inner : inner + few] = "inner", "few"
    return altered(base, f"inner-{inner}-{few}", zone=zone)


INNER, OUTER = "zone = 'inner'", "zone in ('inner', 'few')"


def between(size: int, base: int) -> tuple[int, int]:
    shown = (size + base // 2) // base * base
    return shown - base // 2, shown + (base - 1) // 2


def test_two_ways_to_round_the_same_two_sets_do_not_tell_their_difference(tmp_path: Path) -> None:
    # 22 and 28: to 5 and to 9 each leaves a difference of zero or ten open, both together do not.
    found = [
        (inner, few)
        for inner in range(15, 60)
        for few in range(3, 8)
        if not any(_told([base], inner, few) for base in (5, 9)) and _told([5, 9], inner, few)
    ]
    inner, few = found[0]
    data = zoned(inner, few)
    queries = [count(where=where, **protected("round", base=base)) for base in (5, 9) for where in (INNER, OUTER)]
    ran = Desk(tmp_path).run(Safe("twice", (data,), tuple(Step(query) for query in queries)))
    assert ran[0].passed
    assert not all(step.passed for step in ran)


def _told(bases: list[int], inner: int, few: int) -> bool:
    """Say whether it is known that somebody is among the few, and that they are few."""
    ends = [[between(size, base) for base in bases] for size in (inner, inner + few)]
    (low, high), (below, above) = ((max(a for a, _ in both), min(b for _, b in both)) for both in ends)
    return below - high >= 1 and above - low < 10


@pytest.mark.parametrize("base", [5, 9])
def test_the_same_way_to_round_the_same_sets_again_tells_nothing(base: int, tmp_path: Path) -> None:
    query = count("region", "sex", **protected("round", base=base))
    ran = Desk(tmp_path).run(Safe("again", (ordinary(SEEDS[0]),), (Step(query), Step(query))))
    assert all(step.passed for step in ran)
