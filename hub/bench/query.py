"""The `query` benchmark: a table with every rule applied, beside plain pandas and beside ACRO."""

from __future__ import annotations

import math
import os
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from saferoom.errors import BadInputError, UnavailableError
from saferoom.hub.bench.acro import acro_python
from saferoom.hub.bench.measure import Run, run_fresh, summary

ROWS = 1_000_000
FEWEST_ROWS = 100_000
LARGE_FACTOR = 10
REPEATS = 5
LARGE_REPEATS = 3
REGIONS, SECTORS = 50, 20
FOLDER = Path(".saferoom/bench")
_HERE = Path(__file__).resolve().parent

WHAT = {
    "saferoom": "Parquet to verdict: two checks with every rule, distinct persons, dominance",
    "saferoom-households": "the same, with persons and households as units",
    "pandas": "Parquet to two plain pandas.crosstab, no rule",
    "pandas-loaded": "two plain pandas.crosstab of data already in memory, no rule",
    "acro": "Parquet to two ACRO 1.0.2 crosstabs (rows, not units), its own environment",
}

Say = Callable[[str], None]


def run(rows: int | None, say: Say) -> dict[str, Any]:
    """Run all contestants, interleaved, and return medians and ratios.

    Parameters
    ----------
    rows : int, optional
        Rows of the table; ten times as many are computed once more by the contestants that start from Parquet.

    Raises
    ------
    UnavailableError
        When contestants do not agree on the numbers, or one does not finish.
    """
    size = ROWS if rows is None else rows
    if size < FEWEST_ROWS:
        raise BadInputError(f"--rows: at least {FEWEST_ROWS:,}, so that every cell of the table is safe")
    FOLDER.mkdir(parents=True, exist_ok=True)
    small, large = _data(size, say), _data(size * LARGE_FACTOR, say)
    acro, why_not = _acro(say)
    names = [name for name in WHAT if name != "acro" or acro]
    found = _contest(names, small, acro, REPEATS, say)
    big = _contest(["saferoom", "saferoom-households", "pandas"], large, acro, LARGE_REPEATS, say)
    return {
        "bench": "query",
        "rows": size,
        "cells": REGIONS * SECTORS,
        "machine": {"processors": os.cpu_count(), "python": platform.python_version(), "system": platform.machine()},
        "contestants": {name: {"what": WHAT[name], **summary(runs)} for name, runs in found.items()},
        "acro_unavailable": why_not,
        "ratios": _ratios(found),
        "large": {
            "rows": size * LARGE_FACTOR,
            "contestants": {name: {"what": WHAT[name], **summary(runs)} for name, runs in big.items()},
            "ratios": _ratios(big),
        },
        "same_numbers": True,
    }


def _contest(names: Sequence[str], file: Path, acro: Path | None, repeats: int, say: Say) -> dict[str, list[Run]]:
    """Run every contestant `repeats` times in turn, so that a busy moment of the machine hits all alike."""
    found: dict[str, list[Run]] = {name: [] for name in names}
    for turn in range(repeats):
        for name in names:
            say(f"{file.name}: {name}, run {turn + 1} of {repeats}")
            command: list[str | Path] = [sys.executable, "-P", "-m", "saferoom.hub.bench.contestants", name, file]
            if name == "acro" and acro is not None:
                command = [acro, "-P", _HERE / "acro_contestant.py", file]
            found[name].append(run_fresh(command))
            _agree(found["saferoom"][0].numbers, found[name][-1].numbers, name)
    return found


def _agree(ours: Mapping[str, Sequence[float]], theirs: Mapping[str, Sequence[float]], name: str) -> None:
    same = ours.keys() == theirs.keys() and all(
        math.isclose(a, b, rel_tol=1e-9) for cell in ours for a, b in zip(ours[cell], theirs[cell], strict=True)
    )
    if not same:
        raise UnavailableError(f"saferoom and {name} do not agree on the numbers, so there is nothing to compare")


def _ratios(found: Mapping[str, Sequence[Run]]) -> dict[str, dict[str, float]]:
    medians = {name: summary(runs) for name, runs in found.items()}
    return {
        f"{ours} / {name}": {
            "time": round(medians[ours]["seconds"] / other["seconds"], 3),
            "memory": round(medians[ours]["peak_mib"] / other["peak_mib"], 3),
        }
        for ours in ("saferoom", "saferoom-households")
        for name, other in medians.items()
        if not name.startswith("saferoom")
    }


def _data(rows: int, say: Say) -> Path:
    """Return a Parquet file of people: 50 regions, 20 sectors, pay; ids once each; two people to a household."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = FOLDER.resolve() / f"people-{rows}.parquet"
    if file.exists():
        return file
    say(f"writing {rows:,} rows to {file.name}")
    rng = np.random.default_rng(20_260_101)
    regions = np.array([f"Region {i:02d}" for i in range(REGIONS)])
    sectors = np.array([f"Sector {i:02d}" for i in range(SECTORS)])
    partial = file.with_suffix(".partial")
    writer = None
    for start in range(0, rows, 1_000_000):
        size = min(1_000_000, rows - start)
        # Ids in no order, as pseudonyms are, and without repeats: an odd factor permutes the 63-bit numbers.
        order = np.arange(start, start + size, dtype=np.uint64)
        table = pa.table(
            {
                "person_id": (order * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(1)).astype(np.int64),
                "household_id": (order // np.uint64(2) * np.uint64(0xC2B2AE3D27D4EB4F) >> np.uint64(1)).astype(
                    np.int64
                ),
                "region": regions[rng.integers(0, REGIONS, size)],
                "sector": sectors[rng.integers(0, SECTORS, size)],
                "pay": rng.lognormal(10, 0.5, size).round(2),
            }
        )
        writer = writer or pq.ParquetWriter(partial, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()
    return partial.rename(file)


def _acro(say: Say) -> tuple[Path | None, str | None]:
    return acro_python(FOLDER.resolve() / "acro", say)


def report(result: Mapping[str, Any], say: Say) -> None:
    """Print the result for people."""
    for part, title in ((result, "medians"), (result["large"], "medians, large table")):
        say(f"\n{part['rows']:,} rows, {result['cells']:,} cells: {title}")
        for name, found in part["contestants"].items():
            say(f"  {name:20} {found['seconds']:8.3f} s {found['peak_mib']:8.0f} MiB   {found['what']}")
        for name, ratio in part["ratios"].items():
            say(f"  {name:36} time {ratio['time']:7.2f}x   memory {ratio['memory']:6.2f}x")
    if result["acro_unavailable"]:
        say(f"\n{result['acro_unavailable']}")
