"""Cells and columns made into tables: labels of totals, order of rows, numbers as they are written."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from saferoom.disclosure.queries.evidence import Cells, Numbers
from saferoom.disclosure.verdict import Label, Table

Orders = Mapping[int, Sequence[Label]]

_SIGNIFICANT = 12
_EXACT = 2.0**53


def total_label(cells: Cells) -> str:
    """Return the label of totals: ``All``, unless a category is called so.

    >>> total_label(Cells((("All",),), np.zeros(1, dtype=np.int64)))
    'All (total)'
    """
    taken = {label.casefold() for labels in cells.labels for label in labels if isinstance(label, str)}
    label = "All"
    while label.casefold() in taken:
        label += " (total)"
    return label


def shown_labels(cells: Cells) -> tuple[tuple[Label, ...], ...]:
    """Return the labels of every cell with the label of totals in its places."""
    if not cells.levels.any():
        return tuple(cells.labels)
    total = total_label(cells)
    return tuple(
        tuple(total if level >> i & 1 else label for i, label in enumerate(labels))
        for labels, level in zip(cells.labels, cells.levels.tolist(), strict=True)
    )


def row_order(cells: Cells, orders: Orders = MappingProxyType({})) -> list[int]:
    """Return the cells' positions in reading order: by category, missing next to last, totals last.

    Parameters
    ----------
    orders : mapping of a dimension's position to its categories
        For categories with an order of their own (bins, intervals).
    """
    categories = [
        sorted({_key(label) for label in {labels[i] for labels in cells.labels}}) for i in range(_width(cells))
    ]
    for i, order in orders.items():
        if i < len(categories):
            there = set(categories[i])
            ordered = [key for key in dict.fromkeys(map(_key, order)) if key in there]
            first = set(ordered)
            categories[i] = ordered + [key for key in categories[i] if key not in first]
    places = []
    for i, column in enumerate(categories):
        ranks = {key: rank for rank, key in enumerate(column)}
        of = {label: ranks[_key(label)] for label in {labels[i] for labels in cells.labels}}
        found = np.fromiter((of[labels[i]] for labels in cells.labels), dtype=np.int64, count=len(cells))
        places.append(np.where(cells.levels >> i & 1, len(column), found))
    # The last of its keys is what lexsort goes by first.
    return np.lexsort(places[::-1]).tolist() if places else list(range(len(cells)))


def _width(cells: Cells) -> int:
    return len(cells.labels[0]) if cells.labels else 0


def _key(label: Label) -> tuple[bool, str, float, str]:
    if label is None:
        return (True, "", 0.0, "")
    if isinstance(label, str):
        return (False, "text", 0.0, label)
    return (False, "number", float(label), "")


def number(value: float) -> Label:
    """Return a value as it is written: whole numbers exactly, others to 12 significant digits, None for none.

    Sums over many rows differ in the last digits from run to run; what is written must not.
    """
    if not math.isfinite(value):
        return None
    value = float(value)
    if value.is_integer() and abs(value) < _EXACT:
        return int(value)
    return float(f"{value:.{_SIGNIFICANT}g}")


def _numbers(column: Numbers) -> list[Label]:
    """Return a column as it is written, see `number`; one whose numbers are all the same is written once."""
    if len(column) > 1 and (column == column[0]).all():
        return [number(column[0].item())] * len(column)
    return [number(value) for value in column.tolist()]


def value_names(dimensions: Sequence[str], columns: Mapping[str, Numbers]) -> tuple[str, ...]:
    """Return the columns' names, changed where a dimension has the same."""
    taken = {name.lower() for name in dimensions}
    return tuple(f"{name}_value" if name.lower() in taken else name for name in columns)


def table(
    names: Sequence[str], cells: Cells, columns: Mapping[str, Numbers], orders: Orders = MappingProxyType({})
) -> Table:
    """Return the table with one row per cell, in reading order (see `row_order`)."""
    labels = shown_labels(cells)
    lists = [_numbers(column) for column in columns.values()]
    rows = tuple((*labels[i], *(column[i] for column in lists)) for i in row_order(cells, orders))
    return Table((*names, *value_names(names, columns)), rows)


def table_of_rows(names: Sequence[str], labels: Sequence[tuple[Label, ...]], columns: Mapping[str, Numbers]) -> Table:
    """Return a table whose rows are not cells (a model's terms)."""
    lists = [[number(value) for value in column.tolist()] for column in columns.values()]
    rows = tuple((*row, *(column[i] for column in lists)) for i, row in enumerate(labels))
    return Table((*names, *columns), rows)
