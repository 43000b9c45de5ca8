"""Reads, per cell, the set of units behind it."""

# ruff: noqa: S608 - SQL is put together here, from checked trees and generated names only
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray
from pyroaring import BitMap

from saferoom.disclosure.history.contributors import Cell, Contributors, Keys, Noise, Part, UnitSets
from saferoom.disclosure.history.crosswalk import keys_of_numbers
from saferoom.disclosure.history.plain_ids import id_number
from saferoom.disclosure.history.sketches import Sketch, sketches
from saferoom.disclosure.history.unit_ids import Ids, ambiguous_ids, ids_within, own_ids, row_ids
from saferoom.disclosure.queries.base import Base
from saferoom.disclosure.queries.classification import Classification
from saferoom.disclosure.queries.engine import Engine
from saferoom.disclosure.queries.evidence import Cells, Counts, Numbers, floats
from saferoom.disclosure.queries.relations import COUNT, Within
from saferoom.disclosure.statbarns.case import Outcome
from saferoom.disclosure.tables.assemble import shown_labels, total_label
from saferoom.disclosure.verdict import Label

_EVERYBODY = "m0 IS NOT NULL"
_NONZERO = "m0 <> 0"


def contributors_of(
    outcome: Outcome, engine: Engine, visible: NDArray[np.bool_], exact: bool, within: Sequence[Within] = ()
) -> Contributors:
    """Return the units behind the `visible` cells.

    Parameters
    ----------
    visible : ndarray of bool, shape (cells,)
        Which cells leave, margins among them. Where an inner cell is hidden and a margin is not, the margins are listed
        beside the inner cells, with everybody in them.
    within : sequence of Within
        Units that were added up within others before: they are behind the cells, too.
    """
    if outcome.parts is None:
        parts = cell_parts(outcome, engine, visible, within, margins=True)
    else:
        parts = outcome.parts(engine, visible)
    total = total_label(outcome.cells)
    noise = Noise.NONE if exact else Noise.ROUNDING
    base = outcome.base
    nameless = (unit.lower() for unit, rows in zip(base.units, base.missing_ids, strict=True) if rows)
    shares = tuple(_sketches(outcome, engine, visible, total))
    return Contributors(parts, noise, total, sketches=shares, nameless=frozenset(nameless))


def _sketches(outcome: Outcome, engine: Engine, visible: NDArray[np.bool_], total: str) -> Iterator[Sketch]:
    for unit, table, places, keys, columns in shares_of(engine, outcome.base, outcome.cells, visible):
        for shares in columns:
            yield from sketches((unit, outcome.subjects), (table, total), places, keys, shares)


_UnitShares = tuple[str, tuple[Cell, ...], NDArray[np.int64], Keys, list[Numbers]]
"""A kind of unit, the inner cells, and per share its cell, its unit and its numbers."""


def shares_of(engine: Engine, base: Base, cells: Cells, visible: NDArray[np.bool_]) -> Iterator[_UnitShares]:
    """Yield what each unit adds to the visible cells; where the base has other cells, to all of them together."""
    kept = np.flatnonzero(cells.inner & visible)
    table = tuple(cells.labels[i] for i in kept.tolist())
    places = (np.cumsum(cells.inner) - 1)[kept]
    if any(len(labels) != len(base.dimension_columns) for labels in cells.labels):
        base, table, places = replace(base, text_dimensions=()), ((),), np.zeros(1, dtype=np.int64)
    for j, ids in enumerate(own_ids(base)):
        unique = base.unique[j]
        if unique and base.counts_only:
            continue
        weight = " * b.w" if base.weighted else ""
        values = [f"b.m{p}{weight}" for p in range(max(base.measures, 1))]
        columns = values if unique else [*(f"sum({value})" for value in values), "count(b.m0)"]
        ranks, keys, found = _members(base, engine, ids, "true", columns)
        at = np.full(int(max(places.max(initial=-1), ranks.max(initial=-1))) + 1, -1, dtype=np.int64)
        at[places] = np.arange(len(places))
        chosen = at[ranks] >= 0
        yield ids.unit.lower(), table, at[ranks][chosen], keys[chosen], [shares[chosen] for shares in found]


def cell_parts(
    outcome: Outcome,
    engine: Engine,
    visible: NDArray[np.bool_],
    within: Sequence[Within] = (),
    *,
    margins: bool = False,
) -> tuple[Part, ...]:
    """Return the units of each visible inner cell, also by the conditions that its numbers tell about.

    Parameters
    ----------
    margins : bool
        Whether to list the visible margins, too, where they do not follow from the visible inner cells.
    """
    read = _Reader.of(outcome, engine, visible, margins=margins)
    parts = []
    for condition in (_EVERYBODY, *outcome.disguised_counts, *_parts_of_the_measure(outcome, engine)):
        ids = [*own_ids(outcome.base), *row_ids(outcome.base, engine), *ids_within(outcome.base, within)]
        units = tuple(read.units(found, condition) for found in ids)
        subjects = frozenset({COUNT}) if condition in outcome.disguised_counts else outcome.subjects
        follow = read.sums is None
        parts.append(Part(subjects, read.cells, units, margins_follow=follow, nonzero=condition == _NONZERO))
    return tuple(parts)


