"""Blocking: counts before pairs, rules by what they find, common keys left out, each pair once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from saferoom.projects.linkage.blocking import (
    candidate_rules,
    choose,
    key_expression,
    make_keys,
    pairs_of_rule,
    rule_of,
)
from saferoom.projects.linkage.passes import alone, label, passes_of
from saferoom.projects.linkage.plan import LinkPlan
from saferoom.projects.linkage.preparing import prepare
from saferoom.projects.linkage.reach import expected_missed

FIELDS = {"g": "given_name", "s": "surname", "d": "date"}


def plan_of(**keys: Any) -> LinkPlan:
    names = "a" if keys.get("link_type") == "dedupe" else "ab"
    document = {"datasets": [{"name": n, "file": "-", "id": "nr"} for n in names], "fields": FIELDS, **keys}
    return LinkPlan.model_validate_json(json.dumps(document))


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as made:
        yield made


def prepared(connection: duckdb.DuckDBPyConnection, plan: LinkPlan, *sources: list[tuple[Any, ...]]) -> list[int]:
    records = {}
    for name, rows in zip("ab", sources, strict=False):
        connection.execute(f"create table {name} (record_id varchar, g varchar, s varchar, d varchar)")
        connection.executemany(f"insert into {name} values (?, ?, ?, ?)", [list(row) for row in rows])
        records[name] = name
    prepare(connection, records, plan, {name: i for i, name in enumerate(records)}, "made")
    return [len(rows) for rows in sources]


LEFT = [("1", "Ann", "Smith", "1980-01-01"), ("2", "Bob", "Smith", "1981-02-02"), ("3", "Cat", "Jones", None)]
RIGHT = [("1", "Ann", "Smith", "1980-01-01"), ("2", "Eve", "Smith", None), ("3", "Dan", "Brown", "1981-02-02")]


def made_pairs(connection: duckdb.DuckDBPyConnection, plan: LinkPlan, sizes: list[int]) -> tuple[Any, list[Any]]:
    chosen = choose(connection, "made", plan, sizes, passes_of(plan))
    make_keys(connection, "made", plan, chosen, "keys")
    sql = " union all ".join(pairs_of_rule("keys", n, plan) for n in range(len(chosen.rules)))
    return chosen, connection.execute(f"select id_l, id_r, rule from ({sql}) order by 1, 2").fetchall()


def test_counts_are_of_the_pairs_that_are_made(connection: duckdb.DuckDBPyConnection) -> None:
    plan = plan_of(blocking=[["s"], ["d"]], passes=[])
    chosen, pairs = made_pairs(connection, plan, prepared(connection, plan, LEFT, RIGHT))
    assert [(count.rule, count.pairs) for count in chosen.counts] == [("s", 4), ("d", 2)]
    assert [(left, right) for left, right, _ in pairs] == [(1, 4), (1, 5), (2, 4), (2, 5), (2, 6)]
    assert len({(left, right) for left, right, _ in pairs}) == len(pairs)


def test_missing_values_make_no_pairs(connection: duckdb.DuckDBPyConnection) -> None:
    plan = plan_of(blocking=[["d"]], passes=[])
    _, pairs = made_pairs(connection, plan, prepared(connection, plan, LEFT[2:], RIGHT[1:2]))
    assert pairs == []


def test_pairs_within_one_dataset_are_made_once_each(connection: duckdb.DuckDBPyConnection) -> None:
    plan = plan_of(blocking=[["s"]], passes=[], link_type="dedupe")
    chosen, pairs = made_pairs(connection, plan, prepared(connection, plan, LEFT))
    assert [(left, right) for left, right, _ in pairs] == [(1, 2)]
    assert chosen.counts[0].pairs == 1


def test_common_keys_are_left_out_and_counted(connection: duckdb.DuckDBPyConnection) -> None:
    plan = plan_of(blocking=[["s"], ["d"]], passes=[], limits={"block": 3})
    chosen, pairs = made_pairs(connection, plan, prepared(connection, plan, LEFT, RIGHT))
    assert [(count.pairs, count.left_out) for count in chosen.counts] == [(0, 4), (2, 0)]
    assert [(left, right) for left, right, _ in pairs] == [(1, 4), (2, 6)]


def test_rules_stay_within_the_limit_of_pairs(connection: duckdb.DuckDBPyConnection) -> None:
    plan = plan_of(limits={"pairs": 250}, passes=[])
    rows = [(str(i), "Ann", f"Name{i % 40}", f"1980-01-{1 + i % 28:02d}") for i in range(80)]
    chosen, pairs = made_pairs(connection, plan, prepared(connection, plan, rows, rows))
    assert sum(count.pairs for count in chosen.counts if count.used) <= 250
    assert 0 < len(pairs) <= 250
    assert any(not count.used for count in chosen.counts)


def test_names_the_other_way_round_share_a_key(connection: duckdb.DuckDBPyConnection) -> None:
    plan = plan_of(passes=[])
    prepared(connection, plan, [("1", "Ann", "Scott", None)], [("1", "Scott", "Ann", None)])
    rule = rule_of(["g", "s"], either_way=True)
    keys = {row[0] for row in connection.execute(f"select {key_expression(rule, plan)} from made").fetchall()}
    assert len(keys) == 1
    assert None not in keys
    assert rule.label == "g + s in either order"
    assert rule.document() == {
        "keys": [{"column": "g", "form": "whole"}, {"column": "s", "form": "whole"}],
        "either_way": True,
    }


def test_candidates_are_of_the_plans_fields_and_forms() -> None:
    labels = [rule.label for rule in candidate_rules(plan_of())]
    assert labels[:3] == ["g", "s", "d"]
    assert "g + s in either order" in labels
    assert "g (sound) + s (sound) + d (year)" in labels


def test_more_rules_miss_less_and_moving_hides_places_together() -> None:
    fields = {**FIELDS, "p": "postcode", "a": "address"}
    plan = plan_of(fields=fields)
    shares = dict.fromkeys(fields, 1.0)
    agreement = {"g": 0.9, "s": 0.9, "d": 0.95, "p": 0.6, "a": 0.6}
    one, two, places = (
        expected_missed(plan, [rule_of(parts).keys for parts in rules], shares, agreement)
        for rules in ([["d"]], [["d"], ["s"]], [["p"], ["a"]])
    )
    assert one == pytest.approx(0.05)
    assert two == pytest.approx(0.005)
    # Who moved has neither: were they independent it would be .16.
    assert places == pytest.approx(1 - 0.6 / 0.95, abs=0.01)
    assert expected_missed(plan, [], shares, agreement) == pytest.approx(1)


def test_passes_by_default_need_name_date_and_place_or_an_id() -> None:
    assert [rule.label for rule in passes_of(plan_of())] == []
    assert [r.label for r in passes_of(plan_of(fields={**FIELDS, "p": "postcode"}))] == ["g + s + d + p"]
    assert [r.label for r in passes_of(plan_of(fields={"n": "id", "d": "date"}))] == ["n + d"]
    assert [r.label for r in passes_of(plan_of(fields={"n": "id"}))] == ["n"]
    given = passes_of(plan_of(passes=[["d", {"column": "s", "form": "sound"}]]))
    assert label(0, given[0]) == "key 1: d + s (sound)"


def test_pass_counts_only_where_nobody_else_of_a_dataset_shares_it(connection: duckdb.DuckDBPyConnection) -> None:
    plan = plan_of(passes=[["s", "d"]])
    twice = [*LEFT, ("4", "Ann", "Smith", "1980-01-01")]
    chosen, _ = made_pairs(connection, plan, prepared(connection, plan, twice, RIGHT))
    assert chosen.rules[0].label == "s + d"
    rows = connection.execute(f"select id from keys l where k0 is not null and {alone(plan, 'keys', 0)} order by id")
    assert [row[0] for row in rows.fetchall()] == [2, 7]
