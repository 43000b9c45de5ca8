"""The part of the microdata benchmark about protection: what it compares, and what fails."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.record_tables import FRANCDAT_KEYS, francdat

from saferoom.hub.bench import microdata_protection as part
from saferoom.hub.bench.measure import Run
from saferoom.hub.bench.microdata_protection_reference import NoMoreThan, _suppressed


def test_no_more_is_hidden_than_published() -> None:
    theirs = {"Key1": 3, "Key2": 1, "Key3": 3, "Key4": 2}  # sdcMicro 5.8.1, k = 3
    checks = list(_suppressed("francdat", francdat(), FRANCDAT_KEYS, 3, theirs))
    assert [(one.ours, one.published, one.holds) for one in checks] == [(8, 9, True), (0, 0, True)]
    weighted = list(_suppressed("francdat", francdat(), FRANCDAT_KEYS, 3, theirs, dict.fromkeys(FRANCDAT_KEYS, 2.0)))
    assert [one.published for one in weighted] == [9, 18.0, 0]
    assert NoMoreThan("fewer", 1, 2).holds
    assert not NoMoreThan("more", 3, 2).holds


def test_sdcmicro_is_run_once_where_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def fresh(command: list[Any]) -> Run:
        asked.append(str(command[0]))
        hidden = 5.0 if command[0] == "Rscript" else 7.0
        work = str(command[-2])
        return Run({work: 1.0}, 1.0, 1.0, {"hidden": hidden, "below": 0.0, "bound": 7.0, "before": 7.0})

    monkeypatch.setattr(part, "run_fresh", fresh)
    result = part.measure(500, "Rscript", lambda _: None)
    assert asked.count("Rscript") == 1
    wrong = [goal["promise"] for goal in result["goals"] if not goal["holds"]]
    assert wrong == ["suppression, 500 records: values hidden beside sdcMicro's"]
    assert any("does not hold" in line for line in part.lines(result))


def test_too_slow_is_not_held() -> None:
    one = {
        "work": "suppression",
        "records": 100_000,
        "saferoom": {"seconds": {"suppression": 6.0}},
        "numbers": {"below": 0.0, "hidden": 1.0},
        "sdcmicro": None,
    }
    assert [goal["holds"] for goal in part._goals(one)] == [False, True]
