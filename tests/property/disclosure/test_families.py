"""Many sets at once: margins and near sets are those that comparing one by one finds."""

from __future__ import annotations

from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from saferoom.disclosure.history import families
from saferoom.disclosure.history.families import Family, near, with_margins
from saferoom.disclosure.history.memory import unions
from saferoom.errors import UnavailableError

SETS = st.lists(st.frozensets(st.integers(0, 40), max_size=30), min_size=1, max_size=12)


def nothing() -> None:
    """Time is never up."""


def family(sets: list[frozenset[int]]) -> Family:
    return with_margins([()] * len(sets), [np.array(sorted(found), dtype=np.int64) for found in sets], nothing)


def listed(made: Family) -> list[list[int]]:
    return sorted([int(made.levels[i]), *made.set(i).tolist()] for i in range(len(made.sizes)))


@given(SETS, SETS, st.integers(1, 12), st.integers(0, 30), st.data())
@settings(max_examples=200, deadline=None)
def test_near_sets_are_those_found_one_by_one(
    new: list[frozenset[int]], old: list[frozenset[int]], reach: int, small: int, data: st.DataObject
) -> None:
    # Some earlier sets are new ones with few units changed, as a filter around somebody makes them.
    old += [found ^ data.draw(st.frozensets(st.integers(0, 40), max_size=3)) for found in new]
    expected = [any(0 < len(one ^ other) <= reach for other in old) for one in new]
    # However the sets are divided between the ways of comparing them, the answer is the same.
    with mock.patch.object(families, "SMALL", small), mock.patch.object(families, "_CHUNK", 50):
        assert near(family(new), family(old), reach, nothing).tolist() == expected


@given(st.lists(st.integers(0, 9), min_size=400, max_size=400), st.frozensets(st.integers(0, 399), max_size=14))
@settings(max_examples=40, deadline=None)
def test_large_sets_a_few_units_apart_are_near(groups: list[int], changed: frozenset[int]) -> None:
    everybody = frozenset(range(400))
    sets = [everybody, frozenset(i for i, group in enumerate(groups) if group < 8)]
    old = [found ^ changed for found in sets]
    expected = [any(0 < len(one ^ other) <= 9 for other in old) for one in sets]
    assert near(family(sets), family(old), 9, nothing).tolist() == expected


@given(
    st.dictionaries(
        st.tuples(st.sampled_from("ab"), st.integers(0, 2), st.booleans()),
        st.frozensets(st.integers(0, 20), max_size=6),
        min_size=1,
    )
)
@settings(max_examples=100, deadline=None)
def test_margins_are_unions_of_cells(table: dict[tuple[str, int, bool], frozenset[int]]) -> None:
    cells = list(table)
    plain = {}
    for cell, members in unions(cells, [BitMap(table[cell]) for cell in cells], "All"):
        plain[cell] = set(members)
    made = with_margins(cells, [np.array(sorted(table[cell]), dtype=np.int64) for cell in cells], nothing)
    found = {}
    for place in range(len(made.sizes)):
        level, first = int(made.levels[place]), cells[int(made.cells[place])]
        label = tuple("All" if level >> i & 1 else part for i, part in enumerate(first))
        found[label] = set(made.set(place).tolist())
    assert found == plain


def test_time_that_is_up_stops_the_comparison() -> None:
    def up() -> None:
        raise UnavailableError("the query took longer than 1 seconds and was stopped; make it smaller")

    cells = [(a, b) for a in "ab" for b in "cd"]
    sets = [np.arange(i, i + 300) for i in range(4)]
    with pytest.raises(UnavailableError, match="stopped"):
        with_margins(cells, sets, up)
    large = family([frozenset(range(500))])
    with pytest.raises(UnavailableError, match="stopped"):
        near(large, large, 9, up)


def test_codes_that_would_overflow_are_compressed(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = [(i, i % 3, i % 5, i % 2) for i in range(60)]
    sets = [np.array([i], dtype=np.int64) for i in range(60)]
    plain = with_margins(cells, sets, nothing)
    monkeypatch.setattr(families, "_LARGEST_KEY", 50)
    squeezed = with_margins(cells, sets, nothing)
    assert listed(squeezed) == listed(plain)
