"""Says what a researcher would do with ACRO for the same work: prepared rows in a Parquet file, and a list of calls.

ACRO works on pandas frames, so the preparation that Saferoom is told (views, filters, derived columns) is done here, as
a researcher does it, and ACRO sees its result. What ACRO 1.0.2 has no command for is not asked of it: weights other
than of a count, ratios, quantiles, variances, tests, correlations, mobility.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
from tests.benchmark.model import Case, Document

Call = dict[str, Any]
_AGGREGATES = {name: name for name in ("sum", "mean", "median", "std", "min", "max", "mode")}
_MODELS = {"ols": "olsr", "logit": "logitr", "probit": "probitr"}


def write_work(cases: Sequence[Case], folder: Path) -> Path:
    """Write rows and calls of all cases that ACRO can judge, and return the list's path."""
    work = []
    connection = duckdb.connect()
    for case in cases:
        calls = [*_calls(case, folder, connection)]
        if calls and all(calls):
            work.append({"name": case.name, "calls": calls})
    listed = folder / "acro-work.json"
    listed.write_text(json.dumps(work))
    return listed


def _calls(case: Case, folder: Path, connection: duckdb.DuckDBPyConnection) -> Iterator[Call | None]:
    if case.acro is not None:
        document = case.acro["query"]
        prepared, source = folder / f"{case.name}.parquet", case.data.parquet(folder)
        connection.execute(f"COPY ({_select(document, case.data.name, source)}) TO '{prepared}' (FORMAT parquet)")
        yield {**(_call(document) or {}), "aggregate": case.acro["function"], "rows": str(prepared)}
        return
    if case.file is not None:
        path = folder / f"{case.name}-{case.file.name}"
        path.write_bytes(case.file.content())
        yield {"call": "custom_output", "file": str(path)}
        return
    for number, document in enumerate(case.queries):
        call = _call(document)
        if call is not None:
            rows = folder / f"{case.name}-{number}.parquet"
            source = case.data.parquet(folder)
            connection.execute(f"COPY ({_select(document, case.data.name, source)}) TO '{rows}' (FORMAT parquet)")
            call["rows"] = str(rows)
        yield call


def _call(document: Document) -> Call | None:
    statistic, options = document["statistic"], document.get("options", {})
    weight, by = document.get("weight"), document.get("by", [])
    common: Call = {
        "dimensions": len(by),
        "margins": bool(document.get("margins", False)),
        "protect": document.get("protect", {}).get("method", "none"),
        "base": document.get("protect", {}).get("base", 5),
    }
    if statistic in {"frequency", "transition"}:
        return {"call": "crosstab", "aggregate": "sum" if weight else None, **common}
    if weight is not None:
        return None
    if statistic in _AGGREGATES:
        return {"call": "crosstab", "aggregate": _AGGREGATES[statistic], **common}
    if statistic == "histogram" and not by:
        return {"call": "hist", "bins": options.get("bins", 10), **common}
    if statistic == "survival" and not by and options.get("estimator", "kaplan_meier") == "kaplan_meier":
        return {"call": "surv_func", **common}
    if statistic == "regression" and options.get("family", "ols") in _MODELS:
        return {"call": _MODELS[options.get("family", "ols")], "formula": options["formula"], **common}
    return None


def _select(document: Document, name: str, source: Path) -> str:
    """Return the SQL of the prepared rows: d0.. dimensions, m the measure (or weight), t and e for survival."""
    views = ", ".join(f'"{view}" AS ({text})' for view, text in document.get("views", {}).items())
    derived = [f"({text}) AS {column}" for column, text in document.get("derive", {}).items()]
    start = document.get("from", name)
    rows = f"(SELECT *{''.join(', ' + text for text in derived)} FROM {start})"
    items = [f'"{column}" AS d{i}' for i, column in enumerate(document.get("by", []))]
    options: Mapping[str, Any] = document.get("options", {})
    measure = document.get("measure") or document.get("weight")
    if measure is not None:
        items.append(f"CAST({_expression(measure)} AS DOUBLE) AS m")
    for letter, option in (("t", "time"), ("e", "event")):
        if options.get(option) is not None:
            items.append(f"CAST({_expression(options[option])} AS DOUBLE) AS {letter}")
    if document["statistic"] == "regression":
        items = ["*"]
    where = f" WHERE {document['where']}" if document.get("where") else ""
    head = f"WITH {name} AS (SELECT * FROM read_parquet('{source}')){', ' + views if views else ''} "
    return f"{head}SELECT {', '.join(items) or '1 AS one'} FROM {rows} r{where}"


def _expression(text: str) -> str:
    """Return an expression; a column whose name is a word of SQL is quoted."""
    return f'"{text}"' if text.isidentifier() else f"({text})"
