"""People whose statistics are asked for with differential privacy: rows that can be read, and rows that cannot."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb

from saferoom.disclosure.checker import Context, check, draw
from saferoom.disclosure.evaluation import Evaluation
from saferoom.disclosure.queries.model import parse_query
from saferoom.disclosure.queries.source import Source
from saferoom.disclosure.verdict import Label
from saferoom.policies.models import RiskAppetite

REGIONS = ("West", "North", "South")
SEXES = ("f", "m")
AGES = tuple(range(100))
CODELISTS: dict[str, tuple[Label, ...]] = {"region": REGIONS, "sex": SEXES, "age": AGES}
ROWS = """
    SELECT i AS person_id, i // 2 AS household_id, ['North', 'South', 'West'][1 + i % 3] AS region,
    CASE WHEN i % 2 = 0 THEN 'f' ELSE 'm' END AS sex, CAST(i % 90 AS INTEGER) AS age, 1000.0 * (i % 70) AS pay,
    (i % 101) / 100 AS child, (i % 97) / 96 AS parent, chr(CAST(65 + i % 26 AS INTEGER)) AS word,
    i % 5 = 0 AS member, DATE '2000-01-01' + CAST(i % 300 AS INTEGER) AS born
    FROM range({people}) t(i)
"""
_FOOTER = 8


def people(folder: Path, people: int = 3_000) -> Source:
    """Return a dataset of so many people, each with one row."""
    path = folder / f"people_{people}.parquet"
    duckdb.execute(f"COPY ({ROWS.format(people=people)}) TO '{path}' (FORMAT parquet)")
    return Source("people", path, ("person_id",), CODELISTS)


def unreadable(source: Source) -> Source:
    """Return `source` with a file of the same schema whose rows nobody can read: what is between is overwritten."""
    data = bytearray(source.path.read_bytes())
    footer = int.from_bytes(data[-_FOOTER:-4], "little")
    end = len(data) - _FOOTER - footer
    data[4:end] = b"\xff" * (end - 4)
    path = source.path.with_name("unreadable.parquet")
    path.write_bytes(bytes(data))
    return replace(source, path=path)


def context_of(source: Source, **policy: Any) -> Context:
    """Return what queries about `source` are judged by."""
    return Context([source], RiskAppetite(**policy))


def quoted(context: Context, protect: dict[str, Any], **query: Any) -> Evaluation:
    """Return the quote of a query, a frequency unless it says otherwise."""
    return check(parse_query(_document(protect, query)), context)


def drawn(context: Context, protect: dict[str, Any], **query: Any) -> Evaluation:
    """Return what is drawn by the plan that the query's own quote names."""
    offered = quoted(context, protect, **query)
    assert offered.privacy is not None
    return draw(parse_query(_document(protect, query)), context, offered.privacy["digest"])


def _document(protect: dict[str, Any], query: dict[str, Any]) -> dict[str, Any]:
    named = {name.rstrip("_"): value for name, value in query.items()}
    loss = {} if {"rho", "epsilon", "accuracy"} & set(protect) else {"rho": 0.1}
    return {"statistic": "frequency", **named, "protect": {"method": "dp", **loss, **protect}}
