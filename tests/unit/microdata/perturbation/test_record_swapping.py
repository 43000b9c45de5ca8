"""Targeted record swapping: households move whole, those at risk move, margins stay, bad input is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from saferoom.disclosure.microdata.perturbation.household_tables import Wanted, swap_records
from saferoom.errors import BadInputError

WANTED = Wanted(("region", "district"), ("age", "job"), ((),), "home", k=3, rate=0.1)


def town(homes: int = 600, seed: int = 4) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    size = random.integers(1, 5, homes)
    district = random.integers(0, 12, homes)
    home = np.repeat(np.arange(homes), size)
    count = len(home)
    return pd.DataFrame(
        {
            "home": [f"h{number}" for number in home],
            "region": (district // 4)[home],
            "district": [f"d{number}" for number in district[home]],
            "tenure": random.integers(0, 2, homes)[home],
            "age": random.integers(0, 9, count),
            "job": np.minimum(random.geometric(0.4, count), 8),
            "income": random.normal(size=count),
        },
        index=random.permutation(count),
    ).sample(frac=1.0, random_state=1)


def swap(frame: pd.DataFrame, **given: Any) -> tuple[pd.DataFrame, Any]:
    from dataclasses import replace

    after, found = swap_records(frame, replace(WANTED, **given), np.random.default_rng(11), "swap")
    assert isinstance(after, pd.DataFrame)
    return after, found


def test_only_areas_change_and_households_stay_together() -> None:
    before = town()
    after, found = swap(before)
    rest = ["home", "tenure", "age", "job", "income"]
    pd.testing.assert_frame_equal(after[rest], before[rest])
    assert (after.groupby("home")[["region", "district"]].nunique() == 1).all(axis=None)
    assert (after["district"] != before["district"]).sum() > 0
    assert found.moved >= 0.1 * 600


def test_counts_of_households_by_area_and_size_stay() -> None:
    before = town()
    after, _ = swap(before, like=(("tenure",),))

    def margins(frame: pd.DataFrame) -> Any:
        homes = frame.groupby("home").agg(
            region=("region", "first"), district=("district", "first"), tenure=("tenure", "first"), size=("age", "size")
        )
        return homes.value_counts().sort_index()

    assert margins(after).equals(margins(before))


def test_everybody_at_risk_moves_or_is_counted() -> None:
    before = town()
    after, found = swap(before, rate=0.0)
    cells = before.groupby(["region", "district", "age", "job"])["home"].transform("size")
    risky = set(before.loc[cells < 3, "home"])
    moved = set(before.loc[after["district"] != before["district"], "home"])
    assert found.at_risk == len(risky)
    assert len(risky - moved) == found.stuck
    assert found.moved == len(moved)


def test_rate_zero_without_risk_moves_nobody() -> None:
    before = town()
    before["age"] = before["job"] = 1
    after, found = swap(before, rate=0.0)
    pd.testing.assert_frame_equal(after, before)
    assert (found.moved, found.at_risk, found.stuck) == (0, 0, 0)


def test_rate_is_reached_in_every_smallest_area() -> None:
    before = town()
    before["age"] = before["job"] = 1
    after, _ = swap(before, rate=0.2)
    homes = before.assign(moved=after["district"] != before["district"]).groupby("home").first()
    assert homes.groupby("district")["moved"].mean().min() >= 0.2


def test_partners_are_looked_for_inside_the_wider_area_first() -> None:
    before = town()
    before["age"] = before["job"] = 1
    after, _ = swap(before, rate=0.2)
    assert (after["region"] == before["region"]).all()


def test_households_without_any_partner_are_told() -> None:
    before = town(40).assign(tenure=lambda frame: frame.groupby("home").ngroup())
    after, found = swap(before, like=(("tenure",),))
    pd.testing.assert_frame_equal(after, before)
    assert found.stuck == found.at_risk > 0


def test_later_profile_finds_partners_that_the_first_does_not() -> None:
    before = town(200).assign(tenure=lambda frame: frame.groupby("home").ngroup())
    assert swap(before, like=(("tenure",), ()))[1].stuck < swap(before, like=(("tenure",),))[1].stuck


def test_same_generator_gives_the_same_swaps() -> None:
    pd.testing.assert_frame_equal(swap(town())[0], swap(town())[0])


def test_what_is_carried_goes_with_the_area() -> None:
    before = town().assign(code=lambda frame: "c" + frame["district"])
    after, _ = swap(before, carry=("code",))
    assert (after["code"] == "c" + after["district"]).all()


def test_records_without_households_swap_singly() -> None:
    before = town()
    after, found = swap(before, household=None)
    assert found.moved == int((after["district"] != before["district"]).sum())


@pytest.mark.parametrize(
    ("change", "given", "sentence"),
    [
        ({}, {"areas": ()}, "at least one area"),
        ({}, {"areas": ("nowhere",)}, "nowhere"),
        ({}, {"k": 1}, "k must be at least 2"),
        ({}, {"rate": 1.5}, "between 0 and 1"),
        ({}, {"like": (("income",),)}, "'income' differs inside of households"),
        ({}, {"carry": ("age",)}, "'age' cannot change hands"),
        ({"home": None}, {}, "'home'"),
    ],
)
def test_what_cannot_be_swapped_is_refused(change: dict[str, Any], given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(BadInputError, match=sentence):
        swap(town(30).assign(**change), **given)


def test_table_without_records_is_refused() -> None:
    with pytest.raises(BadInputError, match="no records"):
        swap(town(3).iloc[:0])
