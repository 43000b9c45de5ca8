"""Functions that Spark's Python workers compute with DuckDB, because the two do not agree on what they mean."""

# ruff: noqa: S608 - SQL is put together here, from checked trees only
from __future__ import annotations

import hashlib
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from saferoom.disclosure.queries.spark.types import spark_type

if TYPE_CHECKING:
    import duckdb

FAILED = "saferoom: an expression cannot be computed for every row"


@dataclass(frozen=True)
class WorkerFunction:
    """One expression, written in DuckDB's SQL.

    Attributes
    ----------
    expression : str
        Over the columns ``c0, c1 ...``.
    arguments : tuple of str
        The columns' types, as DuckDB calls them.
    returns : str
        DuckDB's type of the expression.
    """

    expression: str
    arguments: tuple[str, ...]
    returns: str

    @property
    def name(self) -> str:
        """What Spark calls it: the same for the same expression."""
        text = "\x1f".join([self.expression, self.returns, *self.arguments])
        return "saferoom_" + hashlib.sha256(text.encode()).hexdigest()[:24]

    @property
    def select(self) -> str:
        """DuckDB's SQL over the table ``given``."""
        columns = ", ".join(f"CAST(a{i} AS {kind}) AS c{i}" for i, kind in enumerate(self.arguments))
        carried = {"HUGEINT": "DECIMAL(38,0)", "UBIGINT": "DECIMAL(20,0)", "UINTEGER": "BIGINT"}
        carried |= {"USMALLINT": "INTEGER", "UTINYINT": "SMALLINT"}
        kind = "VARCHAR" if self.returns.startswith("ENUM(") else carried.get(self.returns, self.returns)
        return f"SELECT CAST(({self.expression}) AS {kind}) AS x FROM (SELECT {columns} FROM given) g"

    def registered(self) -> Any:
        """Return what Spark registers."""
        functions: Any = importlib.import_module("pyspark.sql.functions")

        kind = spark_type(self.returns)
        if kind is None:
            raise ValueError(self.returns)
        return functions.arrow_udf(_computing(self.select), returnType=kind)


def _computing(select: str) -> Callable[..., Any]:
    import pyarrow as pa

    def compute(*arrays: Any) -> Any:
        return computed(select, arrays)

    # By these Spark knows that whole batches are wanted.
    compute.__annotations__ = {"arrays": pa.Array, "return": pa.Array}
    return compute


def computed(select: str, arrays: tuple[Any, ...]) -> Any:
    """Return the column that DuckDB computes from `arrays`, in their order; its errors, which may quote data, are not.

    Runs in the workers.
    """
    import duckdb
    import pyarrow as pa

    table = pa.table(dict(zip((f"a{i}" for i in range(len(arrays))), arrays, strict=True)))
    connection = _connection()
    connection.register("given", table)
    try:
        rows: Any = connection.execute(select)
        found = rows.to_arrow_table().column("x").combine_chunks()
    except duckdb.Error:
        raise ValueError(FAILED) from None
    finally:
        connection.unregister("given")
    return found


_OPEN: list[duckdb.DuckDBPyConnection] = []


def _connection() -> duckdb.DuckDBPyConnection:
    """Return the worker's own DuckDB, which can reach no file."""
    import duckdb

    if not _OPEN:
        connection = duckdb.connect(":memory:", config={"threads": "1", "enable_external_access": "false"})
        connection.execute("SET python_enable_replacements = false")
        _OPEN.append(connection)
    return _OPEN[0]
