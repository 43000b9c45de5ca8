"""Charts as the trusted side drew them; shown in a notebook, and saved in the room."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from saferoom.disclosure.charts.model import Picture
from saferoom.hub.notebook.errors import RoomError

if TYPE_CHECKING:
    from saferoom.hub.notebook.results import Result


class Chart:
    """A picture of a result's table, which leaves together with it.

    Attributes
    ----------
    result : Result
        What the chart was drawn from; `Result.release` takes both out.
    svg, png : bytes
    """

    def __init__(self, result: Result, picture: Picture) -> None:
        self.result = result
        self.svg = picture.svg
        self.png = picture.png

    def save(self, path: str | Path) -> None:
        """Write the chart to a file in the room; its name ends in .svg or .png."""
        target = Path(path)
        kinds = {".svg": self.svg, ".png": self.png}
        if target.suffix.lower() not in kinds:
            raise RoomError("a chart is saved as .svg or .png")
        target.write_bytes(kinds[target.suffix.lower()])

    def _repr_png_(self) -> bytes:
        return self.png

    def __repr__(self) -> str:
        return f"Chart of {self.result.title}"


def chart_block(kind: str, value: str | None = None, *, log: bool = False) -> dict[str, Any]:
    """Return a query's ``chart`` block."""
    return {"kind": kind, **({} if value is None else {"value": value}), **({"log": True} if log else {})}
