"""How far ``saferoom suppress`` is: a bar on a terminal, a line now and then elsewhere; always on standard error."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import TextIO

from saferoom.disclosure.tables.additive import Progress

_SILENT_SECONDS = 5.0
"""Quick runs say nothing."""
_NEXT_PHASE_SECONDS = 2.0
_SAME_PHASE_SECONDS = 10.0
_LONGEST_SECONDS = 60.0
_OF_ELAPSED = 0.1
"""The longer it takes, the fewer lines: a log of hours stays readable."""


@contextlib.contextmanager
def shown_progress(first: str) -> Iterator[Progress]:
    """Show how far the work is; `first` says what is being done before it tells so itself."""
    if not sys.stderr.isatty():
        yield Lines(sys.stderr, time.monotonic)
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        line = bars.add_task(first, total=1.0)
        yield lambda what, share: bars.update(line, description=what, completed=share)


class Lines:
    """Writes plain lines where there is no terminal: the work's phase, its share, and the time so far.

    Parameters
    ----------
    clock : callable
        Returns seconds.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float]) -> None:
        self._stream, self._clock = stream, clock
        self._start = clock()
        self._last: float | None = None
        self._phase = ""

    def __call__(self, what: str, share: float) -> None:
        """Take notice of progress; write a line when it is time for one."""
        now = self._clock()
        elapsed = now - self._start
        if elapsed < _SILENT_SECONDS or (self._last is not None and now - self._last < self._pause(what, elapsed)):
            return
        self._last, self._phase = now, what
        said = f"saferoom: {what}, {100 * min(max(share, 0.0), 1.0):.0f} % of this step, {elapsed:.0f} s so far"
        # A reader that went away does not stop the work.
        with contextlib.suppress(OSError):
            print(said, file=self._stream, flush=True)

    def _pause(self, what: str, elapsed: float) -> float:
        slow = min(_OF_ELAPSED * elapsed, _LONGEST_SECONDS)
        return max(_NEXT_PHASE_SECONDS if what != self._phase else _SAME_PHASE_SECONDS, slow)
