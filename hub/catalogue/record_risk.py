"""The record-level risk of a delivery, measured before anything of it enters: counts and scores, never a value.

Every statistical unit counts once for each combination of quasi-identifiers that it has, whatever the number of its
rows. The cost grows with the units; of more than `MOST_IN_MEMORY` of them only the distinct combinations are kept in
memory, and measures that need single records (households, sensitive variables) are left out.
"""

# ruff: noqa: S608 - SQL is put together from names of our own
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from saferoom.disclosure.microdata.counted import MOST_IN_MEMORY, of_counts
from saferoom.disclosure.microdata.risk.asked import Asked
from saferoom.disclosure.microdata.risk.report import RiskReport, assess, assess_patterns
from saferoom.errors import SaferoomError
from saferoom.hub.catalogue.subjects import subject
from saferoom.projects.catalogue.model import Dataset, VariableRole
from saferoom.projects.linkage.tables import number

MOST_KEYS = 12
"""Quasi-identifiers that are looked at together; further ones are named as left out."""
LARGEST_SET = 3
"""Most variables of a minimal sample unique that are tried, so that a delivery does not wait for minutes."""
_NO_KEYS = "no variable is described as a quasi-identifier, so nothing is known that others may know of a record"
_NO_WEIGHT = "its weights are not all above zero, so the file is taken to be the population"

Columns = Mapping[str, str]


def record_risk(connection: duckdb.DuckDBPyConnection, dataset: Dataset, columns: Columns) -> dict[str, Any]:
    """Return the risk report of the rows in ``raw``, JSON-ready.

    Parameters
    ----------
    columns : mapping of str to str
        Of a delivered variable's name to its column of ``raw``.

    Returns
    -------
    dict
        `measured`, and if so what `RiskReport.counted` has, `unit` (what counts once), `threshold` and
        `below_threshold`, `keys_left_out`, `notes`; else `why` in a sentence.
    """
    keys = [v.name for v in dataset.delivered if v.role is VariableRole.QUASI]
    if not keys:
        return {"measured": False, "why": _NO_KEYS}
    wanted = _Wanted(dataset, columns, keys[:MOST_KEYS])
    try:
        report = _report(connection, wanted)
    except SaferoomError as error:
        return {"measured": False, "why": error.message}
    threshold = dataset.risk_appetite.threshold_units
    return {
        "measured": True,
        "unit": wanted.unit,
        "threshold": threshold,
        "below_threshold": report.frequencies.records_below(threshold),
        "keys_left_out": keys[MOST_KEYS:],
        "notes": wanted.notes,
        **report.counted(),
    }


class _Wanted:
    """Which columns the report needs, and what was left out of it."""

    def __init__(self, dataset: Dataset, columns: Columns, keys: Sequence[str]) -> None:
        self.columns = columns
        self.keys = list(keys)
        self.notes: list[str] = []
        ids = [unit for unit in dataset.units if unit in columns]
        whose = subject(dataset)
        self.unit = None if whose is None else whose.name
        # No role says which unit is a household; in the field it is called so.
        self.household = next((unit for unit in ids if unit != self.unit and "household" in unit.lower()), None)
        by_role = [(v.role, v.name) for v in dataset.delivered]
        self.weight = next((name for role, name in by_role if role is VariableRole.WEIGHT), None)
        self.sensitive = [name for role, name in by_role if role is VariableRole.SENSITIVE]

    def asked(self, *, single: bool) -> Asked:
        """Return what is asked; `single` where single records are at hand."""
        household, sensitive = (self.household, tuple(self.sensitive)) if single else (None, ())
        return Asked(tuple(self.keys), self.weight, household, sensitive, largest=LARGEST_SET)


def _report(connection: duckdb.DuckDBPyConnection, wanted: _Wanted) -> RiskReport:
    """Return the report of ``raw``.

    Raises
    ------
    BadInputError
        A key variable has no value at all.
    """
    connection.execute(f"CREATE TEMP TABLE combinations AS {_combinations(wanted)}")
    rows = number(connection, "SELECT count(*) FROM combinations")
    _check_weights(connection, wanted)
    if rows <= MOST_IN_MEMORY:
        _check_sensitive(connection, wanted)
        asked = wanted.asked(single=True)
        return assess(_table(connection, "FROM combinations", asked.columns, wanted), asked)
    listed = ", ".join(wanted.columns[name] for name in wanted.keys)
    sums = "count(*) AS records, " + ("count(*)" if wanted.weight is None else f"sum({wanted.columns[wanted.weight]})")
    counted = connection.sql(f"SELECT {listed}, {sums} AS weights FROM combinations GROUP BY ALL").to_arrow_table()
    keys, found = of_counts(counted.rename_columns([*wanted.keys, "records", "weights"]), wanted.keys)
    keys.check_not_empty()
    return assess_patterns(keys, found, wanted.asked(single=False))


def _combinations(wanted: _Wanted) -> str:
    """Return the SQL of one row for each unit and combination of keys."""
    keys = [wanted.columns[name] for name in wanted.keys]
    others = [name for name in (wanted.household, *wanted.sensitive) if name is not None]
    if wanted.unit is None:
        more = [wanted.columns[name] for name in (*others, *([wanted.weight] if wanted.weight else []))]
        return f"SELECT {', '.join([*keys, *more])} FROM raw"
    # A unit whose sensitive value differs between its rows is one unit all the same.
    picked = [f"any_value({wanted.columns[name]}) AS {wanted.columns[name]}" for name in others]
    if wanted.weight is not None:
        picked.append(f"max({wanted.columns[wanted.weight]}) AS {wanted.columns[wanted.weight]}")
    unit = wanted.columns[wanted.unit]
    return f"SELECT {', '.join([*keys, *picked])} FROM raw GROUP BY {', '.join([*keys, unit])}"


def _check_weights(connection: duckdb.DuckDBPyConnection, wanted: _Wanted) -> None:
    if wanted.weight is None:
        return
    column = wanted.columns[wanted.weight]
    if not number(
        connection, f"SELECT coalesce(bool_and({column} IS NOT NULL AND {column} > 0), false) FROM combinations"
    ):
        wanted.weight = None
        wanted.notes.append(_NO_WEIGHT)


def _check_sensitive(connection: duckdb.DuckDBPyConnection, wanted: _Wanted) -> None:
    """Leave out variables without a value: they say nothing, and are no reason to measure nothing."""
    for name in (wanted.household, *wanted.sensitive):
        if name is not None and not number(connection, f"SELECT count({wanted.columns[name]}) FROM combinations"):
            wanted.notes.append(f"{name} has no value, so it is left out")
            wanted.sensitive = [one for one in wanted.sensitive if one != name]
            wanted.household = None if wanted.household == name else wanted.household


def _table(connection: duckdb.DuckDBPyConnection, of: str, names: Sequence[str], wanted: _Wanted) -> Any:
    listed = ", ".join(wanted.columns[name] for name in names)
    return connection.sql(f"SELECT {listed} {of}").to_arrow_table().rename_columns(list(names))
