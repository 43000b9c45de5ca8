"""Steps are printed with their time, and a failure names its step."""

from __future__ import annotations

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
