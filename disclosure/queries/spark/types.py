"""What DuckDB's types are called in Spark."""

from __future__ import annotations

import re

_DECIMAL = re.compile(r"DECIMAL\((\d{1,2}),\s*(\d{1,2})\)")
_SPARK = {
    "BOOLEAN": "BOOLEAN",
    "TINYINT": "TINYINT",
    "SMALLINT": "SMALLINT",
    "INTEGER": "INT",
    "BIGINT": "BIGINT",
    "HUGEINT": "DECIMAL(38,0)",
    "UTINYINT": "SMALLINT",
    "USMALLINT": "INT",
    "UINTEGER": "BIGINT",
    "UBIGINT": "DECIMAL(20,0)",
    "FLOAT": "FLOAT",
    "DOUBLE": "DOUBLE",
    "VARCHAR": "STRING",
    "DATE": "DATE",
    "TIMESTAMP": "TIMESTAMP_NTZ",
}
WHOLE = frozenset(
    {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}
)
FLOATING = frozenset({"FLOAT", "DOUBLE"})


def spark_type(duckdb_type: str) -> str | None:
    """Return Spark's name of a type of DuckDB's that holds the same values; None where it has none.

    >>> spark_type("INTEGER"), spark_type("DECIMAL(5,2)"), spark_type("UBIGINT"), spark_type("TIME")
    ('INT', 'DECIMAL(5,2)', 'DECIMAL(20,0)', None)
    """
    if duckdb_type.startswith("ENUM("):
        return "STRING"
    if found := _DECIMAL.fullmatch(duckdb_type):
        return f"DECIMAL({found[1]},{found[2]})"
    if duckdb_type.endswith("[]"):
        inner = spark_type(duckdb_type.removesuffix("[]"))
        return None if inner is None else f"ARRAY<{inner}>"
    return _SPARK.get(duckdb_type)


def family(duckdb_type: str) -> str:
    """Return what kind of values a type has; values of one kind are compared and combined without a cast of texts.

    >>> family("SMALLINT"), family("DECIMAL(3,1)"), family("ENUM('a')"), family("DATE")
    ('number', 'number', 'text', 'DATE')
    """
    if duckdb_type in WHOLE or duckdb_type in FLOATING or duckdb_type.startswith("DECIMAL"):
        return "number"
    return "text" if duckdb_type == "VARCHAR" or duckdb_type.startswith("ENUM(") else duckdb_type
