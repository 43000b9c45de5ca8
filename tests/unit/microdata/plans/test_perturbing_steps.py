"""Perturbing steps inside of plans: they run, their seed repeats them, and refusals name the step and the column."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from saferoom.disclosure.microdata.plans.plan import read_plan
from saferoom.disclosure.microdata.plans.runner import Anonymised, anonymise
from saferoom.disclosure.microdata.plans.steps import METHODS
from saferoom.errors import BadInputError


def people() -> pd.DataFrame:
    random = np.random.default_rng(2)
    return pd.DataFrame(
        {
            "region": random.integers(0, 4, 200),
            "job": random.choice(["a", "b", "c"], 200),
            "income": random.lognormal(8, 1, 200),
            "age": random.integers(16, 90, 200),
            "gap": np.where(random.random(200) < 0.1, np.nan, random.normal(size=200)),
            "when": pd.Categorical(random.choice(["low", "high"], 200), ["low", "high"], ordered=True),
        }
    )


def run(steps: str, seed: int = 1) -> Anonymised:
    from saferoom.disclosure.microdata.plans.seeds import Seed

    text = "keys: [region, job]\nsteps:\n" + "".join(f"  - {{{step}}}\n" for step in steps.split("|"))
    return anonymise(people(), read_plan(text, "plan.yaml"), Seed(bytes([seed]) * 32, bytes(32)))


ALL = (
    "method: microaggregation, columns: [income, age]|method: pram, columns: [job]|"
    "method: rank_swapping, columns: [gap], least_correlation: 0.9|"
    "method: record_swapping, areas: [region], risk: [job], rate: 0.2|"
    "method: noise, columns: [gap], kind: additive|method: shuffling, columns: [income], known: [region, job]"
)


def test_plan_of_all_methods_repeats_with_its_seed() -> None:
    one: Any
    one, other, third = run(ALL).frame, run(ALL).frame, run(ALL, seed=2).frame
    pd.testing.assert_frame_equal(one, other)
    assert not one.equals(third)
    assert one["when"].equals(people()["when"])
    assert one["gap"].isna().equals(people()["gap"].isna())


def test_plan_says_what_each_step_did_without_values() -> None:
    steps = run(ALL).document()["steps"]
    assert "information loss" in steps[0]["note"]
    assert steps[0]["changed"].keys() == {"income", "age"}
    assert "households changed places" in steps[3]["note"]
    assert steps[3]["changed"]["region"] > 0


def test_ends_are_averaged_before_ranks_are_swapped() -> None:
    frame: Any = run("method: rank_swapping, columns: [age], reach: 0.1, top: 0.1").frame
    assert frame["age"].sum() == pytest.approx(people()["age"].sum())
    assert (frame["age"] == frame["age"].max()).sum() == 20


def test_ordered_categories_swap_ranks_and_keep_their_type() -> None:
    method = METHODS["rank_swapping"]
    made = method.apply(
        people(),
        method.model(method="rank_swapping", columns=("when",), reach=0.5),  # type: ignore[call-arg]
        np.random.default_rng(1),
    )
    frame: Any = made.frame
    assert frame["when"].dtype == people()["when"].dtype
    assert frame["when"].value_counts().equals(people()["when"].value_counts())
    assert made.changed["when"] > 0
    planned: Any = run("method: rank_swapping, columns: [when], reach: 0.5").frame
    assert list(planned["when"].cat.categories) == ["low", "high"]
    assert planned["when"].value_counts().equals(people()["when"].value_counts())


def test_own_matrix_is_applied_in_the_order_of_the_categories() -> None:
    step = "method: pram, columns: [job], invariant: false, matrix: [[0.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]"
    frame: Any = run(step).frame
    before = people()["job"]
    assert set(frame["job"]) == {"b", "c"}
    assert ((frame["job"] == "c") == (before == "c")).all()


@pytest.mark.parametrize(
    ("steps", "sentence"),
    [
        ("method: microaggregation, columns: [job]", r"step 1 .*'job' must hold numbers"),
        ("method: microaggregation, columns: [income], k: 500", "step 1: microaggregation: k is 500"),
        ("method: microaggregation, columns: [income], k: 1", "k"),
        ("method: microaggregation, columns: [income], weight: gap", "step 1: .*'gap' is missing"),
        ("method: microaggregation, columns: [nothing]", "step 1 .*nothing"),
        ("method: microaggregation, columns: [income], within: [income]", "cannot be changed and make the strata"),
        ("method: pram, columns: [job, region], matrix: [[1.0]]", "matrix"),
        ("method: pram, columns: [job], matrix: [[1.0]]", "step 1: pram: .*3 rows and columns"),
        ("method: pram, columns: [job], invariant: false, within: [region]", "for invariant matrices"),
        ("method: rank_swapping, columns: [income]", "either 'reach' or 'least_correlation'"),
        ("method: rank_swapping, columns: [job], reach: 0.1", "step 1: rank swapping: 'job' must hold numbers"),
        ("method: noise, columns: [gap], kind: exact", "step 1: noise: 'gap' is missing in .* of 200 records"),
        ("method: noise, columns: [income], size: 0", "size"),
        ("method: shuffling, columns: [income], known: [income]", "shuffled and stay"),
        ("method: shuffling, columns: [income], known: [gap]", "step 1: shuffling: 'gap' is missing"),
        ("method: record_swapping, areas: [region], risk: [region]", "'region' cannot change hands"),
        ("method: noise, columns: [income], colour: red", "colour"),
        (
            "method: local_suppression, k: 3|method: pram, columns: [job]",
            r"step 2 \(pram\): it would change 'job', and break what step 1 promised",
        ),
    ],
)
def test_what_cannot_be_done_is_told_with_its_step(steps: str, sentence: str) -> None:
    with pytest.raises(BadInputError, match=sentence):
        run(steps)
