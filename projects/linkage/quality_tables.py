"""The tables of a quality pack, each a declared frequency that the disclosure checker judged before anybody sees it.

Every table is judged beside all tables of the pack before it and of earlier versions, with the records as units. Cells
at risk are blank and as many others as keep these from being worked out; a table that fails all the same, because less
than the limit lies between it and an earlier one, is withheld whole.
"""

# ruff: noqa: S608 - SQL is put together from quoted names only
from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from saferoom.digests import sha256
from saferoom.disclosure.checker import Context, Judged, judge, opened
from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.queries.engine import Engine
from saferoom.disclosure.queries.model import parse_query
from saferoom.disclosure.queries.source import Source
from saferoom.disclosure.tables.assemble import total_label
from saferoom.disclosure.verdict import Verdict
from saferoom.policies.models import RiskAppetite
from saferoom.projects.linkage.rates import RECORDS, column_of
from saferoom.projects.linkage.weights import BANDS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LINKED, UNLINKED = "linked", "not linked"
TOTAL: None = None
"""Stands for all categories of a dimension."""

Counts = Mapping[tuple[str | None, ...], int | None]
"""Labels -> how many records; None where it may not be shown."""


@dataclass(frozen=True)
class Checked:
    """A table that passed, or why it is withheld."""

    counts: Counts | None
    reason: str = ""


@dataclass
class Checker:
    """Judges one source's tables one after the other; `memory` grows with what is shown."""

    context: Context
    engine: Engine
    name: str
    memory: Memory
    linked_labels: Mapping[str, tuple[str, ...]]

    def labels(self, column: str) -> tuple[str, ...]:
        """Return which labels linked records have in the column of bands or of passes."""
        return self.linked_labels[column]

    def frequency(self, by: Sequence[str], where: str | None = None) -> Checked:
        """Return the records by one or two columns with totals, as they may be shown."""
        document = {
            "statistic": "frequency",
            "from": self.name,
            "by": list(by),
            "margins": True,
            "protect": {"method": "suppress"},
        }
        query = parse_query(document if where is None else {**document, "where": where})
        self.engine.tidy()
        judged = judge(query, replace(self.context, memory=self.memory), self.engine)
        evaluation = judged.evaluation
        if evaluation.verdict is not Verdict.PASS or evaluation.outgoing is None:
            return Checked(None, _reason(judged))
        self.memory = self.memory.with_evaluation(evaluation)
        return Checked(_counts(judged))


def _counts(judged: Judged) -> Counts:
    table, total = judged.evaluation.outgoing, total_label(judged.outcome.cells)
    found: dict[tuple[str | None, ...], int | None] = {}
    for row in table.rows if table else ():
        labels = tuple(TOTAL if label == total else str(label) for label in row[:-1])
        found[labels] = None if row[-1] is None else round(float(row[-1]))
    return found


def _reason(judged: Judged) -> str:
    rules = {finding.rule for finding in judged.evaluation.findings}
    if "differencing" in rules:
        return (
            "withheld: too few records lie between it and a table shown before, so that subtracting one from the other "
            "would tell about them"
        )
    if rules & {"nothing-left", "threshold"}:
        return "withheld: its cells hold too few records to be shown"
    return "withheld: it did not pass the disclosure checker"


@contextmanager
def checker(
    connection: DuckDBPyConnection, source: str, groups: int, policy: RiskAppetite, memory: Memory
) -> Iterator[Checker]:
    """Lend a checker of one source's records, of which `groups` columns are group columns.

    The records are in a private folder meanwhile, as the engine reads files only.
    """
    columns = "".join(f", {column_of(place)}" for place in range(groups))
    name = _name(source)
    unit = f"{name}_record"
    with tempfile.TemporaryDirectory(prefix="saferoom-quality-") as folder:
        path = Path(folder) / "records.parquet"
        connection.execute(
            f"COPY (SELECT unit AS {unit}, CASE WHEN linked THEN '{LINKED}' ELSE '{UNLINKED}' END AS status, band, "
            f"match_pass{columns} FROM {RECORDS} WHERE source = ?) TO '{path}' (FORMAT parquet)",
            [source],
        )
        every, different = _numbers(connection, source)
        labels = {column: _labels(connection, source, column) for column in ("band", "match_pass")}
        one_each = (unit,) if every == different else ()
        sources = [Source(name, path, units=(unit,), one_each=one_each)]
        context = Context(sources, policy, memory=memory, kept={})
        with opened(context) as engine:
            yield Checker(context, engine, name, memory, labels)


def _name(source: str) -> str:
    """Return what the checker calls a source, the same in every version and another for every source."""
    words = "".join(c if c.isascii() and c.isalnum() else "_" for c in source.casefold())
    return f"linkage_{words[:30]}_{sha256(source.encode())[:8]}"


def _numbers(connection: DuckDBPyConnection, source: str) -> tuple[int, int]:
    row = connection.execute(
        f"SELECT count(*), count(DISTINCT unit) FROM {RECORDS} WHERE source = ?", [source]
    ).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def _labels(connection: DuckDBPyConnection, source: str, column: str) -> tuple[str, ...]:
    """Return the labels of the linked records; bands in their order."""
    rows = connection.execute(
        f"SELECT DISTINCT {column} FROM {RECORDS} WHERE source = ? AND linked AND {column} IS NOT NULL ORDER BY 1",
        [source],
    ).fetchall()
    return tuple(sorted((str(row[0]) for row in rows), key=lambda label: (*BANDS, label).index(label)))
