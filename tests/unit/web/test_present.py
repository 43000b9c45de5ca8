"""From a judged query to what a page shows."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from tests.support.airlock_world import NOW, judged

from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.queries.model import Method, parse_query
from saferoom.disclosure.verdict import Finding, Label, Risk, Table, Verdict
from saferoom.hub.web.airlock import present
from saferoom.hub.web.texts.airlock import RISKS
from saferoom.hub.web.texts.common import ago, sentence, when


def evaluation(query: dict[str, Any], table: Table, *findings: Finding) -> Evaluation:
    return Evaluation(
        query=parse_query(query),
        verdict=Verdict.REVIEW,
        findings=findings,
        table=table,
        protected=None,
        outgoing=table,
        title="A title",
        automatic_obstacles=(),
    )


def finding(severity: Verdict, *cells: tuple[Label, ...]) -> Finding:
    return Finding("threshold", Risk.LOW_COUNT, severity, cells, "message", "remedy")


def test_cells_are_marked_with_the_numbers_of_their_findings() -> None:
    table = Table(("region", "sex", "count"), (("n", "f", 3), ("n", "m", 30), ("s", "f", 4), ("s", "m", 40)))
    judged_ = evaluation(
        {"statistic": "frequency", "by": ["region", "sex"]},
        table,
        finding(Verdict.REVIEW, ("n", "f"), ("s", "f")),
        finding(Verdict.FAIL, ("s", "f")),
        finding(Verdict.REVIEW),
    )
    grid = present.output(judged_).exact
    assert [cell.text for cell in grid.head] == ["region \\ sex", "f", "m"]
    marks = [[cell.mark and (cell.mark.severity, cell.mark.messages) for cell in row] for row in grid.body]
    assert marks == [
        [None, (Verdict.REVIEW, ("1",)), None],
        [None, (Verdict.FAIL, ("1", "2")), None],
    ]


def test_long_table_says_how_much_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(present, "MOST_ROWS", 2)
    view = present.output(judged())
    assert len(view.exact.body) == 2
    assert view.exact.left_out == 2


def test_regression_is_shown_term_by_term() -> None:
    table = Table(
        ("term", "category", "coefficient", "standard_error"),
        (("intercept", None, 1.5, 0.1), ("region", "north", 0.25, 0.02)),
    )
    query = {"statistic": "regression", "options": {"formula": "wage ~ C(region)"}}
    grid = present.output(evaluation(query, table)).exact
    assert [[cell.text for cell in row][:2] for row in grid.body] == [["intercept", ""], ["region", "north"]]


def test_query_is_told_in_words_and_as_yaml() -> None:
    document = {
        "title": "Pay",
        "from": "adults",
        "views": {"adults": "select * from people"},
        "statistic": "quantile",
        "measure": "pay",
        "by": ["region"],
        "where": "age > 17",
        "derive": {"band": "age - age % 10"},
        "weight": "grossing",
        "margins": True,
        "options": {"quantiles": [0.25, 0.75]},
        "protect": {"method": "suppress"},
    }
    view = present.output(evaluation(document, Table(("region", "q25", "q75"), ())))
    assert dict(view.facts) == {
        "Statistic": "quantile of pay",
        "By": "region",
        "Of": "adults",
        "Only where": "age > 17",
        "Weighted by": "grossing",
        "New column band": "age - age % 10",
        "Prepared table adults": "select * from people",
        "Quantiles": "0.25, 0.75",
        "Margins": "totals are added",
        "Protection": "cells at risk are left out, and others that would give them away",
    }
    assert yaml.safe_load(view.yaml) == document


@pytest.mark.parametrize(
    ("protect", "said"),
    [
        ({}, "none: the exact numbers would leave"),
        ({"method": "round", "base": 10}, "every count is rounded to multiples of 10"),
        ({"method": "round"}, "every count is rounded to multiples of the rules' rounding base"),
        (
            {"method": "controlled_rounding", "base": 5},
            "counts are rounded to neighbouring multiples of 5, and still add up",
        ),
        (
            {"method": "cell_key", "D": 5, "js": 1},
            "counts get noise that is the same wherever the same people are counted (D = 5, js = 1)",
        ),
        ({"method": "significant", "digits": 3}, "numbers keep their first digits: 3 digits"),
    ],
)
def test_protection_is_told_in_words(protect: dict[str, Any], said: str) -> None:
    query = parse_query({"statistic": "frequency", "by": ["a"], "protect": protect})
    assert dict(present.facts(query))["Protection"] == said


@pytest.mark.parametrize("method", Method)
def test_every_protection_has_words(method: Method) -> None:
    loss = {"rho": 0.1} if method is Method.DP else {}
    assert present._protection(parse_query({"statistic": "frequency", "protect": {"method": method.value, **loss}}))


def test_every_risk_has_words() -> None:
    assert set(RISKS) == set(Risk)


def test_times_and_sentences_are_told_in_words() -> None:
    assert when(NOW) == "2 March 2026, 09:00 UTC"
    assert ago(NOW, NOW) == "just now"
    assert sentence("  it waits ") == "It waits."
    assert sentence("Does it?") == "Does it?"
    assert sentence("") == ""
