"""Linking relations without files, as the linker's process does; new records against known ones by a saved model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
from tests.support.linkage import COLUMNS, FIELDS, People, plan_of

from saferoom.errors import BadInputError
from saferoom.projects.linkage.linking import link, link_to
from saferoom.projects.linkage.plan import LinkPlan


@pytest.fixture(scope="module")
def connection(some_people: People) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as made:
        for name, rows in (("a", some_people.left), ("b", some_people.right), ("late", some_people.right[:50])):
            columns = ", ".join(f"{'record_id' if c == 'rid' else c} varchar" for c in COLUMNS)
            made.execute(f"create table {name} ({columns})")
            made.executemany(
                f"insert into {name} values ({', '.join('?' * 8)})", [[r[c] or None for c in COLUMNS] for r in rows]
            )
        made.execute("create table early as from b where record_id not in (select record_id from late)")
        yield made


def plan(**keys: Any) -> LinkPlan:
    return LinkPlan.model_validate_json(json.dumps(plan_of("a", "b", **keys)))


@pytest.fixture(scope="module")
def model(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    told: list[str] = []
    made = link(connection, {"a": "a", "b": "early"}, plan(one_to_one=True), lambda what, _: told.append(what))
    assert told.index("training the model") > max(i for i, what in enumerate(told) if what.startswith("blocking on"))
    assert made.model["trained"] is True
    found: dict[str, Any] = json.loads(json.dumps(made.model))
    return found


def test_new_records_find_known_ones_by_a_saved_model(
    connection: duckdb.DuckDBPyConnection, model: dict[str, Any], some_people: People
) -> None:
    made = link_to(connection, {"b": "late"}, {"a": "a", "b": "early"}, plan(one_to_one=True), model, name="more")
    rows = connection.execute(
        f"select source_l, record_id_l, source_r, record_id_r from {made.pairs} where linked"
    ).fetchall()
    late = {row["rid"] for row in some_people.right[:50]}
    assert {row[0] for row in rows} == {"b"}
    assert {row[1] for row in rows} <= late
    truth = {(b, a) for a, b in some_people.truth if b in late}
    found = {(row[1], row[3]) for row in rows if row[2] == "a"}
    assert len(found & truth) >= len(truth) * 0.9
    assert len(found - truth) <= 2
    assert made.model["prior"] == pytest.approx(model["prior"])
    assert connection.execute(f"select count(*) from {made.clusters}").fetchall()[0][0] == 600


def test_model_of_other_fields_is_refused(connection: duckdb.DuckDBPyConnection, model: dict[str, Any]) -> None:
    for other in (
        {**model, "fields": {"given": "given_name"}},
        {**model, "version": 99},
        {**model, "levels": model["levels"][1:]},
        {**model, "relatives": {}},
    ):
        with pytest.raises(BadInputError, match="link again without it"):
            link_to(connection, {"b": "late"}, {"a": "a"}, plan(), other)


def test_relations_have_the_columns_that_are_handed_on(connection: duckdb.DuckDBPyConnection) -> None:
    made = link(connection, {"a": "a", "b": "late"}, plan(), name="columns")
    pairs = [row[0] for row in connection.execute(f"describe {made.pairs}").fetchall()]
    assert pairs == [
        "source_l", "record_id_l", "source_r", "record_id_r", "match_weight", "match_probability", "match_pass",
        "linked",
    ]  # fmt: skip
    clusters = {row[0]: row[1] for row in connection.execute(f"describe {made.clusters}").fetchall()}
    assert list(clusters) == ["source", "record_id", "cluster_id", "match_probability", "match_weight", "match_pass"]
    assert clusters["record_id"] == clusters["cluster_id"] == "VARCHAR"
    passes = {row[0] for row in connection.execute(f"select distinct match_pass from {made.pairs}").fetchall()}
    assert passes <= {"model", "key 1: given + surname + dob + postcode"}
    assert "model" in passes


def test_what_splink_made_is_gone_and_the_plans_tables_stay(connection: duckdb.DuckDBPyConnection) -> None:
    link(connection, {"a": "a", "b": "late"}, plan(), name="again")
    names = {row[0] for row in connection.execute("select table_name from information_schema.tables").fetchall()}
    assert not [name for name in names if name.startswith("__splink")]
    assert {"a", "b", "late", "early", "again_pairs", "again_clusters"} <= names


def test_precision_asked_for_is_what_is_expected(connection: duckdb.DuckDBPyConnection, some_people: People) -> None:
    made = link(connection, {"a": "a", "b": "b"}, plan(one_to_one=True, precision=0.97), name="precise")
    assert made.estimates.precision is not None
    assert made.estimates.precision >= 0.97
    rows = connection.execute(f"select record_id_l, record_id_r from {made.pairs} where linked").fetchall()
    assert len(set(rows) & some_people.truth) / len(rows) >= 0.95


def test_own_passes_and_blocking_are_used(connection: duckdb.DuckDBPyConnection) -> None:
    keys = {"passes": [["surname", "dob"]], "blocking": [["dob"], [{"column": "surname", "form": "sound"}, "sex"]]}
    made = link(connection, {"a": "a", "b": "b"}, plan(**keys), name="own")
    assert [count.rule for count in made.blocking] == ["surname + dob", "dob", "surname (sound) + sex"]
    passes = {row[0] for row in connection.execute(f"select match_pass from {made.pairs} where linked").fetchall()}
    assert "key 1: surname + dob" in passes
    assert [rule["keys"][0]["column"] for rule in made.model["passes"]] == ["surname"]


def test_fields_may_be_dates_and_numbers(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create or replace table typed as select * replace (dob::date as dob) from late")
    made = link(connection, {"a": "a", "b": "typed"}, plan(one_to_one=True), name="typed_out")
    assert made.counts["links"] >= 20
    assert set(FIELDS) == set(made.model["fields"])
