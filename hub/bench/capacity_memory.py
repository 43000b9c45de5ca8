"""How much memory rooms take: that of their processes, each page counted once, and what the machine has left."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from saferoom.errors import UnavailableError
from saferoom.hub.bench.web_costs import family
from saferoom.hub.sandbox.memory import free_bytes
from saferoom.hub.sandbox.spec import MEBIBYTE

_LOOK_SECONDS = 0.25
_KIBIBYTE = 1024


class RoomMemory:
    """The memory of the rooms below a hub that had none when this was made.

    Attributes
    ----------
    free_before, free_lowest : int
        What the machine had free then, and the least since `watched` began, MiB.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._services = family(pid)
        self.free_before = self.free_lowest = free_mebibytes()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Note the least free memory while the block runs."""
        over = threading.Event()
        thread = threading.Thread(target=self._watch, args=(over,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def taken(self) -> int:
        """Return what the rooms' processes take now, MiB: their proportional set size.

        Raises
        ------
        UnavailableError
            A process of a room may not be looked at.

        Notes
        -----
        A page that n processes share counts as an n-th part for each of them, as in ``smaps_rollup`` of proc(5).
        """
        return sum(_proportional_kib(pid) for pid in family(self._pid) - self._services) * _KIBIBYTE // MEBIBYTE

    def _watch(self, over: threading.Event) -> None:
        while not over.wait(_LOOK_SECONDS):
            self.free_lowest = min(self.free_lowest, free_mebibytes())


def free_mebibytes() -> int:
    """Return the free memory of the machine as the hub sees it, MiB."""
    free = free_bytes()
    if free is None:
        raise UnavailableError("how much memory is free cannot be known here; capacity needs to know it")
    return free // MEBIBYTE


def _proportional_kib(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except PermissionError:
        raise UnavailableError("the memory of rooms may not be looked at here; run the benchmark as root") from None
    except OSError:
        # It has ended.
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
