"""Preparation written as Ibis expressions: turned into the SQL of a view, which the trusted side checks and runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from saferoom.hub.notebook.errors import RoomError

if TYPE_CHECKING:
    import ibis.expr.types as ir

PREPARED = "prepared"
"""The name of the view that an expression given as `source` becomes."""


def unbound(name: str, path: str) -> ir.Table:
    """Return an Ibis table that stands for the dataset `name`: its columns, and no data.

    Parameters
    ----------
    path : str
        The extract's Parquet file, of which only the schema is read.
    """
    import ibis
    import pyarrow.parquet as pq

    return ibis.table(ibis.Schema.from_pyarrow(pq.read_schema(path)), name=name)


def is_expression(value: object) -> bool:
    """Say whether `value` is an Ibis table expression; Ibis is not loaded to find out."""
    return any(kind.__module__.startswith("ibis.expr.types") for kind in type(value).__mro__) and hasattr(
        value, "schema"
    )


def as_sql(value: object, argument: str) -> str:
    """Return the SELECT of a view given as text or as an Ibis expression over `Extract.ibis()` tables.

    Raises
    ------
    RoomError
        When it is neither, or an expression that cannot be written as one SELECT.
    """
    if isinstance(value, str):
        return value
    if not is_expression(value):
        raise RoomError(f"{argument} takes SELECT statements or Ibis table expressions, not the data themselves")
    import ibis
    from ibis.common.exceptions import IbisError

    if value.__class__.__name__ == "CachedTable" or _reads_data(value):
        raise RoomError(
            f"{argument}: this expression holds data of its own. Build it from saferoom.data(NAME).ibis(), so that the "
            "airlock can compute it again from the extract"
        )
    try:
        return str(ibis.to_sql(value, dialect="duckdb"))
    except (IbisError, NotImplementedError) as error:
        reason = type(error).__name__
        raise RoomError(f"{argument}: Ibis cannot write this expression as SQL ({reason}); write it as SQL") from None


def views(given: Mapping[str, Any]) -> dict[str, str]:
    """Return the views of a query with every Ibis expression written as SQL."""
    return {name: as_sql(value, f"views[{name!r}]") for name, value in given.items()}


def _reads_data(value: Any) -> bool:
    """Say whether an expression is bound to a connection or to a frame, which the trusted side does not have."""
    import ibis.expr.operations as ops

    held = (ops.InMemoryTable, ops.DatabaseTable, ops.SQLQueryResult)
    return bool(value.op().find(held))
