"""Patterns of a Parquet file that is too large for memory: the file is grouped where it lies, by DuckDB.

What is kept in memory are the distinct keys, not the records.
"""

# ruff: noqa: S608 - SQL is put together from quoted names only
from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from saferoom.disclosure.microdata import columns
from saferoom.disclosure.microdata.files import column_names
from saferoom.disclosure.microdata.keys import Keys
from saferoom.disclosure.microdata.patterns import Patterns, group, of_arrays
from saferoom.errors import BadInputError, UnavailableError

if TYPE_CHECKING:
    import duckdb

MEMORY_MIB = 2_000
MOST_IN_MEMORY = 2_000_000
"""Records up to which a file is read whole, so that measures of single records can be had as well."""


def count_patterns(
    file: Path, names: Sequence[str], weight: str | None = None, *, memory_mib: int = MEMORY_MIB, what: str = "keys"
) -> tuple[Keys, Patterns]:
    """Count the distinct keys of a Parquet file.

    Parameters
    ----------
    weight : str, optional
        Column of sampling weights; without, every record counts one.
    memory_mib : int
        What DuckDB may use; what is more goes to temporary files, encrypted and gone afterwards.

    Returns
    -------
    keys : Keys
        One row per pattern: what the codes of the patterns mean.
    patterns : Patterns
        Without `inverse`.

    Raises
    ------
    BadInputError
        As for tables in memory: columns that are not there, weights that are no positive numbers.
    UnavailableError
        When there are more distinct keys than memory.
    """
    columns.check_wanted(column_names(file), [*names, *([weight] if weight else [])], what)
    with _opened(file, memory_mib, what) as connection:
        table = _grouped(connection, names, weight)
    if weight is not None:
        low, untold = (int(np.sum(table[name].to_numpy())) for name in ("low", "untold"))
        columns.check_weights(weight, untold, low, "weight")
    counted = table.select([*(f"k{place}" for place in range(len(names))), "records", "weights"])
    return of_counts(counted.rename_columns([*names, "records", "weights"]), names, what)


def of_counts(table: Any, names: Sequence[str], what: str = "keys") -> tuple[Keys, Patterns]:
    """Return the keys and patterns of records that were counted elsewhere; see `count_patterns`.

    Parameters
    ----------
    table : Arrow table
        The columns `names`, then the number of records of each combination, then the sum of their weights.
    """
    records, totals = (np.asarray(table.column(place).to_numpy(), dtype=np.float64) for place in (-2, -1))
    keys = Keys.of(table.select(list(range(len(names)))), names, what)
    # "Not a number" and no value are one to us and two to DuckDB.
    inverse, first = group(keys.codes, keys.sizes)
    counts, sums = (np.bincount(inverse, values, len(first)) for values in (records, totals))
    found = of_arrays(keys.codes[first], counts.astype(np.int64), np.asarray(sums, dtype=np.float64))
    return keys.with_codes(found.rows), found


@contextmanager
def _opened(file: Path, memory_mib: int, what: str) -> Iterator[duckdb.DuckDBPyConnection]:
    import duckdb

    with tempfile.TemporaryDirectory(prefix="saferoom-records-") as folder:
        # Reached through a link, so that no character of its path means anything to DuckDB.
        link = Path(folder) / "records.parquet"
        link.symlink_to(file.resolve())
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": f"{memory_mib}MiB",
            "temp_directory": folder,
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "preserve_insertion_order": "false",
        }
        try:
            with duckdb.connect(":memory:", config=config) as connection:
                connection.execute("SET enable_progress_bar = false")
                connection.execute("SET temp_file_encryption = true")
                connection.execute(f"CREATE VIEW records AS SELECT * FROM read_parquet('{link}')")
                yield connection
        except duckdb.OutOfMemoryException:
            raise UnavailableError(
                f"{what}: the file has more different keys than fit into {memory_mib:,} MiB; name fewer keys"
            ) from None
        except duckdb.Error:
            # DuckDB's own text may quote values.
            raise BadInputError(f"{what}: the file {file.name} cannot be grouped by these columns") from None


def _grouped(connection: duckdb.DuckDBPyConnection, names: Sequence[str], weight: str | None) -> Any:
    keys = ", ".join(f"{_quoted(name)} AS k{place}" for place, name in enumerate(names))
    sums = "count(*) AS records" + (", count(*) AS weights" if weight is None else "")
    if weight is not None:
        own = _quoted(weight)
        kind = connection.execute(f"SELECT typeof({own}) FROM records LIMIT 1").fetchall()
        if kind and not _is_number(str(kind[0][0])):
            raise columns.no_numbers(weight, "weight")
        low = f"count(*) FILTER (WHERE {own} <= 0)"
        # "Not a number" is greater than everything to DuckDB.
        untold = f"count(*) FILTER (WHERE {own} IS NULL OR isnan({own}::DOUBLE) OR isinf({own}::DOUBLE))"
        sums += f", sum({own}::DOUBLE) AS weights, {low} AS low, {untold} AS untold"
    return connection.sql(f"SELECT {keys}, {sums} FROM records GROUP BY ALL").to_arrow_table()


def _is_number(kind: str) -> bool:
    return kind.startswith("DECIMAL") or kind in {
        *(f"{sign}{size}INT" for sign in ("", "U") for size in ("TINY", "SMALL", "BIG", "HUGE")),
        *("INTEGER", "UINTEGER", "FLOAT", "DOUBLE"),
    }


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
