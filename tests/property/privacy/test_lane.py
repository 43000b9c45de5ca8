"""Whatever is asked for: no answer depends on a row before the draw, and what was quoted can be drawn from any rows."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.privacy_world import context_of, people, unreadable

from saferoom.disclosure.checker import Context, check, draw
from saferoom.disclosure.queries.model import parse_query
from saferoom.disclosure.queries.source import Source
from saferoom.errors import BadInputError
from saferoom.ids import Digest

NASTY = """
    SELECT * REPLACE (
        CASE WHEN person_id % 7 = 0 THEN 'nan'::DOUBLE WHEN person_id % 7 = 1 THEN -1e308 ELSE pay END AS pay,
        CASE WHEN person_id % 5 = 0 THEN NULL ELSE age END AS age,
        CASE WHEN person_id % 3 = 0 THEN 'elsewhere' ELSE region END AS region,
        CASE WHEN person_id % 11 = 0 THEN NULL ELSE person_id // 2 END AS person_id,
        CASE WHEN person_id % 2 = 0 THEN '7' ELSE chr(1) || '''"' END AS word
    ) FROM '{}'
"""
EXPRESSIONS = [
    *(
        "pay",
        "age",
        "child",
        "pay / age",
        "ln(age - 50)",
        "cast(word as integer)",
        "age // (age - 40)",
        "sqrt(age - 60)",
    ),
    *("cast(pay as bigint) * 9223372036854775807", "power(pay, 99)", "greatest(pay, age)", "word", "born", "pay > 10"),
]
CONDITIONS = [
    *("age > 30", "cast(word as integer) = 7", "region = 'North'", "1 // age > 0", "born > date '2000-06-01'", "age"),
    *("date_diff('day', born, make_date(2000, age, 1)) > 0", "coalesce(pay, 0) < 1000"),
]
DIMENSIONS = {
    "band": "floor(age / 25) * 25",
    "old": "cast(word as integer) > 3",
    "first": "left(region, 1)",
    "whole": "cast(region as integer)",
    "never": "1 // 0",
    "log": "ln(pay - 3000)",
    "part": "substring(word, 1, 1)",
}
VIEWS = [
    "select * from people where ln(age - 50) > 0 and cast(word as integer) = 7",
    "select *, lag(pay) over (partition by person_id order by cast(word as integer)) as before from people "
    "qualify row_number() over (partition by person_id order by pay) <= 2",
    "select person_id, region, sex, member, born, word, max(age) as age, "
    "sum(cast(pay as bigint) * 9223372036854775807) as pay, avg(child) as child, avg(parent) as parent from people "
    "group by person_id, region, sex, member, born, word having sum(age // age) > 0",
    "select a.*, b.pay as other from people a join people b using (person_id) where b.age // a.age < 2",
]
BY = st.lists(st.sampled_from(["region", "sex", "member", "born", "word", *DIMENSIONS]), max_size=2, unique=True)
STRANGE: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "bounds": st.sampled_from([[1, 0], [0, 1e300]]),
        "candidates": st.sampled_from([[1, 0], {"from": 0, "to": 100, "step": 700}]),
        "keys": st.sampled_from(["private", {"region": ["North"]}, {"sex": ["f", "x"]}]),
        "delta": st.just(0.5),
        "unit": st.just("household_id"),
        "estimator": st.just("bottom_half"),
    },
)
LOSS: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [{"rho": 0.1}, {"epsilon": 1}, {"rho": 2}, {"accuracy": 25}, {"rho": 1e-30}]
)
STATISTICS = ["frequency", "sum", "mean", "std", "variance", "median", "quantile", "histogram", "mobility"]
BOUNDS: st.SearchStrategy[dict[str, Any]] = st.sampled_from([{"bounds": [0, 100]}, {"bounds": [-5.5, 1e5]}])
CANDIDATES: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [{"candidates": [0, 10, 1e4]}, {"candidates": {"from": 0, "to": 100, "step": 7}}]
)
ESTIMATORS: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [{}, {"estimator": "bottom_quartile"}, {"estimator": "regression"}]
)
USED = {
    **dict.fromkeys(("sum", "mean", "std", "variance"), BOUNDS),
    **dict.fromkeys(("median", "quantile"), CANDIDATES),
    "mobility": ESTIMATORS,
}
OPTIONS: dict[str, dict[str, Any]] = {
    "quantile": {"quantiles": [0.1, 0.9]},
    "histogram": {"bins": [0, 50, 500]},
    "mobility": {"parent": "parent"},
}


@st.composite
def queries(draw_: st.DrawFn) -> dict[str, Any]:
    """Return query documents, many of which make no sense."""
    statistic, by = draw_(st.sampled_from(STATISTICS)), draw_(BY)
    document: dict[str, Any] = {"statistic": statistic, "by": by, "options": OPTIONS.get(statistic, {})}
    protect = {"method": "dp", **draw_(LOSS), **draw_(USED.get(statistic, st.just({})))}
    if draw_(st.booleans()) and by:
        protect |= {"keys": "private", "delta": 1e-3}
    document["protect"] = protect | (draw_(STRANGE) if draw_(st.integers(0, 3)) == 0 else {})
    document["derive"] = {name: DIMENSIONS[name] for name in by if name in DIMENSIONS}
    if statistic != "frequency":
        # Some of them are no numbers.
        document["measure"] = draw_(st.sampled_from(EXPRESSIONS))
    if draw_(st.booleans()):
        document["where"] = draw_(st.sampled_from(CONDITIONS))
    if draw_(st.booleans()):
        document |= {"views": {"v": draw_(st.sampled_from(VIEWS))}, "from": "v"}
    if draw_(st.booleans()) and by and statistic not in {"histogram", "mobility"}:
        document["margins"] = True
    return document


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> list[Context]:
    """People, the same file with rows that nobody can read, and people whose rows are as bad as can be."""
    source = people(tmp_path_factory.mktemp("people"), 400)
    nasty = source.path.with_name("nasty.parquet")
    duckdb.execute(f"COPY ({NASTY.format(source.path)}) TO '{nasty}' (FORMAT parquet)")
    sources: list[Source] = [source, unreadable(source), replace(source, path=nasty)]
    return [context_of(one, privacy_rows=2, privacy_rows_per_cell=2) for one in sources]


def _answer(document: dict[str, Any], context: Context) -> str:
    try:
        return json.dumps(check(parse_query(document), context).to_json(), allow_nan=False)
    except BadInputError as error:
        return error.message


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(queries())
def test_answers_before_the_draw_are_the_same_for_all_rows(worlds: list[Context], document: dict[str, Any]) -> None:
    assert len({_answer(document, context) for context in worlds}) == 1


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(queries())
def test_whatever_was_quoted_can_be_drawn_from_any_rows(worlds: list[Context], document: dict[str, Any]) -> None:
    _, _, nasty = worlds
    try:
        query = parse_query(document)
        offered = check(query, nasty).privacy
    except BadInputError:
        return
    assert offered is not None
    result = draw(query, nasty, Digest(offered["digest"]))
    assert result.outgoing is not None
    json.dumps(result.to_json(), allow_nan=False)
