"""Small tables for steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from saferoom.projects.measures.model import Made, Settings, Table
from saferoom.projects.measures.running import run
from saferoom.projects.measures.steps import step


class World:
    """A DuckDB in memory with tables given as lists of rows."""

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        self.made: Made | None = None
        self._count = 0

    def table(self, name: str, columns: str, rows: Sequence[Sequence[Any]]) -> str:
        self.connection.execute(f"CREATE OR REPLACE TABLE {name} ({columns})")
        if rows:
            marks = ", ".join("?" for _ in rows[0])
            self.connection.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)
        return name

    def run(
        self, name: str, tables: Mapping[str, str | Table], settings: Settings | None = None
    ) -> list[dict[str, Any]]:
        self._count += 1
        into = f"made{self._count}"
        self.made = run(self.connection, step(name), tables, into, settings)
        found = self.connection.execute(f"SELECT * FROM {into}")
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
