"""The synthesis part of the microdata benchmark: every work makes a file, and goals hold what they say."""

from __future__ import annotations

import json
from typing import Any

import pytest

from saferoom.hub.bench import microdata, microdata_synthesis, microdata_synthesis_contestant


def test_one_work_is_measured_in_its_own_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(microdata_synthesis, "WORKS", {"medium": (10_000,)})
    result = microdata_synthesis.measure(900, None, lambda _: None)
    (one,) = result["results"]
    assert (one["work"], one["records"]) == ("medium", 900)
    assert one["numbers"]["ratio"] > 0
    assert "| medium fidelity | 900 |" in list(microdata_synthesis.lines(result))[-1]
    assert json.dumps(result)


@pytest.mark.parametrize("work", microdata_synthesis_contestant.WORKS)
def test_every_work_makes_a_file_of_the_same_shape(work: str) -> None:
    table = microdata_synthesis_contestant.people(800)
    seconds, made = microdata_synthesis_contestant.WORKS[work](table)
    assert seconds > 0
    assert made.schema.names == table.schema.names
    assert made.schema.types == table.schema.types
    assert not made.equals(table)


def _result(work: str, seconds: float, ratio: float = 2.0) -> dict[str, Any]:
    numbers = {"ratio": ratio, "own_mib": 800.0, "data_mib": 90.0}
    return {"work": work, "records": 1_000_000, "saferoom": {"seconds": {work: seconds}}, "numbers": numbers}


@pytest.mark.parametrize(("seconds", "ratio", "broken"), [(50, 2.0, 0), (110, 2.0, 1), (130, 2.0, 2), (50, 5.1, 1)])
def test_promises_break_where_they_are_not_kept(seconds: float, ratio: float, broken: int) -> None:
    goals = list(microdata_synthesis._goals([_result("medium", seconds, ratio), _result("plain", 100)]))
    assert sum(not goal["holds"] for goal in goals) == broken


def test_the_benchmark_has_the_part() -> None:
    assert microdata.PARTS["synthesis"][0] == microdata_synthesis.__name__
