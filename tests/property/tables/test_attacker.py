"""The attacker's intervals are those found by trying every table."""

from __future__ import annotations

from functools import cache

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.attacked import MOST, every_table, small_cube

from saferoom.disclosure.queries.evidence import Numbers
from saferoom.disclosure.tables.additive import AdditiveTable, Insider, Needs
from saferoom.disclosure.tables.attacker import audit, intervals
from saferoom.disclosure.tables.cube import Cube


@cache
def _all(kind: int) -> tuple[Cube, Numbers]:
    cube = small_cube(kind)
    return cube, every_table(cube)


@st.composite
def _cases(draw: st.DrawFn) -> tuple[AdditiveTable, Numbers, np.random.Generator]:
    cube, tables = _all(draw(st.integers(0, 4)))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    values = tables[random.integers(len(tables))]
    highest = cube.added_up(np.full(len(cube), float(MOST)))
    return cube.table(values, highest=highest, whole=True), tables, random


@given(_cases())
@settings(max_examples=60, deadline=None)
def test_intervals_of_whole_tables_are_those_of_all_tables_that_fit(
    case: tuple[AdditiveTable, Numbers, np.random.Generator],
) -> None:
    table, tables, random = case
    hidden = random.random(len(table)) < random.choice([0.3, 0.6, 0.9])
    fitting = tables[(tables[:, ~hidden] == table.values[~hidden]).all(axis=1)]
    low, high = intervals(table, hidden)
    np.testing.assert_allclose(low, fitting.min(axis=0), atol=1e-6)
    np.testing.assert_allclose(high, fitting.max(axis=0), atol=1e-6)


@given(_cases())
@settings(max_examples=60, deadline=None)
def test_audit_names_the_cells_that_everybody_or_an_insider_knows_too_well(
    case: tuple[AdditiveTable, Numbers, np.random.Generator],
) -> None:
    table, tables, random = case
    size = len(table)
    primary = (table.values <= 2) & (random.random(size) < 0.6)
    hidden = primary | (random.random(size) < 0.6)
    knowing = np.flatnonzero(primary)[:3]
    insiders = tuple(Insider(np.array([cell]), table.values[[cell]], table.values[[cell]]) for cell in knowing)
    below, above, width = (random.integers(*ends, size).astype(np.float64) for ends in ((0, 2), (0, 3), (1, 4)))
    nothing = np.zeros(size)
    needs = Needs(primary, below, above, width, nothing > 0, nothing, insiders)
    fitting = tables[(tables[:, ~hidden] == table.values[~hidden]).all(axis=1)]
    expected = np.zeros(size, dtype=bool)
    for own in (None, *knowing):
        seen = fitting if own is None else fitting[fitting[:, own] == table.values[own]]
        low, high = seen.min(axis=0), seen.max(axis=0)
        known = (low > table.values - below) | (high < table.values + above) | (high - low < width)
        if own is not None:
            known[own] = False
        expected |= primary & known
    found = audit(table, hidden, needs)
    assert found.exposed.tolist() == expected.tolist()
    assert found.holds == (not expected.any())
