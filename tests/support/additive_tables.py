"""Additive tables made for tests: cubes with all their totals, and an attacker that shares no code with the product."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

from saferoom.disclosure.tables.additive import AdditiveTable, Insider, Needs

Shape = int | Sequence[int]
"""A dimension: a number of categories under one total, or the numbers in each of several groups under it."""


def cube(shapes: Sequence[Shape], inner: Any, *, whole: bool = False, signed: bool = False) -> AdditiveTable:
    """Return the table of `inner` numbers with the totals of all groups and dimensions, every total included."""
    from scipy.sparse import csr_array

    groups = [_groups(shape) for shape in shapes]
    sizes = [size for size, _ in groups]
    full = np.zeros(sizes)
    full[tuple(slice(0, length) for length in np.shape(inner))] = inner
    for axis, (_, sums) in enumerate(groups):
        along = np.moveaxis(full, axis, 0)
        for total, parts in sums:
            along[total] = along[parts].sum(axis=0)
    ids = np.arange(full.size).reshape(sizes)
    entries: list[tuple[int, int, float]] = []
    row = 0
    for axis, (_, sums) in enumerate(groups):
        lines = np.moveaxis(ids, axis, 0).reshape(sizes[axis], -1)
        for (total, parts), line in product(sums, range(lines.shape[1])):
            entries += [(row, int(lines[part, line]), 1.0) for part in parts]
            entries.append((row, int(lines[total, line]), -1.0))
            row += 1
    rows, columns, signs = (np.array(values) for values in zip(*entries, strict=True))
    count = full.size
    lowest = np.full(count, -np.inf) if signed else np.zeros(count)
    labels = tuple(tuple(f"{axis}.{place}" for axis, place in enumerate(index)) for index in np.ndindex(*sizes))
    relations = csr_array((signs, (rows, columns)), shape=(row, count))
    return AdditiveTable(labels, full.ravel(), relations, lowest, np.full(count, np.inf), whole)


def _groups(shape: Shape) -> tuple[int, list[tuple[int, list[int]]]]:
    if isinstance(shape, int):
        return shape + 1, [(shape, list(range(shape)))]
    count = sum(shape)
    starts = np.concatenate([[0], np.cumsum(shape)]).tolist()
    sums = [(count + i, list(range(starts[i], starts[i + 1]))) for i in range(len(shape))]
    top = count + len(shape)
    return top + 1, [*sums, (top, list(range(count, top)))]


def needs(
    table: AdditiveTable,
    primary: Sequence[int],
    *,
    share: float | None = None,
    width: float = 0.0,
    fixed: Sequence[int] = (),
    cost: Any = None,
    insiders: Sequence[Insider] = (),
) -> Needs:
    """Return needs: primary cells able to move by a share of their value both ways, or an interval of some width."""
    count = len(table)
    named, kept = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
    named[list(primary)] = True
    kept[list(fixed)] = True
    level = np.where(named, np.abs(table.values) * (share or 0.0), 0.0)
    price = np.abs(table.values) if cost is None else np.broadcast_to(np.asarray(cost, dtype=float), count).copy()
    return Needs(named, level, level, np.where(named, width, 0.0), kept, price, tuple(insiders))


def skewed(shapes: Sequence[Shape], seed: int, *, primary_share: float = 0.1, zeros: float = 0.1) -> tuple[Any, Any]:
    """Return a table of very unequal whole numbers, some of them structural zeros, with its small cells primary."""
    rng = np.random.default_rng(seed)
    inner_shape = [shape if isinstance(shape, int) else sum(shape) for shape in shapes]
    inner = np.ceil(rng.lognormal(3, 1.5, inner_shape)) * (rng.random(inner_shape) >= zeros)
    table = cube(shapes, inner)
    there = np.flatnonzero(table.values > 0)
    noise = rng.lognormal(0, 1, len(there))
    count = max(1, int(primary_share * len(table)))
    primary = there[np.argsort(table.values[there] * noise, kind="stable")[:count]]
    asked = needs(table, primary.tolist(), share=0.15, fixed=np.flatnonzero(table.values == 0).tolist())
    return table, asked


def interval(table: AdditiveTable, hidden: Any, cell: int, insider: Insider | None = None) -> tuple[float, float]:
    """Return what an attacker can tell a cell to be, by scipy's solver on the plain table."""
    from scipy.optimize import linprog

    low, high = np.where(hidden, table.lowest, table.values), np.where(hidden, table.highest, table.values)
    if insider is not None:
        for place, least, most in zip(insider.cells, insider.lowest, insider.highest, strict=True):
            low[place], high[place] = max(low[place], least), min(high[place], most)
    ends = []
    for sign in (1.0, -1.0):
        aim = np.zeros(len(table))
        aim[cell] = sign
        found = linprog(
            aim,
            A_eq=table.relations,
            b_eq=np.zeros(table.relations.shape[0]),
            bounds=np.column_stack([low, high]),
            method="highs",
        )
        ends.append(sign * found.fun if found.status == 0 else -sign * np.inf)
    return ends[0], ends[1]


def protects(table: AdditiveTable, asked: Needs, hidden: Any) -> bool:
    """Whether no attacker can tell a primary cell better than is allowed, by `interval`."""
    if (asked.primary & ~hidden).any() or (asked.fixed & hidden).any():
        return False
    attackers: list[Insider | None] = [None, *asked.insiders]
    return all(
        _wide_enough(table, asked, cell, interval(table, hidden, cell, attacker))
        for attacker in attackers
        for cell in np.flatnonzero(asked.primary).tolist()
        if attacker is None or not _knows(attacker, cell)
    )


def _knows(insider: Insider, cell: int) -> bool:
    at = np.flatnonzero(insider.cells == cell)
    return bool(len(at)) and bool(insider.lowest[at[0]] >= insider.highest[at[0]])


def _wide_enough(table: AdditiveTable, asked: Needs, cell: int, ends: tuple[float, float]) -> bool:
    value, slack = float(table.values[cell]), 1e-6 * max(1.0, abs(float(table.values[cell])))
    low, high = ends
    return (
        low <= value - asked.below[cell] + slack
        and high >= value + asked.above[cell] - slack
        and high - low >= max(float(asked.width[cell]) - slack, 1e-9)
    )


def least_cost(table: AdditiveTable, asked: Needs) -> float | None:
    """Return the least cost by trying every set of cells, the cheapest first; None when none protects."""
    free = np.flatnonzero(~asked.primary & ~asked.fixed & (table.highest > table.lowest))
    sets = (np.array(bits, dtype=bool) for bits in product((False, True), repeat=len(free)))
    priced = sorted(((float(asked.cost[free[chosen]].sum()), tuple(free[chosen])) for chosen in sets), key=_by_cost)
    counted = abs(table.relations) > 0
    for cost, chosen in priced:
        hidden = asked.primary.copy()
        hidden[list(chosen)] = True
        lines = np.asarray(counted @ hidden.astype(np.int64))
        alone = counted[np.flatnonzero(lines == 1)].sum(axis=0) > 0
        # One hidden cell in a line is no secret.
        if not (np.asarray(alone) & asked.primary).any() and protects(table, asked, hidden):
            return cost
    return None


def _by_cost(option: tuple[float, tuple[int, ...]]) -> tuple[float, int, tuple[int, ...]]:
    return option[0], len(option[1]), option[1]
