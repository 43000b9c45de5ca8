"""A bounded number of evaluations run, the rest wait in order, and nobody takes every place."""

from __future__ import annotations

import threading
import time

import pytest

from saferoom.errors import TooManyError
from saferoom.hub.evaluator.turns import Turns
from saferoom.ids import Username

ANA, RITA = Username("ana"), Username("rita")


def hold(turns: Turns, who: Username, go: threading.Event, seen: list[str]) -> threading.Thread:
    """Take a turn in a thread, keep it until `go`, and note when it began."""

    def work() -> None:
        with turns.turn(who):
            seen.append(who)
            go.wait(5)

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def until(condition: object, seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_no_more_than_allowed_run_at_once() -> None:
    turns, go, seen = Turns(2, 10, 10), threading.Event(), list[str]()
    threads = [hold(turns, ANA, go, seen) for _ in range(4)]
    until(lambda: len(seen) == 2)
    time.sleep(0.1)
    assert len(seen) == 2
    go.set()
    for thread in threads:
        thread.join()
    assert len(seen) == 4


def test_waiting_ends_in_order_of_arrival() -> None:
    turns, seen = Turns(1, 10, 10), list[str]()
    first, rest = threading.Event(), threading.Event()
    threads = [hold(turns, ANA, first, seen)]
    until(lambda: seen == ["ana"])
    for name in ("b", "c", "d"):
        threads.append(hold(turns, Username(name), rest, seen))
        time.sleep(0.05)
    first.set()
    rest.set()
    for thread in threads:
        thread.join()
    assert seen == ["ana", "b", "c", "d"]


def test_one_person_cannot_take_every_place() -> None:
    turns, go, seen = Turns(1, 10, 2), threading.Event(), list[str]()
    threads = [hold(turns, ANA, go, seen)]
    until(lambda: seen == ["ana"])
    threads.append(hold(turns, ANA, go, seen))
    time.sleep(0.05)
    with pytest.raises(TooManyError, match="several evaluations"), turns.turn(ANA):
        pass
    go.set()
    for thread in threads:
        thread.join()
    with turns.turn(ANA):
        pass


def test_queue_is_bounded() -> None:
    turns, go, seen = Turns(1, 0, 5), threading.Event(), list[str]()
    thread = hold(turns, ANA, go, seen)
    until(lambda: seen == ["ana"])
    with pytest.raises(TooManyError, match="many evaluations"), turns.turn(RITA):
        pass
    go.set()
    thread.join()


def fail_inside(turns: Turns) -> None:
    with turns.turn(ANA):
        raise RuntimeError("inside")


def test_turn_is_given_back_when_the_work_fails() -> None:
    turns = Turns(1, 0, 1)
    for _ in range(3):
        with pytest.raises(RuntimeError):
            fail_inside(turns)
