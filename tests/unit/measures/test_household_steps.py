"""Households, equivalence scales, low income: the published values, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from tests.unit.measures.world import World

from saferoom.errors import BadInputError

DAY = date(2021, 3, 21)


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.connection.close()


def _born(age: int) -> date:
    return date(2021 - age, 1, 1)


def _composed(world: World, ages: list[int], parents: list[tuple[int, int]] | None = None) -> dict[str, object]:
    world.table("members", "person INT, household INT", [(i, 1) for i in range(len(ages))])
    world.table("people", "person INT, born DATE", [(i, _born(age)) for i, age in enumerate(ages)])
    world.table("parents", "child INT, parent INT", parents or [])
    tables = {name: name for name in ("members", "people", "parents")}
    return world.run("household-composition", tables, {"day": DAY})[0]


def test_household_is_the_address_of_the_latest_stay_on_the_day(world: World) -> None:
    stays = [
        (1, "a", date(2010, 1, 1), date(2020, 1, 1)),
        (1, "b", date(2020, 1, 2), None),
        (2, "b", date(2015, 1, 1), None),
        (2, "c", date(2014, 1, 1), None),
        (3, "a", date(2022, 1, 1), None),
    ]
    world.table("stays", "person INT, address VARCHAR, begins DATE, ends DATE", stays)
    found = world.run("household-from-address", {"stays": "stays"}, {"day": DAY})
    assert [(row["person"], row["household"], row["residents"], row["addresses"]) for row in found] == [
        (1, "b", 2, 1),
        (2, "b", 2, 2),
    ]
    crowded = world.run("household-from-address", {"stays": "stays"}, {"day": DAY, "largest": 1})
    assert [(row["household"], row["communal"]) for row in crowded] == [(None, True)] * 2


@pytest.mark.parametrize(
    ("ages", "bhc", "ahc"),
    [
        ([40], 0.67, 0.58),
        ([40, 38], 1.0, 1.0),
        ([40, 38, 5, 3], 1.40, 1.40),
        ([40, 38, 15, 3], 1.53, 1.62),
        ([40, 5], 0.87, 0.78),
    ],
    ids=["single", "couple", "couple 5 3", "couple 15 3", "lone parent 5"],
)
def test_equivalence_scale_of_households_is_the_published_one(
    world: World, ages: list[int], bhc: float, ahc: float
) -> None:
    _composed(world, ages)
    world.table(
        "incomes", "person INT, source VARCHAR, amount DOUBLE", [(0, "employment", 20000), (0, "benefits", 400)]
    )
    world.table("costs", "household INT, costs DOUBLE", [(1, 5000)])
    tables = {"households": "made1", "members": "members", "incomes": "incomes", "costs": "costs"}
    (row,) = world.run("equivalised-income", tables)
    assert (row["scale_bhc"], row["scale_ahc"]) == (bhc, ahc)
    assert row["equivalised_bhc"] == pytest.approx(20400 / bhc)
    assert row["equivalised_ahc"] == pytest.approx(15400 / ahc)


def test_losses_count_as_zero_before_housing_costs_and_unknown_is_not_zero(world: World) -> None:
    world.table(
        "households", "household INT, adults INT, aged_14_and_over INT, under_14 INT", [(1, 1, 1, 0), (2, 1, 1, 0)]
    )
    world.table("members", "person INT, household INT", [(1, 1), (2, 2)])
    world.table("incomes", "person INT, source VARCHAR, amount DOUBLE", [(1, "self-employment", -900)])
    world.table("costs", "household INT, costs DOUBLE", [(1, 580), (2, 580)])
    tables = {name: name for name in ("households", "members", "incomes", "costs")}
    one, two = world.run("equivalised-income", tables)
    assert (one["equivalised_bhc"], one["equivalised_ahc"]) == (0, pytest.approx(-1000))
    assert (two["persons_with_income"], two["equivalised_bhc"], two["equivalised_ahc"]) == (0, None, None)
    world.table("incomes", "person INT, source VARCHAR, amount DOUBLE", [(1, "benefits", -900)])
    with pytest.raises(BadInputError, match="not from self-employment"):
        world.run("equivalised-income", tables)


def test_composition_counts_ages_and_generations(world: World) -> None:
    row = _composed(world, [70, 40, 8], [(2, 1), (1, 0)])
    assert (row["kind"], row["generations"], row["children_with_parent"]) == ("two adults, one child", 3, 1)


@pytest.mark.parametrize(
    ("ages", "parents", "sentence"),
    [
        ([40, 38], [(0, 1)], "less than ten years"),
        ([40], [(0, 0)], "circle"),
        ([80, 40, 5], [(0, 2), (2, 1), (1, 0)], "circle"),
        ([5, 40, 41, 42], [(0, 1), (0, 2), (0, 3)], "more than two parents"),
        ([-1], [], "born after the day"),
        ([200], [], "before 1850"),
    ],
)
def test_impossible_households_are_refused_and_nothing_is_made(
    world: World, ages: list[int], parents: list[tuple[int, int]], sentence: str
) -> None:
    with pytest.raises(BadInputError, match=sentence):
        _composed(world, ages, parents)
    assert not world.connection.execute("SELECT 1 FROM information_schema.tables WHERE table_name = 'made1'").fetchall()


def test_low_income_is_under_60_percent_of_the_median_of_people(world: World) -> None:
    # Households of 1, 1 and 3 people: the median of people is the large household's, that of households is not.
    world.table("members", "person INT, household INT", [(1, 1), (2, 2), (3, 3), (4, 3), (5, 3)])
    incomes = [(1, 60.0, 59.0), (2, 61.0, 500.0), (3, 100.0, 100.0)]
    world.table("incomes", "household INT, equivalised_bhc DOUBLE, equivalised_ahc DOUBLE", incomes)
    found = world.run("low-income", {"members": "members", "incomes": "incomes"})
    assert [row["low_income_bhc"] for row in found] == [False] * 5
    assert [row["low_income_ahc"] for row in found] == [True, False, False, False, False]
    assert {row["threshold_bhc"] for row in found} == {60.0}


def test_median_between_two_incomes_is_their_middle_and_follows_weights(world: World) -> None:
    world.table("members", "person INT, household INT, weight DOUBLE", [(1, 1, 1.0), (2, 2, 1.0), (3, 3, 0.0)])
    world.table(
        "incomes", "household INT, equivalised_bhc DOUBLE, equivalised_ahc DOUBLE", [(1, 10, 1), (2, 30, 3), (3, 99, 9)]
    )
    found = world.run("low-income", {"members": "members", "incomes": "incomes"}, {"fraction": 1.0})
    assert found[0]["threshold_bhc"] == 20
    world.connection.execute("UPDATE members SET weight = 3 WHERE person = 3")
    assert (
        world.run("low-income", {"members": "members", "incomes": "incomes"}, {"fraction": 1.0})[0]["threshold_bhc"]
        == 99
    )


def test_stay_that_ends_before_it_begins_is_refused(world: World) -> None:
    world.table(
        "stays", "person INT, address INT, begins DATE, ends DATE", [(1, 1, date(2020, 1, 2), date(2020, 1, 1))]
    )
    with pytest.raises(BadInputError, match="ends before it begins"):
        world.run("household-from-address", {"stays": "stays"}, {"day": DAY})
