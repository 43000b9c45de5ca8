"""Which computed number a printed cell is: by the labels of its row and column, in long and in wide tables.

Vocabulary
----------
long
    One row per cell of the query: its labels, then its numbers.
wide
    The categories of one dimension are the heads of the columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from saferoom.disclosure.files.labels import Labels, is_called
from saferoom.disclosure.files.model import Grid
from saferoom.disclosure.files.printing import as_text
from saferoom.disclosure.verdict import Label, Table

_COUNT_HEADS = frozenset({"n", "count", "freq", "frequency", "size", "0", "obs", "observations", ""})


@dataclass
class Aligned:
    """The cells of a file beside those of a table.

    Attributes
    ----------
    expected : dict of (row, column) to value
        What every number of the file has to be; rows and columns are counted from 0.
    unexplained : list of (row, column)
        Cells with something that is not the table's; row -1 is the head.
    row_order, column_order : list of int
        Which computed row (or category) stands first, second ... in the file.
    rows_used : int
        How many computed rows the file shows.
    sorted : bool
        Whether the file's rows follow a column.
    wide : bool
        Whether all columns of numbers are one measure's.
    uneven : list of int
        Columns whose categories are written in several ways; -1 for the heads of a wide table.
    """

    expected: dict[tuple[int, int], Label] = field(default_factory=dict)
    unexplained: list[tuple[int, int]] = field(default_factory=list)
    row_order: list[int] = field(default_factory=list)
    column_order: list[int] = field(default_factory=list)
    rows_used: int = 0
    sorted: bool = True
    wide: bool = False
    uneven: list[int] = field(default_factory=list)


class _File:
    """A grid as texts, all rows equally wide."""

    def __init__(self, grid: Grid) -> None:
        width = max((len(grid.header), *map(len, grid.rows)), default=0)
        self.head = [*grid.header, *[""] * (width - len(grid.header))]
        self.rows = [[as_text(row[i]) if i < len(row) else "" for i in range(width)] for row in grid.rows]
        self.width = width

    def column(self, position: int) -> list[str]:
        return [row[position] for row in self.rows]


def align(grid: Grid, table: Table, dimensions: int) -> Aligned | None:
    """Find the place of every computed number in a file's table, or None when its labels are others.

    Parameters
    ----------
    dimensions : int
        How many leading columns of `table` are at least labels.
    """
    file = _File(grid)
    if not file.rows or not table.rows:
        return None
    width = _label_width(table, dimensions)
    labels = [Labels(table.columns[i], [row[i] for row in table.rows]) for i in range(width)]
    places = _places(file, labels)
    if all(place is not None for place in places):
        return _long(file, table, labels, [place for place in places if place is not None])
    missing = [i for i, place in enumerate(places) if place is None]
    if len(missing) == 1 and len(table.columns) - width >= 1:
        return _wide(file, table, labels, places, missing[0])
    return None


def _label_width(table: Table, dimensions: int) -> int:
    width = dimensions
    while width < len(table.columns) - 1 and len({row[:width] for row in table.rows}) < len(table.rows):
        width += 1
    while width < len(table.columns) - 1 and any(isinstance(row[width], (str, bool)) for row in table.rows):
        width += 1
    return width


def _places(file: _File, labels: Sequence[Labels]) -> list[int | None]:
    """Return the file's column of every dimension: by name, else by holding nothing but its categories."""
    taken: set[int] = set()
    found: list[int | None] = []
    for dimension in labels:
        candidates = [i for i in range(file.width) if i not in taken and _holds(file, i, dimension)]
        named = [i for i in candidates if dimension.names(file.head[i])]
        words = [i for i in candidates if any(isinstance(value, str) for value in dimension.values)]
        place = next(iter([*named, *words, *candidates]), None)
        found.append(place)
        taken |= set() if place is None else {place}
    return found


def _holds(file: _File, position: int, dimension: Labels) -> bool:
    column = file.column(position)
    known = sum(dimension.read(text)[0] for text in column)
    # A few rows that are none of the query's do not hide which column it is; they are named later.
    return known * 2 > len(column) and any(column)


def _long(file: _File, table: Table, labels: Sequence[Labels], places: Sequence[int]) -> Aligned:
    aligned = Aligned()
    values = _value_columns(file, table, len(labels), places)
    rows = {row[: len(labels)]: i for i, row in enumerate(table.rows)}
    for i, position in enumerate(places):
        if not labels[i].names(file.head[position]) and not (file.head[position] == "" and position == 0):
            aligned.unexplained.append((-1, position))
    extra = [i for i in range(file.width) if i not in places and i not in values and not _is_index(file, i)]
    aligned.unexplained += [(-1, i) for i in extra]
    for number in range(len(file.rows)):
        _long_row(file, table, labels, places, values, rows, number, extra, aligned)
    aligned.uneven = [place for dimension, place in zip(labels, places, strict=True) if dimension.uneven]
    aligned.rows_used = len(set(aligned.row_order))
    aligned.column_order = [*places, *(i for i in sorted(values, key=values.__getitem__))]
    aligned.sorted = _sorted(file, table, aligned)
    return aligned


