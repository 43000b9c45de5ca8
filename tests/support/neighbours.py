"""Two datasets that differ in all rows of one unit, and what is computed from each before noise is added."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from saferoom.disclosure.privacy.cells import Rows, exact, exact_found, public_cells
from saferoom.disclosure.privacy.contributions import Contributions
from saferoom.disclosure.privacy.statistics import Ask, aggregates_of
from saferoom.disclosure.queries import language
from saferoom.disclosure.queries.engine import Engine, Limits
from saferoom.disclosure.queries.model import parse_query
from saferoom.disclosure.queries.plan import make_plan
from saferoom.disclosure.queries.source import Source

REGIONS = ("North", "South", "West")
TARGET = 666
"""The unit that one of the datasets has and the other has not."""
Row = tuple[str | None, float | None, float | None]
"""Region, measure, parents' measure."""
Numbers = dict[str, np.ndarray[Any, np.dtype[np.int64]]]

_OTHERS = """
    SELECT i AS person_id, ['North', 'South', 'West'][1 + i % 3] AS region, CAST(i % 10 AS DOUBLE) AS pay,
        CAST(i * 7 % 10 AS DOUBLE) AS parent FROM range(30) t(i)
"""


@dataclass(frozen=True)
class Neighbours:
    """A folder in which pairs of datasets are written."""

    folder: Path

    def numbers(self, ask: Ask, bounds: Contributions, target: Sequence[Row], *, one_each: bool = False) -> Numbers:
        """Return the exact numbers of a dataset in which the target has these rows."""
        keys = public_cells([REGIONS, range(len(ask.edges) + 1)] if ask.edges else [REGIONS])
        with self._opened(ask, bounds, target, one_each) as (engine, rows):
            return exact(engine, rows, keys, aggregates_of(ask), ask.sizes)

    def found(self, ask: Ask, bounds: Contributions, target: Sequence[Row]) -> dict[Any, int]:
        """Return the counts of the cells that the data have."""
        with self._opened(ask, bounds, target, one_each=False) as (engine, rows):
            (count,) = aggregates_of(ask)
            keys, numbers = exact_found(engine, rows, [count])
        return dict(zip(keys, numbers(count, range(len(keys))).tolist(), strict=True))

    def change(
        self, ask: Ask, bounds: Contributions, target: Sequence[Row], *, one_each: bool = False
    ) -> dict[str, Any]:
        """Return by how much each number changes when the target joins."""
        there = self.numbers(ask, bounds, target, one_each=one_each)
        gone = self.numbers(ask, bounds, (), one_each=one_each)
        return {name: there[name] - gone[name] for name in there}

    @contextmanager
    def _opened(
        self, ask: Ask, bounds: Contributions, target: Sequence[Row], one_each: bool
    ) -> Iterator[tuple[Engine, Rows]]:
        path = self.folder / "people.parquet"
        with duckdb.connect() as connection:
            connection.execute(f"CREATE TABLE people AS {_OTHERS}")
            if target:
                connection.executemany(f"INSERT INTO people VALUES ({TARGET}, ?, ?, ?)", [list(row) for row in target])
            connection.execute(f"COPY people TO '{path}' (FORMAT parquet)")
        with Engine([Source("people", path, ("person_id",), {"region": REGIONS})], Limits(threads=1)) as engine:
            plan = make_plan(parse_query(_document(ask)), engine.relations)
            yield engine, Rows(plan, language.reference(plan.units[0]), bounds, one_each, ask.edges, ask.upto)


def _document(ask: Ask) -> dict[str, Any]:
    document: dict[str, Any] = {"statistic": str(ask.statistic), "by": ["region"]}
    if ask.statistic != "frequency":
        document["measure"] = "pay"
    if ask.statistic == "mobility":
        document["options"] = {"parent": "parent"}
    if ask.statistic == "quantile":
        document["options"] = {"quantiles": list(ask.fractions)}
    return document
