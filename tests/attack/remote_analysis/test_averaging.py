"""Averaging: protection that differs from release to release is taken off by putting the releases together."""

from __future__ import annotations

from typing import Any

from tests.support.statistics_lab import Lab, Row, cells, people, rules

from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.verdict import Verdict

BASES = (10, 11, 12, 13, 14, 15)


def villages(small: int) -> list[Row]:
    """Two towns, and a village of few."""
    return [{**row, "town": "village" if i < small else "AB"[i % 2]} for i, row in enumerate(people(200))]


def rounded(base: int) -> dict[str, Any]:
    return {"statistic": "frequency", "by": ["town"], "protect": {"method": "round", "base": base}}


def fitting(shown: dict[int, float]) -> list[int]:
    """Return the counts that every rounded number leaves possible."""
    return [n for n in range(60) if all(int(n / base + 0.5) * base == number for base, number in shown.items())]


def test_rounding_to_several_bases_tells_the_count(lab: Lab) -> None:
    rows = villages(6)
    shown = {}
    for base in BASES:
        table = cells(lab.check(rounded(base), rows, memory=Memory.empty()).protected, 1)
        shown[base] = float(table["village",])  # type: ignore[arg-type]
    assert fitting(shown) == [6]


def test_second_base_is_refused_and_the_same_base_again_is_not(lab: Lab) -> None:
    rows = villages(6)
    first = lab.check(rounded(10), rows, memory=Memory.empty())
    assert first.verdict is Verdict.PASS
    memory = Memory.empty().with_evaluation(first)
    memory = Memory.from_bytes(memory.to_bytes())
    assert lab.check(rounded(10), rows, memory=memory).verdict is Verdict.PASS
    again = lab.check(rounded(13), rows, memory=memory)
    assert again.verdict is not Verdict.PASS
    assert "differencing" in rules(again)


def test_same_query_again_gives_the_same_numbers(lab: Lab) -> None:
    rows = villages(6)
    tables = {lab.check(rounded(10), rows).protected for _ in range(4)}
    assert len(tables) == 1
