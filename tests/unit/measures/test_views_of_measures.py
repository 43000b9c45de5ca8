"""Measures as views: the same numbers as the steps', in the language that the declared lane checks and counts in."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.support.statistics_lab import Lab, rules
from tests.unit.measures.world import World

from saferoom.disclosure.verdict import Verdict
from saferoom.errors import BadInputError
from saferoom.projects.measures.recipe import written
from saferoom.projects.measures.steps import STEPS, step
from saferoom.projects.measures.views import IN_ROOMS, view

DAY = date(2021, 3, 21)
PEOPLE = 240
Rows = dict[Any, dict[str, Any]]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """Return people in households of one to four, their incomes over years, meals, parents and schooling."""
    made, rng = World(), random.Random(5)
    run = made.connection.execute
    born = [date(1940, 1, 1) + timedelta(days=rng.randrange(80 * 365)) for _ in range(PEOPLE)]
    born[:3] = [date(2004, 2, 29), date(2005, 3, 21), date(2007, 3, 22)]
    home = [n // (1 + n % 4) for n in range(PEOPLE)]
    made.table(
        "members",
        "person INT, household INT, born DATE",
        [(n, home[n], born[n] if n % 17 else None) for n in range(PEOPLE)],
    )
    run("CREATE VIEW people AS SELECT person, born FROM members")
    made.table("kin", "child INT, parent INT", [])
    paid = [(n, "employment", rng.randint(0, 40) * 1000.5) for n in range(PEOPLE) if n % 5]
    paid += [(n, "self-employment", -2000.0) for n in range(0, PEOPLE, 7)]
    made.table("paid", "person INT, source VARCHAR, amount DOUBLE", paid)
    made.table("costs", "household INT, costs DOUBLE", [(h, 100.0 * h) for h in set(home) if h % 9])
    made.table(
        "yearly",
        "person INT, cohort INT, income DOUBLE",
        [(n, n % 3, float(rng.randint(1, 20)) if n % 6 else None) for n in range(PEOPLE)],
    )
    meals = [(n, year, rng.random() < 0.6) for n in range(PEOPLE) for year in range(2014, 2023) if (n + year) % 4]
    made.table("meals", "person INT, year INT, eligible BOOLEAN", meals)
    generations = [(n, date(1990 if n >= PEOPLE // 2 else 1960, 1, 1 + n % 28)) for n in range(PEOPLE)]
    made.table("families", "person INT, born DATE", generations)
    links = [(n, parent) for n in range(PEOPLE // 2, PEOPLE) for parent in {n - PEOPLE // 2, (n * 7) % (PEOPLE // 2)}]
    made.table("parents", "child INT, parent INT", links)
    incomes = [
        (n, year, float(rng.randint(5, 60)))
        for n in range(PEOPLE)
        for year in (*range(2004, 2009), *range(2018, 2023))
        if rng.random() < 0.8
    ]
    made.table("incomes", "person INT, year INT, income DOUBLE", incomes)
    adults = [(n, rng.choice([None, *range(9)]), rng.choice([None, *range(1, 9)])) for n in range(PEOPLE) if n % 11]
    made.table("adults", "person INT, education INT, ns_sec INT", adults)
    yield made
    made.connection.close()


def _named(found: Any, key: str) -> Rows:
    names = [column[0] for column in found.description]
    rows = (dict(zip(names, row, strict=True)) for row in found.fetchall())
    return {row[key]: row for row in rows}


def _by_view(world: World, name: str, inputs: Mapping[str, str], settings: Mapping[str, Any], key: str) -> Rows:
    """Return a view's rows, as the checked language writes it."""
    text = view(step(name), inputs, settings)
    return _named(world.connection.execute(written(text, "the view")), key)


def _by_step(world: World, name: str, tables: Mapping[str, str], settings: Mapping[str, Any], key: str) -> Rows:
    return {row[key]: row for row in world.run(name, tables, settings)}


