"""One small Spark for all tests that need it, and the two engines side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from saferoom.disclosure.checker import Context, check
from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.queries.engine import Limits
from saferoom.disclosure.queries.engines import EngineKind
from saferoom.disclosure.queries.model import parse_query
from saferoom.disclosure.queries.source import Source
from saferoom.disclosure.queries.spark.session import SparkSettings
from saferoom.policies.models import RiskAppetite

SMALL = SparkSettings(master="local[2]", memory_mib=1_000, partitions=1, small=True)
"""What the tests' Spark is started with; whatever opens a session afterwards gets one of this Spark."""


def world(folder: Path, count: int = 900) -> Source:
    """Write people in households whose columns have every type that Spark and DuckDB share."""
    places = range(count)
    table = pa.table(
        {
            "person_id": [10_000 + i for i in places],
            "household_id": pa.array([f"h{i // 2:05}" for i in places]),
            "region": ["NSEW"[i * 7 % 4] for i in places],
            "name": [["Åsa", "straße", "o'Brien", 'a"b\\c', None][i % 5] for i in places],
            "sex": pa.array(["FM"[i * 13 % 3 % 2] for i in places]).dictionary_encode(),
            "age": pa.array([16 + i * 37 % 65 for i in places], pa.int32()),
            "pay": [round(10_000 + (i * 7919 % 9973) * 3.37, 2) for i in places],
            "bonus": pa.array([(i * 31 % 997) / 8 if i % 9 else None for i in places], pa.float32()),
            "hours": pa.array([i * 17 % 41 + 0.5 for i in places]).cast(pa.decimal128(6, 1)),
            "works": [i % 3 > 0 for i in places],
            "grossing": [0.5 + i % 7 / 4 for i in places],
            "born": pa.array([8_000 + i * 11 % 9_000 for i in places], pa.int32()).cast(pa.date32()),
            "seen": pa.array([1_500_000_000_000_000 + i * 86_461_000_000 for i in places], pa.timestamp("us")),
        }
    )
    pq.write_table(table, folder / "people.parquet", row_group_size=250)
    return Source("people", folder / "people.parquet", ("person_id",))


def both(
    query: Mapping[str, Any], sources: Sequence[Source], memory: Memory | None = None
) -> tuple[Evaluation, Evaluation]:
    """Evaluate one query with DuckDB and with Spark."""
    context = Context(sources, RiskAppetite(), memory=memory, limits=Limits(memory_mib=1_000, threads=2))
    parsed = parse_query(query)
    return check(parsed, context), check(parsed, replace(context, engine=EngineKind.SPARK))


def differences(first: Any, second: Any, place: str = "") -> list[str]:
    """Return where two documents differ: whole numbers and texts at all, others by more than 1e-9 of themselves."""
    if isinstance(first, float) and isinstance(second, float):
        near = abs(first - second) <= max(1e-9 * max(abs(first), abs(second)), 1e-12)
        return [] if near else [f"{place}: {first!r} and {second!r}"]
    if type(first) is not type(second):
        return [f"{place}: {first!r} and {second!r}"]
    if isinstance(first, dict):
        if first.keys() != second.keys():
            return [f"{place}: other keys"]
        return [found for key in first for found in differences(first[key], second[key], f"{place}/{key}")]
    if isinstance(first, list | tuple):
        if len(first) != len(second):
            return [f"{place}: {len(first)} and {len(second)} items"]
        pairs = enumerate(zip(first, second, strict=True))
        return [found for i, (a, b) in pairs for found in differences(a, b, f"{place}[{i}]")]
    return [] if first == second else [f"{place}: {first!r} and {second!r}"]
