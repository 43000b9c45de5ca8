"""Protections in the notebook: what can be asked for, what was chosen and why, and what blanks mean."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

import saferoom
from saferoom.disclosure.queries.model import Method, Protect
from saferoom.hub.notebook import Result, RoomError
from saferoom.hub.notebook.protections import METHODS

HOSTILE = "<script>alert(1)</script>"
VALUES: dict[str, Any] = {
    **{"base": 5, "D": 4, "V": 2.0, "js": 1, "pstay": 0.3, "digits": 3},
    **{"epsilon": 0.5, "rho": 0.1, "accuracy": 20, "delta": 1e-8, "bounds": (0, 9), "candidates": (0, 1)},
    **{"keys": "private", "unit": "person_id", "estimator": "bottom_half"},
}


@pytest.fixture
def result(airlock: Any, evaluation: dict[str, Any]) -> Result:
    airlock.answer("POST", "/api/room/evaluations", evaluation)
    found: Result = saferoom.crosstab("region", "education")
    return found


@pytest.fixture
def protected(evaluation: dict[str, Any]) -> dict[str, Any]:
    """An answer in which one cell is blank by a rule and one for its sake."""
    rows = [["north", "low", 1200], ["north", "high", 35], ["south", "low", None], ["south", "high", None]]
    return {
        **evaluation,
        "verdict": "pass",
        "findings": [],
        "protected": {**evaluation["table"], "rows": rows},
        "blanks": [[["south", "high"], "u"], [["south", "low"], "x"]],
        "chosen": {
            "method": "suppress",
            "why": "it leaves the most numbers as they are",
            "tried": [
                {"method": "suppress", "verdict": "pass", "why": "2 of 4 cells are blank"},
                {"method": "round", "verdict": "fail", "why": HOSTILE},
                {"method": "significant", "why": "not for counts"},
            ],
        },
    }


def test_methods_of_the_notebook_are_those_of_the_query() -> None:
    assert set(METHODS) == set(Method)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", VALUES)
def test_parameters_of_the_notebook_are_those_of_the_query(method: str, name: str) -> None:
    document = {"method": method, name: VALUES[name]}
    if name in METHODS[method][1]:
        assert Protect.model_validate(document).method == method
    else:
        with pytest.raises(ValidationError):
            Protect.model_validate(document)


@pytest.mark.parametrize(
    ("method", "parameters", "block"),
    [
        ("auto", {}, {"method": "auto"}),
        ("suppress", {}, {"method": "suppress"}),
        ("round", {"base": 5}, {"method": "round", "base": 5}),
        ("controlled_rounding", {}, {"method": "controlled_rounding"}),
        ("cell_key", {"D": 5, "pstay": None}, {"method": "cell_key", "D": 5}),
        ("significant", {"digits": 3}, {"method": "significant", "digits": 3}),
    ],
)
def test_protection_asked_for_is_in_the_query(
    airlock: Any, result: Result, method: str, parameters: dict[str, Any], block: dict[str, Any]
) -> None:
    result.protect(method, **parameters)
    assert airlock.asked[-1][3]["query"] == {**result.query, "protect": block}


@pytest.mark.parametrize(
    ("method", "parameters", "said"),
    [
        ("hide", {}, "there is no protection 'hide'; there are: auto, suppress, round"),
        ("suppress", {"base": 5}, "the protection 'suppress' has no parameter 'base'; it takes none"),
        ("round", {"digits": 5}, "the protection 'round' has no parameter 'digits'; it takes base"),
        (7, {}, "protect takes a method and its parameters"),
        ({"method": "round"}, {"base": 5}, "protect takes a method and its parameters"),
    ],
)
def test_protection_that_cannot_be_is_refused_before_anything_is_asked(
    airlock: Any, result: Result, method: Any, parameters: dict[str, Any], said: str
) -> None:
    asked = len(airlock.asked)
    with pytest.raises(RoomError, match=said):
        result.protect(method, **parameters)
    assert len(airlock.asked) == asked


def test_result_says_which_protection_was_chosen_why_and_what_was_tried(
    airlock: Any, result: Result, protected: dict[str, Any]
) -> None:
    airlock.answer("POST", "/api/room/evaluations", protected)
    found = result.protect("auto")
    assert found.choice is not None
    assert (found.choice.method, len(found.choice.tried)) == ("suppress", 3)
    text = repr(found)
    assert "Protection chosen: suppress. It leaves the most numbers as they are." in text
    assert [line.split()[:3] for line in text.splitlines() if line.startswith("  s")] == [
        ["suppress", "✔", "yes"],
        ["significant", "not", "possible"],
    ]
    html = found._repr_html_()
    assert "Protection chosen: suppress." in html
    assert HOSTILE not in html


def test_result_says_when_no_protection_passed(airlock: Any, result: Result, protected: dict[str, Any]) -> None:
    chosen: dict[str, Any] = {"method": None, "why": "none of them may leave", "tried": []}
    airlock.answer("POST", "/api/room/evaluations", {**protected, "chosen": chosen})
    assert "No protection chosen. None of them may leave." in repr(result.protect("auto"))


def test_blank_cells_are_told_apart_in_the_room_with_a_legend(
    airlock: Any, result: Result, protected: dict[str, Any]
) -> None:
    airlock.answer("POST", "/api/room/evaluations", protected)
    found = result.protect("suppress")
    south = next(line for line in repr(found).splitlines() if line.startswith("south"))
    assert south.split() == ["south", "x", "x!"]
    assert "What leaves says x for all of them." in repr(found)
    html = found._repr_html_()
    assert 'title="left blank: at risk itself (primary)">x!</td>' in html
    assert 'title="left blank: others could be worked out from it (secondary)">x</td>' in html
    assert found.frame()["count"].tolist()[:2] == [1200, 35]
    assert found.frame()["count"].isna().tolist() == [False, False, True, True]


def test_blank_cells_of_which_nothing_more_is_known_have_a_plain_legend(
    airlock: Any, result: Result, protected: dict[str, Any]
) -> None:
    airlock.answer("POST", "/api/room/evaluations", {**protected, "blanks": None, "chosen": None})
    text = repr(result.protect("suppress"))
    assert "x: left blank, because the cell is at risk" in text
    assert "x!" not in text


def test_table_without_blanks_has_no_legend(airlock: Any, result: Result, protected: dict[str, Any]) -> None:
    airlock.answer("POST", "/api/room/evaluations", {**protected, "protected": protected["table"], "blanks": []})
    assert "left blank" not in repr(result.protect("round"))


@pytest.mark.parametrize("broken", [{"chosen": {"method": "round"}}, {"blanks": [[["a"], "?"]]}, {"blanks": 5}])
def test_answer_that_is_not_understood_is_said_so(
    airlock: Any, result: Result, protected: dict[str, Any], broken: dict[str, Any]
) -> None:
    airlock.answer("POST", "/api/room/evaluations", {**protected, **broken})
    with pytest.raises(RoomError, match="was not understood"):
        result.protect("auto")
