"""A room shows which measures derived data are made with."""

from __future__ import annotations

import pytest

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
