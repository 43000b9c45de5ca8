"""A place to try declared statistics: writes small data files and checks queries on them, as the trusted side does."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from saferoom.disclosure.checker import Context, check
from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.history.crosswalk import Crosswalk
from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.queries.engine import Limits
from saferoom.disclosure.queries.model import parse_query
from saferoom.disclosure.queries.source import Source
from saferoom.disclosure.verdict import Finding, Label, Table
from saferoom.policies.models import ReleaseRoute, RiskAppetite

Row = dict[str, Any]


def people(count: int = 1_200, seed: int = 7) -> list[Row]:
    """Return ordinary people in two-person households: four regions, two sexes, ages, pay."""
    rng = random.Random(seed)
    return [
        {
            "person_id": 10_000 + i,
            "household_id": 70_000 + i // 2,
            "region": "NSEW"[rng.randrange(4)],
            "sex": "FM"[rng.randrange(2)],
            "age": rng.randint(16, 80),
            "pay": round(rng.lognormvariate(10, 0.5), 2),
            "grossing": round(rng.uniform(50, 150), 1),
        }
        for i in range(count)
    ]


@dataclass
class Lab:
    """Checks queries on rows; every file lives in `folder`."""

    folder: Path
    files: int = 0

    def parquet(self, rows: Sequence[Row]) -> Path:
        """Write rows to a Parquet file."""
        self.files += 1
        path = self.folder / f"data{self.files}.parquet"
        names = list(dict.fromkeys(name for row in rows for name in row))
        pq.write_table(pa.table({name: [row.get(name) for row in rows] for name in names}), path)
        return path

    def csv(self, rows: Sequence[Row], name: str = "data.csv", **options: Any) -> Path:
        """Write rows to a CSV file."""
        path = self.folder / name
        with path.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, list(rows[0]), **options)
            writer.writeheader()
            writer.writerows(rows)
        return path

    def source(
        self,
        rows: Sequence[Row] | Path,
        units: Iterable[str] = ("person_id",),
        name: str = "people",
        codelists: Mapping[str, tuple[Label, ...]] | None = None,
    ) -> Source:
        """Return a dataset made of `rows`."""
        path = rows if isinstance(rows, Path) else self.parquet(rows)
        return Source(name, path, tuple(units), codelists or {})

    def check(
        self,
        query: Mapping[str, Any],
        rows: Sequence[Row] | Path | Sequence[Source],
        *,
        units: Iterable[str] = ("person_id",),
        policy: RiskAppetite | None = None,
        memory: Memory | None = None,
        route: ReleaseRoute | None = None,
        crosswalks: Mapping[str, Crosswalk] | None = None,
    ) -> Evaluation:
        """Check one query document."""
        is_sources = not isinstance(rows, Path) and bool(rows) and isinstance(rows[0], Source)
        sources = rows if is_sources else [self.source(rows, units)]  # type: ignore[arg-type]
        context = Context(
            sources,  # type: ignore[arg-type]
            policy or RiskAppetite(),
            route=route,
            memory=memory,
            limits=Limits(memory_mib=1_000, seconds=60, threads=2),
            crosswalks=crosswalks,
        )
        return check(parse_query(query), context)


def rules(evaluation: Evaluation) -> set[str]:
    """Return the names of the rules that bit."""
    return {finding.rule for finding in evaluation.findings}


def finding(evaluation: Evaluation, rule: str) -> Finding:
    """Return the first finding of a rule."""
    return next(found for found in evaluation.findings if found.rule == rule)


def cells(table: Table | None, dimensions: int) -> dict[tuple[Label, ...], Label]:
    """Return the first value column by labels."""
    if table is None:
        return {}
    return {row[:dimensions]: row[dimensions] for row in table.rows}
