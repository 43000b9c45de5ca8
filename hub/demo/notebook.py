"""Runs a notebook's cells one by one in a room's kernel, as somebody at the keyboard would."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from saferoom.hub.demo.steps import StepError
from saferoom.hub.drive import Output, Room

# The tag by which a notebook itself says that a cell ends in an error (Jupyter's convention).
_MEANT_TO_FAIL = "raises-exception"
_NOTE_CHARACTERS = 90


@dataclass(frozen=True)
class CodeCell:
    """A cell with code, by its id in the notebook."""

    name: str
    source: str
    meant_to_fail: bool


@dataclass(frozen=True)
class RunCell:
    """Runs cells in `room`."""

    room: Room

    def __call__(self, cell: CodeCell) -> str:
        """Run `cell` and return the first line of what it showed.

        Raises
        ------
        StepError
            The cell ended in an error that it is not meant to end in, or in none although it is meant to.
        """
        output = self.room.execute(cell.source)
        if output.died:
            raise StepError("the kernel ended")
        if output.error and not cell.meant_to_fail:
            raise StepError(f"the cell ended in an error: {output.error}")
        if cell.meant_to_fail and not output.error.startswith("RoomError"):
            raise StepError(f"the cell must be refused by the airlock, but ended with: {output.error or 'no error'}")
        return first_line(output)


def read_cells(notebook: Mapping[str, Any]) -> list[CodeCell]:
    """Return the cells with code of a notebook document."""
    return [
        CodeCell(
            name=str(cell["id"]),
            source="".join(cell["source"]),
            meant_to_fail=_MEANT_TO_FAIL in cell.get("metadata", {}).get("tags", ()),
        )
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
    ]


def first_line(output: Output) -> str:
    """Return the first line of what a cell showed: its error, else its result, else what it printed."""
    shown = output.error or output.last or output.text
    line = next(iter(shown.strip().splitlines()), "")
    return line if len(line) <= _NOTE_CHARACTERS else line[: _NOTE_CHARACTERS - 1] + "…"
