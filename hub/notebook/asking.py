"""Having the airlock compute and judge queries, and reading its answers as results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from saferoom.hub.notebook.connection import Connection, encode
from saferoom.hub.notebook.documents import Names, Terms, document
from saferoom.hub.notebook.errors import RoomError
from saferoom.hub.notebook.results import Result
from saferoom.hub.notebook.snapshots import as_parquet, is_frame

if TYPE_CHECKING:
    import pandas as pd


def declared(statistic: str, measure: str | None, by: Names | None, terms: Terms) -> Result:
    """Have the airlock compute and judge `statistic`; a frame given as the source goes with it as a snapshot."""
    source = terms.get("source")
    table = as_parquet(cast("pd.DataFrame", source)) if is_frame(source) else None
    return evaluate(document(statistic, measure, by, terms), snapshot=table)


def evaluate(query: Mapping[str, Any], connection: Connection | None = None, snapshot: bytes | None = None) -> Result:
    """Have the airlock compute and judge `query`, over a `snapshot` where one is given, and return the result."""
    connection = connection or Connection.from_environment()
    if snapshot is None:
        answer = connection.post("/api/room/evaluations", {"query": dict(query)})
    else:
        answer = connection.send("/api/room/snapshots", encode({"query": dict(query)}) + b"\n" + snapshot)
    return read(connection, answer, query, snapshot)


def read_evaluation(connection: Connection, id_: str) -> Result:
    """Return one of your own evaluations as the airlock keeps it."""
    return read(connection, connection.get(f"/api/room/evaluations/{id_}"))


def read(
    connection: Connection, answer: object, query: Mapping[str, Any] | None = None, snapshot: bytes | None = None
) -> Result:
    """Return the result that an answer describes, of `query` or of the one that comes with it."""
    asked = answer.get("query") if isinstance(answer, Mapping) and query is None else query
    if not isinstance(answer, Mapping) or not isinstance(asked, Mapping):
        raise RoomError("the airlock's answer was not understood; restart the room so that both match")
    return Result(connection, asked, answer, snapshot)


def trial(query: Mapping[str, Any] | Result, connection: Connection | None = None) -> Result:
    """Try a query with differential privacy on a synthetic twin; nothing is spent, and no number is about anybody.

    Parameters
    ----------
    query : mapping or Result
        A query document with a ``protect`` block of the method ``dp``, or a quote.
    """
    document = query.query if isinstance(query, Result) else dict(query)
    connection = connection or Connection.from_environment()
    return read(connection, connection.post("/api/room/trials", {"query": document}), document)
