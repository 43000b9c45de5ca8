"""Numbers of several measures that together tell about few units.

Totals of ``pay``, of ``bonus`` and of ``income`` are harmless one by one. Where somebody's income is more than pay and
bonus, the three tell the rest of it. No two of them look alike, so that sketches say nothing: it is seen in what every
unit adds. So earlier queries about the same people are computed once more, and the new number is written as the sum of
earlier ones, each with a factor, as well as that can be done for most of the people. What is left over is judged as if
it were released (`measures.is_few`).

Vocabulary
----------
relation
    Factors by which a new number is the sum of earlier ones for most units; publicly known, where income is defined as
    pay and bonus, or a weight belongs to a stratum.
rest
    What a unit adds to the new number beyond the relation.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

from saferoom.disclosure.history.contributors import Cell, Contributors, Noise, Part, Told
from saferoom.disclosure.history.families import Tick
from saferoom.disclosure.history.judgement import Book, How
from saferoom.disclosure.history.measures import ADDED_UP, Column, Shares, is_few
from saferoom.disclosure.history.memory import Memory
from saferoom.disclosure.history.relations import NEARLY, Numbers, Relation, by_cell, of_all
from saferoom.disclosure.history.signatures import codes_of, groups_of
from saferoom.disclosure.history.transformed import measure_of
from saferoom.disclosure.verdict import Finding, Risk, Verdict
from saferoom.policies.models import RiskAppetite

MOST_QUERIES = 40
"""Earlier queries that are computed once more; beyond these a person has to look."""
_INSIDE = 0.9
"""Share of an earlier cell that has to be in a new one to be taken for a part of it."""
_OVERLAP = 0.45
_CROWD = 50
"""Units from which on a cell is looked at where all of them only nearly agree."""
Positions = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Table:
    """What units add to the cells of an earlier table.

    Attributes
    ----------
    position : int
        Of the release in the memory.
    units, cells : ndarray of int, shape (shares,)
        Places among the new table's units (-1 for others), and of the cell.
    """

    position: int
    column: Column
    units: Positions
    cells: Positions
    values: Numbers


def composed(
    place: Contributors, memory: Memory, policy: RiskAppetite, shares: Shares, book: Book, tick: Tick
) -> Iterator[Finding]:
    """Note new numbers that are mostly made up of earlier ones; yield what is said where that is unknown.

    Parameters
    ----------
    place : Contributors
        Of the new table, in the memory's indexes.
    """
    if place.noise is not Noise.NONE or shares.query.get("statistic") not in ADDED_UP:
        return
    candidates = list(_candidates(place, memory, shares))
    if not candidates:
        return
    own = shares.new()
    computed: list[tuple[int, Sequence[Column]]] = []
    unknown = len(candidates) > MOST_QUERIES
    for position in candidates[-MOST_QUERIES:]:
        tick()
        columns = shares.earlier(memory.releases[position].query)
        unknown |= columns is None
        computed.append((position, columns or ()))
    for column in own:
        tables = [
            table
            for position, columns in computed
            for old in columns
            if old.unit == column.unit and (table := _table(position, old, column)) is not None
        ]
        if tables:
            _judged(column, tables, place.total, policy, book, tick)
    if unknown and own and not book.fails:
        yield _NOT_COMPUTED


def _candidates(place: Contributors, memory: Memory, shares: Shares) -> Iterator[int]:
    """Yield the exact releases of other measures about mostly the same people whose queries are told, each once."""
    ours = _everybody(place)
    measure, seen = measure_of(shares.query), set()
    for position, release in reversed(list(enumerate(memory.releases))):
        query = release.query
        if release.contributors.noise is not Noise.NONE or query.get("statistic") not in ADDED_UP:
            continue
        key = json.dumps({name: value for name, value in query.items() if name not in {"protect", "margins"}})
        if measure_of(query)[1:] == measure[1:] or key in seen or not _overlap(ours, _everybody(release.contributors)):
            continue
        seen.add(key)
        yield position


def _everybody(found: Contributors) -> dict[str, BitMap]:
    sets = [(one.unit, one.cells) for part in found.parts if _is_plain(part) for one in part.units]
    return {unit: BitMap.union(*cells) for unit, cells in sets if len(cells)}


def _is_plain(part: Part) -> bool:
    return not part.nonzero and part.told is Told.SHOWN


def _overlap(ours: dict[str, BitMap], theirs: dict[str, BitMap]) -> bool:
    return any(
        ours[unit].intersection_cardinality(theirs[unit]) >= _OVERLAP * max(1, min(len(ours[unit]), len(theirs[unit])))
        for unit in ours.keys() & theirs.keys()
    )


def _table(position: int, old: Column, new: Column) -> Table | None:
    """Return the shares of `old`, by unit of `new`; None where none of these has one."""
    units = np.unique(new.keys)
    places = np.minimum(np.searchsorted(units, old.keys), max(len(units) - 1, 0))
    there = units[places] == old.keys if len(units) else np.zeros(len(old.keys), dtype=bool)
    kept = np.isfinite(old.values)
    if not (there & kept).any():
        return None
    return Table(position, old, np.where(there, places, -1)[kept], old.places[kept], old.values[kept])


def _judged(column: Column, tables: Sequence[Table], total: str, policy: RiskAppetite, book: Book, tick: Tick) -> None:
    kept = np.isfinite(column.values)
    units = np.searchsorted(np.unique(column.keys), column.keys[kept])
    codes = codes_of(column.cells)
    for level in range(2 ** len(codes)):
        tick()
        first, place = groups_of([code for i, code in enumerate(codes) if not level >> i & 1], len(column.cells))
        names = [
            tuple(total if level >> i & 1 else label for i, label in enumerate(column.cells[cell]))
            for cell in first.tolist()
        ]
        grouped = _grouped(units, place[column.places[kept]], column.values[kept], names)
        for relation, used in _relations(grouped, tables, len(np.unique(column.keys))):
            for cell, apart in _told(grouped, relation, policy):
                severity = Verdict.FAIL if relation.exact else Verdict.REVIEW
                earlier: dict[int, list[Cell]] = {tables[i].position: [] for i in used}
                book.add_together(How.COMPOSE, severity, [cell], earlier, apart)
    whole = tuple(total for _ in codes)
    for i, apart in _by_cells(column, tables, policy):
        book.add_together(How.COMPOSE, Verdict.FAIL, [whole], {tables[i].position: []}, apart)


@dataclass(frozen=True, eq=False)
class _Grouped:
    """What every unit adds to the cells of one level, in the order of the cells.

    Attributes
    ----------
    starts : ndarray of int, shape (cells + 1,)
    """

    names: Sequence[Cell]
    units: Positions
    groups: Positions
    values: Numbers
    starts: Positions


def _grouped(units: Positions, groups: Positions, values: Numbers, names: Sequence[Cell]) -> _Grouped:
    width = int(units.max(initial=0)) + 1
    pairs, where = np.unique(groups * width + units, return_inverse=True)
    summed = np.bincount(where, values, len(pairs)).astype(np.float64)
    groups = pairs // width
    starts = np.searchsorted(groups, np.arange(len(names) + 1))
    return _Grouped(names, pairs % width, groups, summed, starts)


def _relations(grouped: _Grouped, tables: Sequence[Table], width: int) -> Iterator[tuple[Relation, tuple[int, ...]]]:
    """Yield relations, and the places of the tables that take part."""
    columns, owners = [], []
    for i, table in enumerate(tables):
        added = _added(grouped, table, width)
        if added.any():
            columns.append(added)
            owners.append(i)
    if not columns:
        return
    for relation in of_all(grouped.values, np.column_stack(columns)):
        yield relation, tuple(owners[i] for i in relation.used)


def _added(grouped: _Grouped, table: Table, width: int) -> Numbers:
    """Return what units add to those earlier cells that are parts of a cell of the level."""
    from scipy.sparse import csr_array

    cells, count = len(table.column.cells), len(grouped.names)
    known = table.units >= 0
    inside = csr_array((np.ones(len(grouped.units), np.int32), (grouped.units, grouped.groups)), shape=(width, count))
    across = csr_array((np.ones(int(known.sum()), np.int32), (table.cells[known], table.units[known])), (cells, width))
    shared = (across @ inside).tocsr()
    best = np.full(cells, -1, dtype=np.int64)
    most = np.zeros(cells, dtype=np.int64)
    rows = np.repeat(np.arange(cells), np.diff(shared.indptr))
    order = np.argsort(shared.data, kind="stable")
    best[rows[order]], most[rows[order]] = shared.indices[order], shared.data[order]
    best[most < _INSIDE * np.bincount(table.cells, minlength=cells)] = -1
    chosen = known & (best[table.cells] >= 0)
    codes = best[table.cells[chosen]] * width + table.units[chosen]
    own = grouped.groups * width + grouped.units
    places = np.minimum(np.searchsorted(own, codes), len(own) - 1)
    there = own[places] == codes
    return np.bincount(places[there], table.values[chosen][there], len(own)).astype(np.float64)


def _told(grouped: _Grouped, relation: Relation, policy: RiskAppetite) -> Iterator[tuple[Cell, int]]:
    """Yield the cells for which what is left is few units', and how many these are."""
    left = np.abs(relation.rest)
    for name, start, end in zip(grouped.names, grouped.starts[:-1].tolist(), grouped.starts[1:].tolist(), strict=True):
        own = left[start:end]
        if not relation.exact and not _nearly(own, grouped.values[start:end]):
            continue
        if is_few(own, policy):
            yield name, int((own > 0).sum())


