"""The waiting list in front of the rooms: turns, limits, memory, and what cancelling gives back."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.waiting import served, waiting_list

from saferoom.errors import TooManyError
from saferoom.hub.jupyter.waiting import RoomLimits, WaitingList
from saferoom.hub.sandbox.cgroups import Hierarchy
from saferoom.hub.sandbox.memory import free_bytes


@given(st.lists(st.sampled_from("abcde"), min_size=1, max_size=40))
def test_nobody_has_a_second_room_before_all_who_wait_had_their_first(people: list[str]) -> None:
    queue = waiting_list(most=1)
    blocker = queue.ask("z")
    places = [queue.ask(person) for person in people]
    queue.leave(blocker)
    order = served(queue, places)
    had: dict[str, int] = {}
    rounds = []
    for place in order:
        had[place.person] = had.get(place.person, 0) + 1
        rounds.append(had[place.person])
    assert rounds == sorted(rounds)
    assert sorted(one.number for one in order) == sorted(one.number for one in places)
    for person in set(people):
        mine = [one.number for one in order if one.person == person]
        assert mine == sorted(mine)


def test_no_more_than_the_limits_are_given() -> None:
    queue = waiting_list(most=3, starting=2)
    places = [queue.ask(f"p{number}") for number in range(5)]
    assert queue.counts() == {"held": 2, "starting": 2, "waiting": 3}
    queue.up(places[0])
    queue.up(places[1])
    assert queue.counts() == {"held": 3, "starting": 1, "waiting": 2}
    assert "in use" in queue.why()
    assert [queue.before(one) for one in places] == [None, None, None, 0, 1]
    queue.leave(places[3])
    queue.leave(places[3])
    assert queue.before(places[4]) == 0
    queue.leave(places[0])
    assert places[4].given.is_set()


def test_a_room_starts_only_into_memory_that_is_free() -> None:
    free = [100]
    queue = WaitingList(RoomLimits(each=9, starting=9, memory_bytes=50), lambda: free[0])
    places = [queue.ask("alice") for _ in range(4)]
    # Two that are starting will take 50 each, although nothing of it is taken yet.
    assert [one.given.is_set() for one in places] == [True, True, False, False]
    assert "memory" in queue.why()
    free[0] = 60
    queue.up(places[0])
    assert not places[2].given.is_set()
    free[0] = 200
    queue.up(places[1])
    assert [one.given.is_set() for one in places] == [True] * 4


def test_one_person_and_the_list_have_their_bounds() -> None:
    queue = waiting_list(each=2, most=1, waiting=2)
    first = queue.ask("alice")
    queue.ask("alice")
    with pytest.raises(TooManyError, match="as many as one person may"):
        queue.ask("alice")
    queue.leave(first)
    queue.ask("alice")
    queue.ask("bob")
    with pytest.raises(TooManyError, match="try again in a few minutes"):
        queue.ask("carol")


def test_a_wait_that_is_cancelled_frees_its_place_and_memory_that_gets_free_is_noticed() -> None:
    async def story() -> None:
        free = [0]
        queue = WaitingList(RoomLimits(memory_bytes=1), lambda: free[0])
        places = [queue.ask(name) for name in ("alice", "bob")]
        waits = [asyncio.create_task(queue.turn(one)) for one in places]
        await asyncio.sleep(0)
        waits[0].cancel()
        await asyncio.wait([waits[0]])
        assert queue.before(places[0]) is None
        assert queue.before(places[1]) == 0
        free[0] = 10
        await asyncio.wait_for(waits[1], 10)
        assert queue.counts()["held"] == 1

    asyncio.run(story())


def test_the_waiting_are_told_where_they_stand_until_it_is_their_turn() -> None:
    async def story() -> list[str]:
        queue = waiting_list(most=1)
        holders = [queue.ask("a"), queue.ask("b")]
        mine = queue.ask("c")
        told = []
        async for words in queue.news(mine):
            told.append(words)
            queue.leave(holders.pop(0))
        return told

    told = asyncio.run(story())
    assert [words.split(",")[0] for words in told] == [
        "Waiting for a room: 1 before you",
        "Waiting for a room: You are next",
    ]
    assert all("all rooms are in use" in words for words in told)


def test_free_memory_is_what_the_kernel_and_the_hubs_own_limit_leave(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 9000 kB\nMemAvailable:    1000 kB\n")
    assert free_bytes(meminfo, ()) == 1_024_000
    group = Hierarchy(tmp_path, ("memory",), 2)
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("600\n")
    (tmp_path / "memory.stat").write_text("anon 5\ninactive_file 100\n")
    assert free_bytes(meminfo, (group,)) == 1_024_000
    (tmp_path / "memory.max").write_text("1000\n")
    assert free_bytes(meminfo, (group,)) == 500
    (tmp_path / "memory.max").write_text("100\n")
    assert free_bytes(meminfo, (group,)) == 0
    assert free_bytes(tmp_path / "nowhere", ()) is None
    assert (free_bytes() or 0) > 0
