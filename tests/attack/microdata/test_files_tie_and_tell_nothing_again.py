"""Whoever has a file of records ties rows by the ids in it, and reads hidden values from the columns beside them."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from saferoom.disclosure.microdata.keys import Keys
from saferoom.disclosure.microdata.plans.leaving import Leaving, leaving
from saferoom.disclosure.microdata.plans.plan import Plan
from saferoom.disclosure.microdata.plans.seeds import Seed
from saferoom.disclosure.microdata.risk.linked import units_told_apart
from saferoom.errors import BadInputError

SEED = Seed(b"s" * 16, b"t" * 16)
PEOPLE, YEARS = 300, 6
SOUTH = {"method": "recode", "columns": ["region"], "groups": {"south and west": ["south", "west"]}}


def made(table: pa.Table, keys: list[str], steps: list[dict[str, Any]], **changes: Any) -> Leaving:
    plan = {"keys": keys, "columns": table.column_names, "steps": steps, "limits": {"k": 10, "max_risk": 0.1}}
    return leaving(table, Plan.model_validate({**plan, **changes}, strict=False), SEED, ("person_id", "home"), 10)


def histories() -> pa.Table:
    """Three hundred people in one of four regions, each of six years; whole histories are mostly one person's."""
    region = np.random.default_rng(1).choice(["north", "east", "south", "west"], (PEOPLE, YEARS))
    return pa.table(
        {
            "person_id": np.repeat(np.arange(PEOPLE), YEARS),
            "region": region.ravel(),
            "year": np.tile(np.arange(YEARS), PEOPLE),
        }
    )


def people(**more: Any) -> pa.Table:
    """Three hundred people, three of whom live in the west."""
    region = ["north"] * 150 + ["south"] * 147 + ["west"] * 3
    return pa.table({"person_id": np.arange(PEOPLE), "region": region, **more})


# Rows that are tied


def test_a_history_that_one_person_has_does_not_leave_in_years_that_ten_share() -> None:
    with pytest.raises(BadInputError, match=r"person_id have all their records together.*leave person_id out"):
        made(histories(), ["region", "year"], [SOUTH])
    untied = made(histories(), ["region", "year"], [SOUTH], columns=["region", "year"])
    assert len(untied.file) == PEOPLE * YEARS


def test_somebody_with_fewer_records_than_all_others_does_not_leave_either() -> None:
    table = histories().set_column(1, "region", pa.array(["north"] * PEOPLE * YEARS))
    recode = [{"method": "recode", "columns": ["year"], "width": 10}]
    assert len(made(table, ["region", "year"], recode).file) == PEOPLE * YEARS
    with pytest.raises(BadInputError, match="1 person_id have all their records together"):
        made(table.slice(YEARS - 1), ["region", "year"], recode)


@pytest.mark.parametrize("role", [{}, {"household": "flat"}], ids=["unit", "named by the plan"])
def test_a_household_that_is_one_of_its_kind_does_not_leave(role: dict[str, str]) -> None:
    """Ages of parents and children are many people's; those of a family of seven are its own."""
    sizes = [2] * 140 + [7] + [13]
    home = np.repeat(np.arange(len(sizes)), sizes)
    name = role.get("household", "home")
    table = people(**{name: home}).set_column(1, "region", pa.array(["north"] * 299 + ["south"]))
    with pytest.raises(BadInputError, match=f"2 {name} have all their records together"):
        made(table, ["region"], [{**SOUTH, "groups": {"all": ["north", "south"]}}], **role)


def test_the_number_of_a_household_gets_a_new_label_whoever_named_it() -> None:
    table = people(flat=np.repeat(np.arange(150), 2) + 4_000)
    table = table.set_column(1, "region", pa.array(["north"] * 300))
    steps = [{"method": "recode", "columns": ["region"], "fewer_than": 2}]
    file = made(table, ["region"], steps, household="flat").file
    assert set(file.column("flat").to_pylist()) == set(range(1, 151))


@settings(deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(-1, 6), st.integers(0, 2), st.integers(0, 1)), min_size=1, max_size=30),
    least=st.integers(2, 4),
)
def test_units_are_told_apart_as_the_definition_says(rows: list[tuple[int, int, int]], least: int) -> None:
    keys = Keys.of(pa.table({"a": [row[1] for row in rows], "b": [row[2] for row in rows]}), ["a", "b"])
    whole = {unit: tuple(sorted(row[1:] for row in rows if row[0] == unit)) for unit, *_ in rows if unit >= 0}
    counts = Counter(whole.values())
    units = np.array([row[0] for row in rows], dtype=np.int64)
    assert units_told_apart(keys, units, least) == sum(counts[one] < least for one in whole.values())