def _long_row(
    file: _File,
    table: Table,
    labels: Sequence[Labels],
    places: Sequence[int],
    values: Mapping[int, int],
    rows: Mapping[tuple[Label, ...], int],
    number: int,
    extra: Sequence[int],
    aligned: Aligned,
) -> None:
    row = file.rows[number]
    read = [labels[i].read(row[place]) for i, place in enumerate(places)]
    key = tuple(value for _, value in read)
    computed = rows.get(key) if all(known for known, _ in read) else None
    if computed is None or computed in aligned.row_order:
        aligned.unexplained += _filled(number, row)
        return
    aligned.row_order.append(computed)
    for dimension, place, (_, value) in zip(labels, places, read, strict=True):
        dimension.note(row[place], value)
    for position, column in values.items():
        aligned.expected[(number, position)] = table.rows[computed][column]
    aligned.unexplained += [(number, i) for i in extra if row[i] != ""]


def _filled(number: int, row: Sequence[str]) -> list[tuple[int, int]]:
    """Return the cells of a row that is none of the table's; where blank rows stand can say something too."""
    return [(number, i) for i, text in enumerate(row) if text != ""] or [(number, 0)]


def _value_columns(file: _File, table: Table, width: int, places: Sequence[int]) -> dict[int, int]:
    """Return which column of the table every column of numbers is, by its head."""
    found: dict[int, int] = {}
    left = [i for i in range(file.width) if i not in places]
    for column in range(width, len(table.columns)):
        names = _heads(table.columns[column])
        place = next((i for i in left if i not in found and any(is_called(file.head[i], n) for n in names)), None)
        if place is not None:
            found[place] = column
    return found


def _heads(name: str) -> frozenset[str]:
    """Return how a column of numbers may be called; any other head is somebody's own words."""
    return frozenset({name, *_COUNT_HEADS}) if name.lower() in {"count", "n"} else frozenset({name})


def _is_index(file: _File, position: int) -> bool:
    """Say whether a column is the running number that a program writes beside rows."""
    column = file.column(position)
    numbers = [[str(i + start) for i in range(len(column))] for start in (0, 1)]
    return position == 0 and file.head[position] == "" and column in numbers


def _wide(
    file: _File, table: Table, labels: Sequence[Labels], places: Sequence[int | None], across: int
) -> Aligned | None:
    """Align a table whose heads are the categories of dimension `across`."""
    held = [place for place in places if place is not None]
    heads = {i: labels[across].read(file.head[i]) for i in range(file.width) if i not in held}
    shown = {i: value for i, (known, value) in heads.items() if known and file.head[i] != ""}
    if len(shown) < 1 or len(shown) * 2 < len(heads):
        return None
    aligned = Aligned()
    value = len(labels)
    rows = {row[: len(labels)]: i for i, row in enumerate(table.rows)}
    down = [i for i in range(len(labels)) if i != across]
    for i in down:
        place = places[i]
        if place is not None and not labels[i].names(file.head[place]) and not (place == 0 and file.head[place] == ""):
            aligned.unexplained.append((-1, place))
    extra = [i for i in heads if i not in shown and not _is_index(file, i)]
    aligned.unexplained += [(-1, i) for i in extra]
    seen: list[tuple[Label, ...]] = []
    for number, row in enumerate(file.rows):
        read = {i: labels[i].read(row[place]) for i in down if (place := places[i]) is not None}
        key = tuple(read[i][1] for i in down)
        if not all(known for known, _ in read.values()) or key in seen:
            aligned.unexplained += _filled(number, row)
            continue
        seen.append(key)
        for i, (_, label) in read.items():
            labels[i].note(row[places[i] or 0], label)
        aligned.unexplained += [(number, i) for i in extra if row[i] != ""]
        for position, category in shown.items():
            full = _inserted(key, across, category)
            computed = rows.get(full)
            aligned.expected[(number, position)] = None if computed is None else table.rows[computed][value]
            aligned.rows_used += computed is not None
    if len(set(shown.values())) < len(shown):
        return None
    for position, category in shown.items():
        labels[across].note(file.head[position], category)
    aligned.wide = True
    aligned.uneven = [-1 if i == across else (places[i] or 0) for i, label in enumerate(labels) if label.uneven]
    aligned.row_order = _ranks(seen, list(dict.fromkeys(tuple(row[i] for i in down) for row in table.rows)))
    aligned.column_order = _ranks(list(shown.values()), list(labels[across].values))
    aligned.sorted = aligned.row_order == sorted(aligned.row_order) and aligned.column_order == sorted(
        aligned.column_order
    )
    return aligned


def _inserted(key: tuple[Label, ...], position: int, label: Label) -> tuple[Label, ...]:
    return (*key[:position], label, *key[position:])


def _ranks(items: Sequence[object], order: Sequence[object]) -> list[int]:
    return [order.index(item) if item in order else len(order) for item in items]


def _sorted(file: _File, table: Table, aligned: Aligned) -> bool:
    """Say whether rows follow the computed order, or rise or fall with a column of the file."""
    order = aligned.row_order
    if order in (sorted(order), sorted(order, reverse=True)):
        return True
    for position in range(len(table.columns)):
        keys = [
            (table.rows[i][position] is None, str(type(table.rows[i][position])), table.rows[i][position])
            for i in order
        ]
        for reverse in (False, True):
            if keys == sorted(keys, reverse=reverse) and len(set(keys)) == len(keys):
                return True
    columns = list(range(file.width))
    lexical = [tuple(row[i] for i in columns) for row in file.rows]
    return lexical in (sorted(lexical), sorted(lexical, reverse=True))
