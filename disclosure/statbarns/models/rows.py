"""The complete rows of a model as arrays, with the units behind them."""

# ruff: noqa: S608 - SQL is put together here, from checked trees and generated names only
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.queries.base import Base
from saferoom.disclosure.queries.engine import Engine
from saferoom.disclosure.queries.evidence import ROW, Counts, Mask, Numbers, floats, integers, read_labels
from saferoom.disclosure.verdict import Label
from saferoom.errors import BadInputError

MOST_NUMBERS = 50_000_000
"""Rows times columns that are held in memory at once, 400 MB."""
TABLE = "_model"
_LARGEST = 1e30


@dataclass(frozen=True)
class Units:
    """Which unit every row belongs to.

    Attributes
    ----------
    index : ndarray of int, shape (rows,)
        Numbers from 0 to `size` - 1; rows without an id are one unit together.
    """

    kind: str
    index: Counts
    size: int

    @classmethod
    def of(cls, kind: str, keys: NDArray[Any]) -> Units:
        """Number the units by their keys."""
        distinct, index = np.unique(keys, return_inverse=True)
        return cls(kind, index.astype(np.int64), len(distinct))

    @property
    def single_rows(self) -> bool:
        """Whether every unit has one row."""
        return self.size == len(self.index)

    def count(self, chosen: Mask) -> int:
        """Return how many distinct units have a chosen row."""
        return int(np.count_nonzero(np.bincount(self.index[chosen], minlength=self.size)))

    def sums(self, values: Numbers) -> Numbers:
        """Return the sums of each unit's rows; `values` has shape (rows,) or (rows, columns)."""
        if values.ndim == 1:
            return np.bincount(self.index, values, self.size).astype(np.float64)
        if self.single_rows:
            found = np.empty_like(values)
            found[self.index] = values
            return found
        return np.column_stack([np.bincount(self.index, column, self.size) for column in values.T])

    def only(self, chosen: Mask) -> Units:
        """Return the units of the chosen rows, numbered anew."""
        return Units.of(self.kind, self.index[chosen])


@dataclass(frozen=True)
class Rows:
    """Complete rows, in an order that depends on their contents alone.

    Attributes
    ----------
    numbers : ndarray of float, shape (rows, measures)
        The measures of the plan and whatever was asked for after them.
    codes : ndarray of int, shape (rows, categories)
        Positions in `labels`.
    weights : ndarray of float, shape (rows,)
        Survey weights scaled to a mean of 1; ones where there are none.
    units : tuple of Units
        Per kind of unit.
    """

    numbers: Numbers
    codes: Counts
    labels: tuple[list[Label], ...]
    weights: Numbers
    units: tuple[Units, ...]

    def __len__(self) -> int:
        return len(self.numbers)


def complete_rows(base: Base, engine: Engine, needed: Sequence[str]) -> Base:
    """Keep the rows in which all `needed` columns are there as the table `TABLE`, with c0, c1 ... for categories.

    Returns
    -------
    The base of these rows, as one cell
    """
    joins, codes = [], []
    where = " AND ".join(f"{name} IS NOT NULL" for name in needed) or "true"
    for i, name in enumerate(base.dimension_columns):
        engine.run(
            f"CREATE TEMP TABLE _levels{i} AS {base.with_sql}"
            f"SELECT label, row_number() OVER (ORDER BY label) - 1 AS code FROM "
            f"(SELECT DISTINCT {name} AS label FROM {base.sql} b WHERE {where}) x"
        )
        joins.append(f" LEFT JOIN _levels{i} l{i} ON b.{name} IS NOT DISTINCT FROM l{i}.label")
        codes.append(f"l{i}.code::BIGINT AS c{i}")
    columns = ", ".join(["b.*", *codes])
    engine.run(
        f"CREATE TEMP TABLE {TABLE} AS {base.with_sql}SELECT {columns} FROM {base.sql} b{''.join(joins)} WHERE {where}"
    )
    return replace(base, sql=TABLE, with_sql="", text_dimensions=())


def read_rows(base: Base, complete: Base, engine: Engine) -> Rows:
    """Read the rows that `complete_rows` kept.

    Raises
    ------
    BadInputError
        When there are too many to be held in memory.
    """
    width = base.measures + len(base.text_dimensions) + len(base.units) + 1
    size = int(engine.rows(f"SELECT count(*) FROM {TABLE}")[0][0])
    if size * width > MOST_NUMBERS:
        raise too_large()
    items = [f"hash(u{j}) AS h{j}" for j in range(len(base.units))]
    items += [f"m{i}" for i in range(base.measures)]
    items += [f"c{i}" for i in range(len(base.text_dimensions))]
    items += ["w"] if base.weighted else []
    # In an order of their own, so that the last digits are the same in every run.
    found = engine.columns(f"SELECT {', '.join(items)} FROM {complete.sql} ORDER BY ALL")
    weights = floats(found["w"]) if base.weighted else np.ones(size)
    units = tuple(Units.of(kind, np.asarray(found[f"h{j}"])) for j, kind in enumerate(base.units))
    numbers = _stacked([floats(found[f"m{i}"]) for i in range(base.measures)], size)
    _check_size(numbers)
    return Rows(
        numbers=numbers,
        codes=_stacked([integers(found[f"c{i}"]) for i in range(len(base.text_dimensions))], size, np.int64),
        labels=tuple(_labels(engine, i) for i in range(len(base.text_dimensions))),
        weights=weights / weights.mean() if size else weights,
        units=units or (Units(ROW, np.arange(size), size),),
    )


def _check_size(numbers: Numbers) -> None:
    """Squares of products of very large or very small numbers would be lost, and with them what the rules look at."""
    largest = np.abs(np.nan_to_num(numbers)).max(axis=0, initial=0)
    if bool(((largest > _LARGEST) | ((largest > 0) & (largest < 1 / _LARGEST))).any()):
        raise BadInputError(
            f"options: the columns' numbers must lie between {1 / _LARGEST:g} and {_LARGEST:g}; divide or multiply them"
        )


def _stacked(columns: list[NDArray[Any]], size: int, kind: Any = np.float64) -> NDArray[Any]:
    return np.column_stack(columns) if columns else np.zeros((size, 0), dtype=kind)


def _labels(engine: Engine, position: int) -> list[Label]:
    return read_labels(engine.columns(f"SELECT label FROM _levels{position} ORDER BY code")["label"])


def too_large() -> BadInputError:
    """Return the error for a model that does not fit into memory."""
    return BadInputError(
        f"options: rows times columns of the model are more than {MOST_NUMBERS:,}; use broader categories, fewer "
        "columns or a narrower filter"
    )
