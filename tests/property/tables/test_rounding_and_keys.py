"""Rounded tables add up, each number stays beside the true one, and the same people always have the same noise."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.property.tables.random_tables import Made, tables

from saferoom.disclosure.tables.cell_key import Design, TransitionTable
from saferoom.disclosure.tables.cell_key_records import CellKeys, sums_by_cell
from saferoom.disclosure.tables.rounding import controlled, conventional, random

quick = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
DESIGNS = (Design(5, 3.0), Design(8, 10.0, js=2), Design(10, 8.0, pstay=0.3))


@cache
def transitions(design: Design) -> TransitionTable:
    return TransitionTable(design)


@quick
@given(tables(), st.sampled_from((3, 5, 10)))
def test_controlled_rounding_adds_up_and_stays_beside_the_true_numbers(made: Made, base: int) -> None:
    rounded = controlled(made.table, base)
    leaf = np.array([np.flatnonzero((made.inside == row).all(axis=1))[0] for row in np.eye(len(made.leaves))])
    assert np.array_equal(made.inside @ rounded.values[leaf], rounded.values)
    assert not (rounded.values % base).any()
    assert (rounded.values >= 0).all()
    assert (np.abs(rounded.values - made.table.values) < base * (rounded.steps + 1)).all()
    if rounded.steps == 0:
        multiple = made.table.values % base == 0
        assert np.array_equal(rounded.values[multiple], made.table.values[multiple])


@quick
@given(tables(), st.sampled_from((3, 5, 10)), st.integers(0, 2**32 - 1))
def test_conventional_and_random_rounding_stay_beside_the_true_numbers(made: Made, base: int, seed: int) -> None:
    near = conventional(made.table, base)
    assert (np.abs(near.values - made.table.values) <= base / 2).all()
    places = np.random.default_rng(seed).random(len(made.table))
    other = random(made.table, base, places)
    assert (np.abs(other.values - made.table.values) < base).all()
    assert not (other.values % base).any()
    assert np.array_equal(other.values, random(made.table, base, places).values)


@quick
@given(st.integers(0, 2**32 - 1), st.integers(2, 5), st.sampled_from(DESIGNS))
def test_same_people_have_the_same_noise_in_every_table(seed: int, width: int, design: Design) -> None:
    rng = np.random.default_rng(seed)
    people = rng.permutation(10**6)[:60].astype(np.uint64)
    keys = CellKeys(b"a secret that is kept on this side")
    records = keys.records("person_id", people)
    area = rng.integers(0, width, len(people))
    # The same areas in another table, in another order, and with the people in another order.
    renamed, order = rng.permutation(width), rng.permutation(len(people))
    one = _shown(area, records, width, keys, design)
    other = _shown(renamed[area][order], records[order], width, keys, design)
    assert np.array_equal(other[renamed], one)
    sizes = np.bincount(area, minlength=width)
    assert (one >= 0).all()
    assert not one[sizes == 0].any()
    assert (np.abs(one - sizes) <= max(design.maximum, design.js + 1)).all()
    assert not ((one > 0) & (one <= design.js)).any()
    # Whoever has another secret has other noise, or everybody could work it out.
    strangers = CellKeys(b"another secret, not of this place").records("person_id", people)
    assert not np.array_equal(strangers, records)


def _shown(
    cells: np.ndarray[tuple[int], np.dtype[np.int64]],
    records: np.ndarray[tuple[int], np.dtype[np.uint64]],
    count: int,
    keys: CellKeys,
    design: Design,
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    places = keys.places(sums_by_cell(cells, records, count), "count")
    sizes = np.bincount(cells, minlength=count).astype(float)
    return np.asarray(transitions(design).perturbed(sizes, places))


def test_noise_of_a_count_has_the_mean_and_variance_it_should_have() -> None:
    for design in DESIGNS:
        for count, row in enumerate(transitions(design).rows):
            shown = row.noise + count
            assert abs(row.mean) < 1e-6
            assert abs(row.chances.sum() - 1) < 1e-9
            assert not row.chances[(shown < 0) | ((shown > 0) & (shown <= design.js))].any()
            assert all(a < b for a, b in pairwise(row.noise.tolist()))
