"""Processes that begin as a copy of one that has imported the service: importing it takes seconds each time.

They are processes like any other: with an environment, a log and signals of their own, and killed without a trace.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
from collections.abc import Callable, Mapping
from functools import cache
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from pathlib import Path

from tests.support.airlock_server import PREFIX


class Forked:
    """Runs `work(*words)`, a function of a module, in a process of its own, as if it had been started from ``/``.

    Parameters
    ----------
    environment : mapping
        The whole environment.
    log : Path
        Where what it prints is added.
    """

    def __init__(self, work: Callable[..., None], *words: str, environment: Mapping[str, str], log: Path) -> None:
        self._process = _server().Process(target=_begin, args=(work, words, dict(environment), log))
        self._process.start()

    @property
    def pid(self) -> int:
        """Its number."""
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        """Return how it ended, or None while it runs."""
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended by itself since it was last looked at."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def wait(self, seconds: float) -> int:
        """Wait until it ends and return how: 0, a status, or a signal's number below zero."""
        self._process.join(seconds)
        ended = self._process.exitcode
        assert ended is not None, f"still running after {seconds} seconds"
        return ended

    def close(self) -> None:
        """Let go of what is kept about a process that has ended."""
        self._process.close()


@cache
def _server() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["saferoom.hub.web.__main__"])
    # JupyterHub reads this when it is imported; the other words of the environment are read when they are used.
    os.environ |= {"JUPYTERHUB_SERVICE_PREFIX": PREFIX}
    try:
        forkserver.ensure_running()
    finally:
        del os.environ["JUPYTERHUB_SERVICE_PREFIX"]
    return context


def _begin(work: Callable[..., None], words: tuple[str, ...], environment: dict[str, str], log: Path) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir("/")
    with log.open("ab") as printed:
        os.dup2(printed.fileno(), sys.stderr.fileno())
    work(*words)
