"""Many sets at once: margins and near sets are those that comparing one by one finds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from saferoom.disclosure.history import families, signatures
from saferoom.disclosure.history.families import Family, Pool, near, same
from saferoom.disclosure.history.signatures import BUCKETS, prints_of, signatures_of
from saferoom.errors import UnavailableError

SETS = st.lists(st.frozensets(st.integers(0, 40), max_size=30), min_size=1, max_size=12)


def nothing() -> None:
    """Time is never up."""


def family(sets: list[frozenset[int]]) -> Family:
    """Return sets without margins."""
    return Family(tuple((i,) for i in range(len(sets))), [BitMap(found) for found in sets], margins=False)


@given(SETS, SETS, st.integers(1, 20), st.integers(0, 30), st.data())
@settings(max_examples=80, deadline=None)
def test_near_sets_are_those_found_one_by_one(
    new: list[frozenset[int]], old: list[frozenset[int]], reach: int, small: int, data: st.DataObject
) -> None:
    # Some earlier sets are new ones with few units changed, as a filter around somebody makes them.
    old += [found ^ data.draw(st.frozensets(st.integers(0, 40), max_size=3)) for found in new]
    expected = {
        (i, j): len(one ^ other)
        for i, one in enumerate(new)
        for j, other in enumerate(old)
        if 0 < len(one ^ other) <= reach
    }
    # However the sets are divided between the ways of comparing them, the answer is the same.
    with mock.patch.object(families, "SMALL", small), mock.patch.object(families, "_CHUNK", 50):
        found = near(family(new), Pool([family(old)]), reach, nothing)
    named = {(pair.place, pair.other): pair.apart for pair in found}
    assert named.items() <= expected.items()
    assert {i for i, _ in named} == {i for i, _ in expected}


@given(st.lists(st.integers(0, 9), min_size=400, max_size=400), st.frozensets(st.integers(0, 399), max_size=14))
@settings(max_examples=20, deadline=None)
def test_large_sets_a_few_units_apart_are_near(groups: list[int], changed: frozenset[int]) -> None:
    everybody = frozenset(range(400))
    sets = [everybody, frozenset(i for i, group in enumerate(groups) if group < 8)]
    old = [found ^ changed for found in sets]
    expected = [any(0 < len(one ^ other) <= 9 for other in old) for one in sets]
    found = {pair.place for pair in near(family(sets), Pool([family(old)]), 9, nothing)}
    assert [i in found for i in range(len(sets))] == expected


def test_near_set_of_every_release_is_named_once_per_release() -> None:
    everybody = frozenset(range(500))
    pool = Pool([family([everybody]), family([everybody, everybody])])
    found = near(family([everybody - {7}]), pool, 9, nothing)
    assert [(pair.family, pair.other, pair.apart) for pair in found] == [(0, 0, 1), (1, 0, 1)]
    assert [(pair.family, pair.apart) for pair in same(family([everybody]), pool)] == [(0, 0), (1, 0)]


def unions(cells: Sequence[tuple[Any, ...]], sets: Sequence[BitMap]) -> dict[tuple[Any, ...], set[int]]:
    """Return every cell and every margin with its units, written plainly."""
    found: dict[tuple[Any, ...], set[int]] = {}
    for cell, members in zip(cells, sets, strict=True):
        for level in range(2 ** len(cell)):
            key = tuple("All" if level >> i & 1 else label for i, label in enumerate(cell))
            found.setdefault(key, set()).update(members)
    return found


TABLES = st.dictionaries(
    st.tuples(st.sampled_from("ab"), st.integers(0, 2), st.booleans()),
    st.frozensets(st.integers(0, 20), max_size=6),
    min_size=1,
)


@given(TABLES, st.booleans())
@settings(max_examples=40, deadline=None)
def test_margins_are_unions_of_cells(table: dict[tuple[str, int, bool], frozenset[int]], disjoint: bool) -> None:
    cells = tuple(table)
    shift = 100 if disjoint else 0
    sets = [BitMap(unit + shift * i for unit in table[cell]) for i, cell in enumerate(cells)]
    expected = unions(cells, sets)
    made = Family(cells, sets)
    known = Family(cells, sets, stored=prints_of(sets))
    assert np.array_equal(made.signatures.prints, known.signatures.prints)
    found = {}
    for place in range(len(made.signatures)):
        members = made.set(place)
        found[made.name(place)] = set(members)
        assert made.signatures.sizes[place] == len(members)
        alone = prints_of([members])
        assert np.array_equal(made.signatures.prints[place], alone[0, :BUCKETS])
    assert found == expected


def test_fingerprints_differ_in_no_more_buckets_than_units_do() -> None:
    rng = np.random.default_rng(5)
    for apart in range(1, 15):
        one = BitMap(rng.choice(10_000, 3_000, replace=False))
        other = one ^ BitMap(rng.choice(10_000, apart, replace=False))
        differ = (prints_of([one]) != prints_of([other])).sum()
        assert 0 < differ <= apart


def test_time_that_is_up_stops_the_comparison() -> None:
    def up() -> None:
        raise UnavailableError("the query took longer than 1 seconds and was stopped; make it smaller")

    large = family([frozenset(range(500))])
    with pytest.raises(UnavailableError, match="stopped"):
        near(large, Pool([large]), 9, up)


def test_codes_that_would_overflow_are_compressed(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = [(i, i % 3, i % 5, i % 2) for i in range(60)]
    sets = [BitMap([i]) for i in range(60)]
    plain = signatures_of(cells, sets)
    monkeypatch.setattr(signatures, "_LARGEST_KEY", 50)
    squeezed = signatures_of(cells, sets)
    assert sorted(map(tuple, squeezed.prints.tolist())) == sorted(map(tuple, plain.prints.tolist()))
