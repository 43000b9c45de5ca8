"""Results: what a researcher sees beside the numbers, and that nothing shown can act as markup."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest

import saferoom
from saferoom.hub.notebook import Result, RoomError

HOSTILE = "<script>alert(1)</script>"


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.titles: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.titles += [value or "" for name, value in attrs if name == "title"]


def _tags(html: str) -> _Tags:
    parser = _Tags()
    parser.feed(html)
    return parser


@pytest.fixture
def result(airlock: Any, evaluation: dict[str, Any]) -> Result:
    airlock.answer("POST", "/api/room/evaluations", evaluation)
    found: Result = saferoom.crosstab("region", "education")
    return found


def test_result_html_marks_cells_at_risk_by_symbol_colour_and_reason(result: Result) -> None:
    html = result._repr_html_()
    assert '<td class="sr-fail" title="Fewer than 10 people stand behind this cell.">' in html
    assert '<td class="sr-review"' in html
    assert 'aria-label="must not leave">✖</span>4</td>' in html
    assert "✖ Must not leave as it is" in html
    assert "→ protect: {method: suppress}" in html
    assert "On release: refused" in html


def test_result_text_shows_a_cross_table_with_the_same_marks(result: Result) -> None:
    lines = repr(result).splitlines()
    assert lines[0] == "✖ Must not leave as it is: Frequency by region and education"
    assert lines[2].split() == ["region", "\\", "education", "low", "high"]
    assert lines[3].split() == ["north", "◆", "1,200", "35"]
    assert lines[4].split() == ["south", "57", "✖", "4"]


def test_result_html_escapes_everything(airlock: Any, evaluation: dict[str, Any]) -> None:
    evaluation["title"] = HOSTILE
    evaluation["table"]["columns"][0] = HOSTILE
    evaluation["table"]["rows"][0][0] = HOSTILE
    evaluation["findings"][0] |= {
        "message": HOSTILE + '" onmouseover="x',
        "remedy": HOSTILE,
        "cells": [["south", "high"], [HOSTILE, HOSTILE]],
    }
    evaluation["route"]["reasons"] = [HOSTILE]
    evaluation["verdict"] = "review"
    airlock.answer("POST", "/api/room/evaluations", evaluation)
    html = saferoom.crosstab("region", "education")._repr_html_()
    assert "script" not in _tags(html).tags
    assert "onmouseover" not in html.replace("&quot; onmouseover", "")
    assert HOSTILE in " ".join(_tags(html).titles)


@pytest.mark.parametrize(
    ("verdict", "route", "sentence"),
    [
        ("pass", {"automatic": True, "reasons": [], "checkers": 0}, "On release: leaves by itself, at once."),
        (
            "pass",
            {"automatic": False, "reasons": ["the owner asks for a person"], "checkers": 1},
            "On release: waits for an output checker, because:",
        ),
        (
            "review",
            {"automatic": False, "reasons": ["a", "b"], "checkers": 2},
            "On release: waits for 2 output checkers, because:",
        ),
    ],
)
def test_result_says_what_happens_on_release(
    airlock: Any, evaluation: dict[str, Any], verdict: str, route: dict[str, Any], sentence: str
) -> None:
    airlock.answer("POST", "/api/room/evaluations", {**evaluation, "verdict": verdict, "route": route})
    result = saferoom.crosstab("region", "education")
    assert sentence in repr(result)
    assert sentence in result._repr_html_()
    for reason in route["reasons"]:
        assert f"  - {reason.capitalize()}." in repr(result).splitlines()
        assert f"<li>{reason.capitalize()}.</li>" in result._repr_html_()


def test_result_protect_evaluates_the_same_query_again(airlock: Any, result: Result, evaluation: Any) -> None:
    protected = {**evaluation["table"], "rows": [*evaluation["table"]["rows"][:3], ["south", "high", None]]}
    airlock.answer("POST", "/api/room/evaluations", {**evaluation, "protected": protected, "findings": []})
    again = result.protect("round", base=5)
    assert airlock.asked[-1][3]["query"] == {**result.query, "protect": {"method": "round", "base": 5}}
    assert again.frame()["count"].isna().sum() == 1
    assert again.frame(exact=True)["count"].tolist() == [1200, 35, 57, 4]
    assert "Exact numbers" in again._repr_html_()
    assert result.protect({"method": "suppress"}).query["protect"] == {"method": "suppress"}
    assert result.protect().query["protect"] == {"method": "auto"}


def test_result_frame_has_the_tables_columns(result: Result) -> None:
    frame = result.frame()
    assert list(frame.columns) == ["region", "education", "count"]
    assert frame.shape == (4, 3)


@pytest.mark.parametrize(
    "change", [{"verdict": "fine"}, {"table": None}, {"findings": [{}]}, {"id": ...}, {"route": 3}]
)
def test_result_answer_of_another_shape_is_one_sentence(
    airlock: Any, evaluation: dict[str, Any], change: dict[str, Any]
) -> None:
    answer = {**evaluation, **change}
    answer = {key: value for key, value in answer.items() if value is not ...}
    airlock.answer("POST", "/api/room/evaluations", answer)
    with pytest.raises(RoomError, match="restart the room"):
        saferoom.crosstab("region", "education")


def test_result_answer_that_is_a_list_is_one_sentence(airlock: Any) -> None:
    airlock.answer("POST", "/api/room/evaluations", [])
    with pytest.raises(RoomError, match="restart the room"):
        saferoom.crosstab("region", "education")


def test_result_of_many_rows_is_shortened_and_says_so(airlock: Any, evaluation: dict[str, Any]) -> None:
    rows = [[f"c{i}", i, i / 7] for i in range(500)]
    evaluation |= {"table": {"columns": ["a", "n", "mean"], "rows": rows}, "findings": []}
    airlock.answer("POST", "/api/room/evaluations", evaluation)
    result = saferoom.mean("wage", by="a")
    assert "… and 300 more rows" in result._repr_html_()
    assert "… and 300 more rows" in repr(result)
    assert len(result.frame()) == 500


def test_result_without_dimensions_is_one_row(airlock: Any, evaluation: dict[str, Any]) -> None:
    evaluation |= {"table": {"columns": ["mean"], "rows": [[13.25]]}, "findings": []}
    airlock.answer("POST", "/api/room/evaluations", evaluation)
    assert "13.250" in repr(saferoom.mean("wage"))


def test_result_names_only_the_first_cells_of_a_long_finding(airlock: Any, evaluation: dict[str, Any]) -> None:
    evaluation["findings"][0]["cells"] = [["x", str(i)] for i in range(9)]
    airlock.answer("POST", "/api/room/evaluations", evaluation)
    assert "x, 5; and 3 more" in repr(saferoom.crosstab("region", "education"))


def test_result_of_a_regression_shows_terms_with_their_categories(airlock: Any, evaluation: dict[str, Any]) -> None:
    rows = [["(intercept)", None, 0.5, 0.1], ["C(region)", "south", -0.25, 0.001]]
    table = {"columns": ["term", "category", "estimate", "std_error"], "rows": rows}
    airlock.answer("POST", "/api/room/evaluations", {**evaluation, "table": table, "findings": []})
    lines = repr(saferoom.regression("wage ~ C(region)")).splitlines()
    assert lines[2].split() == ["term", "estimate", "std_error"]
    assert lines[3].split() == ["(intercept)", "0.500", "0.100"]
    assert lines[4].split() == ["C(region):", "south", "-0.250", "0.001"]


def test_result_finding_about_the_only_cell_names_no_cell(airlock: Any, evaluation: dict[str, Any]) -> None:
    evaluation["findings"] = [{**evaluation["findings"][0], "cells": [[]]}]
    airlock.answer("POST", "/api/room/evaluations", {**evaluation, "table": {"columns": ["max"], "rows": [[91.31]]}})
    text = repr(saferoom.table("max", "wage"))
    assert "✖ low count: Fewer" in text
    assert "✖ 91.310" in text