@pytest.mark.parametrize("rows", ["kept", "random"])
def test_who_is_behind_a_row_is_known_whatever_order_a_plan_wants(rows: str) -> None:
    """What is remembered of a file must be of the people in it, or later statistics are compared with others'."""
    found = made(people(n=np.arange(PEOPLE) % 7), ["region"], [SOUTH], rows=rows)
    assert found.known.column("region").to_pylist() == ["north"] * 150 + ["south and west"] * 150
    assert found.known.column("person_id").to_pylist() == list(range(PEOPLE))
    assert found.file.column("region").to_pylist() != found.known.column("region").to_pylist()


# Columns that tell again


CODE = [1] * 150 + [2] * 147 + [3] * 3
RANDOM = np.random.default_rng(3)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(CODE, id="code"),
        pytest.param([f"{code}{n % 20:02}" for n, code in enumerate(CODE)], id="postcode"),
        pytest.param((np.arange(300) * 7.5 + 100).tolist(), id="easting"),
        pytest.param([None, None, *CODE[2:]], id="code with gaps"),
    ],
)
@pytest.mark.parametrize("step", [SOUTH, {"method": "local_suppression", "k": 10}])
def test_a_column_beside_it_does_not_tell_what_was_hidden(other: list[Any], step: dict[str, Any]) -> None:
    table = people(other=pa.array(other))
    with pytest.raises(BadInputError, match="would tell again what the plan's steps take from 'region': 'other'"):
        made(table, ["region"], [step])
    assert made(table, ["region"], [step], columns=["person_id", "region"]).file.num_rows == PEOPLE
    changed = [step, {"method": "recode", "columns": ["other"], "fewer_than": 299}]
    assert made(table, ["region"], changed).file.num_rows == PEOPLE


@pytest.mark.parametrize("tax", [lambda pay: pay * 0.2, lambda pay: 1e6 - pay, np.round], ids=["share", "rest", "cut"])
@pytest.mark.parametrize("method", [{"method": "noise", "size": 0.5}, {"method": "rank_swapping", "reach": 0.1}])
def test_a_number_that_rises_with_it_does_not_tell_what_was_perturbed(tax: Any, method: dict[str, Any]) -> None:
    pay = RANDOM.lognormal(8, 1, 300).round(2)
    table = people(pay=pay, tax=tax(pay), age=RANDOM.integers(20, 60, 300))
    steps: list[dict[str, Any]] = [SOUTH, {**method, "columns": ["pay"]}]
    with pytest.raises(BadInputError, match="take from 'pay': 'tax'"):
        made(table, ["region"], steps)
    assert made(table.drop_columns("tax"), ["region"], steps).file.num_rows == PEOPLE


def test_a_key_that_was_exchanged_is_not_told_by_another_key() -> None:
    steps = [{"method": "pram", "columns": ["region"], "least": 0.6}]
    half = ["north"] * 150 + ["south"] * 150
    table = people(code=[1] * 150 + [2] * 150).set_column(1, "region", pa.array(half))
    with pytest.raises(BadInputError, match="take from 'region': 'code'"):
        made(table, ["region", "code"], steps, limits={"k": 10, "max_risk": 0.1})


def test_columns_that_only_go_together_somewhat_leave() -> None:
    pay = RANDOM.lognormal(8, 1, 300)
    table = people(pay=pay, rent=pay * RANDOM.uniform(0.2, 0.4, 300), rooms=RANDOM.integers(1, 6, 300))
    steps: list[dict[str, Any]] = [SOUTH, {"method": "noise", "size": 0.2, "columns": ["pay"]}]
    assert made(table, ["region"], steps).file.num_rows == PEOPLE


# Perturbed in name alone


@pytest.mark.parametrize("step", [{"method": "pram", "least": 1.0}, {"method": "pram", "share": 0.0}])
def test_a_key_that_is_perturbed_in_name_alone_is_remembered_as_exact(step: dict[str, Any]) -> None:
    """Else no later count by it would be compared with the file, which tells it of everybody."""
    found = made(people(), ["region"], [SOUTH, {**step, "columns": ["region"]}])
    assert (found.by, found.perturbed) == (("region",), ())
    real = made(people(), ["region"], [SOUTH, {"method": "pram", "columns": ["region"], "least": 0.6}])
    assert (real.by, real.perturbed) == ((), ("region",))


def test_a_number_with_noise_in_name_alone_is_remembered_as_exact() -> None:
    table = people(rooms=RANDOM.integers(1, 6, 300).astype(float))
    steps: list[dict[str, Any]] = [SOUTH, {"method": "noise", "columns": ["rooms"], "size": 1e-9, "kind": "additive"}]
    exact = {"method": "rank_swapping", "columns": ["rooms"], "reach": 1e-6}
    assert [one.column_names[-1] for one in made(table, ["region"], [SOUTH, exact]).alone] == ["rooms"]
    with pytest.raises(BadInputError, match="take from 'region': 'rooms'"):
        made(people(rooms=np.arange(300.0)), ["region"], steps)