def widened(part: Part, outcome: Outcome, engine: Engine, visible: NDArray[np.bool_], more: Mapping[str, str]) -> Part:
    """Return the first of `cell_parts` with more units in its cells.

    Parameters
    ----------
    more : mapping of str to str
        By kind of unit, SQL that yields the ids of those who are in their cells whether or not they have a value.
    """
    read = _Reader.of(outcome, engine, visible, margins=not part.margins_follow)
    ids = {found.unit.lower(): found for found in [*own_ids(outcome.base), *row_ids(outcome.base, engine)]}
    units = []
    for sets in part.units:
        found = ids.get(sets.unit)
        wider = found is not None and sets.unit in more
        condition = f"{_EVERYBODY} OR {found.expression} IN ({more[sets.unit]})" if found and wider else ""
        units.append(read.units(found, condition) if found and wider else sets)
    return replace(part, units=tuple(units))


@dataclass(frozen=True)
class _Reader:
    """Reads the units of the visible cells.

    Attributes
    ----------
    places : list of int
        Among all inner cells, those to read.
    sums : list of lists of int, optional
        Where margins are listed: of which of these each cell is the sum.
    """

    base: Base
    engine: Engine
    cells: tuple[Cell, ...]
    places: list[int]
    sums: list[list[int]] | None

    @classmethod
    def of(cls, outcome: Outcome, engine: Engine, visible: NDArray[np.bool_], *, margins: bool) -> _Reader:
        inner = outcome.cells.inner
        subtotals = outcome.cells.levels >= 1 << len(outcome.base.dimension_columns)
        listed = (
            margins and bool((~inner & visible).any()) and bool((inner & ~visible).any() or (subtotals & visible).any())
        )
        kept = np.flatnonzero(visible if listed else inner & visible)
        labels = shown_labels(outcome.cells)
        cells = tuple(labels[i] for i in kept.tolist())
        sums = _sums(outcome, kept.tolist()) if listed else None
        places = list(range(int(inner.sum()))) if listed else (np.cumsum(inner) - 1)[kept].tolist()
        return cls(outcome.base, engine, cells, places, sums)

    def units(self, ids: Ids, condition: str) -> UnitSets:
        return _added(_sets(self.base, self.engine, ids, condition, self.places), self.sums)


def _sums(outcome: Outcome, kept: list[int]) -> list[list[int]]:
    """Return, for each kept cell, the places among the inner cells of those that it is the sum of."""
    cells, classifications = outcome.cells, outcome.base.classifications
    levels, inner = cells.levels.tolist(), np.flatnonzero(cells.inner).tolist()
    groups: dict[tuple[int, Cell], list[int]] = {}
    for level in {levels[i] for i in kept}:
        for place, i in enumerate(inner):
            for key in _margins_of(cells.labels[i], level, classifications):
                groups.setdefault((level, key), []).append(place)
    return [groups.get((levels[i], _without(cells.labels[i], levels[i])), []) for i in kept]


def _margins_of(labels: Cell, level: int, classifications: Sequence[Classification | None]) -> Iterator[Cell]:
    """Yield the labels of the margins of a level to which an inner cell belongs, without those of totals."""
    found: list[Sequence[Label]] = []
    for i, label in enumerate(labels):
        classification = classifications[i] if i < len(classifications) else None
        if level >> len(labels) + i & 1:
            found.append(() if classification is None else classification.above.get(label, ()))
        elif not level >> i & 1:
            found.append((label,))
    yield from product(*found)


def _without(labels: Cell, level: int) -> Cell:
    return tuple(label for i, label in enumerate(labels) if not level >> i & 1)


def _added(sets: UnitSets, sums: list[list[int]] | None) -> UnitSets:
    if sums is None:
        return sets
    return UnitSets(sets.unit, sets.keys, tuple(BitMap().union(*(sets.cells[p] for p in places)) for places in sums))


def _parts_of_the_measure(outcome: Outcome, engine: Engine) -> list[str]:
    """Return conditions for those whom the numbers are about when others only add zero, or another expression.

    The total of everybody can be taken off a measure that is put together from pieces: so it is about those, too, to
    whom one piece alone adds something.
    """
    base = outcome.base
    found = [f"{_EVERYBODY} AND (k{i}) IS {truth}" for i in range(base.conditions) for truth in ("TRUE", "NOT TRUE")]
    if base.measures and any((units.nonzero < units.units).any() for units in outcome.units):
        found.append(_NONZERO)
    return found + [f"m{p} <> 0" for p in _chosen_by(base, engine)]


_OFTEN, _MOST_PAIRS = 0.1, 200


