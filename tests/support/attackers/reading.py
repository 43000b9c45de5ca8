"""How an attacker reads released tables: as equations about what single people (or single cells) add to them.

The attacker here is a strong one: who is in which population and group is known, for everybody (from registers, from
colleagues, from other data); only the confidential column is not. What a query says is worked out with DuckDB, apart
from Saferoom's own compiler.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from tests.support.attackers.linear import Equation, Vector, exactly

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

TOTAL = "All"
Label = Any
Rows = Sequence[tuple[Any, ...]]


@dataclass(frozen=True)
class Seen:
    """A table that left, with the query it answers as an attacker understands it.

    Attributes
    ----------
    document : mapping
        `statistic`, `by`, `where`, `derive`, `measure`, `weight`, `options`, `protect`.
    rows : sequence of tuples
        Labels, then numbers; None where blank.
    frame : DataFrame
        Who was there at that time.
    apart : bool
        Whether every number was changed by itself, margins too; else margins are known to be sums of what is shown.
    """

    document: Mapping[str, Any]
    rows: Rows
    frame: pd.DataFrame = field(repr=False)
    apart: bool = False


@dataclass(frozen=True)
class Secret:
    """What the attacker is after.

    Attributes
    ----------
    column : str
        The confidential column.
    category : object, optional
        Where it is an attribute of two categories that tables count: the one that counts as 1.
    of_cells : bool
        Whether the unknowns are cells, not people: how many there are in each.
    """

    column: str
    category: Label = None
    of_cells: bool = False

    def is_told_by(self, document: Mapping[str, Any]) -> bool:
        """Say whether a table speaks of the secret at all."""
        if document["statistic"] in {"regression", "sum", "mean", "ratio"}:
            return self.category is None
        if document["statistic"] == "frequency":
            return self.of_cells or (self.category is not None and self.column in document.get("by", ()))
        return False


@lru_cache(maxsize=1)
def _connection() -> duckdb.DuckDBPyConnection:
    import duckdb

    return duckdb.connect(config={"threads": 1})


def key(label: Label) -> Label:
    """Return what two labels have in common that say the same: 20 and 20.0, but not True and 1."""
    if isinstance(label, bool | np.bool_):
        return str(bool(label)).lower()
    if isinstance(label, int | float | np.number):
        return None if label != label else float(label)
    return label


def equations(seen: Seen, secret: Secret, units: Mapping[Any, int]) -> Iterator[Equation]:
    """Yield what one released table says about the secret of every unit.

    Parameters
    ----------
    units : mapping of id to place
        Everybody who can be in any of the tables, in the first column of `Seen.frame`.
    """
    if not secret.is_told_by(seen.document):
        return
    if seen.document["statistic"] == "regression":
        yield from _normal_equations(seen, secret, units)
        return
    for labels, factors, constant, size in _cells(seen, secret, units):
        for low, high in _numbers(seen, labels, size):
            if low > -math.inf or high < math.inf:
                yield Equation(factors, low - constant, high - constant)


def _numbers(seen: Seen, labels: tuple[Label, ...], size: float) -> Iterator[tuple[float, float]]:
    """Yield the bounds of the cell's total that its released number gives."""
    width = len(labels)
    for row in seen.rows:
        number = row[width]
        if tuple(map(key, row[:width])) != labels or number is None or number != number:
            continue
        factor = size if seen.document["statistic"] in {"mean", "ratio"} else 1.0
        low, high = _before_the_change(seen, float(number), TOTAL in labels)
        yield low * factor, high * factor


