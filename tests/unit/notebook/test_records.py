"""Files of records from a room: a plan is named, and nothing of the room goes with it."""

from __future__ import annotations

from typing import Any

import pytest

import saferoom
from saferoom.disclosure.verdict import Verdict
from saferoom.hub.notebook import File, RoomError

ANSWER: dict[str, Any] = {
    "id": "records-abc",
    "file": "survey-teaching-file.csv",
    "type": "protected records",
    "verdict": "review",
    "findings": [],
    "route": {"automatic": False, "reasons": ["the output is a file of records"], "checkers": 2},
    "evaluation": None,
}
PLAN = {
    "dataset": "survey",
    "name": "teaching-file",
    "until": "2030-01-31",
    "columns": ["region"],
    "plan": {"keys": []},
}


def test_a_record_file_is_asked_for_by_names_alone(airlock: Any, capsys: pytest.CaptureFixture[str]) -> None:
    airlock.answer("POST", "/api/room/record-files", ANSWER, 201)
    found = saferoom.record_file("survey", plan="teaching-file")
    assert airlock.asked[-1][3] == {"dataset": "survey", "plan": "teaching-file"}
    assert isinstance(found, File)
    assert found.verdict is Verdict.REVIEW
    assert "survey-teaching-file.csv" in repr(found)
    assert "protected by the plan teaching-file" in capsys.readouterr().out


def test_the_plans_that_are_open_are_listed(airlock: Any) -> None:
    airlock.answer("GET", "/api/room/record-plans", [PLAN])
    plans = saferoom.record_plans()
    (one,) = plans
    assert (one.dataset, one.name, one.columns) == ("survey", "teaching-file", ("region",))
    for shown in (repr(plans), plans._repr_html_()):
        assert all(word in shown for word in ("survey", "teaching-file", one.until, "region", "record_file("))
    airlock.answer("GET", "/api/room/record-plans", [])
    assert "The data owner can allow one" in repr(saferoom.record_plans())


def test_an_answer_of_another_form_is_told(airlock: Any) -> None:
    airlock.answer("GET", "/api/room/record-plans", [{"name": "x"}])
    with pytest.raises(RoomError, match="not understood"):
        saferoom.record_plans()
