"""The world's files: parts of chunks, put together in the order of their keys, and a manifest of what there is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa

MANIFEST = "manifest.json"
PARTS = ".parts"
_WHOLE_NUMBERS_OR_NONE = ("occupation_class",)
_KEYS = {
    "schools/years": ("pupil_id", "school_year"),
    "schools/attainment": ("pupil_id", "school_year"),
    "tax/earnings": ("taxpayer_id", "tax_year"),
    "benefits/claims": ("claimant_id", "tax_year", "benefit"),
}
"""Keys of several columns; the others are the first column."""
_MEMORY = "1GB"
_BLOCK_BYTES = 1 << 20


def arrow(table: Mapping[str, Any]) -> pa.Table:
    """Return `table` with Arrow's types: text where columns hold objects."""
    import pyarrow as pa

    columns = {}
    for name, values in table.items():
        if name in _WHOLE_NUMBERS_OR_NONE:
            columns[name] = pa.array(values, type=pa.int8())
        elif values.dtype == object:
            columns[name] = pa.array(values, type=pa.string())
        else:
            columns[name] = pa.array(values.astype(np.int32) if values.dtype == np.int64 else values)
    return pa.table(columns)


def write_part(folder: Path, number: int, tables: Mapping[str, Mapping[str, Any]]) -> None:
    """Write the tables of a chunk below `folder`, to be put together later."""
    import pyarrow.parquet as pq

    for name, table in tables.items():
        part = folder / PARTS / name
        part.mkdir(parents=True, exist_ok=True)
        pq.write_table(arrow(table), part / f"{number:06}.parquet", compression="zstd")


def put_together(folder: Path, names: Sequence[str]) -> None:
    """Make one file of the parts of every table in `names`, in the order of its key, within bounded memory.

    Keys are made from the seed at random, so their order tells nothing about people; and as it is the same whichever
    part a row was in, the same seed gives the same bytes.
    """
    import duckdb

    spill = folder / PARTS / "spill"
    with duckdb.connect(config={"threads": 1, "memory_limit": _MEMORY, "temp_directory": str(spill)}) as connection:
        for name in names:
            parts = folder / PARTS / name
            relation = connection.read_parquet(str(parts / "*.parquet"))
            key = _KEYS.get(name, (relation.columns[0],))
            target = folder / f"{name}.parquet"
            target.parent.mkdir(parents=True, exist_ok=True)
            relation.order(", ".join(f'"{column}"' for column in key)).write_parquet(str(target), compression="zstd")
            for part in parts.glob("*.parquet"):
                part.unlink()


def write_manifest(folder: Path, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Write and return the manifest: `facts`, and every file with its rows, columns and SHA-256."""
    import pyarrow.parquet as pq

    files = {}
    for path in sorted(folder.rglob("*.parquet")):
        with pq.ParquetFile(path) as opened:
            rows, columns = opened.metadata.num_rows, opened.schema_arrow.names
        files[path.relative_to(folder).as_posix()] = {"rows": rows, "columns": columns, "sha256": _digest(path)}
    manifest = {**facts, "files": files}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return manifest


def _digest(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as opened:
        while block := opened.read(_BLOCK_BYTES):
            found.update(block)
    return found.hexdigest()
