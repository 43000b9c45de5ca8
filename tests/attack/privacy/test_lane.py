"""Attacks on the privacy lane: what a quote, a refusal or an error could tell without any noise."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.support.privacy_world import CODELISTS, ROWS, context_of, people, quoted, unreadable

from saferoom.disclosure.checker import Context, check, draw
from saferoom.disclosure.privacy.plan import PrivacyPlan
from saferoom.disclosure.queries.model import parse_query
from saferoom.disclosure.queries.source import Source
from saferoom.errors import BadInputError
from saferoom.ids import Digest

BOUNDS = {"bounds": [0, 100_000]}
QUERIES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {"by": ["region", "sex"], "margins": True}),
    ({"accuracy": 20}, {"by": ["band"], "derive": {"band": "floor(age / 10) * 10"}}),
    (BOUNDS, {"statistic": "mean", "measure": "pay", "by": ["old"], "derive": {"old": "age >= 65"}}),
    ({"candidates": [0, 1_000]}, {"statistic": "median", "measure": "pay", "where": "word = 'Q'"}),
    ({"keys": "private", "delta": 1e-8}, {"by": ["word", "born"]}),
    ({}, {"views": {"v": "select person_id, sex from people where pay > 1"}, "from": "v", "by": ["sex"]}),
]
BAD: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {"by": ["word"]}),
    ({}, {"statistic": "mean", "measure": "word", "protect": BOUNDS}),
    ({"keys": {"region": ["East"]}}, {"by": ["region"]}),
    ({}, {"where": "cast(word as integer)"}),
    ({}, {"by": ["age", "word"]}),
    ({"unit": "household_id"}, {}),
    (BOUNDS, {"statistic": "mean", "measure": "wage"}),
    ({}, {"views": {"v": "select sex, count(*) as n from people group by sex"}, "from": "v", "by": ["sex"]}),
]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """Three thousand people."""
    return people(tmp_path_factory.mktemp("people"))


@pytest.fixture(scope="module")
def others(source: Source) -> list[Source]:
    """Files of the same schema: one whose rows cannot be read, one without rows, one with other people."""
    folder = source.path.parent
    strange = folder / "strange.parquet"
    values = ROWS.format(people=7).replace("1000.0 * (i % 70)", "'nan'::DOUBLE").replace("'North'", "'Nowhere'")
    duckdb.execute(f"COPY ({values}) TO '{strange}' (FORMAT parquet)")
    empty = folder / "empty.parquet"
    duckdb.execute(f"COPY (SELECT * FROM '{source.path}' LIMIT 0) TO '{empty}' (FORMAT parquet)")
    return [unreadable(source), replace(source, path=strange), replace(source, path=empty)]


def _parsed(protect: dict[str, Any], query: dict[str, Any]) -> Any:
    return parse_query({"statistic": "frequency", **query, "protect": {"method": "dp", "rho": 0.1, **protect}})


def _refused(context: Context, protect: dict[str, Any], query: dict[str, Any]) -> str:
    with pytest.raises(BadInputError) as caught:
        quoted(context, protect, **{"from_" if name == "from" else name: one for name, one in query.items()})
    return caught.value.message


def test_rows_that_cannot_be_read_are_not_read_by_mistake(source: Source) -> None:
    path = unreadable(source).path
    with pytest.raises(duckdb.Error):
        duckdb.execute(f"SELECT max(person_id + age) FROM '{path}'")
    described = [duckdb.execute(f"DESCRIBE SELECT * FROM '{one}'").fetchall() for one in (path, source.path)]
    assert described[0] == described[1]


@pytest.mark.parametrize("number", range(len(QUERIES)))
def test_quote_reads_no_row_and_is_the_same_whoever_is_in_the_data(
    source: Source, others: list[Source], number: int
) -> None:
    protect, query = QUERIES[number]
    named = {"from_" if name == "from" else name: one for name, one in query.items()}
    first = json.dumps(quoted(context_of(source), protect, **named).to_json(), sort_keys=True)
    for other in others:
        assert json.dumps(quoted(context_of(other), protect, **named).to_json(), sort_keys=True) == first


@pytest.mark.parametrize("number", range(len(BAD)))
def test_refusals_are_the_same_whoever_is_in_the_data(source: Source, others: list[Source], number: int) -> None:
    protect, query = BAD[number]
    protect = {**protect, **query.get("protect", {})}
    query = {name: one for name, one in query.items() if name != "protect"}
    first = _refused(context_of(source), protect, query)
    assert {_refused(context_of(other), protect, query) for other in others} == {first}


FAILING: list[dict[str, Any]] = [
    {"statistic": "mean", "measure": "cast(case when pay = 3000 then 'x' else '1' end as integer)", "protect": BOUNDS},
    {"where": "cast(case when pay = 3000 then 'x' else '1' end as integer) = 1"},
    {"by": ["x"], "derive": {"x": "cast(case when pay = 3000 then 'x' else '1' end as integer) = 1"}},
    {"where": "9223372036854775807 + cast(pay as bigint) > 0"},
    {"where": "1 // cast(pay as integer) = 0"},
    *(
        {"statistic": statistic, "measure": "pay", "where": "pay < 0", "protect": protect}
        for statistic, protect in (("mean", BOUNDS), ("std", BOUNDS), ("median", {"candidates": [0, 1, 2]}))
    ),
    {"where": "pay < 0", "statistic": "mobility", "measure": "child", "options": {"parent": "parent"}},
    {
        "views": {
            "v": "select person_id, cast(case when pay = 3000 then 'x' else '1' end as integer) as x from people"
        },
        "from": "v",
        "where": "x = 1",
    },
    {
        "views": {
            "v": "select person_id from people where cast(case when pay = 3000 then 'x' else '1' end as int) = 1"
        },
        "from": "v",
    },
]


@pytest.mark.parametrize("number", range(len(FAILING)))
def test_no_row_makes_a_draw_fail(source: Source, number: int) -> None:
    query = dict(FAILING[number])
    parsed = _parsed(query.pop("protect", {}), query)
    offered = check(parsed, context_of(source)).privacy
    assert offered is not None
    assert draw(parsed, context_of(source), offered["digest"]).outgoing is not None


def test_cells_do_not_tell_who_is_in_the_data(tmp_path: Path) -> None:
    few = people(tmp_path, 2)
    offered = quoted(context_of(few), {}, by=["region", "age"]).privacy
    assert offered is not None
    result = draw(_parsed({}, {"by": ["region", "age"]}), context_of(few), offered["digest"])
    labels = {row[:2] for row in result.table.rows}
    assert labels == {(region, age) for region in CODELISTS["region"] for age in CODELISTS["age"]}


def test_chosen_codes_cannot_be_words_and_their_order_says_nothing(source: Source) -> None:
    context = context_of(source)
    for keys in ({"region": ["Anna earns 91,500"]}, {"Anna earns 91,500": ["North"]}, {"region": ["North "]}):
        assert "91,500" not in _refused(context, {"keys": keys}, {"by": ["region"]})
    every = [["North", "South"], ["South", "North"]]
    documents = [quoted(context, {"keys": {"region": one}}, by=["region"]).canonical for one in every]
    assert documents[0] == documents[1]
    drawn = [
        draw(parsed, context, Digest(str((check(parsed, context).privacy or {})["digest"]))).table.rows
        for parsed in (_parsed({"keys": {"region": one}}, {"by": ["region"]}) for one in every)
    ]
    assert [row[0] for row in drawn[0]] == [row[0] for row in drawn[1]]


def test_catalogue_is_not_replaced_by_the_query_of_a_room(source: Source) -> None:
    # Only the command line, whose files have no catalogue and whose user holds them, may name codes of its own.
    assert Context([source], context_of(source).policy).keys_from_query is False
    sentence = _refused(context_of(replace(source, codelists={})), {"keys": {"region": ["North"]}}, {"by": ["region"]})
    assert "not in the catalogue" in sentence


@pytest.mark.parametrize(
    "forged",
    [
        {"contributions": {"rows": 1, "per_cell": 1, "cells": 1}},
        {"privacy_rows": 1},
        {"privacy_units": ["household_id"]},
        {"policy": {"privacy_cells": 1}},
        {"scale": 0.001},
        {"plan": {"unit": "household_id"}},
        {"margin": 1},
    ],
)
def test_researcher_cannot_say_how_much_a_unit_contributes_or_how_wide_noise_is(
    source: Source, forged: dict[str, Any]
) -> None:
    assert "no such key" in _refused(context_of(source), forged, {})


def test_rules_bounds_decide_about_the_noise(source: Source) -> None:
    loose = context_of(source, privacy_rows=8, privacy_rows_per_cell=8)
    scales = []
    for context in (context_of(source), loose):
        offered = quoted(context, {}, by=["region"]).privacy
        assert offered is not None
        scales.append(offered["columns"][0]["scale"])
    assert scales[1] == pytest.approx(8 * scales[0])


def test_forged_plan_is_not_drawn(source: Source) -> None:
    """Whoever forges the digest of a plan gets nothing, and the file is not even read."""
    bad, parsed = context_of(unreadable(source)), _parsed({}, {"by": ["region"]})
    own = check(parsed, bad).privacy
    assert own is not None
    plan = PrivacyPlan.from_json(own["plan"])
    cheaper = replace(plan, aggregates=tuple(replace(one, scale=one.scale / 2) for one in plan.aggregates))
    another = check(_parsed({"rho": 0.2}, {"by": ["region"]}), bad).privacy
    assert another is not None
    for digest in (cheaper.digest, Digest(another["digest"]), Digest("0" * 64)):
        with pytest.raises(BadInputError, match="not the plan of this query"):
            draw(parsed, bad, digest)


def test_plan_of_other_rules_is_not_drawn(source: Source) -> None:
    parsed = _parsed({}, {"by": ["region"]})
    before = check(parsed, context_of(source)).privacy
    assert before is not None
    with pytest.raises(BadInputError, match="not the plan of this query under the rules and data of today"):
        draw(parsed, context_of(source, privacy_rows=5, privacy_cells=5), Digest(before["digest"]))


def test_table_made_in_a_room_has_no_part(source: Source) -> None:
    mine = Source("snapshot", unreadable(source).path, ("person_id",), claimed=True)
    context = replace(context_of(source), sources=[source, mine])
    for query in ({}, {"from_": "snapshot"}):
        with pytest.raises(BadInputError, match="snapshot was made in a room"):
            quoted(context, {}, **({"from_": "people"} | query))
    with pytest.raises(BadInputError, match="snapshot was made in a room"):
        draw(_parsed({}, {"from": "people"}), context, Digest("0" * 64))


def test_no_value_of_a_row_spoils_what_is_drawn(source: Source, others: list[Source]) -> None:
    """Values that are no numbers are left out; a single one would otherwise turn every sum into none."""
    strange = replace(others[1], path=source.path.with_name("spoilt.parquet"))
    duckdb.execute(
        "COPY (SELECT * REPLACE (CASE WHEN person_id = 1 THEN 'nan'::DOUBLE WHEN person_id = 2 THEN 'inf'::DOUBLE "
        "WHEN person_id = 3 THEN -1e308 WHEN person_id = 4 THEN NULL ELSE pay END AS pay) "
        f"FROM '{source.path}') TO '{strange.path}' (FORMAT parquet)"
    )
    parsed = _parsed({**BOUNDS, "rho": 5}, {"statistic": "mean", "measure": "pay"})
    offered = check(parsed, context_of(strange)).privacy
    assert offered is not None
    table = draw(parsed, context_of(strange), Digest(offered["digest"])).table
    found = dict(zip(table.columns, table.rows[0], strict=True))
    assert abs(float(str(found["mean"])) - 34_500) < 500
    assert abs(float(str(found["count"])) - 2_997) < 10


@pytest.mark.parametrize(("content", "sentence"), [(b"", "is empty"), (b"PAR1", "damaged"), (None, "does not exist")])
def test_file_that_is_none_gets_a_sentence(tmp_path: Path, content: bytes | None, sentence: str) -> None:
    file = tmp_path / "people.parquet"
    if content is not None:
        file.write_bytes(content)
    assert sentence in _refused(context_of(Source("people", file, ("person_id",))), {}, {})


@pytest.mark.parametrize(
    ("view", "sentence"),
    [
        ("select person_id, sex, rank() over (order by pay) as place from people", "window"),
        ("select a.person_id, a.sex from people a join people b using (region)", "otherwise than by person_id"),
        ("select sex, count(*) as n from people group by sex", "adds up rows of several units"),
        (
            "select person_id, sex, sum(pay) over (partition by person_id order by age "
            "range between age preceding and current row) as before from people",
            "frame",
        ),
    ],
)
def test_view_that_cannot_be_drawn_is_refused_with_the_quote(source: Source, view: str, sentence: str) -> None:
    refused = _refused(context_of(unreadable(source)), {}, {"views": {"v": view}, "from": "v", "by": ["sex"]})
    assert refused.startswith("views.v: ")
    assert sentence in refused
