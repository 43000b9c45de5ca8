"""How many marks a drawing has: each can be measured, so a drawing of records is a file of records."""

from __future__ import annotations

from saferoom.disclosure.files.openers.base import File
from saferoom.disclosure.verdict import Verdict

_NOTED, _TOO_MANY = 60, 1_000
_REMEDY = (
    "Declare the chart, so that it is drawn from a judged table, or draw classes in place of points; or send a PNG."
)


def report_marks(file: File, place: str, marks: int, vertices: int) -> None:
    """Write down that a drawing has many marks (points, bars) or many vertices of lines."""
    count = max(marks, vertices)
    if count < _NOTED:
        return
    where = f" ({place})" if place else ""
    file.finding(
        "many-marks",
        f"draws {count:,} points or corners of lines{where}, and the place of each can be measured exactly, "
        "as if the values behind them stood in a table",
        _REMEDY,
        Verdict.FAIL if count >= _TOO_MANY else Verdict.REVIEW,
    )
