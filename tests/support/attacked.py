"""An attacker's intervals by trying every table: slow, and independent of the code that is tested."""

from __future__ import annotations

from itertools import product

import numpy as np

from saferoom.disclosure.queries.evidence import Mask, Numbers
from saferoom.disclosure.tables.cube import Cube
from saferoom.disclosure.tables.hierarchies import dimension

MOST = 3
"""Inner cells hold 0 to this many."""


def every_table(cube: Cube) -> Numbers:
    """Return all tables of the cube with inner cells from 0 to `MOST`, shape (tables, cells)."""
    inner = np.flatnonzero(cube.leaf)
    units = np.zeros((len(inner), len(cube)))
    for row, cell in enumerate(inner):
        alone = np.zeros(len(cube))
        alone[cell] = 1.0
        units[row] = cube.added_up(alone)
    contents = np.array(list(product(range(MOST + 1), repeat=len(inner))), dtype=np.float64)
    return np.asarray(contents @ units)


def tried(cube: Cube, values: Numbers, hidden: Mask) -> tuple[Numbers, Numbers]:
    """Return the least and largest value of every cell in all tables that fit the published cells."""
    tables = every_table(cube)
    fitting = tables[(tables[:, ~hidden] == values[~hidden]).all(axis=1)]
    return fitting.min(axis=0), fitting.max(axis=0)


def small_cube(kind: int) -> Cube:
    """Return one of a few cubes with at most eight inner cells."""
    plain = [dimension(name, list(labels)) for name, labels in (("a", "xy"), ("b", "pq"), ("c", "mn"))]
    region = dimension("region", list("ABCD"), {"R": ["A", "B"], "S": ["C", "D"]})
    linked = dimension(
        "region", list("ABCD"), {"R": ["A", "B"], "S": ["C", "D"], "small": ["A", "C"], "big": ["B", "D"]}
    )
    three = dimension("b", list("pqr"))
    cubes = [(plain[0], three), tuple(plain), (region, plain[1]), (linked, plain[1]), (linked,)]
    return Cube(cubes[kind])
