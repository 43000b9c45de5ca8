"""Who knows somebody's exact pay, or weight, looks for it in a file whose keys ten share; those who decide are told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saferoom.disclosure.microdata.plans.few_have import records_of_few
from saferoom.disclosure.microdata.plans.leaving import Leaving, leaving
from saferoom.disclosure.microdata.plans.plan import Plan
from saferoom.disclosure.microdata.plans.seeds import Seed

SEED = Seed(b"s" * 16, b"t" * 16)
N = 300
RICH = 1_234_567.89
SOUTH = {"method": "recode", "columns": ["region"], "groups": {"south and west": ["south", "west"]}}


def made(*steps: dict[str, Any], columns: list[str] | None = None, plan: Any = None, **more: Any) -> Leaving:
    region = ["north"] * 150 + ["south"] * 147 + ["west"] * 3
    table = pa.table({"person_id": np.arange(N), "region": region, **more})
    names = columns or table.column_names
    terms = {"keys": ["region"], "columns": names, "limits": {"k": 10, "max_risk": 0.1}, "steps": [SOUTH, *steps]}
    return leaving(table, Plan.model_validate({**terms, **(plan or {})}, strict=False), SEED, ("person_id",), 10)


def pays() -> Any:
    pay = np.random.default_rng(1).choice([1_000.0, 2_000.0, 3_000.0], N)
    pay[7] = RICH
    return pay


def test_the_one_pay_that_a_newspaper_printed_is_counted() -> None:
    (said,) = made(pay=pays()).result.warnings
    assert "fewer than 9 others have the same: 'pay' (1 of 300 records)" in said
    assert "1234567" not in said.replace(",", "")
    assert not made(pay=np.where(pays() == RICH, 1_000.0, pays())).result.warnings


def test_a_weight_that_three_have_is_counted() -> None:
    weight = np.where(np.arange(N) < 3, 417.25, 12.5)
    (said,) = made(grossing=weight, plan={"weight": "grossing"}).result.warnings
    assert "'grossing' (3 of 300 records)" in said
    assert not made(grossing=weight, plan={"weight": "grossing"}, columns=["region"]).result.warnings


@pytest.mark.parametrize(
    "step",
    [
        {"method": "top_bottom_code", "column": "pay", "top": 3_000.0},
        {"method": "noise", "columns": ["pay"], "size": 0.1},
        {"method": "microaggregation", "columns": ["pay"], "by": "each", "k": 10},
        {"method": "recode", "columns": ["pay"], "breaks": [1_500.0]},
    ],
)
def test_what_was_rounded_coded_or_perturbed_is_not(step: dict[str, Any]) -> None:
    assert not made(step, pay=pays()).result.warnings


def test_what_noise_for_outliers_leaves_as_it_is_counts_as_exact() -> None:
    """The column is perturbed, and most of its values are not."""
    pay = np.random.default_rng(2).lognormal(8, 0.4, N).round(2)
    pay[7] = RICH
    found = made({"method": "noise", "columns": ["pay"], "kind": "outliers", "size": 0.5}, pay=pay)
    (said,) = found.result.warnings
    frame: Any = found.result.frame
    kept = sum(one == other for one, other in zip(frame.column("pay").to_pylist(), pay, strict=True))
    assert 0.5 * N < kept < N
    assert f"'pay' ({kept} of 300 records)" in said


def test_ten_records_of_one_person_are_one_person() -> None:
    person = np.repeat(np.arange(30), 10)
    pay = person * 100.0
    table = pa.table({"pay": pay})
    assert not records_of_few(table, table, ["pay"], (), 10)
    units = pa.table({"person": person})
    assert records_of_few(table, table, ["pay"], (), 10, units) == {"pay": N}


@given(st.lists(st.tuples(st.sampled_from([None, 1, 2, 3]), st.integers(0, 4)), min_size=1, max_size=40))
def test_few_is_counted_as_the_definition_says(rows: list[tuple[int | None, int]]) -> None:
    table = pa.table({"x": pa.array([row[0] for row in rows], pa.int64())})
    units = pa.table({"u": [row[1] for row in rows]})
    behind = {value: {row[1] for row in rows if row[0] == value} for value, _ in rows}
    wanted = sum(value is not None and len(behind[value]) < 3 for value, _ in rows)
    assert records_of_few(table, table, ["x"], (), 3, units).get("x", 0) == wanted
