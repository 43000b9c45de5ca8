"""Linking files with DuckDB: a connection that can read the plan's files and nothing else, and the records in them."""

# ruff: noqa: S608 - SQL is put together from names of our own and quoted ones
from __future__ import annotations

import contextlib
import difflib
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from saferoom.disclosure.queries.files import PARQUET, problem, reader
from saferoom.disclosure.queries.source import Source
from saferoom.errors import BadInputError, UnavailableError
from saferoom.projects.linkage.plan import DatasetPlan, LinkPlan
from saferoom.projects.linkage.standardising import quoted

if TYPE_CHECKING:
    import duckdb

_MEMORY = 2.0
"""GiB, where the plan says nothing; what needs more is put on disk."""


@contextlib.contextmanager
def opened(plan: LinkPlan, folder: Path) -> Iterator[tuple[duckdb.DuckDBPyConnection, dict[str, str]]]:
    """Yield a connection and, by source, the relation with its records; the work's scratch goes afterwards.

    Parameters
    ----------
    folder : Path
        What relative file names of the plan start from.

    Raises
    ------
    BadInputError
        A file is missing or not what its name says, or a column is missing.
    """
    import duckdb

    with tempfile.TemporaryDirectory(prefix="saferoom-link-") as name:
        scratch = Path(name)
        sources = [Source(f"'{d.name}'", folder / d.file) for d in plan.datasets]
        links = [_linked(scratch / f"{n}{s.path.suffix.lower()}", s) for n, s in enumerate(sources)]
        connection = _connect(plan, scratch, links)
        try:
            records = {}
            for number, (dataset, source, link) in enumerate(zip(plan.datasets, sources, links, strict=True)):
                records[dataset.name] = _load(connection, plan, dataset, (source, link), f"linkage_records_{number}")
            _check_groups(connection, plan, records)
            yield connection, records
        except duckdb.OutOfMemoryException:
            raise UnavailableError(
                "linking needs more memory than there is; give more by 'limits.memory', or allow fewer 'limits.pairs'"
            ) from None
        finally:
            connection.close()


def _linked(link: Path, source: Source) -> Path:
    """Give the file a name of our own, so that nothing in its real name means anything to the engine."""
    try:
        link.symlink_to(source.path.resolve())
    except (OSError, RuntimeError, ValueError):
        raise BadInputError(f"the data file of {source.name} cannot be read") from None
    return link


def _connect(plan: LinkPlan, scratch: Path, links: Sequence[Path]) -> duckdb.DuckDBPyConnection:
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": str(plan.limits.threads or min(os.cpu_count() or 1, 8)),
        "temp_directory": str(scratch / "spilled"),
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "allow_community_extensions": "false",
        "allow_persistent_secrets": "false",
        "preserve_insertion_order": "false",
    }
    config["memory_limit"] = f"{int((plan.limits.memory or _MEMORY) * 1024)}MiB"
    connection = duckdb.connect(":memory:", config=config)
    # What does not fit in memory are names; a killed process leaves them behind.
    connection.execute("SET temp_file_encryption = true")
    connection.execute("SET python_enable_replacements = false")
    connection.execute("SET enable_progress_bar = false")
    connection.execute("SET allowed_paths = ?", [[str(link) for link in links]])
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def _load(
    connection: duckdb.DuckDBPyConnection, plan: LinkPlan, dataset: DatasetPlan, file: tuple[Source, Path], table: str
) -> str:
    """Make the table of a dataset's records: its id, the plan's fields, and the groups that it has."""
    import duckdb

    source, link = file
    function = reader(source, link, whole=False)
    if source.path.suffix.lower() not in PARQUET:
        # Every value stays the text that it is: a number would lose its leading zeros.
        function = f"{function[:-1]}, all_varchar = true)"
    try:
        there = [str(row[0]) for row in connection.execute(f"describe select * from {function}").fetchall()]
        own = {column: _column(dataset, dataset.column(column), there) for column in plan.fields}
        groups = {column: _known_column(dataset.column(column), there) for column in plan.groups if column not in own}
        record = _column(dataset, dataset.id, there)
        listed = [f"nullif(cast({quoted(record)} as varchar), '') as record_id"]
        listed += [f"{quoted(found)} as {quoted(column)}" for column, found in own.items()]
        listed += [f"{quoted(found)} as {quoted(column)}" for column, found in groups.items() if found is not None]
        connection.execute(f"create table {table} as select {', '.join(listed)} from {function}")
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as error:
        raise problem(source, error) from None
    return table


def _column(dataset: DatasetPlan, wanted: str, there: Sequence[str]) -> str:
    found = _known_column(wanted, there)
    if found is None:
        close = difflib.get_close_matches(wanted, there, n=1)
        hint = f" (did you mean '{close[0]}'?)" if close else ""
        raise BadInputError(f"the data file of '{dataset.name}' has no column '{wanted}'{hint}")
    return found


def _known_column(wanted: str, there: Sequence[str]) -> str | None:
    """Return the column of that name, or the only one that differs by letters' size or spaces around it."""
    if wanted in there:
        return wanted
    alike = [column for column in there if column.strip().casefold() == wanted.strip().casefold()]
    return alike[0] if len(alike) == 1 else None


def _check_groups(connection: duckdb.DuckDBPyConnection, plan: LinkPlan, records: Mapping[str, str]) -> None:
    have = {row[0] for table in records.values() for row in connection.execute(f"describe {table}").fetchall()}
    for column in plan.groups:
        if column not in have:
            raise BadInputError(f"'groups' names the column '{column}', which no dataset has")
