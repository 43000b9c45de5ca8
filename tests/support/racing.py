"""Many processes at once, each a copy of the test's own."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable
from multiprocessing.context import ForkProcess

from tests.support.ledger_world import LedgerWorld

RACERS = 16
_SECONDS = 120
_FORK = multiprocessing.get_context("fork")


def started(world: LedgerWorld, work: Callable[[LedgerWorld, int], int], number: int = 0) -> ForkProcess:
    """Start `work` on the same store in a process of its own; it ends with the number that `work` returns."""
    world.database.dispose()  # a connection is never shared with a copy
    process = _FORK.Process(target=_run, args=(world, work, number))
    process.start()
    return process


def ended(process: ForkProcess) -> int:
    """Wait for its end and return its number; a signal's is below zero."""
    process.join(_SECONDS)
    assert process.exitcode is not None, f"still running after {_SECONDS} seconds"
    return process.exitcode


def together(world: LedgerWorld, work: Callable[[LedgerWorld, int], int], racers: int = RACERS) -> list[int]:
    """Run `work` in many processes at once and return their numbers."""
    running = [started(world, work, number) for number in range(racers)]
    numbers = [ended(process) for process in running]
    assert FAILED not in numbers
    return numbers


def kill(pid: int | None) -> None:
    """End a process without a trace."""
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


FAILED = 255


def _run(world: LedgerWorld, work: Callable[[LedgerWorld, int], int], number: int) -> None:
    try:
        status = work(world.again(), number)
    except BaseException:
        os.write(2, _trace().encode())
        os._exit(FAILED)
    os._exit(status)


def _trace() -> str:
    import traceback

    return traceback.format_exc()
