"""The data and the tables of the `privacy` benchmark: people with one row each, in 8 regions and 3,000 areas.

This module imports nothing of Saferoom, so that every contestant's interpreter can read it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

CATEGORIES = {"region": tuple(f"R{i}" for i in range(8)), "area": tuple(f"E{2_000_001 + i:08d}" for i in range(3_000))}
"""Every code of the two columns, as a catalogue's codelists have them."""
BOUNDS = (0.0, 100_000.0)
"""What pay is clamped to."""
RHO = 0.1
"""What every table may cost, under zero-concentrated differential privacy."""
WORKS = {
    "count by 8": ("region", "count"),
    "mean by 8": ("region", "mean"),
    "count by 3,000": ("area", "count"),
    "mean by 3,000": ("area", "mean"),
}
"""Name of every table, its dimension and its statistic; a mean comes with its count."""
_SEED = 20_260_106


def write_people(folder: Path, rows: int, say: Callable[[str], None]) -> Path:
    """Return a Parquet file of people: an id in no order, region, area, pay."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    file = folder.resolve() / f"paid-{rows}.parquet"
    if file.exists():
        return file
    say(f"writing {rows:,} rows to {file.name}")
    rng = np.random.default_rng(_SEED)
    partial = file.with_suffix(".partial")
    writer: Any = None
    for start in range(0, rows, 1_000_000):
        size = min(1_000_000, rows - start)
        order = np.arange(start, start + size, dtype=np.uint64)
        # An odd factor permutes the 63-bit numbers: no id comes twice.
        ids = (order * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(1)).astype(np.int64)
        codes = {name: np.array(known)[rng.integers(0, len(known), size)] for name, known in CATEGORIES.items()}
        # Within the bounds, so that nothing but the noise keeps private means from the plain ones.
        pay = np.clip(rng.lognormal(10, 0.5, size), *BOUNDS)
        table = pa.table({"person_id": ids, **codes, "pay": pay.round(2)})
        writer = writer or pq.ParquetWriter(partial, table.schema, compression="zstd")
        writer.write_table(table)
    if writer is not None:
        writer.close()
    return partial.rename(file)