def _same(name: str, viewed: Rows, stepped: Rows) -> None:
    columns = [one.name for one in step(name).output if one.name not in IN_ROOMS[name].leaves_out]
    assert len(viewed) == len(stepped) > 30
    for key, row in stepped.items():
        for column in columns:
            wanted = row[column]
            assert viewed[key][column] == (pytest.approx(wanted) if isinstance(wanted, float) else wanted), column


def test_household_measures_are_the_steps_for_every_member(world: World) -> None:
    composed = _by_step(
        world,
        "household-composition",
        {"members": "members", "people": "people", "parents": "kin"},
        {"day": DAY},
        "household",
    )
    made = world.made
    assert made is not None
    viewed = _by_view(world, "household-composition", {"members": "members"}, {"day": DAY}, "household")
    _same("household-composition", viewed, composed)
    composition = view(step("household-composition"), {"members": "members"}, {"day": DAY})
    tables = {"households": made.table, "members": "members", "incomes": "paid", "costs": "costs"}
    richest = _by_step(world, "equivalised-income", tables, {}, "household")
    equivalised = world.made
    assert equivalised is not None
    inputs = {"households": composition, "incomes": "paid", "costs": "costs"}
    _same("equivalised-income", _by_view(world, "equivalised-income", inputs, {}, "household"), richest)
    poor = _by_step(world, "low-income", {"members": "members", "incomes": equivalised.table}, {}, "person")
    inputs = {"incomes": view(step("equivalised-income"), inputs, {})}
    _same("low-income", _by_view(world, "low-income", inputs, {}, "person"), poor)
    assert 10 < sum(row["low_income_bhc"] is True for row in poor.values()) < PEOPLE / 2


@pytest.mark.parametrize(
    ("name", "inputs", "settings", "key"),
    [
        ("free-school-meals", {"meals": "meals"}, {"year": 2021}, "person"),
        ("parental-background", {"parents": "parents", "adults": "adults"}, {}, "child"),
        ("parent-child-income", {"parents": "parents", "people": "families", "incomes": "incomes"}, {}, "child"),
        (
            "parent-child-income",
            {"parents": "parents", "people": "families", "incomes": "incomes"},
            {"years": 1, "parent_from": 15, "child_to": 31},
            "child",
        ),
        ("parent-child-education", {"parents": "parents", "people": "families", "adults": "adults"}, {}, "child"),
    ],
)
def test_view_has_the_numbers_of_its_step(
    world: World, name: str, inputs: Mapping[str, str], settings: Mapping[str, Any], key: str
) -> None:
    _same(name, _by_view(world, name, inputs, settings, key), _by_step(world, name, inputs, settings, key))


def test_ranks_are_the_steps_where_incomes_are_known(world: World) -> None:
    stepped = _by_step(world, "income-ranks", {"incomes": "yearly"}, {}, "person")
    known = {person: row for person, row in stepped.items() if row["rank"] is not None}
    _same("income-ranks", _by_view(world, "income-ranks", {"incomes": "yearly"}, {}, "person"), known)


def test_lost_children_are_the_steps(world: World) -> None:
    world.connection.execute(
        "CREATE TABLE poor AS SELECT person, CASE WHEN person % 5 > 0 THEN person % 2 = 0 END AS low_income FROM people"
    )
    run = {"day": DAY, "year": 2021, "oldest": 25}
    world.connection.execute(
        "CREATE TABLE schooled AS SELECT m.* FROM meals m JOIN people p ON p.person = m.person AND p.born <= $day",
        {"day": DAY},
    )
    stepped = _by_step(
        world,
        "low-income-without-free-meals",
        {"people": "people", "incomes": "poor", "meals": "schooled"},
        run,
        "person",
    )
    everybody = "SELECT p.person, p.born, i.low_income FROM people p LEFT JOIN poor i ON i.person = p.person"
    viewed = _by_view(world, "low-income-without-free-meals", {"people": everybody, "meals": "schooled"}, run, "person")
    _same("low-income-without-free-meals", viewed, stepped)
    assert {row["lost"] for row in stepped.values()} == {True, False, None}


