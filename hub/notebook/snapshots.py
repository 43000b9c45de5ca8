"""Tables made in a room, on their way to be judged: preparation that no view can say, such as a matching or a model."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from saferoom.hub.notebook.errors import RoomError

if TYPE_CHECKING:
    import pandas as pd

SNAPSHOT = "snapshot"
"""What a query calls the table that comes with it."""
MOST_BYTES = 64 * 2**20


def is_frame(value: object) -> bool:
    """Say whether `value` is a pandas frame; pandas is not loaded to find out."""
    return any(kind.__module__.startswith("pandas") and kind.__name__ == "DataFrame" for kind in type(value).__mro__)


def as_parquet(frame: pd.DataFrame) -> bytes:
    """Return `frame` as the airlock takes it: Parquet, without its index, whole numbers as whole numbers.

    Raises
    ------
    RoomError
        When it has columns without names, values that no column of a table can hold, or is too large.
    """
    plain = frame.reset_index(drop=True)
    if not all(isinstance(name, str) for name in plain.columns) or plain.columns.has_duplicates:
        raise RoomError("a snapshot's columns need names, each a different text; rename them first")
    for name in plain.columns:
        plain[name] = _whole(plain[name])
    data = io.BytesIO()
    try:
        plain.to_parquet(data, index=False)
    except (ValueError, TypeError, ImportError):
        raise RoomError("a snapshot may hold numbers, texts, dates and truth values only") from None
    except Exception as error:
        # pyarrow's errors name the values they could not store.
        raise RoomError(f"the snapshot cannot be written as a table ({type(error).__name__})") from None
    if data.tell() > MOST_BYTES:
        raise RoomError(f"the snapshot is larger than {MOST_BYTES // 2**20} MiB; leave columns or rows out")
    return data.getvalue()


def _whole(column: Any) -> Any:
    """Return a column of decimals that are all whole as whole numbers: a join turns ids into decimals."""
    if column.dtype.kind != "f" or not column.notna().any():
        return column
    given = column.dropna()
    return column.astype("Int64") if bool((given == given.round()).all() and (given.abs() < 2**53).all()) else column
