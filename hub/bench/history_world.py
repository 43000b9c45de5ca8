"""Made-up histories for the `history` benchmark: many tables of 1,000 cells about a million units.

Every table is three-way with its margins. Tables are about different tenths of the units left out, by dimensions that
have nothing to do with each other, so that nearly every unit is alone in its combination of cells; one in ten repeats
the population of the table before it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.history.bitmaps import unflat
from saferoom.disclosure.history.contributors import Contributors, Part, UnitSets
from saferoom.disclosure.history.memory import Memory, Release, placed, with_prints
from saferoom.disclosure.queries.relations import COUNT

UNITS = 1_000_000
SIDE = 10
CELLS = SIDE**3

Codes = NDArray[np.int64]


def table(codes: Codes) -> Contributors:
    """Return the contributors of a count by cell; a unit of code -1 is in none."""
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(CELLS + 1)).astype(np.int64)
    members = order[starts[0] :].astype(np.uint32)
    keys = np.arange(len(codes), dtype=np.uint64)
    cells = tuple((i // SIDE**2, i // SIDE % SIDE, i % SIDE) for i in range(CELLS))
    sets = UnitSets("person_id", keys, unflat(starts - starts[0], members, len(codes)))
    return Contributors((Part(frozenset({COUNT}), cells, (sets,)),))


def codes_of(number: int, units: int = UNITS) -> Codes:
    """Return the cell of every unit in the table of a number, -1 where it is not in the table."""
    rng = np.random.default_rng(number)
    codes = np.zeros(units, dtype=np.int64)
    for _ in range(3):
        # Categories are of different sizes, the largest about three times the smallest.
        shares = np.linspace(1.0, 3.0, SIDE)
        codes = codes * SIDE + rng.choice(SIDE, units, p=shares / shares.sum())
    left_out = np.random.default_rng(number - (number % SIDE == 1)).integers(0, SIDE, units) == 0
    return np.where(left_out, -1, codes)


def history(tables: int) -> bytes:
    """Return a memory of so many tables, as it is stored."""
    memory = Memory.empty()
    for number in range(tables):
        contributors, indexes = placed(table(codes_of(number)), memory.indexes)
        release = Release(f"release-{number}", f"Table {number}", with_prints(contributors))
        memory = Memory((*memory.releases, release), indexes)
    return memory.to_bytes()


def candidates(tables: int) -> dict[str, Contributors]:
    """Return a table that is safe beside the history, and one that tells about five units together with a table of it.

    The second holds every seventh cell of an earlier table, less five units, split at random: no two sets are near, and
    together the two tell about the five.
    """
    safe = codes_of(tables)
    first = codes_of(0)
    split = np.random.default_rng(5).integers(0, CELLS, len(first))
    attack = np.where((first >= 0) & (first % 7 == 0), split, -1)
    inside = np.flatnonzero(attack >= 0)
    attack[inside[:: len(inside) // 5][:5]] = -1
    return {"safe": table(safe), "attack": replace(table(attack), total="Together")}
