"""One dataset made into one project's extract with DuckDB: checked, pseudonymised, reordered, sealed.

Nothing of the owner's file appears in a message: not DuckDB's texts, which quote values, and not the values refused.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.history.plain_ids import ambiguous, one_form, plain
from saferoom.errors import BadInputError, IntegrityError
from saferoom.hub.extract_weights import weigh_rows
from saferoom.hub.owner_files import quoted, what_failed
from saferoom.hub.owner_files import read as read_file
from saferoom.hub.row_filter import keep_rows, read_besides
from saferoom.hub.sealed_parquet import ROWS_TOGETHER, Seal, SealedWriter
from saferoom.projects.catalogue.model import Dataset, Variable, VariableRole, VariableType
from saferoom.projects.extracts.manifest import ExtractColumn
from saferoom.projects.extracts.matching import Weighing
from saferoom.projects.extracts.pseudonyms import LineageKey, PseudonymKey, chained_sql, lineage_sql

if TYPE_CHECKING:
    import pyarrow as pa

MEMORY = "2GiB"
"""What the engine may use; more goes to the scratch folder, encrypted."""


@dataclass(frozen=True)
class Target:
    """The file to write, and what it is sealed with."""

    path: Path
    seal: Seal


@dataclass(frozen=True)
class Chosen:
    """Which rows are written, and what linked ones among them weigh.

    Attributes
    ----------
    where : str, optional
        The condition that approved rows meet, in the language of declared queries.
    """

    where: str | None = None
    weigh: Sequence[Weighing] = ()


_EVERY_ROW = Chosen()


@dataclass(frozen=True)
class Extracted:
    """What was written."""

    rows: int
    columns: tuple[ExtractColumn, ...]
    one_each: tuple[str, ...]
    """Units that have one row each."""


class Extraction:
    """Makes the extracts of one project; ids of all its datasets are checked together for equal pseudonyms.

    Parameters
    ----------
    keys : mapping of str to sequence of PseudonymKey
        By kind of unit, the keys of every epoch up to the one that counts.
    scratch : Path
        Where the engine puts what does not fit into memory, encrypted.
    """

    def __init__(
        self, keys: Mapping[str, Sequence[PseudonymKey]], lineages: Mapping[str, LineageKey], scratch: Path
    ) -> None:
        self._keys = keys
        self._lineages = lineages
        self._connection = duckdb.connect(
            config={
                "temp_directory": str(scratch),
                "autoinstall_known_extensions": False,
                "memory_limit": MEMORY,
                # Extracts are sorted anyway; keeping the owner's order would take memory for nothing.
                "preserve_insertion_order": False,
            }
        )
        self._connection.execute("SET temp_file_encryption = true")
        self._seen = {unit: f"seen{number}" for number, unit in enumerate(keys)}
        for table in self._seen.values():
            self._connection.execute(f"CREATE TEMP TABLE {table} (id VARCHAR, pseudonym BIGINT, lineage UBIGINT)")

    def close(self) -> None:
        """Forget everything that was read."""
        self._connection.close()

    def extract(
        self, dataset: Dataset, names: Sequence[str], source: Path, target: Target, rows: Chosen = _EVERY_ROW
    ) -> Extracted:
        """Write the columns `names` of `dataset` from the owner's file `source` to a sealed file.

        Raises
        ------
        BadInputError
            The file is unreadable, lacks a column, or holds what the dataset's description does not allow.
        """
        variables = [variable for name in names if (variable := dataset.variable(name)) is not None]
        if len(variables) != len(names) or any(variable.role is VariableRole.DIRECT for variable in variables):
            raise BadInputError(f"{dataset.name}: an extract may hold only described variables that do not identify")
        read = [*variables, *read_besides(dataset, names, rows.where)]
        try:
            read_file(self._connection, dataset, read, source)
            self._check(dataset, read)
            if rows.where is not None:
                keep_rows(self._connection, dataset, read, rows.where)
            weigh_rows(self._connection, read, rows.weigh)
            return self._write(variables, target)
        except duckdb.Error as error:
            raise BadInputError(f"{dataset.name}: {what_failed(error)}") from None
        finally:
            self._connection.execute("DROP TABLE IF EXISTS raw")

    def crosswalk(self, unit: str) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
        """Return the pseudonyms of `unit` in rising order, and the lineage key of each.

        Raises
        ------
        BadInputError
            Two ids have the same pseudonym (about one chance in 10^6 at 4 million ids), or the same lineage key.
        """
        pseudonyms, lineage = self._known(unit)
        if (np.diff(pseudonyms) == 0).any():
            raise BadInputError("two ids have the same pseudonym, so this project's extracts cannot be made")
        if _twice(lineage):  # two ids have one plain form, or the keys are the same by chance
            pseudonyms, lineage = self._known(unit, one_form("id", ambiguous(f"SELECT id FROM {self._seen[unit]}")))  # noqa: S608
            if _twice(lineage):
                raise BadInputError("two ids have the same lineage key, so this project's extracts cannot be made")
        return pseudonyms, lineage

    def _known(self, unit: str, form: str | None = None) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
        """Return pseudonyms in rising order, and lineage keys: those that are kept, or those of another form of ids.

        Owners write the same id differently from version to version; the form is the one in which they are compared.
        """
        made, parameters = ("lineage", {}) if form is None else self._lineage(unit, form, 0)
        query = f"SELECT pseudonym, {made} AS lineage FROM {self._seen[unit]} ORDER BY pseudonym"  # noqa: S608
        found = self._connection.execute(query, parameters).fetchnumpy()
        return np.asarray(found["pseudonym"], dtype=np.int64), np.asarray(found["lineage"], dtype=np.uint64)

    def _check(self, dataset: Dataset, variables: Sequence[Variable]) -> None:
        """Count what may not be, in one look; every count is named with its column, never with a value."""
        counted = list(_wrongs(variables, self._present("raw")))
        codes = {f"codes{position}": list(v.codelist) for position, v in enumerate(variables) if v.codelist is not None}
        sums = "".join(f", count(*) FILTER ({wrong.condition})" for wrong in counted)
        (row,) = self._connection.execute(f"SELECT count(*){sums} FROM raw", codes).fetchall()  # noqa: S608
        if not row[0]:
            raise BadInputError(f"{dataset.name}: the owner's file has no rows")
        for wrong, rows in zip(counted, row[1:], strict=True):
            if rows:
                raise _refused(dataset, wrong.variable, rows, wrong.why)

    def _present(self, table: str) -> set[str]:
        return {row[0] for row in self._connection.execute(f"DESCRIBE {table}").fetchall()}

    def _write(self, variables: Sequence[Variable], target: Target) -> Extracted:
        ids = {
            position: variable.name for position, variable in enumerate(variables) if variable.role is VariableRole.ID
        }
        rows = self._number("SELECT count(*) FROM raw")
        apart = self._hash_rows(ids, rows)
        different = {unit: apart[p] if p in apart else self._see(p, unit) for p, unit in ids.items()}
        one_each = tuple(unit for unit, found in different.items() if found == rows)
        made = {p: f"p{p}" if p in apart else f"i{p}.pseudonym" for p in ids}
        parts = ", ".join(f"{made.get(p, f'v{p}')} AS {quoted(v.name)}" for p, v in enumerate(variables))
        joins = "".join(
            f" JOIN {self._seen[unit]} i{p} ON i{p}.id = {_id_text(p)}" for p, unit in ids.items() if p not in apart
        )
        # The owner's order would tell who is who. A pseudonym that no two rows share is an order by itself; else it is
        # every value in turn.
        order = next((str(p + 1) for p, unit in ids.items() if unit in one_each), "ALL")
        ordered = self._connection.sql(f"SELECT {parts} FROM raw{joins} ORDER BY {order}")  # noqa: S608
        columns = tuple(_column(v, str(kind)) for v, kind in zip(variables, ordered.types, strict=True))
        written = self._copy(ordered.to_arrow_reader(ROWS_TOGETHER), target, list(ids.values()))
        if written != rows:
            raise IntegrityError("an extract has not the rows of its source; nothing was changed")
        return Extracted(rows, columns, one_each)

    def _hash_rows(self, ids: Mapping[int, str], rows: int) -> dict[int, int]:
        """Hash those ids that are nearly all different, row by row; return how many different ones each column has.

        To collect them first, and to look each up afterwards, takes longer than to hash the few that come twice again.
        """
        apart = [position for position, unit in ids.items() if self._nearly_all_new(position, unit, rows)]
        if not apart:
            return {}
        parts: list[str] = []
        parameters: dict[str, bytes] = {}
        for p in apart:
            made, pads = self._keyed(ids[p], _id_text(p), p)
            parts += [f"{one} AS {name}{p}" for one, name in zip(made, "pl", strict=True)]
            parameters |= pads
        self._connection.execute(f"CREATE TEMP TABLE hashed AS SELECT *, {', '.join(parts)} FROM raw", parameters)  # noqa: S608
        self._connection.execute("DROP TABLE raw")
        self._connection.execute("ALTER TABLE hashed RENAME TO raw")
        return {p: self._keep(p, ids[p], rows) for p in apart}

    def _nearly_all_new(self, position: int, unit: str, rows: int) -> bool:
        if self._number(f"SELECT count(*) FROM {self._seen[unit]}"):  # noqa: S608
            return False
        return 2 * self._number(f"SELECT approx_count_distinct({_id_text(position)}) FROM raw") > rows  # noqa: S608

    def _keep(self, position: int, unit: str, rows: int) -> int:
        """Keep the ids that rows were hashed by, each once; return how many there are."""
        each = f"SELECT {_id_text(position)} AS id, p{position} AS p, l{position} AS l FROM raw"  # noqa: S608
        # As many pseudonyms as rows: then there are as many ids.
        if self._number(f"SELECT count(DISTINCT p{position}) FROM raw") != rows:  # noqa: S608
            each = f"SELECT id, any_value(p), any_value(l) FROM ({each}) a GROUP BY id"  # noqa: S608
        self._connection.execute(f"INSERT INTO {self._seen[unit]} {each}")
        return self._number(f"SELECT count(*) FROM {self._seen[unit]}")  # noqa: S608

    def _see(self, position: int, unit: str) -> int:
        """Give every id that is new a pseudonym; return how many different ids the rows have."""
        table = self._seen[unit]
        self._connection.execute(
            f"CREATE OR REPLACE TEMP TABLE these AS SELECT DISTINCT {_id_text(position)} AS id FROM raw"  # noqa: S608
        )
        made, parameters = self._keyed(unit, "id", position)
        self._connection.execute(
            f"INSERT INTO {table} SELECT id, {', '.join(made)} FROM these ANTI JOIN {table} USING (id)",  # noqa: S608
            parameters,
        )
        return self._number("SELECT count(*) FROM these")

    def _keyed(self, unit: str, text: str, position: int) -> tuple[tuple[str, str], dict[str, bytes]]:
        """Return SQL of the pseudonym and of the lineage key of an id, and its parameters."""
        parameters: dict[str, bytes] = {}
        pads = []
        for number, key in enumerate(self._keys[unit]):
            inner, outer = f"inner{position}_{number}", f"outer{position}_{number}"
            parameters[inner], parameters[outer] = key.pads()
            pads.append((f"${inner}", f"${outer}"))
        lineage, more = self._lineage(unit, plain(text), position)
        return (chained_sql(text, pads), lineage), parameters | more

    def _lineage(self, unit: str, form: str, position: int) -> tuple[str, dict[str, bytes]]:
        inner, outer = self._lineages[unit].pads()
        names = f"inner{position}", f"outer{position}"
        return lineage_sql(form, f"${names[0]}", f"${names[1]}"), dict(zip(names, (inner, outer), strict=True))

    def _copy(self, batches: pa.RecordBatchReader, target: Target, ids: Sequence[str]) -> int:
        import pyarrow as pa

        rows = 0
        with SealedWriter(target.path, batches.schema, target.seal, ids) as writer:
            for batch in batches:
                writer.write(pa.Table.from_batches([batch]))
                rows += batch.num_rows
        return rows

    def _number(self, query: str) -> int:
        ((number,),) = self._connection.execute(query).fetchall()
        return int(number)


@dataclass(frozen=True)
class _Wrong:
    """What may not be in a column: the condition of the rows that have it."""

    variable: Variable
    condition: str
    why: str


def _wrongs(variables: Sequence[Variable], columns: Collection[str]) -> Iterator[_Wrong]:
    for position, variable in enumerate(variables):
        if f"bad{position}" in columns:  # Parquet has its types already
            yield _Wrong(variable, f"bad{position}", f"cannot be read as {variable.type.value}")
        if variable.role is VariableRole.ID:
            missing = f"coalesce({_id_text(position)}, '') = ''"
            yield _Wrong(variable, missing, "is missing; every row needs its unit ids")
        if variable.codelist is not None:
            # Looked up in a table: a list would be gone through for every row.
            outside = f"v{position} IS NOT NULL AND v{position} NOT IN (SELECT unnest($codes{position}))"
            yield _Wrong(variable, outside, "is not in the variable's codelist")


def _column(variable: Variable, storage: str) -> ExtractColumn:
    return ExtractColumn(
        name=variable.name,
        type=variable.type if variable.role is not VariableRole.ID else VariableType.INTEGER,
        role=variable.role,
        storage=storage,
        label=variable.label,
        codelist=variable.codelist,
        hierarchy=variable.hierarchy,
    )


def _id_text(position: int) -> str:
    return f"trim(v{position}::VARCHAR)"


def _twice(numbers: NDArray[np.uint64]) -> bool:
    return bool((np.diff(np.sort(numbers)) == 0).any())


def _refused(dataset: Dataset, variable: Variable, rows: int, why: str) -> BadInputError:
    count = "1 row has a value that" if rows == 1 else f"{rows:,} rows have a value that"
    return BadInputError(f"{dataset.name}: column {variable.name}: {count} {why}")
