"""Pairs, ranks, transition matrices and lines, on the copula whose values are known; school, background, indexes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np
import pytest
from tests.unit.measures.world import World

from saferoom.errors import BadInputError
from saferoom.projects.measures.model import Table


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.connection.close()


def _copula(world: World, side: int = 200) -> None:
    """Pairs of a normal copula with rho 0.3552, on a grid instead of drawn."""
    import pandas as pd
    from scipy.special import ndtr, ndtri

    at = ndtri((np.arange(side) + 0.5) / side)
    parent, noise = (grid.ravel() for grid in np.meshgrid(at, at))
    rho = 2 * np.sin(np.pi * 0.341 / 6)
    assert rho == pytest.approx(0.3552, abs=5e-5)
    child = rho * parent + np.sqrt(1 - rho**2) * noise
    frame = pd.DataFrame({"child": np.arange(side**2), "parent_rank": ndtr(parent), "child_rank": ndtr(child)})
    world.connection.register("frame", frame)
    world.connection.execute("CREATE TABLE pairs AS SELECT * FROM frame")


def test_copula_has_the_known_bottom_row_slope_and_expected_rank(world: World) -> None:
    _copula(world)
    cells = world.run("transition-matrix", {"pairs": "pairs"})
    bottom = [row["share"] for row in cells if row["parent_band"] == 1]
    assert bottom == pytest.approx([0.358, 0.243, 0.184, 0.136, 0.079], abs=0.003)
    (line,) = world.run("rank-rank-slope", {"pairs": "pairs"})
    assert line["slope"] == pytest.approx(0.341, abs=0.002)
    assert line["expected_at_p25"] == pytest.approx(0.5 - 0.25 * 0.341, abs=0.001)
    assert line["expected_at_p25"] == pytest.approx(line["intercept"] + 0.25 * line["slope"])


def test_line_without_spread_has_no_slope_and_empty_band_no_share(world: World) -> None:
    world.table("pairs", "child INT, parent_rank DOUBLE, child_rank DOUBLE", [(1, 0.1, 0.2), (2, 0.1, 0.9)])
    assert world.run("rank-rank-slope", {"pairs": "pairs"})[0]["slope"] is None
    cells = world.run("transition-matrix", {"pairs": "pairs"}, {"bins": 2})
    assert [(row["pairs"], row["share"]) for row in cells] == [(1, 0.5), (1, 0.5), (0, None), (0, None)]


def test_weights_count_in_line_and_matrix(world: World) -> None:
    rows = [(1, 0.0, 0.0, 3.0), (2, 0.0, 1.0, 1.0), (3, 1.0, 1.0, 1.0)]
    world.table("pairs", "child INT, parent_rank DOUBLE, child_rank DOUBLE, weight DOUBLE", rows)
    line = world.run("rank-rank-slope", {"pairs": "pairs"})[0]
    assert (line["intercept"], line["slope"]) == (pytest.approx(0.25), pytest.approx(0.75))
    cells = world.run("transition-matrix", {"pairs": "pairs"}, {"bins": 2})
    assert [row["share"] for row in cells] == [0.75, 0.25, 0, 1]


def test_income_pairs_take_means_over_the_ages_asked_for(world: World) -> None:
    world.table("parents", "child INT, parent INT", [(1, 10), (1, 11), (2, 12)])
    people = [(1, date(1980, 5, 1)), (2, date(1980, 1, 1)), (10, date(1950, 1, 1)), (11, None), (12, None)]
    world.table("people", "person INT, born DATE", people)
    incomes = [(10, 1994 + i, 100.0) for i in range(5)] + [(11, 1994, 50.0), (10, 1999, 9e9), (12, 1995, 7.0)]
    incomes += [(1, 2008 + i, 10.0 * i) for i in range(5)] + [(2, 2008 + i, 1.0) for i in range(5)]
    world.table("incomes", "person INT, year INT, income DOUBLE", incomes)
    tables = {name: name for name in ("parents", "people", "incomes")}
    one, two = world.run("parent-child-income", tables)
    assert (one["parents"], one["parent_income"], one["child_income"]) == (2, 110, 20)
    assert (one["parent_rank"], one["child_rank"]) == (0.5, 0.5)
    assert (two["parent_years"], two["parent_income"], two["child_income"], two["child_rank"]) == (1, None, 1, None)
    with pytest.raises(BadInputError, match="fewer ages"):
        world.run("parent-child-income", tables, {"years": 6})


def test_highest_parental_education_and_class(world: World) -> None:
    world.table("parents", "child INT, parent INT", [(1, 10), (1, 11), (2, 12)])
    world.table("adults", "person INT, education INT, ns_sec INT", [(10, 3, 6), (11, 6, 4), (12, None, 8)])
    world.table("people", "person INT, born DATE", [(1, date(1990, 1, 1))])
    one, two = world.run("parental-background", {"parents": "parents", "adults": "adults"})
    assert (one["highest_education"], one["highest_ns_sec"], one["ns_sec_3"]) == (6, 4, "intermediate")
    assert (two["highest_education"], two["ns_sec_3"]) == (None, "never worked")
    (pair,) = world.run("parent-child-education", {"parents": "parents", "adults": "adults", "people": "people"})
    assert (pair["parent_education"], pair["child_education"]) == (6, None)


def test_four_of_five_years_on_free_meals_are_persistent(world: World) -> None:
    rows = [(p, 2016 + i, i < years) for p, years in ((1, 4), (2, 3), (3, 0)) for i in range(5)]
    world.table("meals", "person INT, year INT, eligible BOOLEAN", rows)
    found = world.run("free-school-meals", {"meals": "meals"}, {"year": 2020})
    assert [(row["years_eligible"], row["persistent"], row["ever_six"]) for row in found] == [
        (4, True, True),
        (3, False, True),
        (0, False, False),
    ]


def test_lost_child_is_in_low_income_without_free_meals_and_unknown_stays_unknown(world: World) -> None:
    people = [(i, date(2010, 1, 1)) for i in range(1, 6)] + [(9, date(1980, 1, 1))]
    world.table("people", "person INT, born DATE", people)
    world.table("low", "person INT, low_income_bhc BOOLEAN", [(1, True), (2, True), (3, False), (4, True)])
    meals = [(1, 2021, False), (2, 2021, True), (3, 2021, False), (4, 2020, False), (5, 2021, False)]
    world.table("meals", "person INT, year INT, eligible BOOLEAN", meals)
    incomes = Table("low", {"low_income": "low_income_bhc"})
    tables: dict[str, str | Table] = {"people": "people", "incomes": incomes, "meals": "meals"}
    found = world.run("low-income-without-free-meals", tables, {"day": date(2021, 3, 21), "year": 2021})
    assert [row["lost"] for row in found] == [True, False, False, None, None]


def _proxies(world: World, flip: float = 1.0) -> None:
    rng = np.random.default_rng(7)
    common = rng.normal(size=200)
    rows = [
        (i, i % 20, c + n, flip * c + m)
        for i, (c, n, m) in enumerate(zip(common, *rng.normal(size=(2, 200)) * 0.5, strict=True))
    ]
    world.table("people", "person INT, area INT, education DOUBLE, income DOUBLE", [tuple(map(float, r)) for r in rows])
    world.table("areas", "area INT, score DOUBLE", [(i, float(i)) for i in range(20)])


@pytest.mark.parametrize("flip", [1.0, -1.0])
def test_index_is_the_first_component_with_the_first_proxy_upwards(world: World, flip: float) -> None:
    _proxies(world, flip)
    settings = {"proxies": ("education", "income"), "area_proxies": ("score",)}
    found = np.array(
        [row["index"] for row in world.run("socio-economic-index", {"people": "people", "areas": "areas"}, settings)]
    )
    columns = world.connection.execute(
        "SELECT education, income, score FROM people JOIN areas USING (area) ORDER BY person"
    )
    values = np.array(columns.fetchall())
    z = (values - values.mean(0)) / values.std(0)
    first = np.linalg.svd(z, full_matrices=False)[2][0]
    expected = z @ (first * np.sign(first[0]))
    assert found == pytest.approx(expected / expected.std(), abs=1e-8)
    assert (found.mean(), found.std()) == (pytest.approx(0, abs=1e-9), pytest.approx(1))
    world.connection.execute("UPDATE people SET income = 3")
    with pytest.raises(BadInputError, match="'income' is the same for everybody"):
        world.run("socio-economic-index", {"people": "people", "areas": "areas"}, settings)


def test_composite_flags_the_area_that_stands_out_and_turns_indicators_round(world: World) -> None:
    rows = [(f"a{i}", float(i), float(-i)) for i in range(9)] + [("far", 60.0, -60.0)]
    world.table("areas", "area VARCHAR, jobs DOUBLE, crime DOUBLE", rows)
    settings = {"indicators": ("jobs", "crime"), "less_is_better": ("crime",)}
    found = world.run("area-composite-index", {"areas": "areas"}, settings)
    assert [row["area"] for row in found if row["outlier"]] == ["far"]
    assert found[-1]["outlying_indicators"] == 2
    # Median 4.5, MAD 2.5.
    assert found[-1]["composite"] == pytest.approx(0.6745 * 55.5 / 2.5)
    world.connection.execute("UPDATE areas SET crime = 1")
    with pytest.raises(BadInputError, match="'crime' is the same in every area"):
        world.run("area-composite-index", {"areas": "areas"}, settings)
