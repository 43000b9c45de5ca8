"""Recoding, coding of ends, generalisation search, Mondrian: what they do and what they refuse."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from saferoom.disclosure.microdata.keys import Keys
from saferoom.disclosure.microdata.protection.coding import Shown, top_bottom_coded
from saferoom.disclosure.microdata.protection.generalising import generalise
from saferoom.disclosure.microdata.protection.ladders import (
    Ladder,
    ladder_of_hierarchy,
    ladder_of_widths,
    plain_ladder,
)
from saferoom.disclosure.microdata.protection.mondrian import mondrian
from saferoom.disclosure.microdata.protection.recoding import (
    Rest,
    banded,
    grouped,
    grouped_together,
    in_widths,
    rare_together,
)
from saferoom.errors import BadInputError

FRAME = pd.DataFrame(
    {
        "area": ["n1", "n2", "s1", "s1", None, "s2"],
        "age": [3, 17, 18, 64, 65, 99],
        "mother": ["n1", "s1", "n2", "n2", "x", "x"],
        "pay": [1.5, 2.0, np.nan, 4.0, 100.0, 200.0],
    }
)
TREE = {"north": ["n1", "n2"], "south": ["s1", "s2"]}


def column(keys: Keys, name: str) -> list[object]:
    return [None if pd.isna(value) else value for value in keys.column(name)]


def test_groups_take_their_categories_and_leave_the_others() -> None:
    keys = grouped(Keys.of(FRAME, ["area"]), "area", {"north": ["n1", "n2"], "rest": ["s1"]})
    assert column(keys, "area") == ["north", "north", "rest", "rest", None, "s2"]
    keys = grouped(Keys.of(FRAME, ["area"]), "area", {"north": ["n1", "n2"]}, Rest.MISSING)
    assert column(keys, "area") == ["north", "north", None, None, None, None]


def test_numbers_are_named_as_a_plan_writes_them() -> None:
    keys = grouped(Keys.of(FRAME, ["age"]), "age", {"young": [3, "17"]})
    assert column(keys, "age") == ["young", "young", "18", "64", "65", "99"]


def test_one_grouping_applies_to_several_variables() -> None:
    keys = grouped_together(Keys.of(FRAME, ["area", "mother"]), TREE)
    assert column(keys, "mother") == ["north", "south", "north", "north", "x", "x"]
    assert column(keys, "area") == ["north", "north", "south", "south", None, "south"]


def test_rare_categories_go_together() -> None:
    keys = rare_together(Keys.of(FRAME, ["area"]), "area", 2, "other")
    assert column(keys, "area") == ["other", "other", "s1", "s1", None, "other"]
    with pytest.raises(BadInputError, match="'s1' is a category of 'area' already"):
        rare_together(Keys.of(FRAME, ["area"]), "area", 2, "s1")


def test_bands_begin_at_their_breaks() -> None:
    keys = banded(Keys.of(FRAME, ["age"]), "age", [18, 65])
    assert column(keys, "age") == ["under 18", "under 18", "18-64", "18-64", "65 and over", "65 and over"]
    keys = banded(Keys.of(FRAME, ["age"]), "age", [18, 65], ["a", "b", "c"])
    assert column(keys, "age") == ["a", "a", "b", "b", "c", "c"]
    keys = in_widths(Keys.of(FRAME, ["age"]), "age", 10)
    assert column(keys, "age") == ["0-9", "10-19", "10-19", "60-69", "60-69", "90-99"]
    keys = in_widths(Keys.of(FRAME, ["pay"]), "pay", 2.5)
    assert column(keys, "pay")[:4] == ["[0, 2.5)", "[0, 2.5)", None, "[2.5, 5)"]


@pytest.mark.parametrize(
    ("breaks", "labels", "said"),
    [([65, 18], None, "ascending"), ([18], ["one"], "1 breaks of .age. make 2 bands"), ([], None, "ascending")],
)
def test_bands_that_cannot_be_are_refused(breaks: list[float], labels: list[str] | None, said: str) -> None:
    with pytest.raises(BadInputError, match=said):
        banded(Keys.of(FRAME, ["age"]), "age", breaks, labels)


def test_text_cannot_be_cut_into_bands() -> None:
    with pytest.raises(BadInputError, match="step 2: 'area' must hold numbers"):
        in_widths(Keys.of(FRAME, ["area"]), "area", 5, what="step 2")


def test_groups_that_cannot_be_are_refused() -> None:
    keys = Keys.of(FRAME, ["area"])
    for groups, rest, said in (
        ({"a": ["n1"], "b": ["n1"]}, Rest.KEEP, "name the same category twice"),
        ({"a": ["zz"]}, Rest.KEEP, "none of the categories"),
        ({"a": ["n1"]}, Rest.REFUSE, "3 categories of 'area' are in no group"),
    ):
        with pytest.raises(BadInputError, match=said):
            grouped(keys, "area", groups, rest)


@pytest.mark.parametrize("frame", [FRAME, pa.Table.from_pandas(FRAME)], ids=["pandas", "arrow"])
def test_ends_are_coded_in_frames_of_both_kinds(frame: Any) -> None:
    coded = top_bottom_coded(frame, "pay", top=50.0, bottom=2.0)
    made = coded.frame if isinstance(coded.frame, pd.DataFrame) else coded.frame.to_pandas()
    assert made["pay"].fillna(-1).tolist() == [2.0, 2.0, -1, 4.0, 50.0, 50.0]
    assert (coded.top, coded.bottom) == (2, 1)
    many = pd.concat([FRAME] * 5) if isinstance(frame, pd.DataFrame) else pa.concat_tables([frame] * 5)
    mean = top_bottom_coded(many, "pay", top=50.0, shown=Shown.MEAN).frame
    assert (mean if isinstance(mean, pd.DataFrame) else mean.to_pandas())["pay"].max() == 150.0
    whole = top_bottom_coded(frame, "age", top=64).frame
    ages = whole["age"].tolist() if isinstance(whole, pd.DataFrame) else whole.column("age").to_pylist()
    assert ages == [3, 17, 18, 64, 64, 64]
    assert all(isinstance(age, int) for age in ages)


def test_ends_that_cannot_be_coded_are_refused() -> None:
    with pytest.raises(BadInputError, match="fewer than 10 records are beyond a limit of 'age'"):
        top_bottom_coded(FRAME, "age", top=98, shown=Shown.MEDIAN)
    with pytest.raises(BadInputError, match="must hold numbers"):
        top_bottom_coded(FRAME, "area", top=1)
    with pytest.raises(BadInputError, match="bottom of 'age' must be below"):
        top_bottom_coded(FRAME, "age", top=1, bottom=2)
    with pytest.raises(BadInputError, match="give a top or a bottom"):
        top_bottom_coded(FRAME, "age")


def test_ladders_climb_to_one_category() -> None:
    keys = Keys.of(FRAME, ["area", "age"])
    tree = ladder_of_hierarchy(keys, "area", {**TREE, "all": ["north", "south"]})
    assert [len(labels) for labels in tree.labels] == [4, 2, 1]
    ages = ladder_of_widths(keys, "age", [10, 50])
    assert [len(labels) for labels in ages.labels] == [6, 4, 2, 1]
    assert column(ages.climbed(keys, 2), "age") == ["0-49", "0-49", "0-49", "50-99", "50-99", "50-99"]


def test_hierarchies_that_are_none_are_refused() -> None:
    keys = Keys.of(FRAME, ["area", "age"])
    for tree, said in (
        ({"a": ["n1"], "b": ["n1"]}, "two parents"),
        ({"a": ["b", "n1"], "b": ["a"]}, "its own ancestor"),
        ({"a": ["zz"]}, "no category of 'area' is in its hierarchy"),
    ):
        with pytest.raises(BadInputError, match=said):
            ladder_of_hierarchy(keys, "area", tree)
    with pytest.raises(BadInputError, match="multiple of the one before"):
        ladder_of_widths(keys, "age", [10, 25])


def random_keys(records: int, seed: int) -> tuple[Keys, list[Ladder]]:
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "age": random.integers(0, 60, records),
            "area": random.choice(["n1", "n2", "s1", "s2"], records),
            "sex": random.choice(["f", "m"], records),
        }
    )
    keys = Keys.of(frame, ["age", "area", "sex"])
    ladders = [
        ladder_of_widths(keys, "age", [5, 20]),
        ladder_of_hierarchy(keys, "area", TREE),
        plain_ladder(keys, "sex"),
    ]
    return keys, ladders


@pytest.mark.parametrize("allowed", [0, 10])
def test_the_search_finds_what_trying_everything_finds(allowed: int) -> None:
    keys, ladders = random_keys(300, 5)
    found = generalise(keys, 4, ladders, allowed)
    losses = []
    for rungs in product(*(range(ladder.top + 1) for ladder in ladders)):
        made = keys
        for ladder, rung in zip(ladders, rungs, strict=True):
            made = ladder.climbed(made, rung)
        sizes = pd.DataFrame(made.codes).groupby([0, 1, 2])[0].transform("size")
        if (sizes < 4).sum() <= allowed:
            losses.append(sum(entropy_lost(keys, made, name) for name in keys.names) / 3)
    assert found.loss == pytest.approx(min(losses))
    assert found.below <= allowed
    assert found.tried <= found.nodes == 24


def entropy_lost(before: Keys, after: Keys, name: str) -> float:
    def entropy(keys: Keys) -> float:
        shares = keys.column(name).value_counts(normalize=True).to_numpy()
        return float(-(shares * np.log(shares)).sum())

    return 1 - entropy(after) / entropy(before)


def test_a_lattice_too_large_is_refused() -> None:
    keys, ladders = random_keys(50, 1)
    many = Ladder("age", (ladders[0].rungs[0],) * 800_000, (ladders[0].labels[0],) * 800_000)
    with pytest.raises(BadInputError, match="can be searched"):
        generalise(keys, 2, [many, *ladders[1:]])


@pytest.mark.parametrize("k", [2, 5, 40])
def test_mondrian_boxes_have_k_records_and_hold_their_records(k: int) -> None:
    keys, _ = random_keys(500, 9)
    codes = keys.codes.copy()
    codes[::17, 1] = -1
    keys = keys.with_codes(codes)
    result = mondrian(keys, k)
    made = pd.DataFrame({name: result.keys.column(name).fillna("?") for name in keys.names})
    assert made.groupby(list(keys.names)).size().min() >= k
    assert result.boxes > 1
    for told, age in zip(made["age"], keys.column("age"), strict=True):
        low, _, high = str(told).partition("-")
        assert int(low) <= age <= int(high or low)


def test_mondrian_splits_where_it_matters() -> None:
    keys, _ = random_keys(500, 9)
    fine = mondrian(keys, 20, {"sex": 1000.0}).keys
    assert set(fine.column("sex")) == {"f", "m"}
