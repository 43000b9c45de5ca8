"""Where tasks are done that read what researchers wrote: sandboxes of this machine, or pods of a cluster.

Whoever has a task does not know which. Both give it its files and its input, bound its memory, time and output, and say
how it ended; neither believes its output. `tests/integration/evaluator/test_places.py` holds both to the same contract.

Terms
-----
task
    A program of Saferoom's own with its standard input, the files that it sees, and its limits.
place
    Where a task is done. Nothing of it is left when `Place.run` returns, however it ended.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from saferoom.errors import UnavailableError
from saferoom.hub.home import Home
from saferoom.hub.sandbox import Bind, Completed, Limits, Sandbox, identity, run

VARIABLE = "SAFEROOM_EVALUATIONS"
"""``sandboxes``, as when left out, or ``pods``."""


@dataclass(frozen=True)
class Task:
    """One task.

    Attributes
    ----------
    name : str
        What does it, in a word: ``evaluator`` or ``filecheck``.
    command : sequence of str
        The program: this interpreter, and its arguments.
    given : bytes
        Its standard input.
    seconds : float
        The longest it may take.
    files : sequence of Bind
        What it sees, below ``/data``.
    environment : mapping of str to str
        Its whole environment.
    """

    name: str
    command: Sequence[str]
    given: bytes = field(repr=False)
    seconds: float
    files: Sequence[Bind] = ()
    limits: Limits = field(default_factory=Limits)
    environment: Mapping[str, str] = field(default_factory=dict)


class Place(Protocol):
    """Where tasks are done."""

    @property
    def at_once(self) -> int:
        """Most evaluations at one time."""

    def run(self, task: Task) -> Completed:
        """Do `task` to its end, in the calling thread.

        Raises
        ------
        UnavailableError
            It cannot be done here, or nobody knows how it ended.
        """

    def tidy(self) -> None:
        """End whatever an earlier service left behind."""


@dataclass(frozen=True)
class Sandboxes:
    """Sandboxes of this machine; they end with the thread that started them."""

    home: Home
    at_once: int = 2

    def run(self, task: Task) -> Completed:
        """Do `task` in a sandbox of its own."""
        sandbox = Sandbox(
            name=f"{task.name}-{secrets.token_hex(6)}",
            # No project can be called so.
            identity=identity(self.home, f"*{task.name}"),
            read_only=tuple(task.files),
            environment=task.environment,
            limits=task.limits,
        )
        return run(sandbox, task.command, task.given, task.seconds)

    def tidy(self) -> None:
        """Do nothing: the kernel ended them."""


def place_of(home: Home, environment: Mapping[str, str] = os.environ) -> Place:
    """Return where the environment says that tasks are done.

    Raises
    ------
    UnavailableError
        A setting is wrong or missing; it is named.
    """
    named = environment.get(VARIABLE) or "sandboxes"
    if named == "sandboxes":
        return Sandboxes(home)
    if named == "pods":
        from saferoom.hub.evaluator.pods.place import Pods
        from saferoom.hub.evaluator.pods.settings import PodPlace

        return Pods(PodPlace.from_environment(environment))
    raise UnavailableError(f"{VARIABLE} has to be sandboxes or pods; the chart sets it to pods")
