"""Both places where tasks are done, seen alike: sandboxes of this machine, and pods of a simulated cluster."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from kubernetes_asyncio.client import Configuration
from tests.support.task_cluster import TaskApi

from saferoom.hub.evaluator.places import Place, Sandboxes, Task
from saferoom.hub.evaluator.pods.place import Pods
from saferoom.hub.evaluator.pods.settings import PodPlace
from saferoom.hub.home import Home
from saferoom.hub.sandbox import Completed

SETTINGS = PodPlace("saferoom-rooms", "saferoom", most=8, start_seconds=20, rooms=Path("/nowhere"))
REAL = (sys.executable, "-P", "-m", "saferoom.hub.evaluator")


class End(Protocol):
    """What the contract asks of both."""

    @property
    def place(self) -> Place:
        """Where tasks are done."""

    def play(self, program: str, task: Task) -> Completed:
        """Do a task with `program` in the evaluator's place."""

    def left(self) -> list[str]:
        """Return what runs still."""


class SandboxEnd:
    """This machine."""

    def __init__(self, folder: Path) -> None:
        home = Home(folder / "home")
        home.prepare()
        self.place = Sandboxes(home)

    def play(self, program: str, task: Task) -> Completed:
        return self.place.run(replace(task, command=(sys.executable, "-P", "-c", program)))

    def left(self) -> list[str]:
        return []


class PodEnd:
    """A cluster."""

    def __init__(self, api: TaskApi) -> None:
        self.api = api
        self.place = Pods(SETTINGS, lambda: Configuration(host=api.url))

    def play(self, program: str, task: Task) -> Completed:
        self.api.tasks.program = program
        try:
            return self.place.run(task)
        finally:
            self.api.tasks.program = ""

    def left(self) -> list[str]:
        running = [name for name, one in self.api.tasks.started.items() if one.process.poll() is None]
        return [*running, *self.api.pods]
