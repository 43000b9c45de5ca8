"""Steps are printed with their time, and a failure names its step."""

from __future__ import annotations

import re
import threading

import pytest

from saferoom.errors import BadInputError
from saferoom.hub.demo.steps import StepError, Steps


def _steps(lines: list[str]) -> Steps:
    ticks = iter(range(0, 1000, 2))
    return Steps(lines.append, now=lambda: float(next(ticks)))


def test_step_is_printed_with_its_number_time_and_note() -> None:
    lines: list[str] = []
    steps = _steps(lines)
    with steps.step("open the room") as step:
        step.note = "ready"
    assert lines == ["  1  ok       2.00 s  open the room: ready"]
    assert steps.total_seconds == 6.0


def test_step_that_fails_names_itself_and_the_reason() -> None:
    lines: list[str] = []
    steps = _steps(lines)
    with pytest.raises(StepError, match=r"step 1, 'sign in', failed: no such form"), steps.step("sign in"):
        raise BadInputError("no such form")
    assert lines[0].split()[:2] == ["1", "FAIL"]
    with pytest.raises(StepError, match="step 2, 'other', failed: KeyError"), steps.step("other"):
        raise KeyError("x")


def test_step_expectation_that_is_not_met_fails_it() -> None:
    steps = _steps([])
    with pytest.raises(StepError, match="it was not released"), steps.step("release") as step:
        step.expect(False, "it was not released")


def test_steps_beside_others_are_printed_where_they_are_waited_for() -> None:
    lines: list[str] = []
    steps = Steps(lines.append)

    def work(own: Steps) -> None:
        with own.step("link") as step:
            step.note = "done"

    with steps.beside(work) as wait:
        with steps.step("sign in"):
            pass
        wait()
        with steps.step("open the room"):
            pass
    assert re.fullmatch(r" +beside the steps before, \d+\.\d\d s in all:", lines.pop(1))
    assert [(line.split()[0], line.split(" s  ")[1]) for line in lines] == [
        ("1", "sign in"),
        ("2", "link: done"),
        ("3", "open the room"),
    ]


def test_step_beside_others_that_fails_has_the_number_it_is_printed_with() -> None:
    lines: list[str] = []
    steps = Steps(lines.append)

    def work(own: Steps) -> None:
        with own.step("link"):
            raise BadInputError("no such source")

    with (  # noqa: PT012 - the block's own step passes
        pytest.raises(StepError, match=r"^step 2, 'link', failed: no such source$"),
        steps.beside(work) as wait,
    ):
        with steps.step("sign in"):
            pass
        wait()
    assert lines[2].split()[:2] == ["2", "FAIL"]


def test_steps_beside_others_end_when_these_fail() -> None:
    steps, began, told = Steps(lambda _: None), threading.Event(), threading.Event()
    ended: list[str] = []

    def work(own: Steps) -> None:
        try:
            with own.step("link"):
                began.set()
                told.wait(10)
                while True:
                    own.tell("rating", 0.5)
        except StepError as error:
            ended.append(error.message)
            with own.step("derive"):
                ended.append("went on")

    with pytest.raises(KeyError), steps.beside(work):  # noqa: PT012 - it fails while the other works
        began.wait(10)
        steps_failed = KeyError("room")
        threading.Timer(0.05, told.set).start()
        raise steps_failed
    assert ended == ["step 1, 'link', failed: ended, because another step failed"]
