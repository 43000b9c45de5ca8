"""The memory: positions never change hands, bitmaps and frames are read back or refused, crosswalks know everybody."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap
from tests.support.statistics_lab import Lab, people

from saferoom.disclosure.history.bitmaps import Bitmaps, flat, sizes_of, unflat
from saferoom.disclosure.history.contributors import Contributors, Noise, Part, UnitSets
from saferoom.disclosure.history.crosswalk import Crosswalk, keys_of_numbers
from saferoom.disclosure.history.frames import read_frame, write_frame
from saferoom.disclosure.history.index import UnitIndex
from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.history.signatures import prints_of
from saferoom.errors import IntegrityError

COUNTS = {"statistic": "frequency", "by": ["region", "sex"]}
keys = st.lists(st.integers(0, 2**64 - 1), unique=True, max_size=30).map(lambda found: np.array(found, dtype=np.uint64))
sets = st.lists(st.sets(st.integers(0, 2**32 - 1), max_size=40).map(BitMap), max_size=12)


@given(st.lists(keys, max_size=6))
def test_index_gives_every_unit_one_position_for_good(batches: list[Any]) -> None:
    index = UnitIndex.empty("person_id")
    seen: dict[int, int] = {}
    for batch in batches:
        index, places = index.placed(batch)
        for key, place in zip(batch.tolist(), places.tolist(), strict=True):
            assert seen.setdefault(key, place) == place
            assert index.keys[place] == key
    assert len(index) == len(seen) == len(set(seen.values()))


@given(sets)
def test_bitmaps_are_read_back(found: list[BitMap]) -> None:
    kept = Bitmaps.of(found)
    assert list(kept) == found
    assert kept.sizes.tolist() == sizes_of(found).tolist() == [len(one) for one in found]
    starts, members = flat(kept)
    assert unflat(starts, members, 2**32) == tuple(found)
    if found:
        assert kept[-1] == found[-1]
        assert kept[:1] == (found[0],)
    with pytest.raises(IndexError):
        kept[len(found)]


@pytest.mark.parametrize(
    ("starts", "members", "limit"),
    [
        ([0, 2], [1, 1], 9),
        ([0, 2], [2, 1], 9),
        ([0, 1], [9], 9),
        ([0, 3], [1, 2], 9),
        ([1, 2], [1, 2], 9),
        ([0, 2, 1, 2], [1, 2], 9),
        ([], [], 9),
    ],
)
def test_sets_that_are_none_are_refused(starts: list[int], members: list[int], limit: int) -> None:
    """They may come from a process that was taken over; nothing of them reaches a bitmap unseen."""
    with pytest.raises(ValueError, match=r"sets|set is"):
        unflat(np.array(starts, dtype=np.int64), np.array(members, dtype=np.uint32), limit)


def test_empty_sets_between_others_are_sets() -> None:
    found = (BitMap(), BitMap([5, 7]), BitMap(), BitMap([1]), BitMap())
    assert unflat(*flat(found), 8) == found


@given(st.binary(max_size=300))
def test_bytes_that_are_no_frame_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - which one is the reader's
        read_frame(data)
    with pytest.raises(IntegrityError):
        Contributors.from_bytes(data)
    with pytest.raises(IntegrityError):
        Memory.from_bytes(data)


@given(st.integers(0, 10_000), st.integers(0, 255))
def test_frame_with_a_changed_byte_is_read_or_refused_and_never_more(place: int, byte: int) -> None:
    sets = UnitSets("person_id", np.array([3, 9], dtype=np.uint64), (BitMap([0]), BitMap([0, 1])))
    part = Part(frozenset({"count"}), (("N",), ("S",)), (sets,))
    data = bytearray(Contributors((part,)).to_bytes())
    data[place % len(data)] = byte
    try:
        found = Contributors.from_bytes(bytes(data))
    except IntegrityError:
        return
    for kept in (kept for part in found.parts for kept in part.units):
        assert all(not cell or cell.max() < len(kept.keys) for cell in kept.cells)


def test_frame_gives_back_arrays_of_every_shape() -> None:
    arrays: list[np.ndarray[Any, Any]] = [
        np.zeros(0),
        np.arange(6, dtype=np.uint64).reshape(2, 3),
        np.arange(3, dtype=np.uint32),
    ]
    document, segments = read_frame(write_frame({"a": ["é", None, 1.5, True]}, [*arrays, b"xyz"]))
    assert document == {"a": ["é", None, 1.5, True]}
    assert [bytes(s) for s in segments] == [*(a.tobytes() for a in arrays), b"xyz"]


def test_labels_keep_their_kind() -> None:
    cells = ((1,), (1.0,), (True,), ("1",), (None,))
    part = Part(frozenset({"count"}), cells, ())
    other = replace(part, cells=tuple((kind(1),) for kind in (float, bool, int, str)))
    (read, other_read) = Contributors.from_bytes(Contributors((part, other)).to_bytes()).parts
    assert [type(cell[0]) for cell in read.cells] == [int, float, bool, str, type(None)]
    assert [type(cell[0]) for cell in other_read.cells] == [float, bool, int, str]


def test_noise_margins_and_base_are_read_back() -> None:
    part = Part(frozenset({"count"}), ((1,),), (), margins_follow=False)
    for noise in Noise:
        read = Contributors.from_bytes(Contributors((part,), noise, "Total", 3).to_bytes())
        assert (read.noise, read.total, read.base, read.exact) == (noise, "Total", 3, noise is Noise.NONE)
        assert read.parts == (part,)


def test_released_sets_are_in_the_index_with_their_prints(lab: Lab) -> None:
    rows = people()
    first = lab.check({**COUNTS, "where": "age >= 40"}, rows, memory=Memory.empty())
    second = lab.check(COUNTS, rows, memory=Memory.empty())
    memory = Memory.from_bytes(Memory.empty().with_evaluation(first).with_evaluation(second).to_bytes())
    index = memory.indexes["person_id"]
    assert len(index) == len(rows)
    assert [release.title for release in memory.releases] == [first.title, second.title]
    for release, judged in zip(memory.releases, (first, second), strict=True):
        assert release.table == judged.outgoing
        assert release.query == judged.canonical
        (sets,), (own,) = release.contributors.parts[0].units, judged.contributors.parts[0].units
        for kept, cell in zip(sets.cells, own.cells, strict=True):
            assert set(index.keys[np.asarray(kept.to_array())]) == set(own.keys[np.asarray(cell.to_array())])
        assert sets.signatures is not None
        assert np.array_equal(sets.signatures, prints_of(sets.cells))


def test_candidate_is_placed_beside_what_was_released(lab: Lab) -> None:
    rows = people()
    memory = Memory.empty().with_evaluation(lab.check({**COUNTS, "where": "age >= 40"}, rows, memory=Memory.empty()))
    judged = lab.check(COUNTS, rows, memory=Memory.empty())
    placed = memory.placed(judged.contributors)
    (sets,), (own,) = placed.parts[0].units, judged.contributors.parts[0].units
    assert np.array_equal(sets.keys[: len(memory.indexes["person_id"])], memory.indexes["person_id"].keys)
    for kept, cell in zip(sets.cells, own.cells, strict=True):
        assert set(sets.keys[np.asarray(kept.to_array())]) == set(own.keys[np.asarray(cell.to_array())])
    assert len(memory.indexes["person_id"]) < len(rows), "a candidate leaves the index as it was"


def test_other_projects_release_is_numbers_alone(lab: Lab) -> None:
    memory = Memory.empty().with_evaluation(lab.check(COUNTS, people(), memory=Memory.empty()))
    hidden = replace(memory.releases[0], project="p", at="2026").anonymous()
    data = Memory((hidden,), memory.indexes).to_bytes()
    assert b"Frequency" not in data
    assert json.dumps(COUNTS["by"]).encode() not in data
    (read,) = Memory.from_bytes(data).releases
    assert (read.title, read.project, read.at, read.query) == (None, None, None, {})
    assert read.table is not None


def test_crosswalk_translates_all_or_refuses() -> None:
    walk = Crosswalk("person_id", np.array([3, 5, 9], dtype=np.uint64), np.array([70, 10, 40], dtype=np.uint64))
    assert walk.translated(np.array([9, 3, 9], dtype=np.uint64)).tolist() == [40, 70, 40]
    assert walk.translated(np.zeros(0, dtype=np.uint64)).tolist() == []
    for strangers in ([4], [3, 10], [2]):
        with pytest.raises(IntegrityError, match="not in its crosswalk"):
            walk.translated(np.array(strangers, dtype=np.uint64))
    with pytest.raises(IntegrityError):
        Crosswalk.empty("person_id").translated(np.array([3], dtype=np.uint64))
    assert Crosswalk.empty("person_id").translated(np.zeros(0, dtype=np.uint64)).tolist() == []


@pytest.mark.parametrize("known", [[3, 3], [5, 3], [3]])
def test_crosswalk_that_is_none_is_refused(known: list[int]) -> None:
    with pytest.raises(ValueError, match="rising"):
        Crosswalk("person_id", np.array(known, dtype=np.uint64), np.array([1, 2], dtype=np.uint64))


def test_crosswalked_ids_are_compared_by_their_lineage(lab: Lab) -> None:
    """Two projects know the same people by other ids; a third kind of id is refused."""
    rows = people()
    numbers = np.array([row["person_id"] for row in rows], dtype=np.int64)
    lineage = np.arange(len(rows), dtype=np.uint64) * np.uint64(977)
    other = [{**row, "person_id": 10**9 - row["person_id"]} for row in rows]
    walks = [
        {"person_id": Crosswalk("person_id", keys_of_numbers(numbers), lineage)},
        {"person_id": Crosswalk("person_id", keys_of_numbers(10**9 - numbers[::-1]), lineage[::-1])},
    ]
    memory = Memory.empty().with_evaluation(lab.check(COUNTS, rows, memory=Memory.empty(), crosswalks=walks[0]))
    assert lab.check(COUNTS, other, memory=memory, crosswalks=walks[1]).verdict.value == "pass"
    top = max(row["pay"] for row in rows)
    fewer = {**COUNTS, "where": f"pay < {top}"}
    assert lab.check(fewer, other, memory=memory, crosswalks=walks[1]).verdict.value == "fail"
    for wrong in (walks[0], {}):
        with pytest.raises(IntegrityError, match="crosswalk"):
            lab.check(COUNTS, other, memory=memory, crosswalks=wrong)
