"""The people of the `microdata` benchmark: six skewed key variables and a sampling weight, made up from a seed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

KEYS = ("region", "sex", "age", "education", "occupation", "household_size")
_SIZES = (15, 2, 18, 7, 40, 8)
_SKEWS = (5.0, 0.0, 0.0, 2.5, 12.0, 2.0)
"""Mean of the geometric distribution that most categories follow; 0 for equally frequent ones."""
WEIGHT = "weight"
SEED = 20_261_123
_PIECE = 1_000_000


def write(rows: int, folder: Path) -> Path:
    """Write `rows` people as Parquet (and nothing else) into `folder`, a piece at a time, and return the file."""
    from pyarrow import parquet

    file = folder / f"people-{rows}.parquet"
    writer = None
    for start in range(0, rows, _PIECE):
        table = _piece(min(_PIECE, rows - start), start)
        writer = parquet.ParquetWriter(file, table.schema) if writer is None else writer
        writer.write_table(table)
    if writer is not None:
        writer.close()
    return file


def _piece(rows: int, start: int) -> Any:
    import numpy as np
    import pyarrow as pa

    random = np.random.default_rng([SEED, start])
    columns = {}
    for name, size, skew in zip(KEYS, _SIZES, _SKEWS, strict=True):
        drawn = random.geometric(1.0 / skew, rows) if skew else random.integers(1, size + 1, rows)
        columns[name] = pa.array(np.minimum(drawn, size).astype(np.int64))
    columns[WEIGHT] = pa.array(np.round(random.uniform(50, 150, rows), 1))
    return pa.table(columns)


def write_csv(file: Path) -> Path:
    """Write the people of `file` as CSV, for contestants that cannot read Parquet, and return that file."""
    from pyarrow import csv, parquet

    text = file.with_suffix(".csv")
    csv.write_csv(parquet.read_table(file), text)
    return text
