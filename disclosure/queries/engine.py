"""A DuckDB that can read the given files and nothing else, for as long and as large as the limits allow."""

# ruff: noqa: S608 - SQL is put together here, from checked trees and generated names only
from __future__ import annotations

import contextlib
import functools
import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.history.crosswalk import Crosswalk
from saferoom.disclosure.queries import files
from saferoom.disclosure.queries.claims import check_claimed_ids, with_claims
from saferoom.disclosure.queries.files import problem, reader
from saferoom.disclosure.queries.relations import Column, Relation, unknown
from saferoom.disclosure.queries.source import Source
from saferoom.errors import BadInputError, UnavailableError


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
    ``load=False`` only the columns of the files can be asked for. Where `crosswalks` are given, ids in the files are
    one project's pseudonyms. With ``rows_apart=False`` nobody will ask which rows of a unit are meant. With
    ``even_empty=True`` a file without rows is as good as any.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        limits: Limits,
        *,
        load: bool = True,
        crosswalks: Mapping[str, Crosswalk] | None = None,
        rows_apart: bool = True,
        even_empty: bool = False,
    ) -> None:
        self.rows_apart = rows_apart
        self._need_rows = load and not even_empty
        self._limits = limits
        self._crosswalks = crosswalks
        self._load = load
        self._stack = contextlib.ExitStack()
        self._interrupted = threading.Event()
        self._remembered: dict[str, dict[str, Any]] = {}
        self._types: dict[tuple[str, str, str], str] = {}
        self._sources = tuple(sources)
        self.relations: tuple[Relation, ...] = ()

    def __enter__(self) -> Engine:
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="saferoom-")))
        try:
            links = [_linked(folder / str(position), source) for position, source in enumerate(self._sources)]
            self._connection = self._stack.enter_context(self._connect(folder, links))
            timer = threading.Timer(self._limits.seconds, self._interrupt)
            timer.daemon = True
            timer.start()
            self._stack.callback(timer.cancel)
            pairs = zip(self._sources, links, strict=True)
            self.relations = with_claims(self._sources, tuple(self._attach(source, link) for source, link in pairs))
            check_claimed_ids(self.relations, self.rows)
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

    def lineage_keys(self, unit: str, keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """Return what units are called in every project; an id by itself where there are no projects.

        Raises
        ------
        IntegrityError
            A unit is not in its crosswalk, or there is none for this kind of unit.
        """
        if self._crosswalks is None:
            return keys
        return self._crosswalks.get(unit, Crosswalk.empty(unit)).translated(keys)

    def remembered(self, sql: str) -> dict[str, Any]:
        """Return the columns of generated SQL that several rules ask for; they are computed once until `tidy`."""
        if sql not in self._remembered:
            self._remembered[sql] = self.columns(sql)
        return self._remembered[sql]

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

    def tick(self) -> None:
        """Raise `UnavailableError` when the time is up; work outside the engine asks between its steps."""
        if self._interrupted.is_set():
            raise self._too_long()

    def tidy(self) -> None:
        """Drop what an earlier query left behind, so that another can be judged in its place."""
        found = self.rows("SELECT table_name FROM duckdb_tables() WHERE temporary")
        for (name,) in found:
            quoted = str(name).replace('"', '""')
            self.run(f'DROP TABLE temp."{quoted}"')
        self._remembered.clear()
        self._types.clear()

    def types(self, sql: str) -> list[str]:
        """Return the types of the columns that generated SQL yields; nothing is computed."""
        with self._sentences():
            return [str(row[1]) for row in self._connection.execute(f"DESCRIBE {sql}").fetchall()]

    def types_of_each(self, head: str, items: Sequence[str], source: str) -> list[str]:
        """Return the types of expressions over a source's rows; all are asked for together, and each once.

        Parameters
        ----------
        head : str
            What comes before ``SELECT``.
        """
        places = [(head, item, source) for item in items]
        if missing := [place for place in dict.fromkeys(places) if place not in self._types]:
            listed = ", ".join(item for _, item, _ in missing)
            self._types |= dict(zip(missing, self.types(f"{head}SELECT {listed} FROM {source}"), strict=True))
        return [self._types[place] for place in places]

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
        name = source.name.replace('"', '""')
        function = reader(source, link, whole=self._load)
        # Parquet is read where it lies, as often as needed; text is parsed once.
        kind = "TABLE" if self._load and function.startswith("read_csv") else "VIEW"
        with self._read(source):
            self._connection.execute(f'CREATE {kind} "{name}" AS SELECT * FROM {function}')
            columns = self._connection.execute(f'DESCRIBE "{name}"').fetchall()
            empty = self._need_rows and self._connection.execute(f'SELECT 1 FROM "{name}" LIMIT 1').fetchone() is None
        if empty:
            raise BadInputError(f"{files.described(source)} has no rows")
        return self._told(source, name, [str(row[0]) for row in columns])

    def _told(self, source: Source, quoted: str, names: Sequence[str]) -> Relation:
        """Return what is known of a dataset that has been attached."""
        return replace(_relation(source, names), unique=self._uniqueness(quoted, names))

    @contextlib.contextmanager
    def _read(self, source: Source) -> Iterator[None]:
        """Turn errors of reading a file into sentences."""
        try:
            yield
        except duckdb.Error as error:
            self._limit_reached(error)
            raise problem(source, error) from None

    def _uniqueness(self, quoted: str, names: Sequence[str]) -> Callable[[str], bool]:
        """Return what says whether a column of a dataset has no value twice; looked up only when a view needs it."""
        own = {name.lower(): name.replace('"', '""') for name in names}

        def unique(name: str) -> bool:
            column = own.get(name)
            if column is None:
                return False
            return bool(self.rows(f'SELECT count(*) = count(DISTINCT "{column}") FROM "{quoted}"')[0][0])

        return functools.cache(unique)

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
            raise self._too_long() from None
        if isinstance(error, duckdb.OutOfMemoryException):
            raise UnavailableError(
                f"the query needs more than {self._limits.memory_mib} MiB of memory and was stopped; make it smaller"
            ) from None

    def _too_long(self) -> UnavailableError:
        return UnavailableError(
            f"the query took longer than {self._limits.seconds:g} seconds and was stopped; make it smaller"
        )

    def _interrupt(self) -> None:
        self._interrupted.set()
        self._connection.interrupt()


def _linked(link: Path, source: Source) -> Path:
    try:
        link.symlink_to(source.path.resolve())
    except (OSError, RuntimeError, ValueError):
        raise BadInputError(f"{files.described(source)} cannot be read") from None
    return link


def _relation(source: Source, names: Sequence[str]) -> Relation:
    lower = {name.lower() for name in names}
    for unit in source.units:
        # A snapshot has some of the project's units; that it has any is checked with its ids.
        if unit.lower() not in lower and not source.claimed:
            raise unknown("unit column", unit, names, f"the data of {source.name}")
    units = {unit.lower(): unit for unit in source.units}
    doubts = () if source.units or source.columns_known else (f"{source.name} names no statistical units",)
    columns = [
        Column(
            name=name,
            sql_name=name,
            unit=units.get(name.lower()),
            origins=frozenset({f"{source.name}.{name}"}),
            codelist=source.codelists.get(name),
            classification=source.classifications.get(name),
        )
        for name in names
    ]
    found = Relation.of(source.name, source.name, columns, doubts, frozenset({source.name}))
    return replace(found, one_each=frozenset(source.one_each))


def _first_line(error: duckdb.Error) -> str:
    """A binder's message speaks of functions, names and types of the query, never of rows."""
    return str(error).splitlines()[0].removeprefix("Binder Error: ")[:200]