def _nearly(left: Numbers, whole: Numbers) -> bool:
    return len(left) >= _CROWD and bool(np.sort(left)[:-2].sum() <= NEARLY * np.abs(whole).sum())


def _by_cells(column: Column, tables: Sequence[Table], policy: RiskAppetite) -> Iterator[tuple[int, int]]:
    """Yield the places of tables that, with a factor for each cell, leave few units; and how many these are.

    A weight that belongs to a stratum makes a weighted total of the totals of the strata, but for who moved from one
    stratum to another; beside them, it tells about these.
    """
    kept = np.isfinite(column.values)
    units = np.unique(column.keys)
    ours = _one_cell(np.searchsorted(units, column.keys[kept]), column.places[kept], column.values[kept], len(units))
    for i, table in enumerate(tables):
        known = table.units >= 0
        theirs = _one_cell(table.units[known], table.cells[known], table.values[known], len(units))
        if 2 * known.sum() < len(table.units):
            continue
        for (number, _), (other, cells) in ((ours, theirs), (theirs, ours)):
            if cells is not None and (rest := by_cell(number, other, cells)) is not None:
                left = np.abs(rest)
                if is_few(left, policy):
                    yield i, int((left > 0).sum())


def _one_cell(units: Positions, cells: Positions, values: Numbers, count: int) -> tuple[Numbers, Positions | None]:
    """Return what units add to all cells together, and each one's cell; None where some have several, or all one."""
    total = np.bincount(units, values, count).astype(np.float64)
    if len(np.unique(cells)) < 2 or (np.bincount(units, minlength=count) > 1).any():
        return total, None
    own = np.full(count, -1, dtype=np.int64)
    own[units] = cells
    return total, own


_NOT_COMPUTED = Finding(
    rule="difference-unknown",
    risk=Risk.DIFFERENCING,
    severity=Verdict.REVIEW,
    cells=(),
    message="Other numbers about mostly the same people were released earlier, and what this one and several of them "
    "tell together cannot be computed here for all of them.",
    remedy="evaluate it again if it was evaluated before those were released; or let an output checker decide",
)
