"""A DuckDB that can read the given files and nothing else, for as long and as large as the limits allow."""

# ruff: noqa: S608 - SQL is put together here, from checked trees and generated names only
from __future__ import annotations

import contextlib
import os
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb

from saferoom.disclosure.queries.relations import Column, Relation, unknown
from saferoom.disclosure.queries.source import Source
from saferoom.errors import BadInputError, UnavailableError

PARQUET = frozenset({".parquet", ".pq"})
DELIMITED = frozenset({".csv", ".tsv"})


@dataclass(frozen=True)
class Limits:
    """How much one check may use."""

    memory_mib: int = 3_000
    scratch_mib: int = 16_000
    seconds: float = 120.0
    threads: int = 0
    """0 takes as many as the machine offers, 8 at most."""


class Engine:
    """An open engine; use it in a ``with`` statement.

    Notes
    -----
    Files are reached through links in a private folder, so that no path's own characters mean anything to DuckDB.
    Only these links are allowed; extensions cannot be installed or loaded; the configuration is locked. With
    ``load=False`` only the columns of the files can be asked for.
    """

    def __init__(self, sources: Sequence[Source], limits: Limits, *, load: bool = True) -> None:
        self._limits = limits
        self._load = load
        self._stack = contextlib.ExitStack()
        self._interrupted = threading.Event()
        self._sources = tuple(sources)
        self.relations: tuple[Relation, ...] = ()

    def __enter__(self) -> Engine:
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="saferoom-")))
        try:
            links = [self._link(folder, position, source) for position, source in enumerate(self._sources)]
            self._connection = self._stack.enter_context(self._connect(folder, links))
            timer = threading.Timer(self._limits.seconds, self._interrupt)
            timer.daemon = True
            timer.start()
            self._stack.callback(timer.cancel)
            pairs = zip(self._sources, links, strict=True)
            self.relations = tuple(self._attach(source, link) for source, link in pairs)
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run generated SQL and return all rows."""
        with self._sentences():
            return self._connection.execute(sql).fetchall()

    def columns(self, sql: str) -> dict[str, Any]:
        """Run generated SQL and return one masked numpy array per column."""
        with self._sentences():
            return self._connection.execute(sql).fetchnumpy()

    def batches(self, sql: str, rows: int) -> Iterator[dict[str, Any]]:
        """Run generated SQL and yield numpy arrays per column for at most `rows` rows at a time."""
        with self._sentences():
            reader = self._connection.sql(sql).to_arrow_reader(rows)
            for batch in reader:
                yield {name: batch.column(name).to_numpy(zero_copy_only=False) for name in batch.schema.names}

    def run(self, sql: str) -> None:
        """Run generated SQL for its effect (a temporary table)."""
        with self._sentences():
            self._connection.execute(sql)

    def types(self, sql: str) -> list[str]:
        """Return the types of the columns that generated SQL yields; nothing is computed."""
        with self._sentences():
            return [str(row[1]) for row in self._connection.execute(f"DESCRIBE {sql}").fetchall()]

    def _link(self, folder: Path, position: int, source: Source) -> Path:
        suffix = source.path.suffix.lower()
        what = f"the data file of {source.name}"
        if suffix not in PARQUET | DELIMITED:
            raise BadInputError(f"{what} must end in .parquet, .csv or .tsv")
        try:
            if not source.path.is_file():
                raise BadInputError(f"{what} does not exist or is not a file")
            if source.path.stat().st_size == 0:
                raise BadInputError(f"{what} is empty")
            with source.path.open("rb") as stream:
                head = stream.read(4096)
        except OSError:
            raise BadInputError(f"{what} cannot be read") from None
        if suffix in DELIMITED and (head[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in head):
            raise BadInputError(f"{what} is not text in UTF-8; save it as UTF-8")
        if suffix in PARQUET and head[:4] != b"PAR1":
            raise BadInputError(f"{what} is not a Parquet file")
        link = folder / f"{position}{suffix}"
        link.symlink_to(source.path.resolve())
        return link

    def _connect(self, folder: Path, links: Sequence[Path]) -> duckdb.DuckDBPyConnection:
        scratch = folder / "scratch"
        scratch.mkdir(mode=0o700)
        limits = self._limits
        connection = duckdb.connect(
            ":memory:",
            config={
                "threads": str(limits.threads or min(os.cpu_count() or 1, 8)),
                "memory_limit": f"{limits.memory_mib}MiB",
                "temp_directory": str(scratch),
                "max_temp_directory_size": f"{limits.scratch_mib}MiB",
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "allow_community_extensions": "false",
                "allow_persistent_secrets": "false",
                "preserve_insertion_order": "false",
            },
        )
        connection.execute("SET python_enable_replacements = false")
        connection.execute("SET enable_progress_bar = false")
        connection.execute("SET allowed_paths = ?", [[str(link) for link in links]])
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        return connection

    def _attach(self, source: Source, link: Path) -> Relation:
        name, path = source.name.replace('"', '""'), str(link).replace("'", "''")
        what = f"the data file of {source.name}"
        try:
            if link.suffix in PARQUET:
                self._connection.execute(f"CREATE VIEW \"{name}\" AS SELECT * FROM read_parquet('{path}')")
            else:
                delimiter = ", delim = '\\t'" if link.suffix == ".tsv" else ""
                kind, sample = ("TABLE", ", sample_size = -1") if self._load else ("VIEW", "")
                self._connection.execute(
                    f"CREATE {kind} \"{name}\" AS SELECT * FROM read_csv('{path}', header = true{sample}{delimiter})"
                )
            described = self._connection.execute(f'DESCRIBE "{name}"').fetchall()
            empty = self._load and self._connection.execute(f'SELECT 1 FROM "{name}" LIMIT 1').fetchone() is None
        except duckdb.Error as error:
            self._limit_reached(error)
            raise BadInputError(f"{what} cannot be read: {_file_problem(link, error)}") from None
        if empty:
            raise BadInputError(f"{what} has no rows")
        return _relation(source, [str(row[0]) for row in described])

    @contextlib.contextmanager
    def _sentences(self) -> Iterator[None]:
        """Turn the engine's errors, whose texts may quote data, into sentences that do not."""
        try:
            yield
        except duckdb.Error as error:
            self._limit_reached(error)
            if isinstance(error, duckdb.BinderException):
                raise BadInputError(f"the types in the query do not fit together ({_first_line(error)})") from None
            if isinstance(error, duckdb.ConversionException | duckdb.OutOfRangeException):
                raise BadInputError(
                    "an expression cannot be computed for every row: a number is out of range, or a text or date "
                    "cannot be converted; use try_cast, nullif or a narrower filter"
                ) from None
            raise BadInputError("the query cannot be computed on this data") from None

    def _limit_reached(self, error: duckdb.Error) -> None:
        if self._interrupted.is_set():
            raise UnavailableError(
                f"the query took longer than {self._limits.seconds:g} seconds and was stopped; make it smaller"
            ) from None
        if isinstance(error, duckdb.OutOfMemoryException):
            raise UnavailableError(
                f"the query needs more than {self._limits.memory_mib} MiB of memory and was stopped; make it smaller"
            ) from None

    def _interrupt(self) -> None:
        self._interrupted.set()
        self._connection.interrupt()


