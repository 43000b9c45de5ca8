"""`saferoom.data()`: what the project has, and how to open it."""

from __future__ import annotations

from typing import Any

import pytest

import saferoom
from saferoom.hub.notebook import RoomError


@pytest.fixture(autouse=True)
def _listed(airlock: Any, datasets: list[dict[str, Any]]) -> None:
    airlock.answer("GET", "/api/room/datasets", datasets)


def test_data_lists_the_projects_extracts() -> None:
    found = saferoom.data()
    assert list(found) == ["people", "gone"]
    assert len(found) == 2
    assert "people" in found
    assert "2030-01-31" in repr(found)
    assert "<table" in found._repr_html_()


def test_data_without_any_says_whom_to_ask(airlock: Any) -> None:
    airlock.answer("GET", "/api/room/datasets", [])
    assert "data owner" in repr(saferoom.data())
    assert "data owner" in saferoom.data()._repr_html_()


def test_data_opens_an_extract_with_pandas_and_duckdb() -> None:
    extract = saferoom.data("people")
    assert extract.frame().shape == (3, 2)
    assert list(extract.frame(["region"]).columns) == ["region"]
    assert extract.relation().filter("region = 'south'").aggregate("count(*)").fetchall() == [(2,)]
    assert [column.name for column in extract.columns] == ["person_id", "region"]
    assert "Region &lt;b&gt;" in extract._repr_html_()
    assert "quasi" in repr(extract)


def test_data_unknown_name_says_what_there_is() -> None:
    with pytest.raises(RoomError, match="it has: people, gone"):
        saferoom.data("nothing")


def test_data_unknown_column_says_what_there_is() -> None:
    with pytest.raises(RoomError, match="it has person_id, region"):
        saferoom.data("people").frame(["sex"])


@pytest.mark.parametrize("how", ["frame", "relation"])
def test_data_extract_that_came_after_the_room_says_to_reopen_it(how: str) -> None:
    with pytest.raises(RoomError, match="open it again"):
        getattr(saferoom.data("gone"), how)()


def test_data_answer_of_another_shape_is_one_sentence(airlock: Any) -> None:
    airlock.answer("GET", "/api/room/datasets", [{"name": "x"}])
    with pytest.raises(RoomError, match="restart the room"):
        saferoom.data()
