"""What runs in the pod of a task: ``python -P -m saferoom.hub.evaluator.pods.inside evaluator``, or ``delivery``.

It takes the files and the task from its standard input, has the task done by a process of its own with limits, and
writes a sealed answer. It says nothing else, to nobody: a node keeps what a pod writes.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from saferoom.errors import SaferoomError
from saferoom.hub.evaluator.pods.handing import PIECE_BYTES, Order, sealed_answer
from saferoom.hub.sandbox import Completed, Limits
from saferoom.hub.sandbox.process import LAUNCH, content_of, end_of, memory_file, resource_limits

PROGRAMS = {
    "evaluator": ("saferoom.hub.evaluator", "saferoom.hub.recordfiles", "saferoom.hub.filecheck"),
    "delivery": ("saferoom.hub.deliveries.settling",),
}
"""What each kind of pod may be asked for."""
NOT_DONE, ALONE = 2, 3
"""How it ends where it was not given a task, and where nobody is left to answer to."""
_LEAVE_SECONDS = 30.0
_PR_SET_DUMPABLE = 4


def main() -> None:
    """Do the one task on standard input."""
    # A task that was taken over shares the user id; it is not to look into this process, nor to write in its name.
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    try:
        order = Order.read(_take)
        if order.words not in [["-P", "-m", program] for program in PROGRAMS[sys.argv[1]]]:
            sys.exit(NOT_DONE)
        for place, size in order.files:
            _store(Path(place), size)
        answer = sealed_answer(_done(order), order.cipher)
    except (SaferoomError, OSError, ValueError, LookupError):
        sys.exit(NOT_DONE)
    view = memoryview(answer)
    while view:
        view = view[os.write(1, view) :]
    _closed(_LEAVE_SECONDS)


def _take(length: int) -> bytes:
    """Return the next bytes of standard input; without them there is no task."""
    parts = []
    while length > 0:
        part = os.read(0, min(length, 1 << 20))
        if not part:
            sys.exit(ALONE)
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def _store(place: Path, size: int) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("xb") as file:
        while size > 0:
            piece = _take(min(size, 32 * PIECE_BYTES))
            file.write(piece)
            size -= len(piece)
    place.chmod(0o444)


def command(words: Sequence[str]) -> list[str]:
    """Return the program that does a task."""
    return [sys.executable, *words]


def _done(order: Order) -> Completed:
    plan = json.dumps({"groups": [], "limits": resource_limits(Limits(**order.limits))})
    with memory_file(_take(order.given)) as given, memory_file() as said, memory_file() as errors:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(LAUNCH), plan, *command(order.words)],
            env=dict(order.environment),
            stdin=given,
            stdout=said,
            stderr=errors,
            cwd="/",
            start_new_session=True,
        )
        in_time = _wait(process, order.seconds)
        return Completed(content_of(said), process.returncode, end_of(errors), timed_out=not in_time)


def _wait(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Wait for the end of `process`, and bring it about when its time is over; say whether it ended by itself."""
    ended = os.pidfd_open(process.pid)
    watched = select.poll()
    watched.register(ended, select.POLLIN)
    watched.register(0, select.POLLIN)
    until = time.monotonic() + seconds
    try:
        ready = {one for one, _ in watched.poll(max(0.0, until - time.monotonic()) * 1000)}
        if ready == {0}:
            # Closed, or more than was announced: whoever asked is not there any more.
            sys.exit(ALONE)
        return ended in ready
    finally:
        os.close(ended)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        process.wait()


def _closed(seconds: float) -> None:
    """Wait until standard input is closed: by then the answer was read."""
    watched = select.poll()
    watched.register(0, select.POLLIN)
    watched.poll(seconds * 1000)


if __name__ == "__main__":
    main()
