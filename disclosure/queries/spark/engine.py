"""An engine that computes with Spark and means what DuckDB means.

DuckDB knows the datasets' columns and no rows: it says whether a statement fits together and which types come out, with
the same sentences as ever. Spark computes, and what it found is handed over in DuckDB's types.
"""

# ruff: noqa: S608 - SQL is put together here, from checked trees and generated names only
from __future__ import annotations

import contextlib
import uuid
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from saferoom.disclosure.history.crosswalk import Crosswalk
from saferoom.disclosure.queries.engine import Engine, Limits
from saferoom.disclosure.queries.files import described, reader
from saferoom.disclosure.queries.relations import Relation
from saferoom.disclosure.queries.source import Source
from saferoom.disclosure.queries.spark.compiling import Compiled, compile_statement
from saferoom.disclosure.queries.spark.session import SparkSettings, errors, session
from saferoom.disclosure.queries.spark.types import spark_type
from saferoom.errors import BadInputError

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

_BATCH_ROWS = 100_000


class SparkEngine(Engine):
    """An open engine on Spark; see `Engine`."""

    def __init__(
        self,
        sources: Sequence[Source],
        limits: Limits,
        settings: SparkSettings,
        *,
        crosswalks: Mapping[str, Crosswalk] | None = None,
        rows_apart: bool = True,
    ) -> None:
        super().__init__(sources, limits, crosswalks=crosswalks, rows_apart=rows_apart)
        self._settings = settings
        self._names: dict[str, str] = {}
        self._kept: dict[str, DataFrame] = {}
        self._jobs = f"saferoom-{uuid.uuid4().hex}"
        self._folder = Path()

    def __enter__(self) -> SparkEngine:
        self._session: SparkSession = session(self._settings)
        self._stack.callback(self._forget)
        self._handing = self._stack.enter_context(duckdb.connect(":memory:", config={"threads": "1"}))
        self._handing.execute("SET python_enable_replacements = false")
        super().__enter__()
        return self

    # -- what is asked ------------------------------------------------------------------------------------------

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run generated SQL and return all rows."""
        with self._handed(sql) as found:
            return found.fetchall()

    def columns(self, sql: str) -> dict[str, Any]:
        """Run generated SQL and return one masked numpy array per column."""
        with self._handed(sql) as found:
            return found.fetchnumpy()

    def batches(self, sql: str, rows: int) -> Iterator[dict[str, Any]]:
        """Run generated SQL and yield numpy arrays per column for at most `rows` rows at a time."""
        with self._handed(sql) as found:
            reader: Any = found.to_arrow_reader(rows)
            for batch in reader:
                yield {name: batch.column(name).to_numpy(zero_copy_only=False) for name in batch.schema.names}

    def run(self, sql: str) -> None:
        """Run generated SQL for its effect (a temporary table)."""
        statement = self._compiled(sql)
        super().run(sql)
        if statement.drops is not None:
            self._drop(statement.drops)
        if statement.table is not None:
            from pyspark import StorageLevel

            with self._sentences():
                frame = self._frame(statement).persist(StorageLevel.MEMORY_AND_DISK)
                self._drop(statement.table)
                frame.createOrReplaceTempView(statement.table)
                self._kept[statement.table.lower()] = frame

    def tidy(self) -> None:
        """Drop what an earlier query left behind, so that another can be judged in its place."""
        for name in list(self._kept):
            self._drop(name)
        for (name,) in self._connection.execute("SELECT table_name FROM duckdb_tables() WHERE temporary").fetchall():
            quoted = str(name).replace('"', '""')
            self._connection.execute(f'DROP TABLE temp."{quoted}"')
        self._remembered.clear()
        self._types.clear()

    # -- how it is computed -------------------------------------------------------------------------------------

    def _compiled(self, sql: str) -> Compiled:
        return compile_statement(sql, self.types, self._names)

    def _frame(self, statement: Compiled) -> DataFrame:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for name, function in statement.functions.items():
                self._session.udf.register(name, function.registered())
            context = self._session.sparkContext
            context.setJobGroup(self._jobs, "saferoom", interruptOnCancel=True)
            return self._session.sql(statement.sql)

    def _computed(self, sql: str) -> pa.Table:
        statement = self._compiled(sql)
        with self._sentences(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return self._frame(statement).toArrow()

    @contextlib.contextmanager
    def _handed(self, sql: str) -> Iterator[duckdb.DuckDBPyConnection]:
        """Compute, and give the outcome to a DuckDB of its own, in the types that DuckDB itself would have."""
        with super()._sentences():
            described = self._connection.execute(f"DESCRIBE {sql}").fetchall()
        table = self._computed(sql)
        if table.num_columns != len(described):
            raise BadInputError("the query cannot be computed with the engine spark; use the engine duckdb")
        names = [str(row[0]) for row in described]
        by_name = {name.lower(): place for place, name in enumerate(table.column_names)}
        items = []
        for place, row in enumerate(described):
            # Spark puts columns that are replaced last; what has no name is in the same place.
            at = by_name.get(names[place].lower(), place)
            quoted = names[place].replace('"', '""')
            items.append(f'CAST(x{at} AS {row[1]}) AS "{quoted}"')
        given = table.rename_columns([f"x{i}" for i in range(table.num_columns)])
        self._handing.register("_given", given)
        try:
            yield self._handing.execute(f"SELECT {', '.join(items)} FROM _given")
        except duckdb.Error:
            raise BadInputError("the query cannot be computed on this data") from None
        finally:
            self._handing.unregister("_given")

    def _attach(self, source: Source, link: Path) -> Relation:
        """Tell DuckDB the columns without the rows, and Spark where the rows are."""
        name, view = source.name.replace('"', '""'), f"_source{len(self._names)}"
        with self._read(source):
            self._connection.execute(
                f'CREATE TABLE "{name}" AS SELECT * FROM {reader(source, link, whole=True)} LIMIT 0'
            )
            columns = self._connection.execute(f'DESCRIBE "{name}"').fetchall()
            path = self._as_parquet(source, link)
        with self._sentences():
            frame = self._file(path, columns)
            lower = {field.lower(): field for field in frame.columns}
            items = []
            for row in columns:
                kind, own = spark_type(str(row[1])), lower.get(str(row[0]).lower())
                if kind is not None and own is not None:
                    items.append(f"CAST({_ticked(own)} AS {kind}) AS {_ticked(own)}")
            frame.selectExpr(*items).createOrReplaceTempView(view)
        self._names[source.name.lower()] = view
        if not self.rows(f'SELECT 1 FROM "{name}" LIMIT 1'):
            raise BadInputError(f"{described(source)} has no rows")
        return self._told(source, name, [str(row[0]) for row in columns])

    def _file(self, path: Path, columns: Sequence[tuple[Any, ...]]) -> DataFrame:
        """Return the rows of a Parquet file; no path reaches SQL."""
        address = path.resolve().as_uri()
        try:
            return self._session.read.parquet(address)
        except errors():
            # It has columns of types that Spark does not have: the others can be read.
            known = [(str(name), spark_type(str(kind))) for name, kind, *_ in columns]
            schema = ", ".join(f"{_ticked(name)} {kind}" for name, kind in known if kind is not None)
            return self._session.read.schema(schema).parquet(address)

    def _as_parquet(self, source: Source, link: Path) -> Path:
        """Return a Parquet file of the source's rows; text is read by DuckDB, so that it means the same."""
        function = reader(source, link, whole=True)
        if not function.startswith("read_csv"):
            return source.path
        import pyarrow.parquet as pq

        into = link.with_name(f"{link.name}.parquet")
        rows = self._connection.sql(f"SELECT * FROM {function}").to_arrow_reader(_BATCH_ROWS)
        with pq.ParquetWriter(into, rows.schema) as writer:
            for batch in rows:
                writer.write_batch(batch)
        return into

    def _drop(self, table: str) -> None:
        frame = self._kept.pop(table.lower(), None)
        if frame is not None:
            with contextlib.suppress(Exception):
                frame.unpersist()
        self._session.catalog.dropTempView(table)

    def _forget(self) -> None:
        for frame in self._kept.values():
            with contextlib.suppress(Exception):
                frame.unpersist()
        self._kept.clear()

    # -- what goes wrong ----------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _sentences(self) -> Iterator[None]:
        """Turn errors of Spark and of DuckDB, whose texts may quote data, into sentences that do not."""
        try:
            with super()._sentences():
                yield
        except errors() as error:
            if self._interrupted.is_set():
                raise self._too_long() from None
            raise _sentence(error) from None

    def _interrupt(self) -> None:
        self._interrupted.set()
        with contextlib.suppress(Exception):
            self._session.sparkContext.cancelJobGroup(self._jobs)
        self._connection.interrupt()


def _ticked(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


_RANGES = ("CAST_INVALID_INPUT", "ARITHMETIC_OVERFLOW", "NUMERIC_VALUE_OUT_OF_RANGE", "CAST_OVERFLOW", "DIVIDE_BY_ZERO")


def _sentence(error: Exception) -> BadInputError:
    kind = getattr(error, "getCondition", lambda: None)() or ""
    text = str(error)
    if str(kind).startswith(_RANGES) or any(word in text for word in _RANGES) or "saferoom: an expression" in text:
        return BadInputError(
            "an expression cannot be computed for every row: a number is out of range, or a text or date cannot be "
            "converted; use try_cast, nullif or a narrower filter"
        )
    return BadInputError("the query cannot be computed with the engine spark on this data")
