"""Whatever the data: the order of rows changes no digit, ranks are uniform, scales and shares behave."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.measures.world import World

_AMOUNTS = st.lists(st.integers(-(10**6), 10**6).map(lambda pence: pence / 100), min_size=1, max_size=25)
_QUICK = settings(max_examples=15, deadline=None)


def _ranks(amounts: list[float], order: list[int]) -> list[float]:
    world = World()
    world.table("incomes", "person INT, cohort INT, income DOUBLE", [(i, 1, amounts[i]) for i in order])
    found = [row["rank"] for row in world.run("income-ranks", {"incomes": "incomes"})]
    world.connection.close()
    return found


@_QUICK
@given(amounts=_AMOUNTS, seed=st.integers(0, 99))
def test_ranks_are_centred_and_neither_order_nor_scale_changes_them(amounts: list[float], seed: int) -> None:
    order = list(range(len(amounts)))
    ranks = _ranks(amounts, order)
    random.Random(seed).shuffle(order)
    assert _ranks([4 * amount for amount in amounts], order) == ranks
    assert sum(ranks) / len(ranks) == pytest.approx(0.5)
    assert all(0 < rank < 1 for rank in ranks)
    if len(set(amounts)) == len(amounts):
        assert sorted(ranks) == pytest.approx([(i + 0.5) / len(ranks) for i in range(len(ranks))])


def _low(amounts: list[float], order: list[int], factor: float) -> list[tuple[object, object]]:
    world = World()
    world.table("members", "person INT, household INT", [(i, i) for i in order])
    incomes = [(i, factor * amounts[i], None) for i in order]
    world.table("incomes", "household INT, equivalised_bhc DOUBLE, equivalised_ahc DOUBLE", incomes)
    found = world.run("low-income", {"members": "members", "incomes": "incomes"})
    world.connection.close()
    return [(row["low_income_bhc"], row["threshold_bhc"] / factor) for row in found]


@_QUICK
@given(amounts=_AMOUNTS, seed=st.integers(0, 99))
def test_low_income_is_the_same_in_any_order_and_currency(amounts: list[float], seed: int) -> None:
    order = list(range(len(amounts)))
    low = _low(amounts, order, 1.0)
    random.Random(seed).shuffle(order)
    assert _low(amounts, order, 4.0) == low


def _line(pairs: list[tuple[float, float]], order: list[int]) -> list[dict[str, object]]:
    world = World()
    world.table("pairs", "child INT, parent_rank DOUBLE, child_rank DOUBLE", [(i, *pairs[i]) for i in order])
    found = world.run("rank-rank-slope", {"pairs": "pairs"}) + world.run("transition-matrix", {"pairs": "pairs"})
    world.connection.close()
    return found


@_QUICK
@given(pairs=st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=25), seed=st.integers(0, 99))
def test_line_and_matrix_do_not_depend_on_the_order_and_shares_add_up(
    pairs: list[tuple[float, float]], seed: int
) -> None:
    order = list(range(len(pairs)))
    found = _line(pairs, order)
    random.Random(seed).shuffle(order)
    assert _line(pairs, order) == found
    for band in range(1, 6):
        shares = [row["share"] for row in found[1:] if row["parent_band"] == band]
        assert shares == [None] * 5 or sum(shares) == pytest.approx(1)  # type: ignore[arg-type]


def _index(rows: list[tuple[float, float]], order: list[int]) -> list[object]:
    world = World()
    world.table("people", "person INT, area INT, a DOUBLE, b DOUBLE", [(i, i % 3, *rows[i]) for i in order])
    world.table("areas", "area INT, c DOUBLE", [(0, 1.0), (1, 5.0), (2, 2.5)])
    chosen: dict[str, tuple[str, ...]] = {"proxies": ("a", "b"), "area_proxies": ("c",)}
    found = [row["index"] for row in world.run("socio-economic-index", {"people": "people", "areas": "areas"}, chosen)]
    world.connection.close()
    return found


@_QUICK
@given(seed=st.integers(0, 10**6))
def test_index_is_the_same_to_the_last_digit_in_any_order(seed: int) -> None:
    rng = random.Random(seed)
    rows = [(value := rng.gauss(0, 1), value + rng.gauss(0, 0.3)) for _ in range(30)]
    order = list(range(30))
    found = _index(rows, order)
    rng.shuffle(order)
    assert _index(rows, order) == found
