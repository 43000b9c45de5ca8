"""What holds of linkage whatever the data: of cleaning, of probabilities that compete, and of entities."""

from __future__ import annotations

import json
from typing import Any

import duckdb
import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.linkage import FIELDS

from saferoom.projects.linkage.classes import Pairs, Start, probabilities
from saferoom.projects.linkage.clusters import cluster
from saferoom.projects.linkage.deciding import decide
from saferoom.projects.linkage.linking import link
from saferoom.projects.linkage.plan import FieldKind, LinkPlan
from saferoom.projects.linkage.standardising import literal, stages

CONNECTION = duckdb.connect()
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=30)


def cleaned(kind: FieldKind, value: str) -> Any:
    sql = f"(select {literal(value)} as v)"
    for stage in stages(kind):
        sql = f"(select {stage.format(c='v')} as v from {sql})"
    return CONNECTION.execute(f"select v from {sql}").fetchall()[0][0]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(list(FieldKind)), TEXT)
def test_cleaning_takes_anything_and_its_result_stays_as_it_is(kind: FieldKind, value: str) -> None:
    once = cleaned(kind, value)
    assert once is None or once != ""
    if once is not None and kind in {FieldKind.SEX, FieldKind.ID, FieldKind.TEXT}:
        assert cleaned(kind, once) in {once, None}


@settings(max_examples=30, deadline=None)
@given(st.dates(), st.sampled_from(["%Y-%m-%d", "%Y%m%d", "%d/%m/%Y", "%d %B %Y", "%B %d, %Y", "%d.%m.%Y"]))
def test_dates_in_every_form_are_one_date(day: Any, form: str) -> None:
    if not 1851 <= day.year <= 2100 or day.isoformat() == "1900-01-01":
        return
    assert cleaned(FieldKind.DATE, day.strftime(form)) == day.strftime("%Y%m%d")


WEIGHTS = st.lists(
    st.tuples(st.integers(1, 6), st.integers(7, 12), st.floats(-20, 40)), max_size=20, unique_by=lambda row: row[:2]
)


def pairs_of(rows: list[tuple[int, int, float]]) -> Pairs:
    left, right = (np.array([row[i] for row in rows], dtype=np.int64) for i in (0, 1))
    weight = np.array([row[2] for row in rows], dtype=np.float64)
    zeros = np.zeros(len(rows), dtype=np.int64)
    return Pairs(left, right, zeros, zeros + 1, weight, zeros - 1)


def plan_of(**keys: Any) -> LinkPlan:
    document = {"datasets": [{"name": n, "file": "-", "id": "n"} for n in "ab"], "fields": FIELDS, **keys}
    return LinkPlan.model_validate_json(json.dumps(document))


@settings(deadline=None)
@given(WEIGHTS, st.floats(0.01, 1))
def test_one_to_one_links_are_one_to_one(rows: list[tuple[int, int, float]], threshold: float) -> None:
    pairs = pairs_of(rows)
    made = decide(pairs, plan_of(one_to_one=True, threshold=threshold), Start(0.5, 36, 6.0, fixed=True))
    for side in (pairs.left, pairs.right):
        assert len(set(side[made.linked].tolist())) == made.linked.sum()
        sums = np.bincount(side, weights=made.probability, minlength=13)
        assert sums.max(initial=0) <= 1 + 1e-9
    assert (made.probability[made.linked] >= threshold).all()


@settings(deadline=None)
@given(WEIGHTS)
def test_competition_never_raises_a_probability(rows: list[tuple[int, int, float]]) -> None:
    pairs = pairs_of(rows)
    plain, competing = probabilities(pairs.weight, []), probabilities(pairs.weight, [pairs.left, pairs.right])
    assert (competing <= plain + 1e-12).all()
    assert ((plain >= 0) & (plain <= 1)).all()


@settings(deadline=None)
@given(WEIGHTS)
def test_entities_are_parts_of_what_links_connect(rows: list[tuple[int, int, float]]) -> None:
    pairs = pairs_of(rows)
    plan = plan_of(threshold=0.5)
    made = decide(pairs, plan, Start(0.5, 36, 6.0, fixed=True))
    found = cluster(pairs, made, np.array([0] * 6 + [1] * 6), plan)
    assert len(found) == 12
    reach = {i: {i} for i in range(1, 13)}
    for _ in range(12):
        for a, b in zip(pairs.left[made.linked].tolist(), pairs.right[made.linked].tolist(), strict=True):
            reach[a] = reach[b] = reach[a] | reach[b]
    for record, entity in enumerate(found.tolist(), start=1):
        assert entity in set().union(*(reach[r] for r in reach[record]))
        assert found[entity - 1] == entity


ROW = st.fixed_dictionaries(
    {
        "given": st.sampled_from(["Ann", "Bob", "Cat", None]),
        "surname": st.sampled_from(["Smith", "Jones", "Smyth", None]),
        "dob": st.sampled_from(["1980-01-01", "1981-02-02", "1980", None]),
        "sex": st.sampled_from(["M", "F", None]),
        "postcode": st.sampled_from(["LS1 4AB", "M1 1AE", None]),
        "address": st.sampled_from(["1 High St", "2 Low Rd", None]),
    }
)


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(ROW, min_size=1, max_size=8), st.lists(ROW, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_every_record_has_one_entity_whatever_the_rows_and_their_order(
    left: list[dict[str, Any]], right: list[dict[str, Any]], draw: Any
) -> None:
    found = []
    for _ in range(2):
        with duckdb.connect() as connection:
            for name, rows in (("a", left), ("b", right)):
                numbered = [(f"{i}", *row.values()) for i, row in enumerate(rows)]
                draw.shuffle(numbered)
                columns = ", ".join(f"{c} varchar" for c in ("record_id", *FIELDS))
                connection.execute(f"create table {name} ({columns})")
                connection.executemany(f"insert into {name} values (?, ?, ?, ?, ?, ?, ?)", numbered)
            made = link(connection, {"a": "a", "b": "b"}, plan_of(one_to_one=True, threshold=0.8))
            rows_made = connection.execute(f"from {made.clusters} order by all").fetchall()
        assert len(rows_made) == len(left) + len(right)
        found.append(rows_made)
    assert found[0] == found[1]
