"""What is counted in a delivery's columns, and how each count is judged."""

# ruff: noqa: S608 - SQL is put together from names of our own
from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import duckdb

from saferoom.projects.catalogue.checks import columns as queries
from saferoom.projects.catalogue.checks.detectors import OWN, Detector
from saferoom.projects.catalogue.checks.report import Check, Kind, Status
from saferoom.projects.catalogue.checks.thresholds import IMPOSSIBLE_DATES, UNLIKELY_BIRTHS
from saferoom.projects.catalogue.model import Dataset, Variable, VariableRole

Counts = Mapping[str, Mapping[str, int]]


def asked(
    connection: duckdb.DuckDBPyConnection,
    dataset: Dataset,
    columns: Mapping[str, str],
    bad: Mapping[str, str],
    today: date,
) -> tuple[int, Counts]:
    """Return the number of rows, and by variable everything that is counted about it, in one pass."""
    questions = list(queries.asked(dataset, columns, bad))
    listed = ", ".join(["count(*)", *(one.sql for one in questions)])
    parameters = {"today": today} if "$today" in listed else {}
    row = connection.execute(f"SELECT {listed} FROM raw", parameters).fetchone() or (0,)
    found: dict[str, dict[str, int]] = {}
    for one, value in zip(questions, row[1:], strict=True):
        found.setdefault(one.variable, {})[one.what] = int(value)
    return int(row[0]), found


def judged(dataset: Dataset, rows: int, found: Counts) -> Iterator[Check]:
    """Yield the checks of every variable by itself."""
    for variable in dataset.delivered:
        counts = found[variable.name]
        present = rows - counts["missing"]
        if "bad" in counts:
            yield _values(variable, counts["bad"])
        if queries.needed(dataset, variable):
            # What cannot be read is missing, but is told once.
            yield _missing(variable, max(0, counts["missing"] - counts.get("bad", 0)))
        if "strange" in counts:
            yield _codes(variable, counts["strange"])
        if "impossible" in counts:
            bound, said = IMPOSSIBLE_DATES, "is before 1800 or after 2200; leave missing dates empty"
            yield _days(variable, counts["impossible"], present, bound, said)
        if "unlikely" in counts:
            said = "is no date, in the future or over 130 years ago; see how dates were written"
            yield _days(variable, counts["unlikely"], present, UNLIKELY_BIRTHS, said)


def profile(
    connection: duckdb.DuckDBPyConnection,
    dataset: Dataset,
    columns: Mapping[str, str],
    found: Counts,
    known: Mapping[str, Any],
) -> dict[str, dict[str, Any]]:
    """Return what the next version is compared with, by variable; bins of the last version are kept where they fit."""
    measured = [v for v in dataset.delivered if queries.measured(v)]
    anew = [v for v in measured if not _numbers(known.get(v.name, {}).get("bins"))]
    row = connection.execute(f"SELECT {queries.edges(anew, columns)} FROM raw").fetchone() or ()
    edges = {v.name: known[v.name]["bins"] for v in measured if v not in anew}
    edges |= {variable.name: inner for variable, inner in zip(anew, row, strict=False)}
    bins = {v.name: listed for v in dataset.delivered if (listed := queries.bins_of(v, edges.get(v.name)))}
    variables = [v for v in dataset.delivered if v.name in bins]
    lists = ", ".join(queries.counts(v, columns[v.name], bins[v.name]) for v in variables)
    counted = connection.execute(f"SELECT {lists} FROM raw").fetchone() if lists else ()
    made: dict[str, dict[str, Any]] = {name: {"missing": counts["missing"]} for name, counts in found.items()}
    for variable, listed in zip(variables, counted or (), strict=True):
        made[variable.name] |= {"bins": bins[variable.name], "counts": [int(count) for count in listed]}
    return made


def values(
    connection: duckdb.DuckDBPyConnection, dataset: Dataset, columns: Mapping[str, str], key: bytes
) -> dict[str, list[str]]:
    """Return the keyed hashes of the ids, which other datasets may refer to; none where there are very many.

    Of direct identifiers there are none: the hub keeps the profile, and learns nothing of them.
    """
    found: dict[str, list[str]] = {}
    for variable in dataset.delivered:
        if variable.role is not VariableRole.ID:
            continue
        rows = connection.execute(queries.values(columns[variable.name], key)).fetchall()
        if len(rows) + sum(map(len, found.values())) <= queries.MOST_VALUES:
            found[variable.name] = sorted(str(row[0]) for row in rows)
    return found


def _numbers(bins: object) -> bool:
    return isinstance(bins, list) and bool(bins) and all(isinstance(edge, float) for edge in bins)


def _values(variable: Variable, count: int) -> Check:
    kind = variable.type.value
    if not count:
        return Check(Kind.TYPES, Status.PASS, f"every value can be read as {kind}", variable.name)
    said = f"{_rows(count)} a value that cannot be read as {kind}"
    return Check(Kind.TYPES, Status.FAIL, said, variable.name, {"rows": count})


def _missing(variable: Variable, count: int) -> Check:
    if not count:
        return Check(Kind.COMPLETE, Status.PASS, "every row has a value", variable.name)
    said = f"{_rows(count)} no value, where every row needs one"
    return Check(Kind.COMPLETE, Status.FAIL, said, variable.name, {"rows": count})


def _codes(variable: Variable, count: int) -> Check:
    if not count:
        return Check(Kind.CODELIST, Status.PASS, "every value is in the codelist", variable.name)
    said = f"{_rows(count)} a value that the codelist does not have; add the code, or correct the data"
    return Check(Kind.CODELIST, Status.FAIL, said, variable.name, {"rows": count})


def _days(variable: Variable, count: int, of: int, bound: Any, said: str) -> Check:
    if not bound.warns(count, of):
        return Check(Kind.DATES, Status.PASS, "every date is possible", variable.name)
    status = Status.FAIL if bound.fails(count, of) else Status.WARN
    return Check(Kind.DATES, status, f"{_rows(count)} a value that {said}", variable.name, {"rows": count})


def detected(variable: Variable, detector: Detector, count: int, of: int) -> Check | None:
    """Return what is to be said of what a detector found in a variable, None for nothing."""
    counts = {"rows": count, "of": of}
    if detector.bound.fails(count, of) and not (variable.role is VariableRole.ID and detector.what == "NHS numbers"):
        said = f"{_rows(count)} {detector.what}; give it the role direct, or take them out"
        return Check(Kind.IDENTIFIERS, Status.FAIL, said, variable.name, counts)
    if detector.bound.warns(count, of):
        said = f"{_rows(count)} what looks like {detector.what}; see that nobody is named there"
        return Check(Kind.IDENTIFIERS, Status.WARN, said, variable.name, counts)
    return None


def repeats(variable: Variable, count: int, of: int) -> Check | None:
    """Return what is to be said of a text that repeats direct identifiers of its own row, None for nothing."""
    if not OWN.warns(count, of):
        return None
    status = Status.FAIL if OWN.fails(count, of) else Status.WARN
    said = f"{_rows(count)} a text that repeats a direct identifier of the same row; take it out"
    return Check(Kind.IDENTIFIERS, status, said, variable.name, {"rows": count, "of": of})


def _rows(count: int) -> str:
    return "1 row has" if count == 1 else f"{count:,} rows have"
