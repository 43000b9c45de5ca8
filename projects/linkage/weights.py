"""What an extract tells of how well a record was linked: a band of the match weight, and a weight against bias.

Vocabulary
----------
match weight
    The base 2 logarithm of the odds that two records are of the same entity. The number itself is nearly unique to a
    pair of records, so extracts hold one of a few bands with fixed labels.
linkage weight
    One over the estimated chance, given what is known of a record whether it was linked or not, that it was linked.
    With it linked records also stand for those like them that were missed.

Notes
-----
The chance is a logistic regression of main effects, towards which each cell's own share is drawn:
``P(x) = (linked(x) + k * model(x)) / (records(x) + k)`` with ``k = 50``, and cells with fewer than ``CELL`` records are
the model's alone. So large cells, whatever interacts in them, have their own share, and small ones borrow. No chance
below ``LEAST`` counts (a weight is at most ``1 / LEAST``), and weights are rounded to hundredths. Where no chance is
trimmed, the weights add up to the number of records within a few per mille; how many were trimmed is told.

References
----------
Seaman, S. R. and White, I. R. (2013), Review of inverse probability weighting for dealing with missing data,
Statistical Methods in Medical Research 22, 278-295. Lee, B. K., Lessler, J. and Stuart, E. A. (2011), Weight trimming
and propensity score weighting, PLoS ONE 6, e18174. Harron, K. et al. (2017), Challenges in administrative data linkage
for research, Big Data & Society 4. Little, R. J. A. (1986), Survey nonresponse adjustments for estimates of means,
International Statistical Review 54, 139-157 (cells).
"""

# ruff: noqa: S608 - SQL is put together from quoted names only
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from saferoom.errors import BadInputError
from saferoom.projects.linkage.tables import quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

BANDS: tuple[str, ...] = ("under 0", "0 to 5", "5 to 10", "10 to 15", "15 to 20", "20 and over")
"""Labels of bands; each holds its lower bound and not its upper one."""
BY_KEY = "by a key"
"""The label of links that a deterministic pass made, which have no weight."""
LINKED = "linked"
"""The label where it may be told that a record is linked, and not how surely."""
_EDGES = (0, 5, 10, 15, 20)

LEAST = 0.05
CELL = 10
_DRAWN_TO_MODEL = 50.0
_MOST_CELLS = 200_000
_RIDGE = 1e-3
_STEPS = 50
_CLOSE = 1e-9

Floats = NDArray[np.float64]


def band_of(weight: float | None) -> str:
    """Return the band of a match weight; of a link without a weight, that it was made by a key.

    >>> band_of(4.99), band_of(5.0), band_of(None)
    ('0 to 5', '5 to 10', 'by a key')
    """
    if weight is None:
        return BY_KEY
    return BANDS[sum(weight >= edge for edge in _EDGES)]


def band_sql(weight: str) -> str:
    """Return a DuckDB expression of the band of the match weight that the expression `weight` gives."""
    cases = " ".join(f"WHEN w < {edge} THEN '{label}'" for edge, label in zip(_EDGES, BANDS, strict=False))
    chosen = f"CASE WHEN w IS NULL THEN '{BY_KEY}' {cases} ELSE '{BANDS[-1]}' END"
    return f"list_transform([CAST({weight} AS DOUBLE)], lambda w: {chosen})[1]"


@dataclass(frozen=True)
class Weighting:
    """How linkage weights came about.

    Attributes
    ----------
    relation : str
        Holds every record's own columns and `linkage_weight`, which is missing for records that were not linked.
    cells, small_cells : int
        Combinations of the columns, and those with too few records for a share of their own.
    trimmed : int
        Linked records whose weight was cut.
    records, linked : int
    weighted : float
        The sum of the weights: about the number of records.
    """

    relation: str
    columns: tuple[str, ...]
    cells: int
    small_cells: int
    trimmed: int
    records: int
    linked: int
    weighted: float

    def document(self) -> dict[str, Any]:
        """Return it JSON-ready, for the version's papers; counts are of all records."""
        return {
            "columns": list(self.columns),
            "cells": self.cells,
            "small_cells": self.small_cells,
            "trimmed": self.trimmed,
            "records": self.records,
            "linked": self.linked,
            "weighted": self.weighted,
        }


def linkage_weights(
    connection: DuckDBPyConnection, records: str, columns: Sequence[str], into: str, *, linked: str = "linked"
) -> Weighting:
    """Make the relation `into`: `records` with `linkage_weight`, one over the estimated chance of being linked.

    Parameters
    ----------
    records : str
        Relation with `columns` (categories, known of linked and unlinked records alike) and the boolean `linked`.
    columns : sequence of str
        What the chance may depend on; missing is a category of its own.

    Raises
    ------
    BadInputError
        A column does not exist, nobody is linked, linkage is not known of a record, or there are too many cells.
    """
    _check(connection, records, [*columns, linked])
    names = [quoted(name) for name in columns]
    keys = ", ".join(
        f"coalesce(CAST({name} AS VARCHAR), '') AS k{i}, {name} IS NULL AS m{i}" for i, name in _each(names)
    )
    parts = [f"{letter}{i}" for i in range(len(names)) for letter in "km"]
    group = f"GROUP BY {', '.join(parts)}" if parts else ""
    found = connection.execute(
        f"SELECT {''.join(part + ', ' for part in parts)} count(*) AS n, "
        f"count(*) FILTER (WHERE linked_) AS y, count(*) FILTER (WHERE linked_ IS NULL) AS unknown "
        f"FROM (SELECT {keys}{', ' if keys else ''}{quoted(linked)} AS linked_ FROM {quoted(records)}) {group}"
    ).fetchnumpy()
    chance, n, y = _chances(found, parts)
    raw = 1 / np.maximum(chance, LEAST)
    weight = np.round(raw, 2)
    _attach(connection, records, into, (names, parts, {part: found[part] for part in parts}, weight), linked)
    return Weighting(
        relation=into,
        columns=tuple(columns),
        cells=len(n),
        small_cells=int((n < CELL).sum()),
        trimmed=int(y[chance < LEAST].sum()),
        records=int(n.sum()),
        linked=int(y.sum()),
        weighted=round(float((weight * y).sum()), 2),
    )


