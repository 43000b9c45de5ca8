"""`protect: {method: auto}`: the way of protection that loses least of those that pass, and why."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from tests.attack.disclosure.test_margins import sparse_people
from tests.support.statistics_lab import Lab, rules

from saferoom.disclosure.checker import Context, check
from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.queries.model import Method, parse_query
from saferoom.disclosure.remedies import automatic
from saferoom.disclosure.remedies.cost import error_of
from saferoom.disclosure.verdict import Verdict
from saferoom.policies.models import RiskAppetite

AUTO: dict[str, Any] = {"protect": {"method": "auto"}}
COUNTS: dict[str, Any] = {"statistic": "frequency", "by": ["region", "band"], **AUTO}


def losses(judged: Evaluation) -> dict[tuple[str, str | None], float]:
    assert judged.chosen is not None
    return {(way["method"], way["verdict"]): way["loss"] for way in judged.chosen["tried"]}


def test_table_that_passes_loses_nothing(lab: Lab) -> None:
    judged = lab.check({**COUNTS, "by": ["sex"]}, sparse_people(0))
    assert judged.verdict is Verdict.PASS
    assert judged.chosen is not None
    assert judged.chosen["method"] == "none"
    assert judged.query.protect.method is Method.NONE
    assert judged.protected is None
    assert len(judged.chosen["tried"]) == 1


@pytest.mark.parametrize("margins", [False, True])
def test_least_loss_of_what_passes_is_chosen(lab: Lab, margins: bool) -> None:
    judged = lab.check({**COUNTS, "margins": margins}, sparse_people(0))
    assert judged.verdict is Verdict.PASS
    assert judged.chosen is not None
    found = losses(judged)
    passing = {method: loss for (method, verdict), loss in found.items() if verdict == "pass"}
    assert {"suppress", "round"} <= set(passing)
    assert passing[judged.chosen["method"]] == min(passing.values())
    assert judged.query.protect.method.value == judged.chosen["method"]
    assert judged.canonical["protect"]["method"] == judged.chosen["method"]
    assert "passes" in judged.chosen["why"]


def test_chosen_way_is_judged_as_if_it_had_been_asked_for(lab: Lab) -> None:
    rows = sparse_people(1)
    judged = lab.check({**COUNTS, "margins": True}, rows)
    asked = lab.check(judged.query.document(), rows)
    assert (asked.verdict, asked.protected, asked.canonical) == (judged.verdict, judged.protected, judged.canonical)


def test_mean_is_suppressed_where_nothing_else_passes(lab: Lab) -> None:
    query = {"statistic": "mean", "measure": "pay", "by": ["region", "band"], "margins": True, **AUTO}
    judged = lab.check(query, sparse_people(0))
    assert judged.verdict is Verdict.PASS
    assert judged.chosen is not None
    assert judged.chosen["method"] in {"suppress", "cell_key"}


def test_where_nothing_may_leave_that_is_said(lab: Lab) -> None:
    judged = lab.check({"statistic": "max", "measure": "pay", "by": ["region"], **AUTO}, sparse_people(0))
    assert judged.verdict is Verdict.FAIL
    assert judged.outgoing is None
    assert judged.chosen is not None
    assert judged.chosen["method"] == ""
    assert "endpoint" in rules(judged)


def test_what_goes_to_a_person_is_chosen_before_what_fails(lab: Lab) -> None:
    judged = lab.check(COUNTS, sparse_people(0), units=())
    assert judged.verdict is Verdict.REVIEW
    assert judged.chosen is not None
    assert judged.chosen["method"]
    assert "nothing that was tried passes by itself" in judged.chosen["why"]


def test_choice_is_in_the_document_only_where_it_was_left_open(lab: Lab) -> None:
    rows = sparse_people(0)
    judged = lab.check(COUNTS, rows)
    assert json.loads(json.dumps(judged.document()))["chosen"] == judged.chosen
    assert "chosen" not in lab.check({**COUNTS, "protect": {"method": "suppress"}}, rows).document()
    assert Evaluation.from_json(json.loads(json.dumps(judged.to_json()))).chosen == judged.chosen


def test_choice_tells_no_number_of_the_data(lab: Lab) -> None:
    judged = lab.check({**COUNTS, "margins": True}, sparse_people(3))
    assert judged.chosen is not None
    words = judged.chosen["why"] + " ".join(way["why"] + way["words"] for way in judged.chosen["tried"])
    small = {str(row[-1]) for row in judged.table.rows if isinstance(row[-1], int) and row[-1] > 99}
    assert not small & set(words.replace(";", " ").split())


def test_history_is_part_of_what_passes(lab: Lab) -> None:
    rows = sparse_people(0)
    whole = lab.check({"statistic": "frequency"}, rows, memory=Memory.empty())
    memory = Memory.empty().with_evaluation(whole)
    most = max(row["pay"] for row in rows)
    judged = lab.check({"statistic": "frequency", "where": f"pay < {most}", **AUTO}, rows, memory=memory)
    assert judged.verdict is not Verdict.PASS
    assert losses(judged)["none", "fail"] == 0


def test_no_further_way_is_begun_when_the_time_is_up(lab: Lab) -> None:
    ticks = itertools.count(0.0, automatic.SECONDS + 1)
    context = Context([lab.source(sparse_people(0))], RiskAppetite())
    judged = check(parse_query(COUNTS), context, clock=lambda: next(ticks))
    assert judged.verdict is Verdict.FAIL
    assert judged.chosen is not None
    assert [way["method"] for way in judged.chosen["tried"]] == ["none"]


def test_way_that_cannot_be_computed_is_no_way(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(automatic, "_judged", lambda *_: None)
    judged = lab.check(COUNTS, sparse_people(0))
    assert judged.verdict is Verdict.FAIL
    assert {verdict for _, verdict in losses(judged)} == {"fail", None}


@pytest.mark.parametrize(
    ("protect", "counted"),
    [
        ({"method": "round", "base": 10}, True),
        ({"method": "controlled_rounding"}, True),
        ({"method": "cell_key"}, True),
        ({"method": "cell_key"}, False),
        ({"method": "significant", "digits": 2}, False),
    ],
)
def test_every_change_of_numbers_costs_something(protect: dict[str, Any], counted: bool) -> None:
    statistic = {"statistic": "frequency"} if counted else {"statistic": "sum", "measure": "pay"}
    error = error_of(parse_query({**statistic, "by": ["region"], "protect": protect}), RiskAppetite(), 10)
    assert (error.units > 0) is counted
    assert (error.fraction > 0) is not counted


def test_auto_is_refused_where_no_table_can_be_protected() -> None:
    with pytest.raises(Exception, match="works on tables"):
        parse_query({"statistic": "regression", "options": {"formula": "a ~ b"}, **AUTO})
