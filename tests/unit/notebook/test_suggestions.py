"""Suggestions in a notebook: shown with the call that applies them, and applied by it."""

from __future__ import annotations

from typing import Any

import pytest

from saferoom.hub.notebook.connection import Connection
from saferoom.hub.notebook.errors import RoomError
from saferoom.hub.notebook.results import Result

SUGGESTION = {
    "patch": {"protect": {"method": "suppress"}, "where": None},
    "verdict": "pass",
    "loss": 0.02,
    "words": "cells at risk <blank>",
    "cost": "2 % of the table's detail is lost",
    "names_categories": False,
}
QUERY = {"statistic": "frequency", "by": ["region", "education"], "where": "age > 20"}


def result(evaluation: dict[str, Any], suggestions: Any) -> Result:
    return Result(Connection.from_environment(), QUERY, {**evaluation, "suggestions": suggestions})


def test_suggestion_is_applied_by_one_call(airlock: Any, evaluation: dict[str, Any]) -> None:
    airlock.answer("POST", "/api/room/evaluations", {**evaluation, "verdict": "pass", "findings": []})
    again = result(evaluation, [SUGGESTION]).apply()
    assert again.query == {**{k: v for k, v in QUERY.items() if k != "where"}, "protect": {"method": "suppress"}}


def test_suggestions_are_shown_with_their_call_and_escaped(airlock: Any, evaluation: dict[str, Any]) -> None:
    shown = result(evaluation, [SUGGESTION])
    assert ".apply(1)" in repr(shown)
    html = shown._repr_html_()
    assert ".apply(1)" in html
    assert "<blank>" not in html


def test_number_without_a_suggestion_is_a_sentence(airlock: Any, evaluation: dict[str, Any]) -> None:
    with pytest.raises(RoomError, match="suggestions 1 to 1"):
        result(evaluation, [SUGGESTION]).apply(2)
    with pytest.raises(RoomError, match="there are none"):
        result(evaluation, []).apply()


@pytest.mark.parametrize("damaged", [[{}], ["x"], 7, [{**SUGGESTION, "verdict": "maybe"}]])
def test_damaged_suggestions_are_not_understood(airlock: Any, evaluation: dict[str, Any], damaged: Any) -> None:
    with pytest.raises(RoomError, match="not understood"):
        result(evaluation, damaged)
