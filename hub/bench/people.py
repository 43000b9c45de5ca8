"""The data of the query benchmark: people with ids in no order, and columns with 10, 20 and 50 categories."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

CATEGORIES = {"region": 50, "sector": 20, "area": 10, "branch": 10}
"""How many categories each column has."""

Say = Callable[[str], None]


def write_people(folder: Path, rows: int, say: Say) -> Path:
    """Return a Parquet file of people: categories, pay, ids once each, two people to a household."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    file = folder.resolve() / f"crowd-{rows}.parquet"
    if file.exists():
        return file
    say(f"writing {rows:,} rows to {file.name}")
    rng = np.random.default_rng(20_260_101)
    partial = file.with_suffix(".partial")
    writer = None
    for start in range(0, rows, 1_000_000):
        size = min(1_000_000, rows - start)
        # Ids in no order, as pseudonyms are, and without repeats: an odd factor permutes the 63-bit numbers.
        order = np.arange(start, start + size, dtype=np.uint64)
        columns: dict[str, Any] = {
            "person_id": (order * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(1)).astype(np.int64),
            "household_id": (order // np.uint64(2) * np.uint64(0xC2B2AE3D27D4EB4F) >> np.uint64(1)).astype(np.int64),
        }
        for column, count in CATEGORIES.items():
            names = np.array([f"{column.capitalize()} {i:02d}" for i in range(count)])
            columns[column] = names[rng.integers(0, count, size)]
        table = pa.table({**columns, "pay": rng.lognormal(10, 0.5, size).round(2)})
        writer = writer or pq.ParquetWriter(partial, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()
    return partial.rename(file)
