"""Somebody wants every room of the machine, all at once or again and again: others start as soon as they would."""

from __future__ import annotations

from tests.support.waiting import served, waiting_list


def test_one_who_asks_for_all_rooms_at_once_is_before_nobody() -> None:
    queue = waiting_list(most=1)
    places = [queue.ask("mallory") for _ in range(50)]
    others = [queue.ask(name) for name in ("alice", "bob")]
    order = served(queue, [*places, *others])
    assert max(order.index(one) for one in others) <= 3


def test_one_who_asks_and_cancels_again_and_again_is_before_nobody() -> None:
    queue = waiting_list(most=1)
    running = queue.ask("somebody")
    for _ in range(200):
        queue.leave(queue.ask("mallory"))
    queue.ask("carol")
    for _ in range(200):
        queue.leave(queue.ask("mallory"))
    mallory, alice = queue.ask("mallory"), queue.ask("alice")
    assert queue.before(alice) == 1
    assert queue.before(mallory) == 2
    queue.leave(running)


def test_newcomers_without_end_keep_nobody_waiting() -> None:
    queue = waiting_list(most=1)
    queue_of = [queue.ask("first"), queue.ask("mallory"), queue.ask("mallory")]
    waiting = queue_of[-1]
    for number in range(5):
        current = next(one for one in queue_of if one.given.is_set())
        queue_of.remove(current)
        queue_of.append(queue.ask(f"newcomer {number}"))
        queue.leave(current)
        if waiting.given.is_set():
            return
    raise AssertionError("the second request was passed by newcomers for ever")
