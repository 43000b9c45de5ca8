"""Steps that are printed with their time, and a failure that names its step."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from saferoom.errors import SaferoomError

_NUMBER = 3
"""Letters that a step's number takes in its line, at least."""


class StepError(SaferoomError):
    """A step of the demonstration did not do what it must."""


class StoppedError(SaferoomError):
    """Work beside the steps is to end, because nobody waits for it any more."""


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
    stopped: threading.Event = field(default_factory=threading.Event)

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
        if self.stopped.is_set():
            raise StoppedError(f"{name}: not begun, because another step failed")
        self.done += 1
        step, began = Step(name), self.now()
        try:
            yield step
        except Exception as error:
            reason = error.message if isinstance(error, SaferoomError) else f"{type(error).__name__}: {error}"
            self.show(self._line("FAIL", name, began, ""))
            raise StepError(f"step {self.done}, {name!r}, failed: {reason}") from error
        self.show(self._line("ok", name, began, step.note))

    def tell(self, _what: str, _share: float) -> None:
        """Take notice of the progress of long work; end it where nobody waits for it any more."""
        if self.stopped.is_set():
            raise StoppedError("ended, because another step failed")

    @contextmanager
    def beside(self, work: Callable[[Steps], None]) -> Iterator[Callable[[], None]]:
        """Do the steps of `work` beside the block's own; yield what waits for their end and prints them.

        Where the block fails they are ended: at their next step or word of progress.
        """
        lines: list[str] = []
        failed: list[BaseException] = []
        took: list[float] = []
        own = Steps(lines.append, self.now)

        def do() -> None:
            try:
                work(own)
            except BaseException as error:
                failed.append(error)
            finally:
                took.append(own.total_seconds)

        thread = threading.Thread(target=do, name="beside")

        def wait() -> None:
            thread.join()
            self.show(f"        beside the steps before, {took[0]:.2f} s in all:")
            for line in lines:
                self.done += 1
                self.show(f"{self.done:3d}{line[_NUMBER:]}")
            lines.clear()
            if failed and isinstance(failed[0], StepError):
                # The line printed last is that of the step that failed.
                raise StepError(re.sub(r"^step \d+", f"step {self.done}", failed[0].message)) from failed[0]
            if failed:
                raise failed[0]

        thread.start()
        try:
            yield wait
        except BaseException:
            own.stopped.set()
            raise
        finally:
            thread.join()

    def _line(self, state: str, name: str, began: float, note: str) -> str:
        text = f"{self.done:3d}  {state:<4}  {self.now() - began:7.2f} s  {name}"
        return f"{text}: {note}" if note else text

    @property
    def total_seconds(self) -> float:
        """Seconds since the first step could begin."""
        return self.now() - self.started
