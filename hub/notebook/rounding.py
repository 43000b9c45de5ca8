"""Tables made in the room, rounded and blanked as output checkers ask for, before they are uploaded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from saferoom.hub.notebook.errors import RoomError

if TYPE_CHECKING:
    import pandas as pd

BASE = 5
THRESHOLD = 10


def rounded(
    frame: pd.DataFrame, counts: Sequence[str] | None = None, *, base: int = BASE, threshold: int = THRESHOLD
) -> pd.DataFrame:
    """Return `frame` with its counts rounded to `base` and those below `threshold` left blank.

    Parameters
    ----------
    counts : list of str
        The columns that hold counts; found by their heads when left out.

    Notes
    -----
    A blank cell can often be worked out from totals. A declared table with ``protect="suppress"`` or
    ``protect="round"`` is checked for that; a table rounded here is looked at by two people.
    """
    names = count_columns(frame) if counts is None else list(counts)
    unknown = [name for name in names if name not in frame.columns]
    if unknown or not names:
        raise RoomError("rounded takes the names of the columns with counts, e.g. counts=['n']")
    changed = frame.copy()
    for name in names:
        values = changed[name].astype("Float64")
        # Half goes up, as in the airlock's own rounding.
        near = ((values / base + 0.5) // 1 * base).astype("Int64")
        changed[name] = near.mask(values < threshold)
    return changed


def count_columns(frame: pd.DataFrame) -> list[Any]:
    """Return the columns of `frame` that hold counts, as far as their heads tell.

    Where no head says so, all whole numbers are taken for counts but those of known subjects (ages, years).
    """
    from saferoom.disclosure.files.screens.words import Role, role

    whole = [name for name in frame.columns if _is_whole(frame[name])]
    said = [name for name in whole if role(str(name)) is Role.COUNT]
    return said or [name for name in whole if role(str(name)) not in {Role.SUBJECT, Role.STATISTIC, Role.PERCENT}]


def _is_whole(column: Any) -> bool:
    if column.dtype.kind in "iu":
        return True
    return column.dtype.kind == "f" and bool((column.dropna() % 1 == 0).all()) and bool(column.notna().any())
