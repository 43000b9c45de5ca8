"""SQL over a delivery: everything about every column in one pass, and its distribution in another.

The delivery is a table `raw` with a column for each variable, and where it was text, a column that tells which texts
are no value of the variable's type.
"""

# ruff: noqa: S608 - SQL is put together from names of our own and quoted codes
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from saferoom.projects.catalogue.model import Dataset, Variable, VariableRole, VariableType
from saferoom.projects.extracts.pseudonyms import LineageKey
from saferoom.projects.linkage.plan import FieldKind

BUCKETS = 32
"""Bins of texts without a codelist, by their hash: which values are common is not kept."""
MOST_VALUES = 200_000
"""Different values of a column that are kept, as hashes, for datasets that refer to it."""
_HASH_DIGITS = 16
_BINS = 10
_FORMS = ("%Y-%m-%d", "%d/%m/%Y", "%Y%m%d", "%d-%m-%Y", "%d.%m.%Y", "%d %b %Y")
_TIMES = (VariableType.DATE, VariableType.DATETIME)
_NUMBERS = (VariableType.INTEGER, VariableType.NUMBER)


@dataclass(frozen=True)
class Asked:
    """One number asked of the table: about which variable, what, and its SQL."""

    variable: str
    what: str
    sql: str


def literal(value: int | str | bool) -> str:
    """Return a code as SQL."""
    if isinstance(value, bool | int):
        return str(value).lower()
    return "'" + value.replace("'", "''") + "'"


def needed(dataset: Dataset, variable: Variable) -> bool:
    """Tell whether every row must have a value of a variable."""
    return variable.complete or variable.role is VariableRole.ID or variable.name in dataset.key


def asked(dataset: Dataset, columns: Mapping[str, str], bad: Mapping[str, str]) -> Iterator[Asked]:
    """Yield what is asked about every delivered variable; each is an aggregate, and all are asked at once.

    Parameters
    ----------
    columns : mapping
        By variable: its column of `raw`.
    bad : mapping
        By variable: the column that tells which values are none, where there is one.
    """
    for variable in dataset.delivered:
        column, name = columns[variable.name], variable.name
        missing = f"{column} IS NULL"
        if needed(dataset, variable) and variable.type is VariableType.TEXT:
            missing += f" OR trim({column}) = ''"  # an id of spaces is none
        yield Asked(name, "missing", f"count(*) FILTER (WHERE {missing})")
        if name in bad:
            yield Asked(name, "bad", f"count(*) FILTER (WHERE {bad[name]})")
        if variable.codelist is not None:
            codes = ", ".join(literal(code) for code in variable.codelist)
            yield Asked(name, "strange", f"count(*) FILTER (WHERE {column} NOT IN ({codes}))")
        if variable.type in _TIMES:
            outside = f"{column} < DATE '1800-01-01' OR {column} >= DATE '2200-01-01'"
            yield Asked(name, "impossible", f"count(*) FILTER (WHERE {outside})")
        if variable.identifies is FieldKind.DATE:
            yield Asked(name, "unlikely", f"count(*) FILTER (WHERE {_unlikely(variable, column)})")


def _unlikely(variable: Variable, column: str) -> str:
    day = column
    if variable.type not in _TIMES:
        forms = ", ".join(
            f"'{form}'" for form in ("%Y-%m-%d", "%d/%m/%Y", "%Y%m%d", "%d-%m-%Y", "%d.%m.%Y", "%d %b %Y")
        )
        day = f"try_strptime(trim({column}::VARCHAR), [{forms}])"
    return f"{column} IS NOT NULL AND coalesce({day} > $today::DATE OR {day} < $today::DATE - INTERVAL 130 YEAR, true)"


def edges(variables: Sequence[Variable], columns: Mapping[str, str]) -> str:
    """Return SQL for the inner tenths of every variable of `variables`, by which later versions are counted."""
    shares = ", ".join(str(number / _BINS) for number in range(1, _BINS))
    return ", ".join(f"quantile_disc({_number(v, columns[v.name])}, [{shares}])" for v in variables) or "NULL"


