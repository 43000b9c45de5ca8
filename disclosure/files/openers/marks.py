"""How many marks a drawing has: each can be measured, so a drawing of records is a file of records."""

from __future__ import annotations

from saferoom.disclosure.files.openers.base import File
from saferoom.disclosure.verdict import Verdict

_NOTED, _TOO_MANY = 60, 1_000
_SCATTER = 150
"""More points than a chart of statistics has, the ticks of its axes included."""
_REMEDY = (
    "Declare the chart, so that it is drawn from a judged table, or draw classes in place of points; or send a PNG."
)


def report_marks(file: File, place: str, marks: int, vertices: int, points: int = 0) -> None:
    """Write down that a drawing has many marks (points, bars) or many vertices of lines.

    Parameters
    ----------
    points : int
        Marks that are points of their own (circles, repeated symbols), of which a scatter plot has one for each unit.
    """
    count = max(marks, vertices)
    if count < _NOTED:
        return
    where = f" ({place})" if place else ""
    file.finding(
        "many-marks",
        f"draws {count:,} points or corners of lines{where}, and the place of each can be measured exactly, "
        "as if the values behind them stood in a table",
        _REMEDY,
        Verdict.FAIL if count >= _TOO_MANY or points >= _SCATTER else Verdict.REVIEW,
    )
