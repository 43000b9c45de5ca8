"""Carrying extracts over into another epoch of ids, without the owners' files; and what became of each id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from saferoom.errors import BadInputError
from saferoom.hub.extract_files import file_sha256
from saferoom.hub.owner_files import quoted
from saferoom.hub.sealed_parquet import ROWS_TOGETHER, SealedWriter, reading, schema_of
from saferoom.projects.extracts.manifest import ExtractFile, IdChanges, Manifest
from saferoom.projects.extracts.pseudonyms import PseudonymKey, chained_sql

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from saferoom.hub.opened_extracts import OpenedExtracts

Numbers = NDArray[np.int64]
EPOCH, OLD, NEW = "epoch", "old_id", "new_id"


@dataclass(frozen=True)
class Changing:
    """Carries one project's extracts over into its present epoch.

    Attributes
    ----------
    folder, staging : Path
        The project's sealed files as they are, and where new ones are made.
    keys : mapping of str to sequence of PseudonymKey
        By kind of unit, the keys of every epoch up to the present one.
    """

    project: str
    opened: OpenedExtracts
    folder: Path
    staging: Path
    keys: Mapping[str, Sequence[PseudonymKey]] = field(repr=False)
    epoch: int

    def ids(self, files: Iterable[ExtractFile], unit: str) -> Numbers:
        """Return the different ids of a kind of unit in extracts as they are, in rising order."""
        found = [np.zeros(0, dtype=np.int64)]
        for file in files:
            if unit in file.units:
                seal = self.opened.seal(self.project, file)
                found += [rows[unit].to_numpy() for rows in reading(self.folder / file.file, seal, [unit])]
        return np.unique(np.concatenate(found))

    def advanced(self, unit: str, ids: Numbers, since: int) -> Numbers:
        """Return what ids of the epoch `since` are in the present one, each in its place."""
        import pyarrow as pa

        if since == self.epoch or not len(ids):
            return ids
        with _connected(self.staging) as connection:
            connection.execute("SET preserve_insertion_order = true")
            connection.register("old", pa.table({"id": ids}))
            made, pads = self._moved(unit, "id", since)
            found = connection.execute(f"SELECT {made} AS id FROM old", pads).fetchnumpy()["id"]  # noqa: S608
        return np.asarray(found, dtype=np.int64)

    def carried(self, file: ExtractFile) -> ExtractFile:
        """Make an extract of an earlier epoch again with the present ids; one of the present epoch stays."""
        if file.epoch == self.epoch:
            return file
        fresh = file.model_copy(update={"epoch": self.epoch, "salt": ""})
        fresh = fresh.model_copy(update={"key": self.opened.keys.draw(self.project, fresh)})
        source, target = self.folder / file.file, self.staging / file.file
        target.parent.mkdir(parents=True, exist_ok=True)
        before, after = self.opened.seal(self.project, file), self.opened.seal(self.project, fresh)
        parameters: dict[str, bytes] = {}
        parts = []
        for column in file.columns:
            part = quoted(column.name)
            if column.name in file.units:
                made, pads = self._moved(column.name, part, file.epoch)
                part, parameters = f"{made} AS {part}", parameters | pads
            parts.append(part)
        with _connected(self.staging) as connection:
            import pyarrow as pa

            batches = (batch for rows in reading(source, before) for batch in rows.to_batches())
            connection.register("old", pa.RecordBatchReader.from_batches(schema_of(source, before), batches))
            # Nobody who has both could tell by the order who is who.
            query = f"CREATE TEMP TABLE new AS SELECT {', '.join(parts)} FROM old"  # noqa: S608
            connection.execute(query, parameters)
            ordered = connection.sql("SELECT * FROM new ORDER BY ALL").to_arrow_reader(ROWS_TOGETHER)
            with SealedWriter(target, ordered.schema, after) as writer:
                for batch in ordered:
                    writer.write(pa.Table.from_batches([batch]))
        return fresh.model_copy(update={"sha256": file_sha256(target), "bytes": target.stat().st_size})

    def changes(self, before: Manifest, stale: Sequence[ExtractFile]) -> tuple[IdChanges, ...]:
        """Make the tables of old and new ids; what was known of earlier epochs is in them, too.

        Parameters
        ----------
        stale : sequence of ExtractFile
            Extracts of earlier epochs, as they are.
        """
        if not stale and all(change.epoch == self.epoch for change in before.changes):
            return before.changes
        units = dict.fromkeys([*(c.unit for c in before.changes), *(unit for file in stale for unit in file.units)])
        return tuple(self._table(unit, before, stale) for unit in units)

    def _table(self, unit: str, before: Manifest, stale: Sequence[ExtractFile]) -> IdChanges:
        import pyarrow as pa

        earlier = next((change for change in before.changes if change.unit == unit), None)
        tables = []
        if earlier is not None:
            for rows in reading(self.folder / earlier.file, self.opened.seal(self.project, earlier)):
                new = self.advanced(unit, rows[NEW].to_numpy(), earlier.epoch)
                tables.append(_rows(rows[EPOCH].to_numpy(), rows[OLD].to_numpy(), new))
        for since in sorted({file.epoch for file in stale}):
            old = self.ids((file for file in stale if file.epoch == since), unit)
            tables.append(_rows(np.full(len(old), since, dtype=np.int32), old, self.advanced(unit, old, since)))
        table = pa.concat_tables(tables)
        made = IdChanges(unit=unit, file=place_of(unit), sha256="", bytes=0, rows=len(table), epoch=self.epoch)
        made = made.model_copy(update={"key": self.opened.keys.draw(self.project, made)})
        target = self.staging / made.file
        target.parent.mkdir(parents=True, exist_ok=True)
        with SealedWriter(target, table.schema, self.opened.seal(self.project, made)) as writer:
            writer.write(table.sort_by([(EPOCH, "ascending"), (OLD, "ascending")]))
        return made.model_copy(update={"sha256": file_sha256(target), "bytes": target.stat().st_size})

    def _moved(self, unit: str, column: str, since: int) -> tuple[str, dict[str, bytes]]:
        """Return SQL for the present id, and its parameters."""
        parameters: dict[str, bytes] = {}
        pads = []
        position = sorted(self.keys).index(unit)
        for epoch in range(since + 1, self.epoch + 1):
            inner, outer = f"inner{position}_{epoch}", f"outer{position}_{epoch}"
            parameters[inner], parameters[outer] = self.keys[unit][epoch - 1].pads()
            pads.append((f"${inner}", f"${outer}"))
        return chained_sql(f"({column})::VARCHAR", pads), parameters


def place_of(unit: str) -> str:
    """Return where the table of old and new ids of a kind of unit is, below the project's folder."""
    return f"id-changes/{unit}.parquet"


def _rows(epochs: NDArray[np.int32], old: Numbers, new: Numbers) -> pa.Table:
    import pyarrow as pa

    for one in np.unique(epochs):  # somebody has one id in each epoch
        if len(np.unique(new[epochs == one])) != len(np.unique(old[epochs == one])):
            raise BadInputError("two new ids are the same, so this project's ids cannot be changed; try again")
    return pa.table({EPOCH: pa.array(epochs, pa.int32()), OLD: old, NEW: new})


def _connected(scratch: Path) -> duckdb.DuckDBPyConnection:
    import duckdb

    from saferoom.hub.extraction import MEMORY

    connection = duckdb.connect(
        config={
            "temp_directory": str(scratch / "scratch"),
            "autoinstall_known_extensions": False,
            "memory_limit": MEMORY,
            "preserve_insertion_order": False,
        }
    )
    connection.execute("SET temp_file_encryption = true")
    return connection
