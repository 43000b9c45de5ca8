"""Cells run one by one; a cell's error fails, unless it is the refusal that the notebook announces."""

from __future__ import annotations

from typing import Any

import pytest

from saferoom.hub.demo.notebook import CodeCell, RunCell, first_line, read_cells
from saferoom.hub.demo.steps import StepError
from saferoom.hub.drive import Output


class _Room:
    def __init__(self, output: Output) -> None:
        self._output = output

    def execute(self, _code: str) -> Output:
        return self._output


def _run(output: Output, *, meant_to_fail: bool = False) -> str:
    room: Any = _Room(output)
    return RunCell(room)(CodeCell("cell", "1", meant_to_fail))


def test_cell_that_works_gives_its_first_line() -> None:
    assert _run(Output(results=({"text/plain": "one\ntwo"},))) == "one"
    assert _run(Output(text="printed\n")) == "printed"
    assert _run(Output()) == ""
    assert len(first_line(Output(text="x" * 500))) == 90


def test_cell_that_ends_in_an_error_fails() -> None:
    with pytest.raises(StepError, match="ended in an error: ValueError"):
        _run(Output(error="ValueError: x"))
    with pytest.raises(StepError, match="kernel ended"):
        _run(Output(died=True))


def test_cell_that_is_meant_to_fail_must_be_refused_by_the_airlock() -> None:
    assert _run(Output(error="RoomError: no"), meant_to_fail=True) == "RoomError: no"
    for output in (Output(), Output(error="NameError: x")):
        with pytest.raises(StepError, match="must be refused"):
            _run(output, meant_to_fail=True)


def test_read_cells_keeps_code_alone() -> None:
    cells = read_cells(
        {
            "cells": [
                {"cell_type": "markdown", "id": "a", "source": "x"},
                {"cell_type": "code", "id": "b", "source": ["1\n", "2"], "metadata": {"tags": ["raises-exception"]}},
                {"cell_type": "code", "id": "c", "source": "3"},
            ]
        }
    )
    assert cells == [CodeCell("b", "1\n2", True), CodeCell("c", "3", False)]
