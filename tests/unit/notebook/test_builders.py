"""Builders: pandas-like arguments become exactly one query document."""

from __future__ import annotations

import inspect
import subprocess
import sys
from typing import Any

import pytest

import saferoom
from saferoom.hub.notebook import RoomError


@pytest.fixture
def sent(airlock: Any, evaluation: dict[str, Any]) -> Any:
    airlock.answer("POST", "/api/room/evaluations", evaluation)
    return lambda: airlock.asked[-1][3]["query"]


@pytest.mark.parametrize(
    ("build", "query"),
    [
        (lambda: saferoom.frequency("region"), {"statistic": "frequency", "by": ["region"]}),
        (
            lambda: saferoom.crosstab("region", ["sex", "age"], source="htv", margins=True),
            {"statistic": "frequency", "by": ["region", "sex", "age"], "from": "htv", "margins": True},
        ),
        (
            lambda: saferoom.crosstab("region", "sex", values="wage", aggfunc="mean"),
            {"statistic": "mean", "measure": "wage", "by": ["region", "sex"]},
        ),
        (
            lambda: saferoom.mean("wage", by=["region"], where="age > 20", weight="w"),
            {"statistic": "mean", "measure": "wage", "by": ["region"], "where": "age > 20", "weight": "w"},
        ),
        (lambda: saferoom.mean("wage"), {"statistic": "mean", "measure": "wage"}),
        (lambda: saferoom.total("wage"), {"statistic": "sum", "measure": "wage"}),
        (lambda: saferoom.sum("wage"), {"statistic": "sum", "measure": "wage"}),
        (lambda: saferoom.std("wage"), {"statistic": "std", "measure": "wage"}),
        (lambda: saferoom.median("wage"), {"statistic": "median", "measure": "wage"}),
        (
            lambda: saferoom.quantiles("wage", [0.1, 0.9], by="region"),
            {"statistic": "quantile", "measure": "wage", "by": ["region"], "options": {"quantiles": [0.1, 0.9]}},
        ),
        (
            lambda: saferoom.regression("lwage ~ educ", source="htv"),
            {"statistic": "regression", "from": "htv", "options": {"formula": "lwage ~ educ", "family": "ols"}},
        ),
        (
            lambda: saferoom.table(
                "mean",
                "pay",
                by="band",
                derive={"band": "floor(age / 10)"},
                views={"v": "select * from htv"},
                source="v",
                protect="round",
                title="Pay",
            ),
            {
                "statistic": "mean",
                "measure": "pay",
                "by": ["band"],
                "derive": {"band": "floor(age / 10)"},
                "views": {"v": "select * from htv"},
                "from": "v",
                "protect": {"method": "round"},
                "title": "Pay",
            },
        ),
        (
            lambda: saferoom.frequency("region", protect={"method": "round", "base": 10}),
            {"statistic": "frequency", "by": ["region"], "protect": {"method": "round", "base": 10}},
        ),
        (lambda: saferoom.query({"statistic": "frequency", "by": ["x"]}), {"statistic": "frequency", "by": ["x"]}),
        (lambda: saferoom.query("statistic: frequency\nby: [x]\n"), {"statistic": "frequency", "by": ["x"]}),
    ],
)
def test_builder_arguments_become_one_query_document(sent: Any, build: Any, query: dict[str, Any]) -> None:
    build()
    assert sent() == query


@pytest.mark.parametrize(
    ("build", "part"),
    [
        (lambda: saferoom.frequency([1, 2]), "column's name"),
        (lambda: saferoom.frequency(3), "column's name"),
        (lambda: saferoom.mean(""), "measure takes a text"),
        (lambda: saferoom.mean(3), "measure takes a text"),
        (lambda: saferoom.mean("wage", wher="x"), "no argument 'wher'"),
        (lambda: saferoom.mean("wage", derive=["x"]), "derive takes a mapping"),
        (lambda: saferoom.mean("wage", where=True), "where takes a text"),
        (lambda: saferoom.mean("wage", protect=5), "protect takes a method"),
        (lambda: saferoom.crosstab("a", "b", values="wage"), "together"),
        (lambda: saferoom.query("a: [1"), "the query"),
        (lambda: saferoom.query("- 1"), "key: value"),
        (lambda: saferoom.query("statistic: mean\nstatistic: sum"), "the query, line 2"),
        (lambda: saferoom.query(3), "mapping"),
    ],
)
def test_builder_wrong_arguments_are_refused_before_sending(airlock: Any, build: Any, part: str) -> None:
    with pytest.raises(RoomError, match=part):
        build()
    assert airlock.asked == []


def test_builder_signature_names_the_terms_for_completion() -> None:
    assert {"where", "derive", "views", "weight", "margins", "protect", "source"} <= set(
        inspect.signature(saferoom.mean).parameters
    )


def test_import_saferoom_loads_nothing_heavy() -> None:
    code = (
        "import sys, saferoom; saferoom.table; "
        "print(sorted(m for m in ('pandas', 'numpy', 'duckdb', 'yaml', 'pydantic', 'sqlalchemy', 'httpx') "
        "if m in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_face_offers_the_client_and_refuses_other_names() -> None:
    assert "crosstab" in dir(saferoom)
    with pytest.raises(AttributeError, match="it offers"):
        saferoom.nothing_like_this  # noqa: B018
