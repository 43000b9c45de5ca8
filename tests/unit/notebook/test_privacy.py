"""Differential privacy in the notebook: how it is asked for, and what quotes, drawn numbers and budgets look like."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import saferoom
from saferoom.disclosure.charts.model import Picture
from saferoom.disclosure.queries.model import parse_query
from saferoom.hub.notebook import Result, RoomError

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def quote(evaluation: dict[str, Any]) -> dict[str, Any]:
    return {
        **evaluation,
        "verdict": "pass",
        "findings": [],
        "title": "Frequency by region, with differential privacy (people)",
        "labels": 1,
        "table": {"columns": ["column", "noise_scale", "margin_95"], "rows": [["count", 10.0, 21.0]]},
        "route": {"automatic": True, "reasons": [], "checkers": 0},
        "budget": "",
        "privacy": {
            "plan": {},
            "digest": "0" * 64,
            "measure": "zcdp",
            "loss": 0.01,
            "delta": 0.0,
            "unit": "person_id",
            "contributions": {"rows": 1, "per_cell": 1, "cells": 1},
            "cells": 2,
            "columns": [{"name": "count", "margin_95": 21.0, "scale": 10.0}],
            "label": "differentially private",
        },
    }


@pytest.fixture
def drawn(quote: dict[str, Any]) -> dict[str, Any]:
    table = {"columns": ["region", "count", "count_margin_95"], "rows": [["north", 1331, 21], ["south", -4, 21]]}
    said = {**quote, "id": "drawn-eval-abc", "table": table, "privacy": {**quote["privacy"], "drawn": True}}
    del said["budget"]
    return {**said, "query": {"statistic": "frequency", "by": ["region"]}}


def _ask(airlock: Any, answer: dict[str, Any], **protect: Any) -> Result:
    airlock.answer("POST", "/api/room/evaluations", answer)
    found: Result = saferoom.frequency("region", protect=saferoom.dp(**(protect or {"rho": 0.01})))
    return found


def test_dp_makes_a_block_that_the_query_language_takes(airlock: Any, quote: dict[str, Any]) -> None:
    _ask(airlock, quote, epsilon=0.5, delta=1e-8, keys={"region": np.array(["north", "south"])})
    asked = airlock.asked[-1][3]["query"]
    assert asked["protect"] == {
        "method": "dp",
        "epsilon": 0.5,
        "delta": 1e-8,
        "keys": {"region": ["north", "south"]},
    }
    parse_query(asked)


def test_ranges_and_tuples_are_sent_as_lists() -> None:
    block = saferoom.dp(rho=0.1, bounds=(0, 50), candidates=range(0, 60, 10))
    assert block == {"method": "dp", "rho": 0.1, "bounds": [0, 50], "candidates": [0, 10, 20, 30, 40, 50]}
    stepped = saferoom.dp(rho=0.1, candidates={"from": 0, "to": 50, "step": 10})
    parse_query({"statistic": "median", "measure": "pay", "protect": stepped})


def test_protect_takes_dp_with_its_parameters_and_no_others(airlock: Any, quote: dict[str, Any]) -> None:
    result = _ask(airlock, quote)
    result.protect("dp", rho=0.5)
    assert airlock.asked[-1][3]["query"]["protect"] == {"method": "dp", "rho": 0.5}
    with pytest.raises(RoomError, match="no parameter 'base'"):
        result.protect("dp", base=5)


def test_quote_shows_cost_margins_and_budget_and_that_nothing_was_spent(airlock: Any, quote: dict[str, Any]) -> None:
    result = _ask(airlock, quote)
    text, html = repr(result), result._repr_html_()
    for said in (
        "Quote: nothing was drawn, and nothing was spent",
        "rho 0.01 of zero-concentrated differential privacy",
        "every person_id, of which one row counts",
        "enough at this moment",
        "± 21",
        "Submitting pays from the budget and draws the noise, once. On release: leaves by itself, at once.",
    ):
        assert said in text
        assert said in html
    assert "May leave" not in text


def test_quote_has_no_chart_and_says_where_it_will_be(airlock: Any, quote: dict[str, Any]) -> None:
    result = _ask(airlock, quote)
    with pytest.raises(RoomError, match="no numbers to draw yet"):
        result.chart("bar")
    assert len(airlock.asked) == 1


def test_refusal_of_the_budget_is_shown_escaped(airlock: Any, quote: dict[str, Any]) -> None:
    result = _ask(airlock, {**quote, "budget": HOSTILE, "privacy": {**quote["privacy"], "unit": HOSTILE}})
    assert HOSTILE not in result._repr_html_()
    text = repr(result)
    assert HOSTILE in text
    assert text.startswith("✖ Quote: the privacy budget is not enough")
    assert "On release: refused, because the privacy budget is not enough." in text


def test_release_shows_the_drawn_numbers_with_their_margins(
    airlock: Any, quote: dict[str, Any], drawn: dict[str, Any]
) -> None:
    output = {"id": "output-1", "evaluation": "drawn-eval-abc", "lane": "privacy", "verdict": "pass", "title": "T"}
    file = {**output, "id": "output-2", "evaluation": "file-1", "lane": "file"}
    request = {"id": "req-1", "state": "released", "title": "T", "outputs": [output, file]}
    airlock.answer("POST", "/api/room/requests", request, 201)
    airlock.answer("GET", "/api/room/evaluations/drawn-eval-abc", drawn)
    made = _ask(airlock, quote).release(context="c", controls="c")
    assert "1,331 ± 21" in repr(made)
    assert "-4 ± 21" in made._repr_html_()
    assert "Drawn with noise, once" in made._repr_html_()
    assert "On release" not in repr(made)
    (result,) = made.results
    assert result.frame().to_dict("list") == {
        "region": ["north", "south"],
        "count": [1331, -4],
        "count_margin_95": [21, 21],
    }


def test_processing_sends_the_steps_and_gives_a_result_of_its_own(
    airlock: Any, quote: dict[str, Any], drawn: dict[str, Any]
) -> None:
    made = {
        **drawn,
        "id": "processed-1-drawn-eval-abc",
        "table": {"columns": ["region", "count"], "rows": [["north", 1330], ["south", 0]]},
        "privacy": {
            **drawn["privacy"],
            "columns": [],
            "processing": {"source": "drawn-eval-abc", "steps": [{"round": {"to": 10}}]},
        },
    }
    result = _ask(airlock, quote)
    airlock.answer("POST", f"/api/room/evaluations/{result.id}/processed", made, 201)
    processed = result.postprocess([{"clip": {"least": 0}}, {"round": np.int64(10)}])
    assert airlock.asked[-1][3] == {"steps": [{"clip": {"least": 0}}, {"round": 10}]}
    assert processed.id == made["id"]
    assert processed.frame()["count"].to_list() == [1330, 0]
    for shown in (repr(processed), processed._repr_html_()):
        assert "Processed from released numbers with noise: nothing was spent again" in shown
        assert "On release: leaves by itself, at once." in shown
        assert "pays from the budget" not in shown
        assert "nothing more; what was drawn did rho 0.01" in shown
    assert 'round {"to": 10}' in repr(processed)


def test_a_chart_of_drawn_numbers_is_one_of_these_numbers(
    airlock: Any, quote: dict[str, Any], drawn: dict[str, Any]
) -> None:
    output = {"id": "output-1", "evaluation": "drawn-eval-abc", "lane": "privacy", "verdict": "pass", "title": "T"}
    airlock.answer("POST", "/api/room/requests", {"id": "req-1", "state": "released", "outputs": [output]}, 201)
    airlock.answer("GET", "/api/room/evaluations/drawn-eval-abc", drawn)
    picture = Picture(b"<svg/>", b"png").to_json()
    airlock.answer(
        "POST", "/api/room/evaluations/drawn-eval-abc/processed", {**drawn, "id": "p", "picture": picture}, 201
    )
    (result,) = _ask(airlock, quote).release(context="c", controls="c").results
    chart = result.chart("bar", value="count")
    assert airlock.asked[-1][3] == {"steps": [{"chart": {"kind": "bar", "value": "count"}}]}
    assert chart.result.id == "p"


def test_a_trial_is_not_processed(airlock: Any, quote: dict[str, Any], drawn: dict[str, Any]) -> None:
    airlock.answer("POST", "/api/room/trials", {**drawn, "id": ""})
    trial = _ask(airlock, quote).trial()
    asked = len(airlock.asked)
    with pytest.raises(RoomError, match="process what was released"):
        trial.postprocess([{"round": 10}])
    assert len(airlock.asked) == asked


def test_release_whose_numbers_cannot_be_read_now_is_still_shown(airlock: Any, quote: dict[str, Any]) -> None:
    output = {"id": "output-1", "evaluation": "drawn-eval-abc", "lane": "privacy", "verdict": "pass", "title": "T"}
    request = {"id": "req-1", "state": "released", "title": "T", "outputs": [output]}
    airlock.answer("POST", "/api/room/requests", request, 201)
    made = _ask(airlock, quote).release(context="c", controls="c")
    assert "released" in repr(made)
    with pytest.raises(RoomError):
        made.results  # noqa: B018 - asking is what is tested


def test_requests_without_noise_ask_for_nothing_more(airlock: Any, evaluation: dict[str, Any]) -> None:
    plain = {**evaluation, "verdict": "pass", "findings": []}
    airlock.answer("POST", "/api/room/evaluations", plain)
    airlock.answer("POST", "/api/room/requests", {"id": "req-1", "state": "released", "outputs": []}, 201)
    saferoom.frequency("region").release(context="c", controls="c")
    assert airlock.asked[-1][0] == "POST"


def test_trial_is_asked_for_with_the_same_query_and_never_leaves(
    airlock: Any, quote: dict[str, Any], drawn: dict[str, Any]
) -> None:
    tried = {**drawn, "id": "", "privacy": {**drawn["privacy"], "synthetic": True}}
    airlock.answer("POST", "/api/room/trials", tried)
    result = _ask(airlock, quote)
    trial = result.trial()
    assert airlock.asked[-1][3] == {"query": result.query}
    assert "Trial on made-up data" in trial._repr_html_()
    assert saferoom.trial(result.query).frame().equals(trial.frame())
    with pytest.raises(RoomError, match="never leaves"):
        trial.release(context="c", controls="c")


def test_answers_of_another_kind_are_not_shown(airlock: Any, quote: dict[str, Any]) -> None:
    with pytest.raises(RoomError, match="not understood"):
        _ask(airlock, {**quote, "privacy": {"measure": "zcdp"}})
    airlock.answer("POST", "/api/room/trials", [])
    with pytest.raises(RoomError, match="not understood"):
        saferoom.trial({"statistic": "frequency"})
    airlock.answer("GET", "/api/room/budgets", [{"account": "x"}])
    with pytest.raises(RoomError, match="not understood"):
        saferoom.budget()


def test_budget_lists_accounts_and_the_least_that_is_left(airlock: Any) -> None:
    def loss(rho: str) -> dict[str, str]:
        return {"rho": rho, "delta": "0"}

    open_ = {"account": "project 'x'", "limit": None, "spent": loss("0.25"), "left": None, "closed": False}
    limited = {
        "account": f"dataset {HOSTILE}",
        "limit": loss("1"),
        "spent": loss("0.25"),
        "left": loss("0.75"),
        "closed": False,
    }
    airlock.answer("GET", "/api/room/budgets", [open_, limited])
    found = saferoom.budget()
    assert (len(found), found.left, found[1].limit) == (2, 0.75, 1.0)
    assert "no limit of its own" in repr(found)
    assert HOSTILE not in found._repr_html_()
    airlock.answer("GET", "/api/room/budgets", [open_])
    assert saferoom.budget().left is None
    airlock.answer("GET", "/api/room/budgets", [limited, {**open_, "closed": True}])
    assert saferoom.budget().left == 0.0
    assert "has set no limit" in repr(saferoom.budget())


def test_preflight_says_when_the_budget_is_not_enough(airlock: Any, quote: dict[str, Any]) -> None:
    words = {"context": "c", "controls": "c"}
    assert saferoom.preflight(_ask(airlock, quote), **words).ready
    flight = saferoom.preflight(_ask(airlock, {**quote, "budget": "0.25 too much."}), **words)
    assert not flight.ready
    assert [problem.reason for problem in flight] == ["privacy budget"]
    assert "0.25 too much." in repr(flight)
