"""Waiting lists for rooms, and everybody's turn on them."""

from __future__ import annotations

from saferoom.hub.jupyter.waiting import Place, RoomLimits, WaitingList

MANY = RoomLimits(most=None, each=1_000, starting=1_000, waiting=10_000, memory_bytes=1)


def waiting_list(free: int | None = None, **limits: int | None) -> WaitingList:
    """Return a list that limits nothing but what is named."""
    return WaitingList(RoomLimits(**{**vars(MANY), **limits}), lambda: free)


def served(queue: WaitingList, places: list[Place]) -> list[Place]:
    """End every room as soon as it has begun; return in which order places were given."""
    order: list[Place] = []
    while len(order) < len(places):
        begun = [one for one in places if one.given.is_set() and one not in order]
        assert begun, "nobody is served any more"
        for one in begun:
            order.append(one)
            queue.leave(one)
    return order
