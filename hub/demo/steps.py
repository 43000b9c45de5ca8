"""Steps that are printed with their time, and a failure that names its step."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from saferoom.errors import SaferoomError


class StepError(SaferoomError):
    """A step of the demonstration did not do what it must."""


@dataclass
class Step:
    """A step that is under way; `note` is printed behind its time."""

    name: str
    note: str = ""

    def expect(self, condition: bool, otherwise: str) -> None:
        """Fail the step with the sentence `otherwise` unless `condition` holds."""
        if not condition:
            raise StepError(otherwise)


@dataclass
class Steps:
    """Runs steps one after the other and prints each with its time in seconds."""

    show: Callable[[str], None]
    now: Callable[[], float] = time.monotonic
    done: int = 0
    started: float = field(default=0.0)

    def __post_init__(self) -> None:
        self.started = self.now()

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Print `name`, its time and its note when the block ends.

        Raises
        ------
        StepError
            The block raised anything: the message names the step and the reason.
        """
        self.done += 1
        step, began = Step(name), self.now()
        try:
            yield step
        except Exception as error:
            reason = error.message if isinstance(error, SaferoomError) else f"{type(error).__name__}: {error}"
            self.show(self._line("FAIL", name, began, ""))
            raise StepError(f"step {self.done}, {name!r}, failed: {reason}") from error
        self.show(self._line("ok", name, began, step.note))

    def _line(self, state: str, name: str, began: float, note: str) -> str:
        text = f"{self.done:3d}  {state:<4}  {self.now() - began:7.2f} s  {name}"
        return f"{text}: {note}" if note else text

    @property
    def total_seconds(self) -> float:
        """Seconds since the first step could begin."""
        return self.now() - self.started