def _relation(source: Source, names: Sequence[str]) -> Relation:
    lower = {name.lower() for name in names}
    for unit in source.units:
        if unit.lower() not in lower:
            raise unknown("unit column", unit, names, f"the data of {source.name}")
    units = {unit.lower() for unit in source.units}
    doubts = () if source.units or source.columns_known else (f"{source.name} names no statistical units",)
    columns = [
        Column(
            name=name,
            sql_name=name,
            unit=name if name.lower() in units else None,
            origins=frozenset({f"{source.name}.{name}"}),
            codelist=source.codelists.get(name),
        )
        for name in names
    ]
    return Relation.of(source.name, source.name, columns, doubts, frozenset({source.name}))


def _file_problem(link: Path, error: duckdb.Error) -> str:
    text = str(error).lower()
    if link.suffix in PARQUET:
        return "it is damaged or not a Parquet file"
    if "utf-8" in text or "unicode" in text or "encod" in text:
        return "it is not text in UTF-8; save it as UTF-8"
    return "it must be a table in UTF-8 with one header line and the same number of columns in every line"


def _first_line(error: duckdb.Error) -> str:
    """A binder's message speaks of functions, names and types of the query, never of rows."""
    return str(error).splitlines()[0].removeprefix("Binder Error: ")[:200]