def test_every_step_says_how_a_room_has_it() -> None:
    assert list(IN_ROOMS) == [one.name for one in STEPS]
    for one in STEPS:
        assert set(IN_ROOMS[one.name].reads) <= {given.name for given in one.inputs}
        assert set(IN_ROOMS[one.name].leaves_out) <= {column.name for column in one.output}


@pytest.mark.parametrize(
    ("name", "inputs", "settings", "said"),
    [
        (
            "socio-economic-index",
            {},
            {},
            "socio-economic-index cannot be had as a view: It is made in the provisioner's",
        ),
        ("rank-rank-slope", {}, {}, "A declared statistic: `saferoom.mobility"),
        ("income-ranks", {}, {}, "income-ranks: 'incomes' is missing; the view reads incomes"),
        ("income-ranks", {"incomes": "a", "pay": "b"}, {}, "income-ranks: the view reads no 'pay'; it reads incomes"),
        ("free-school-meals", {"meals": "meals"}, {}, "free-school-meals: the setting 'year' is missing"),
        ("free-school-meals", {"meals": "meals"}, {"year": "2021"}, "the setting 'year' must be a whole number"),
    ],
)
def test_view_that_cannot_be_is_refused_with_a_sentence(
    name: str, inputs: Mapping[str, str], settings: Mapping[str, Any], said: str
) -> None:
    with pytest.raises(BadInputError) as refused:
        view(step(name), inputs, settings)
    assert said in refused.value.message


def _extracts(lab: Lab) -> Sequence[Any]:
    rng = random.Random(3)
    people: list[dict[str, Any]] = [
        {"person_id": 10_000 + n, "household_id": 70_000 + n // 3, "region": "NSEW"[rng.randrange(4)],
         "born": date(1950, 1, 1) + timedelta(days=rng.randrange(25_000)), "pay": float(rng.randint(5_000, 60_000))}
        for n in range(1_500)
    ]  # fmt: skip
    pay = [{"person_id": one["person_id"], "amount": one["pay"]} for one in people if one["person_id"] % 5 > 1]
    costs = [{"household_id": 70_000 + n, "costs": float(rng.randint(2_000, 9_000))} for n in range(500)]
    return [
        lab.source(people, ("person_id", "household_id"), "people"),
        lab.source(pay, name="pay"),
        lab.source(costs, ("household_id",), "costs"),
    ]


def test_declared_lane_takes_views_of_measures_and_counts_people_and_households(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    extracts = _extracts(lab)
    everybody = "SELECT *, person_id AS person, household_id AS household FROM people"
    homes = view(step("household-composition"), {"members": everybody}, {"day": DAY})
    inputs = {
        "households": "homes",
        "incomes": "SELECT person_id AS person, amount FROM pay",
        "costs": "SELECT household_id AS household, costs FROM costs",
    }
    views = {"homes": homes, "rich": view(step("equivalised-income"), inputs, {})}
    where = {"statistic": "frequency", "by": ["region"], "from": "rich", "where": "equivalised_bhc < 15000"}
    assert lab.check({**where, "views": views}, extracts).verdict is Verdict.PASS
    few = lab.check({**where, "where": "equivalised_bhc < 1500", "views": views}, extracts)
    assert few.verdict is Verdict.FAIL
    assert "threshold" in rules(few)
    views["poor"] = view(step("low-income"), {"incomes": "rich"}, {})
    poor = lab.check({**where, "from": "poor", "where": "low_income_bhc", "views": views}, extracts)
    assert (poor.verdict, rules(poor)) == (Verdict.REVIEW, {"units-unknown"})
    ranked = view(
        step("income-ranks"), {"incomes": everybody.replace("FROM", ", year(born) AS cohort, pay AS income FROM")}, {}
    )
    upper = {
        "statistic": "frequency",
        "by": ["region"],
        "from": "ranked",
        "where": "rank > 0.5",
        "views": {"ranked": ranked},
    }
    assert lab.check(upper, extracts).verdict is Verdict.PASS
    mean = {"statistic": "mean", "measure": "rank", "from": "ranked", "views": {"ranked": ranked}}
    assert lab.check(mean, extracts).verdict is Verdict.REVIEW
