"""Of any small table: the exact choice is the cheapest that protects, and no choice gives a primary cell away."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.additive_tables import cube, least_cost, needs, protects

from saferoom.disclosure.tables.additive import Insider, Mode
from saferoom.disclosure.tables.secondary import Unprotectable, suppress

SLOW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def tables(draw: st.DrawFn, shapes: list[Any], values: int = 30) -> tuple[Any, Any]:
    """Return a table with needs: some primary cells, perhaps structural zeros, prices of their own, and an insider."""
    shape = draw(st.sampled_from(shapes))
    inner_shape = [size if isinstance(size, int) else sum(size) for size in shape]
    count = int(np.prod(inner_shape))
    numbers = draw(st.lists(st.integers(0, values), min_size=count, max_size=count))
    whole = draw(st.booleans())
    table = cube(shape, np.array(numbers, dtype=float).reshape(inner_shape), whole=whole)
    there = np.flatnonzero(table.values > 0)
    zeros = np.flatnonzero(table.values == 0).tolist() if draw(st.booleans()) else []
    if not len(there):
        return table, needs(table, [])
    primary = draw(st.lists(st.sampled_from(there.tolist()), min_size=1, max_size=3, unique=True))
    insiders = []
    if draw(st.booleans()):
        cell = draw(st.sampled_from(there.tolist()))
        insiders.append(Insider(np.array([cell]), table.values[[cell]], table.values[[cell]]))
    cost = draw(st.sampled_from([None, 1.0]))
    if draw(st.booleans()):
        return table, needs(table, primary, share=0.3, fixed=zeros, cost=cost, insiders=insiders)
    return table, needs(table, primary, width=3.0, fixed=zeros, cost=cost, insiders=insiders)


@settings(SLOW, max_examples=12)
@given(tables([[2, 2], [2, 3]]))
def test_exact_choice_of_a_small_table_is_the_cheapest_of_all(made: tuple[Any, Any]) -> None:
    table, asked = made
    least = least_cost(table, asked)
    if least is None:
        with pytest.raises(Unprotectable):
            suppress(table, asked, Mode.EXACT)
        return
    done = suppress(table, asked, Mode.EXACT)
    assert done.audit.holds
    assert protects(table, asked, done.hidden)
    assert done.cost >= least - 1e-6
    assert done.gap is not None
    assert done.cost * (1 - done.gap) <= least + 1e-6
    if not table.whole:
        assert done.cost == pytest.approx(least)
        assert done.gap == 0


@SLOW
@given(tables([[4, 4], [[2, 2], 3], [2, 2, 3], [3, [1, 2], 2], [2, 2, 2, 2]], values=400))
def test_no_primary_cell_of_a_protected_table_can_be_worked_out(made: tuple[Any, Any]) -> None:
    table, asked = made
    try:
        done = suppress(table, asked, Mode.HEURISTIC)
    except Unprotectable:
        everything = ~asked.fixed
        assert table.whole or not protects(table, asked, everything)
        return
    assert done.audit.holds
    assert not (done.hidden & asked.fixed).any()
    assert protects(table, asked, done.hidden)