def _chances(found: dict[str, Any], parts: Sequence[str]) -> tuple[Floats, Floats, Floats]:
    n, y = (np.asarray(found[name], dtype=np.float64) for name in ("n", "y"))
    if np.asarray(found["unknown"]).sum():
        raise BadInputError("it is not known of every record whether it was linked; the column has missing values")
    if not y.sum():
        raise BadInputError("no record was linked, so there is nothing to weight")
    if len(n) > _MOST_CELLS:
        raise BadInputError(
            f"the columns make {len(n)} combinations; at most {_MOST_CELLS} are taken, use coarser ones"
        )
    model = _logistic(_design(found, parts), n, y)
    own = (y + _DRAWN_TO_MODEL * model) / (n + _DRAWN_TO_MODEL)
    return np.where(n < CELL, model, own), n, y


def _design(found: dict[str, Any], parts: Sequence[str]) -> Floats:
    """Return the indicators of main effects, one row per cell; each column's most frequent category is left out."""
    n = np.asarray(found["n"], dtype=np.float64)
    columns = [np.ones(len(n))]
    for key, missing in zip(parts[::2], parts[1::2], strict=True):
        labels = np.where(np.asarray(found[missing], dtype=bool), "m", "k" + np.asarray(found[key]).astype(object))
        kinds, codes = np.unique(labels.astype(str), return_inverse=True)
        usual = int(np.argmax(np.bincount(codes, weights=n)))
        columns += [(codes == code).astype(np.float64) for code in range(len(kinds)) if code != usual]
    return np.column_stack(columns)


def _logistic(design: Floats, n: Floats, y: Floats) -> Floats:
    """Return fitted chances of a grouped logistic regression by Newton's method, with a slight ridge.

    The ridge keeps categories of which all or none were linked finite; it does not touch the intercept.
    """
    ridge = np.full(design.shape[1], _RIDGE * n.sum() / len(n) + _RIDGE)
    ridge[0] = 0.0
    start = (y.sum() + 0.5) / (n.sum() + 1)
    beta = np.zeros(design.shape[1])
    beta[0] = np.log(start / (1 - start))
    for _ in range(_STEPS):
        chance = _expit(design @ beta)
        gradient = design.T @ (y - n * chance) - ridge * beta
        curvature = (design * (n * chance * (1 - chance))[:, None]).T @ design + np.diag(ridge + 1e-12)
        step = np.linalg.solve(curvature, gradient)
        # Steps are kept short, so that a start far away does not overshoot.
        beta = beta + step * min(1.0, 4.0 / max(float(np.abs(step).max()), 1e-300))
        if float(np.abs(step).max()) < _CLOSE:
            break
    return _expit(design @ beta)


def _expit(value: Floats) -> Floats:
    return 1 / (1 + np.exp(-np.clip(value, -35.0, 35.0)))


def _attach(
    connection: DuckDBPyConnection,
    records: str,
    into: str,
    cells: tuple[list[str], list[str], dict[str, Any], Floats],
    linked: str,
) -> None:
    import pyarrow as pa

    names, parts, labels, weight = cells
    made = {part: pa.array(list(labels[part])) for part in parts} | {"w": pa.array(weight)}
    table = f"{into}_cells"
    connection.register(f"{table}_arrow", pa.table(made))
    connection.execute(f"CREATE TEMP TABLE {quoted(table)} AS SELECT * FROM {quoted(table + '_arrow')}")
    connection.unregister(f"{table}_arrow")
    match = " AND ".join(
        f"coalesce(CAST(r.{name} AS VARCHAR), '') = c.k{i} AND (r.{name} IS NULL) = c.m{i}" for i, name in _each(names)
    )
    connection.execute(
        f"CREATE TABLE {quoted(into)} AS SELECT r.*, CASE WHEN r.{quoted(linked)} THEN c.w END AS linkage_weight "
        f"FROM {quoted(records)} r JOIN {quoted(table)} c ON {match or 'true'}"
    )
    connection.execute(f"DROP TABLE {quoted(table)}")


def _check(connection: DuckDBPyConnection, records: str, columns: Sequence[str]) -> None:
    present = {row[0] for row in connection.execute(f"DESCRIBE {quoted(records)}").fetchall()}
    for column in columns:
        if column not in present:
            raise BadInputError(f"the records have no column '{column}'; they have {', '.join(sorted(present))}")


def _each(names: Sequence[str]) -> list[tuple[int, str]]:
    return list(enumerate(names))
