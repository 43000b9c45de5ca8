"""Putting what was read from a zone's files into the engine."""

from __future__ import annotations

import duckdb

from saferoom.hub.linkage.sealed import Batches


def load(connection: duckdb.DuckDBPyConnection, table: str, found: Batches) -> None:
    """Put what was read into a table, in place of an earlier one of that name."""
    connection.register("arrived", found)
    connection.execute(f"CREATE OR REPLACE TABLE {table} AS FROM arrived")
    connection.unregister("arrived")