def measured(variable: Variable) -> bool:
    """Tell whether a variable's distribution is counted in tenths of the last version."""
    return (
        variable.codelist is None
        and variable.role not in (VariableRole.ID, VariableRole.DIRECT)
        and variable.type in (*_NUMBERS, *_TIMES)
    )


def bins_of(variable: Variable, inner: Sequence[float | None] | None) -> list[Any] | None:
    """Return what a variable is counted by: its codes, the edges of its tenths, or a number of hash values.

    None for what is not comparable between versions: ids and direct identifiers.
    """
    if variable.role in (VariableRole.ID, VariableRole.DIRECT):
        return None
    if variable.codelist is not None:
        return [*variable.codelist]
    if variable.type is VariableType.BOOLEAN:
        return [False, True]
    if measured(variable):
        return sorted({float(edge) for edge in inner or () if edge is not None}) or None
    return [BUCKETS]


def counts(variable: Variable, column: str, bins: Sequence[Any]) -> str:
    """Return SQL for the list of counts of a variable over its bins; missing values are in none."""
    if variable.codelist is not None or variable.type is VariableType.BOOLEAN:
        conditions = [f"{column} = {literal(code)}" for code in bins]
    elif measured(variable):
        number = _number(variable, column)
        places = [("-inf", repr(bins[0])), *((repr(a), repr(b)) for a, b in pairwise(bins))]
        places.append((repr(bins[-1]), "inf"))
        conditions = [f"{number} > '{low}'::DOUBLE AND {number} <= '{high}'::DOUBLE" for low, high in places]
    else:
        conditions = [f"md5_number_lower({column}::VARCHAR) % {BUCKETS} = {bucket}" for bucket in range(BUCKETS)]
    return "[" + ", ".join(f"count(*) FILTER (WHERE {condition})" for condition in conditions) + "]"


def _number(variable: Variable, column: str) -> str:
    return f"epoch({column})" if variable.type in _TIMES else f"{column}::DOUBLE"


def repeated_keys(columns: Sequence[str]) -> str:
    """Return SQL that counts the rows beyond the first of every key; rows without a whole key are not counted."""
    listed = ", ".join(columns)
    whole = " AND ".join(f"{column} IS NOT NULL" for column in columns)
    grouped = f"SELECT count(*) AS n FROM raw WHERE {whole} GROUP BY {listed} HAVING count(*) > 1"
    return f"SELECT coalesce(sum(n - 1), 0), count(*) FROM ({grouped})"


def repeated_rows(columns: Sequence[str]) -> str:
    """Return SQL that counts the rows that are the same as another in every column.

    Rows are compared by a hash of 64 bits: among ten million different rows two have the same once in 400,000 times.
    """
    return f"SELECT count(*) - count(DISTINCT hash({', '.join(columns)})) FROM raw"


def hashed(column: str, key: bytes) -> str:
    """Return SQL of the keyed hash by which values of two datasets are compared: 64 bits, as 16 digits."""
    inner, outer = (f"unhex('{pad.hex()}')" for pad in LineageKey(key).pads())
    text = f"encode(trim({column}::VARCHAR))"
    return f"sha256({outer} || unhex(sha256({inner} || {text})))[:{_HASH_DIGITS}]"


def values(column: str, key: bytes) -> str:
    """Return SQL of the hashes of a column's different values, one more than are kept."""
    found = f"SELECT DISTINCT trim({column}::VARCHAR) AS v FROM raw WHERE {column} IS NOT NULL LIMIT {MOST_VALUES + 1}"
    return f"SELECT {hashed('v', key)} AS value FROM ({found})"


def dangling(columns: Sequence[str], others: Sequence[str], key: bytes) -> str:
    """Return SQL that counts the rows that have a value in every column, and those of which another dataset lacks one.

    Parameters
    ----------
    others : sequence of str
        For each column, the table with the hashes of the other dataset's values, in its column `value`.
    key : bytes
        By which both datasets' values are hashed.
    """
    whole = " AND ".join(f"{column} IS NOT NULL" for column in columns)
    known = " AND ".join(
        f"{hashed(column, key)} IN (SELECT value FROM {other})" for column, other in zip(columns, others, strict=True)
    )
    return f"SELECT count(*), count(*) FILTER (WHERE NOT ({known})) FROM raw WHERE {whole}"
