"""Protected records as a file: what ties a row to the extract is taken away, and units count, not rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from saferoom.disclosure.microdata.plans.leaving import leaving
from saferoom.disclosure.microdata.plans.plan import Plan, read_plan
from saferoom.disclosure.microdata.plans.seeds import Seed
from saferoom.disclosure.microdata.risk.units import records_of_few_units
from saferoom.errors import BadInputError

SEED, OTHER = Seed(b"s" * 32, b"t" * 32), Seed(b"u" * 32, b"t" * 32)
STEPS = "steps: [{method: recode, columns: [age], width: 10}]\nlimits: {k: 3}\n"


def records(each: int = 1) -> pa.Table:
    random = np.random.default_rng(2)
    people = np.repeat(np.arange(400), each) + 7_000_000_000
    age, region = random.integers(20, 60, 400), random.choice(["n", "s"], 400)
    return pa.table(
        {
            "person_id": people,
            "region": np.repeat(region, each),
            "age": np.repeat(age, each),
            "pay": np.arange(400 * each).astype(float),
            "added": np.arange(400 * each),
        }
    )


def plan(text: str = STEPS, columns: str = "[person_id, region, age, pay]") -> Plan:
    return read_plan(f"keys: [region, age]\ncolumns: {columns}\n{text}", "p")


def made(table: pa.Table, of: Plan, seed: Seed = SEED, least: int = 3) -> Any:
    return leaving(table, of, seed, ["person_id"], least)


def test_ids_are_new_labels_and_rows_have_another_order_drawn_from_the_seed() -> None:
    table = records()
    one, again, other = made(table, plan()), made(table, plan()), made(table, plan(), OTHER)
    assert one.file.equals(again.file)
    assert one.file.column("person_id") != other.file.column("person_id")
    assert sorted(one.file.column("person_id").to_pylist()) == list(range(1, 401))
    moved = np.asarray(one.file.column("pay"))
    assert sorted(moved) == sorted(np.asarray(table.column("pay")))
    assert np.mean(moved == np.asarray(table.column("pay"))) < 0.05
    by_pay = np.argsort(moved)
    labels = np.asarray(one.file.column("person_id"))[by_pay]
    assert abs(np.corrcoef(labels, np.arange(400))[0, 1]) < 0.2  # labels say nothing of the order of ids


def test_rows_of_one_person_keep_one_label() -> None:
    file = made(records(each=3), plan()).file
    counted = file.group_by("person_id").aggregate([("pay", "count")])
    assert set(counted.column("pay_count").to_pylist()) == {3}


def test_what_is_known_is_in_the_order_of_the_extract_and_has_its_own_ids() -> None:
    table = records()
    found = made(table, plan())
    assert found.known.column("person_id") == table.column("person_id")
    assert found.known.column_names == ["person_id", "region", "age"]
    assert found.by == ("region", "age")


def test_columns_that_are_not_listed_do_not_leave() -> None:
    assert made(records(), plan(columns="[region, age]")).file.column_names == ["region", "age"]


def test_keys_that_a_step_perturbs_are_told_apart() -> None:
    text = "steps: [{method: pram, columns: [region]}, {method: recode, columns: [age], width: 10}]\nlimits: {k: 3}\n"
    found = made(records(), plan(text))
    assert (found.by, found.perturbed) == (("age",), ("region",))


def test_ten_rows_of_one_person_are_one_person() -> None:
    table = records(each=12)
    narrow = read_plan(
        "keys: [age]\ncolumns: [age, pay]\nsteps: [{method: drop, columns: [added]}]\nlimits: {k: 10}\n", "p"
    )
    assert made(table, narrow, least=2).file.num_rows == len(table)  # k counts rows: twelve of each person
    with pytest.raises(BadInputError, match="fewer than 10 different person_id"):
        made(table, narrow, least=10)


def test_a_plan_without_columns_makes_no_file() -> None:
    with pytest.raises(BadInputError, match="names the columns of the file"):
        made(records(), read_plan(f"keys: [region, age]\n{STEPS}", "p"))


def test_a_missing_value_matches_any_when_units_are_counted() -> None:
    frame = pa.table({"key": ["a", "a", None, "b", "b", "b"]})
    ids = pa.chunked_array([[1, 1, 2, 3, 4, 5]])
    assert records_of_few_units(frame, ["key"], ids, 2) == 0
    assert records_of_few_units(frame, ["key"], ids, 3) == 2  # of the two "a", one person and the untold one
    assert records_of_few_units(frame, ["key"], pa.chunked_array([[1, 1, None, 3, 4, 5]]), 2) == 2
    assert records_of_few_units(frame, [], ids, 6) == 6


def test_exact_columns_of_few_categories_are_known_each_alone() -> None:
    table = (
        records().append_column("group", pa.array(["x", "y"] * 200)).append_column("ward", pa.array([1, 2, 2, 1] * 100))
    )
    text = "steps: [{method: pram, columns: [ward]}, {method: recode, columns: [age], width: 10}]\nlimits: {k: 3}\n"
    found = made(table, plan(text, "[region, age, pay, group, ward]"))
    assert [one.column_names for one in found.alone] == [["person_id", "group"]]  # pay is of many, ward is perturbed
    assert found.alone[0].column("group") == table.column("group")
