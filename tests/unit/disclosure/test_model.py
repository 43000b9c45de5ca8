"""The query document: every key checked, every refusal says which key and what is allowed."""

from __future__ import annotations

from typing import Any

import pytest

from saferoom.disclosure.queries.model import Method, Query, Statistic, parse_query, read_query
from saferoom.errors import BadInputError

FULL = """
title: Mean pay by region and sex
from: adults
views:
  adults: "select p.person_id, p.region, j.pay from people p join jobs j using (person_id)"
statistic: mean
measure: pay
by: [region, age_band]
where: "age >= 16"
derive: {age_band: "floor(age / 10) * 10"}
weight: grossing
margins: true
options: {}
protect: {method: none}
"""


def test_full_document_is_read() -> None:
    query = read_query(FULL, "q.yaml")
    assert query.from_ == "adults"
    assert query.by == ("region", "age_band")
    assert query.margins
    assert query.protect.method is Method.NONE


def test_document_survives_a_round_trip() -> None:
    query = read_query(FULL, "q.yaml")
    assert parse_query(query.document()) == query
    assert query.document()["from"] == "adults"


BASE: dict[str, Any] = {"statistic": "mean", "measure": "pay"}


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({}, "statistic"),
        ({"statistic": "vibes"}, "frequency, sum, mean"),
        ({"statistic": 3}, "one of"),
        ({**BASE, "wher": "age > 3"}, "wher: no such key; the keys are title, from, views"),
        ({**BASE, "protect": {"metod": "round"}}, "the keys are method, base"),
        ({**BASE, "options": {"buckets": 3}}, "the keys are quantiles"),
        ({**BASE, "by": "region"}, "by: must be a list"),
        ({**BASE, "by": ["a"] * 2}, "twice"),
        ({**BASE, "by": list("abcdefg")}, "by"),
        ({**BASE, "by": [1]}, "by.0: must be text"),
        ({**BASE, "margins": "yes"}, "margins: must be true or false"),
        ({**BASE, "where": 3}, "where: must be text"),
        ({**BASE, "where": ""}, "where"),
        ({**BASE, "derive": {"a b": "1"}}, "must be a name"),
        ({**BASE, "derive": {"a": 1}}, "derive.a: must be text"),
        ({**BASE, "views": ["select 1"]}, "views: must be a mapping"),
        ({**BASE, "from": "a; drop"}, "from: must be a name"),
        ({**BASE, "title": "a\x07b"}, "control or invisible"),
        ({**BASE, "title": "a\u202eb"}, "control or invisible"),
        ({**BASE, "where": "age > 3 \u200b"}, "control or invisible"),
        ({**BASE, "where": "x" * 3_000}, "where"),
        ({**BASE, "protect": {"method": "dp"}}, "say what the release may cost"),
        ({**BASE, "protect": {"method": "cell_key", "base": 5}}, "base belongs to"),
        ({**BASE, "protect": {"method": "round", "D": 5}}, "D belongs to the method cell_key only"),
        ({**BASE, "protect": {"method": "cell_key", "pstay": 1}}, "pstay"),
        ({**BASE, "protect": {"method": "magic"}}, "one of none, auto, suppress, round"),
        ({**BASE, "protect": {"method": "round"}}, "protects nothing"),
        ({**BASE, "protect": {"method": "suppress", "base": 5}}, "base belongs to"),
        ({"statistic": "frequency", "protect": {"method": "round", "base": 1}}, "protect.base"),
        ({"statistic": "frequency", "protect": {"method": "round", "base": 5.0}}, "protect.base"),
        ({"statistic": "mean"}, "needs a measure"),
        ({"statistic": "frequency", "measure": "pay"}, "takes no measure"),
        ({"statistic": "quantile", "measure": "pay"}, "options.quantiles"),
        ({"statistic": "quantile", "measure": "pay", "options": {"quantiles": [1.5]}}, "options.quantiles.0"),
        ({"statistic": "quantile", "measure": "pay", "options": {"quantiles": [0.5, 0.25]}}, "rise"),
        ({**BASE, "options": {"quantiles": [0.5]}}, "does not belong to mean"),
        ({"statistic": "ratio", "measure": "pay"}, "options.denominator"),
        ({"statistic": "regression"}, "options.formula"),
        ({"statistic": "regression", "options": {"formula": "a ~ b", "family": "gamma"}}, "options.family"),
        ({"statistic": "regression", "options": {"formula": "a ~ b", "family": "cox"}}, "options.event"),
        ({"statistic": "regression", "options": {"formula": "a ~ b", "errors": "clustered"}}, "options.cluster"),
        ({**BASE, "options": {"bins": 3}}, "does not belong to mean"),
        ({"statistic": "histogram", "measure": "pay", "options": {"bins": [3, 2]}}, "must rise"),
        ({"statistic": "histogram", "measure": "pay", "by": ["a"], "margins": True}, "histogram has none"),
        ({"statistic": "correlation", "options": {"columns": ["pay"]}}, "at least two"),
        ({"statistic": "correlation", "measure": "pay", "options": {"columns": ["pay"]}}, "at least two"),
        ({"statistic": "test", "by": ["a"], "options": {"test": "chi_square"}}, "two dimensions"),
        ({"statistic": "test", "by": ["a"], "options": {"test": "t"}}, "a measure and one dimension"),
        ({"statistic": "test", "options": {"test": "t"}, "measure": "pay"}, "a measure and one dimension"),
        ({"statistic": "survival", "options": {"time": "t"}}, "options.event: survival needs it"),
        (
            {"statistic": "survival", "options": {"time": "t", "event": "e", "estimator": "life_table"}},
            "options.intervals",
        ),
        ({"statistic": "hexbin", "measure": "a", "options": {"y": "b", "bins": [1, 2]}}, "not edges"),
        ({**BASE, "chart": {"kind": "scatter"}}, "chart.kind"),
        ({"statistic": "regression", "options": {"formula": "a ~ b"}, "by": ["c"]}, "no dimensions"),
        ({"statistic": "regression", "options": {"formula": "a ~ b"}, "protect": {"method": "suppress"}}, "tables"),
        ({**BASE, "margins": True}, "no margins"),
        ({1: 2}, "mapping"),
        ([], "mapping"),
        ("frequency", "mapping"),
    ],
)
def test_wrong_document_is_refused_with_the_key_and_what_is_allowed(document: Any, says: str) -> None:
    with pytest.raises(BadInputError) as caught:
        parse_query(document)
    assert says in caught.value.message


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("statistic: mean\nstatistic: sum\n", "twice"),
        ('{"statistic": "mean", "statistic": "sum"}', "twice"),
        ("statistic: [mean\n", "q.yaml"),
        ("a: &x 1\nb: *x\n", "alias"),
        ("!!python/object:os.system {}\n", "q.yaml"),
        ("- a\n", "q.yaml"),
        ("", "q.yaml"),
        ("statistic: mean\nmeasure: .nan\n", "finite"),
        ("statistic: frequency\nwher: x\n", "q.yaml: query: wher"),
    ],
)
def test_wrong_text_is_refused_with_the_file(text: str, says: str) -> None:
    with pytest.raises(BadInputError) as caught:
        read_query(text, "q.yaml")
    assert says in caught.value.message


def test_json_is_read_too() -> None:
    assert read_query('{"statistic": "frequency", "by": ["a"]}', "q.json") == Query(
        statistic=Statistic.FREQUENCY, by=("a",)
    )


def test_json_with_a_key_twice_or_no_finite_number_is_refused() -> None:
    for text in ('{"statistic": "mean", "options": {"a": 1, "a": 2}}', '{"statistic": "mean", "margins": NaN}'):
        with pytest.raises(BadInputError):
            read_query(text, "q.json")
    with pytest.raises(BadInputError):
        read_query('{"a":' * 5_000, "q.json")


def test_deep_nesting_is_refused() -> None:
    deep: Any = {}
    for _ in range(5_000):
        deep = {"a": deep}
    with pytest.raises(BadInputError):
        parse_query({"statistic": "mean", "measure": deep})