def _before_the_change(seen: Seen, number: float, margin: bool) -> tuple[float, float]:
    """Return what a number can have been before it was rounded or given noise, for all that is public of how."""
    protect = seen.document.get("protect", {})
    method, base = protect.get("method"), protect.get("base", 5)
    if method == "round":
        if margin and not seen.apart:
            # A sum of rounded cells, which are known anyway.
            return -math.inf, math.inf
        return max(0.0, number - base // 2), number + (base - 1) // 2
    if method in {"controlled_rounding", "random_rounding"}:
        reach = float(protect.get("base", 10) - 1)
    elif method == "cell_key":
        # How large the noise of a sum can be, depends on what nobody outside knows.
        reach = float(protect.get("D", 10)) if seen.document["statistic"] == "frequency" else math.inf
    elif method == "significant":
        reach = 0.5 * 10.0 ** (math.floor(math.log10(abs(number))) + 1 - protect.get("digits", 4)) if number else 0.0
    else:
        return number, number
    return number - reach, number + reach


def _cells(
    seen: Seen, secret: Secret, units: Mapping[Any, int]
) -> Iterator[tuple[tuple[Label, ...], Vector, float, float]]:
    """Yield of every cell and margin its labels, the factor of every unit, a known constant, and a mean's divisor."""
    document = seen.document
    by = list(document.get("by", ()))
    attribute = by.index(secret.column) if secret.column in by else None
    people = _factors(seen, secret, [name for name in by if name != secret.column], units)
    released = {tuple(map(key, row[: len(by)])) for row in seen.rows}
    for labels in released:
        open_places = [i for i, label in enumerate(labels) if i != attribute and label != TOTAL]
        public = [i for i in range(len(by)) if i != attribute]
        chosen = np.ones(len(people.slope), dtype=bool)
        for i in open_places:
            chosen &= people.labels[public.index(i)] == labels[i]
        slope, constant = np.where(chosen, people.slope, 0.0), float(people.constant[chosen].sum())
        if attribute is not None:
            if labels[attribute] == TOTAL:
                continue
            if labels[attribute] != key(secret.category):
                slope, constant = -slope, constant + float(slope.sum())
        factors = np.zeros(len(units))
        np.add.at(factors, people.place, slope)
        if factors.any():
            yield labels, factors, constant, float(people.divisor[chosen].sum())


@dataclass(frozen=True)
class _People:
    place: np.ndarray[Any, np.dtype[np.int64]]
    labels: list[np.ndarray[Any, Any]]
    slope: Vector
    constant: Vector
    divisor: Vector


def _factors(seen: Seen, secret: Secret, by: Sequence[str], units: Mapping[Any, int]) -> _People:
    """Work out the line that the measure of each row is, as a function of the secret."""
    document = seen.document
    measure = document.get("measure") if document["statistic"] != "frequency" else None
    secret_is_counted = measure is None
    weight = document.get("weight") or "1"
    divisor = document.get("options", {}).get("denominator") or "1"
    derive = "".join(f", ({text}) AS {name}" for name, text in document.get("derive", {}).items())
    identity = seen.frame.columns[0]
    tables = {"_true": f"SELECT *{derive} FROM _frame"}
    values = ["1.0", "0.0"]
    if not secret_is_counted:
        for i in (0, 1):
            cast = f"CAST({i} AS DOUBLE) AS {secret.column}"
            tables[f"_at{i}"] = f"SELECT *{derive} FROM (SELECT * REPLACE ({cast}) FROM _frame)"
        values = [f"(SELECT CAST({measure} AS DOUBLE) FROM _at{i} a WHERE a._r = t._r)" for i in (0, 1)]
        tables |= {f"_m{i}": f"SELECT _r, CAST({measure} AS DOUBLE) AS m FROM _at{i}" for i in (0, 1)}
        values = ["x.m", "y.m"]
    joined = "" if secret_is_counted else " JOIN _m0 x ON x._r = t._r JOIN _m1 y ON y._r = t._r"
    names = "".join(f", t.{name}" for name in by)
    condition = " AND ".join([f"({document['where']})" if document.get("where") else "true"])
    text = (
        "WITH " + ", ".join(f"{name} AS ({sql})" for name, sql in tables.items()) + " "
        f"SELECT t.{identity}, t._w, t._d, {values[0]}, {values[1]}{names} FROM "
        f"(SELECT *, CAST({weight} AS DOUBLE) AS _w, CAST({divisor} AS DOUBLE) AS _d FROM _true WHERE {condition}) t"
        f"{joined}"
    )
    connection = _connection()
    connection.register("_frame", seen.frame.assign(_r=np.arange(len(seen.frame))))
    rows = connection.execute(text).fetchall()
    columns = list(zip(*rows, strict=True)) if rows else [()] * (5 + len(by))
    place = np.array([units[unit] for unit in columns[0]], dtype=np.int64)
    weights, divisors, at0, at1 = (np.array(column, dtype=np.float64) for column in columns[1:5])
    labels = [np.array([key(label) for label in column], dtype=object) for column in columns[5:]]
    if secret_is_counted:
        return _People(place, labels, weights, 0 * weights, weights)
    there = np.isfinite(at0) & np.isfinite(at1)
    slope, constant = np.where(there, weights * (at1 - at0), 0.0), np.where(there, weights * at0, 0.0)
    return _People(place, labels, slope, constant, np.where(there, weights * divisors, 0.0))


def _normal_equations(seen: Seen, secret: Secret, units: Mapping[Any, int]) -> Iterator[Equation]:
    """Yield ``X' y = X' X b``: least squares is as many equations about the outcomes as there are coefficients."""
    frame, document = seen.frame, seen.document
    if document.get("where"):
        connection = _connection()
        connection.register("_frame", frame)
        frame = connection.execute(f"SELECT * FROM _frame WHERE {document['where']}").df()
    outcome, _, right = document["options"]["formula"].partition("~")
    if outcome.strip() != secret.column:
        raise ValueError("the outcome of the model is not the secret")
    terms = [term.strip() for term in right.split("+")]
    design = np.column_stack([np.ones(len(frame)), *(frame[term].to_numpy(dtype=float) for term in terms)])
    estimates = {row[0]: row[2] for row in seen.rows}
    if any(estimates.get(name) is None for name in ("(intercept)", *terms)):
        return
    numbers = design.T @ design @ np.array([estimates["(intercept)"], *(estimates[term] for term in terms)])
    place = np.array([units[unit] for unit in frame.iloc[:, 0]], dtype=np.int64)
    for column, number in zip(design.T, numbers, strict=True):
        factors = np.zeros(len(units))
        np.add.at(factors, place, column)
        yield exactly(factors, float(number))
