"""Propensity scores: the null expectation, what they notice, and which records they look at."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from tests.support.before_after import noisy, people

from saferoom.disclosure.microdata.utility import Compared, compare, propensity
from saferoom.disclosure.microdata.utility.propensity import scored
from saferoom.disclosure.microdata.utility.variables import variables
from saferoom.errors import BadInputError

COLUMNS = ("region", "education", "sex", "age", "pay")


def test_the_expectation_is_that_of_snoke_and_others() -> None:
    frame = people(300)
    found = propensity(frame, frame.iloc[:100], ["sex"])
    assert found.main.parameters == 2
    c = 100 / 400
    assert found.main.expected == pytest.approx((1 - c) ** 2 * c / 400)
    assert found.main.deviation == pytest.approx(np.sqrt(2) * (1 - c) ** 2 * c / 400)


def test_the_same_table_cannot_be_told_apart() -> None:
    found = propensity(people(), people())
    assert found.main.pmse == pytest.approx(0.0, abs=1e-12)
    assert found.pairs.pmse == pytest.approx(0.0, abs=1e-12)
    assert found.main.ratio == pytest.approx(0.0, abs=1e-6)


def test_tables_with_nothing_in_common_are_told_apart_wholly() -> None:
    frame = people(200)
    found = propensity(frame, frame.assign(region="Elsewhere"), ["region"])
    assert found.main.pmse == pytest.approx(0.25, abs=1e-3)
    assert found.main.standardised is not None
    assert found.main.standardised > 30


def test_lost_relations_are_noticed_by_pairs_alone() -> None:
    frame = people(2_000)
    random = np.random.default_rng(3)
    shuffled = pd.DataFrame({name: random.permutation(frame[name].to_numpy()) for name in COLUMNS})
    found = propensity(frame, shuffled, COLUMNS)
    assert found.main.ratio == pytest.approx(0.0, abs=1e-6)
    assert found.pairs.ratio is not None
    assert found.pairs.ratio > 20


def test_a_column_that_changed_is_named_by_its_own_ratio() -> None:
    frame = people(1_000)
    found = propensity(frame, noisy(frame, 1.0), COLUMNS)
    ratios = {name: one.ratio or 0.0 for name, one in found.by_column.items()}
    assert max(ratios, key=lambda name: ratios[name]) == "pay"
    assert ratios["pay"] > 10
    assert ratios["region"] == pytest.approx(0.0, abs=1e-6)


def test_large_tables_are_sampled_and_it_is_said() -> None:
    frame = people(900)
    found = variables(frame, frame, Compared())
    paired = scored(found.columns, {}, COLUMNS, corresponding=True, seen=200)
    assert paired.sampled
    assert paired.seen == (200, 200)
    assert paired.main.pmse == pytest.approx(0.0, abs=1e-12), "the same records of both are looked at"
    apart = scored(found.columns, {}, COLUMNS, corresponding=False, seen=200)
    assert apart.main.expected == pytest.approx(paired.main.expected * (1 + (1 - 200 / 900))), (
        "the first is a sample now"
    )


def test_columns_that_repeat_each_other_count_once() -> None:
    frame = people().assign(euro=lambda one: one["pay"] * 2.0)
    one, two = propensity(frame, noisy(frame, 0.2), ["pay"]), propensity(frame, frame, ["pay", "euro"])
    assert two.main.parameters == one.main.parameters


def test_without_a_column_that_varies_there_is_no_ratio() -> None:
    frame = people().assign(region="Northmark")
    found = propensity(frame, frame, ["region"])
    assert found.main.ratio is None
    assert found.main.standardised is None


def test_unknown_columns_and_empty_tables_are_sentences() -> None:
    with pytest.raises(BadInputError, match="regoin"):
        propensity(people(), people(), ["regoin"])
    with pytest.raises(BadInputError, match="has no records"):
        propensity(people(), people().iloc[:0])


def test_ids_and_other_categories_play_no_part_and_are_named() -> None:
    frame = people().assign(person=range(600))
    ranges = frame.assign(age=[f"{age - 5 * (row % 2)} to {age + 5}" for row, age in enumerate(frame["age"])])
    found = compare(frame, ranges, Compared(keys=("age",), corresponding=True)).propensity
    assert "run on" in found.left_out["person"]
    assert "others than before" in found.left_out["age"]
