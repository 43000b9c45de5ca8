"""A room shows which measures derived data are made with."""

from __future__ import annotations

from typing import Any

import pytest

from saferoom.disclosure.queries.language import parse_select
from saferoom.hub import notebook as saferoom
from saferoom.hub.notebook.measures import Measure
from saferoom.projects.measures.steps import STEPS


def test_every_measure_is_listed_with_its_version() -> None:
    listed = saferoom.measures()
    for step in STEPS:
        assert f"{step.name} " in repr(listed)
        assert step.title in listed._repr_html_().replace("&#x27;", "'")


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_measure_tells_formula_source_and_columns(step: object) -> None:
    found = saferoom.measures(step.name)  # type: ignore[attr-defined]
    assert isinstance(found, Measure)
    said = repr(found)
    assert found.step.formula in said
    assert found.step.source in said
    assert all(column.name in said for column in found.step.output)
    assert found._repr_html_().startswith("<p><b>")
    assert "  " not in found.sql or found.sql


def test_unknown_measure_is_named_with_those_there_are() -> None:
    with pytest.raises(saferoom.RoomError, match="there is no such step; there are: household-from-address"):
        saferoom.measures("poverty")


def test_measure_is_a_view_over_extracts() -> None:
    found = saferoom.measures("low-income-without-free-meals")
    assert isinstance(found, Measure)
    text = found.view({"people": "children", "meals": "SELECT * FROM school_years;"}, day="2021-03-21", year=2021)
    assert text.startswith(
        "WITH _people AS (SELECT * FROM children), _meals AS (SELECT * FROM school_years)\nSELECT *,"
    )
    assert "make_date(2021, 3, 21)" in text
    assert parse_select(text, "view").args["with_"]


@pytest.mark.parametrize(
    ("inputs", "settings", "said"),
    [
        (
            {"people": "children"},
            {"day": "2021-03-21", "year": 2021},
            "'meals' is missing; the view reads people, meals",
        ),
        ({"people": "a", "meals": "b"}, {"day": "March", "year": 2021}, "a setting that is a text must be a date"),
        ({"people": "a", "meals": "b"}, {"day": "2021-03-21"}, "the setting 'year' is missing"),
    ],
)
def test_view_that_cannot_be_is_refused(inputs: dict[str, str], settings: dict[str, Any], said: str) -> None:
    found = saferoom.measures("low-income-without-free-meals")
    assert isinstance(found, Measure)
    with pytest.raises(saferoom.RoomError, match=said):
        found.view(inputs, **settings)