def _chosen_by(base: Base, engine: Engine) -> Iterator[int]:
    """Yield pieces that add zero for some and for the others as another piece does, or that add zero for many.

    Few zeros beside other values happen by themselves (``age - 30``), and two numbers that differ by these are found by
    their shares.
    """
    pieces = range(1, base.measures)
    if not pieces:
        return
    parts = [f"avg((m{p} = 0)::INT) AS z{p}" for p in pieces]
    pairs = [(p, q) for p in pieces for q in range(base.measures) if p != q][:_MOST_PAIRS]
    for p, q in pairs:
        low, high = (f"{end}(m{p} / nullif(m{q}, 0)) FILTER (WHERE m{p} <> 0)" for end in ("min", "max"))
        parts.append(f"abs({high} - {low}) <= 1e-9 * abs({high}) AND bool_or(m{p} = 0 AND m{q} <> 0) AS f{p}_{q}")
    found = engine.columns(f"{base.with_sql}SELECT {', '.join(parts)} FROM {base.sql} b")
    first = {name: np.ma.filled(np.ma.asarray(values), 0)[0] for name, values in found.items()}
    for p in pieces:
        alike = any(first[f"f{i}_{q}"] for i, q in pairs if i == p)
        if first[f"z{p}"] >= _OFTEN or (first[f"z{p}"] > 0 and alike):
            yield p


def everywhere(base: Base, engine: Engine, ids: Ids, condition: str) -> UnitSets:
    """Return the units whose rows fulfil `condition` as one set, of rows without dimensions."""
    return _sets(base, engine, ids, condition, [0])


def unit_sets(base: Base, engine: Engine, j: int, condition: str, ranks: list[int]) -> UnitSets:
    """Return the units of kind `j` whose rows fulfil `condition`, of the cells at the places `ranks`.

    Parameters
    ----------
    ranks : list of int
        Places among all inner cells of `base`, in the order that all results share.
    """
    return _sets(base, engine, own_ids(base)[j], condition, ranks)


def _sets(base: Base, engine: Engine, ids: Ids, condition: str, ranks: list[int]) -> UnitSets:
    cells, keys, _ = _members(base, engine, ids, condition)
    distinct, positions = np.unique(keys, return_inverse=True)
    order = np.argsort(cells, kind="stable")
    cells, positions = cells[order], positions[order].astype(np.uint32)
    starts, ends = np.searchsorted(cells, ranks), np.searchsorted(cells, ranks, side="right")
    sets = (BitMap(positions[start:end]) for start, end in zip(starts.tolist(), ends.tolist(), strict=True))
    return UnitSets(ids.unit.lower(), distinct, tuple(sets))


def _members(
    base: Base, engine: Engine, ids: Ids, condition: str, values: Sequence[str] = ()
) -> tuple[Counts, Keys, list[Numbers]]:
    """Return the rank of the inner cell, the key of the unit and its `values`, for every unit of every inner cell.

    Parameters
    ----------
    values : sequence of str
        SQL over the rows ``b``; sums where units have several rows.
    """
    columns = base.dimension_columns
    level = " WHERE g = 0" if base.margins else ""
    head = f"{base.with_sql}, " if base.with_sql else "WITH "
    # Ranks count all inner cells in the order that all results share, also those without a fitting unit.
    order = f" OVER (ORDER BY {', '.join(f'{column} NULLS LAST' for column in columns)})" if columns else " OVER ()"
    distinct = f"SELECT DISTINCT {', '.join(columns) or '1'} FROM {base.sql} b{level}"
    matched = " AND ".join(f"b.{column} IS NOT DISTINCT FROM c.{column}" for column in columns) or "true"
    ranked = f"_ranked AS (SELECT *, row_number(){order} - 1 AS cell FROM ({distinct}) d)"
    kind = engine.types(f"{base.with_sql}SELECT {ids.expression} AS id FROM {base.sql} b{ids.join}")[0]
    number, text = id_number(kind, "id", ambiguous_ids(engine, ids.unit) if ids.named else "")
    rows = f"FROM {base.sql} b JOIN _ranked c ON {matched}{ids.join}{level} {'AND' if level else 'WHERE'}"
    given = f"({condition}) IS TRUE AND {ids.expression} IS NOT NULL"
    named = "".join(f", {value} AS v{i}" for i, value in enumerate(values))
    group = "" if ids.unique else f" GROUP BY cell, {ids.expression}"
    unit = f"SELECT cell, {ids.expression} AS id{named} {rows} {given}{group}"
    found = engine.columns(
        f"{head}{ranked} SELECT * EXCLUDE (id), CASE WHEN number IS NULL THEN md5_number_lower({text}) END AS hash "
        f"FROM (SELECT *, {number} AS number FROM ({unit}) x) y"
    )
    numbers = np.ma.asarray(found["number"])
    keys = keys_of_numbers(np.ma.filled(numbers, 0))
    hashed = np.ma.filled(np.ma.asarray(found["hash"]), 0).astype(np.uint64)
    keys = np.where(np.ma.getmaskarray(numbers), hashed, keys)
    if ids.named:
        keys = engine.lineage_keys(ids.unit, keys)
    numbers_found = [floats(found[f"v{i}"]) for i in range(len(values))]
    return np.asarray(found["cell"], dtype=np.int64), keys, numbers_found
