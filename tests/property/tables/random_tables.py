"""Random additive tables, and what an attacker who knows only how they were cut holds of them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from hypothesis import strategies as st
from tests.support.attackers.linear import Equation, Interval, System, Vector

from saferoom.disclosure.tables.additive import AdditiveTable
from saferoom.disclosure.tables.cube import Cube
from saferoom.disclosure.tables.hierarchies import dimension

Shape = dict[str, list[str]]
"""Children by parent; the leaves are no keys."""


@dataclass(frozen=True)
class Made:
    """A table beside what it was made from.

    Attributes
    ----------
    inside : ndarray of float, shape (cells, leaf cells)
        1 where a leaf cell is in a cell, worked out from the hierarchies alone.
    leaves : ndarray of float, shape (leaf cells,)
    """

    table: AdditiveTable
    inside: np.ndarray[Any, np.dtype[np.float64]]
    leaves: Vector

    def attacked(self, hidden: np.ndarray[Any, np.dtype[np.bool_]], cell: int, **known: Vector) -> Interval:
        """Return what an attacker can tell of a cell when all that is not hidden is published."""
        shown = tuple(
            Equation(row, value, value)
            for row, value in zip(self.inside[~hidden], self.table.values[~hidden], strict=True)
        )
        lowest = known.get("lowest", np.zeros(len(self.leaves)))
        highest = known.get("highest", np.full(len(self.leaves), np.inf))
        return System(lowest, highest, shown, self.table.whole).bounds(self.inside[cell])


def _leaves_of(shape: Shape, category: str) -> frozenset[str]:
    if category not in shape:
        return frozenset((category,))
    return frozenset().union(*(_leaves_of(shape, child) for child in shape[category]))


@st.composite
def shapes(draw: st.DrawFn, place: int, most: int) -> tuple[list[str], Shape]:
    """Draw a dimension: its leaves, and flat or in groups, once or in two ways."""
    leaves = [f"{place}.{i}" for i in range(draw(st.integers(2, most)))]
    shape: Shape = {}
    for way in range(draw(st.integers(0, 2)) if len(leaves) > 2 else 0):
        cut = draw(st.integers(1, len(leaves) - 1))
        parts = [leaves[way:] + leaves[:way]][0]
        groups = [part for part in (parts[:cut], parts[cut:]) if len(part) > 1]
        shape |= {f"{place}.way{way}.{i}": part for i, part in enumerate(groups)}
    return leaves, shape


@st.composite
def tables(draw: st.DrawFn, *, whole: bool = True) -> Made:
    """Draw a table of one to four dimensions, with and without hierarchies, many of its cells small."""
    width = draw(st.integers(1, 4))
    most = (6, 4, 3, 2)[width - 1]
    drawn = [draw(shapes(place, most)) for place in range(width)]
    # Leaves that a way leaves out are under a root of their own, so that every way can add up.
    cube = Cube(tuple(_dimension(f"d{place}", *one) for place, one in enumerate(drawn)))
    held = [[_held(one, str(label)) for label in cut.labels] for one, cut in zip(drawn, cube.dimensions, strict=True)]
    cells = list(product(*(leaves for leaves, _ in drawn)))
    inside = np.array(
        [
            [float(all(leaf in part for leaf, part in zip(cell, parts, strict=True))) for cell in cells]
            for parts in product(*held)
        ]
    )
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    small = rng.random(len(cells)) < draw(st.sampled_from((0.1, 0.3, 0.5)))
    values = np.where(small, rng.integers(0, 8, len(cells)), rng.integers(10, 60, len(cells))).astype(float)
    if not whole:
        values = np.round(values * rng.uniform(0.5, 1.5, len(cells)), 2)
    return Made(cube.table(inside @ values, whole=whole), inside, values)


def _dimension(name: str, leaves: list[str], shape: Shape) -> Any:
    if not shape:
        return dimension(name, leaves, None, "Total")
    covered = {child for children in shape.values() for child in children}
    rest = {f"{name}.rest": [leaf for leaf in leaves if leaf not in covered]} if set(leaves) - covered else {}
    return dimension(name, leaves, {**shape, **rest}, "Total")


def _held(one: tuple[list[str], Shape], label: str) -> frozenset[str]:
    leaves, shape = one
    if label == "Total":
        return frozenset(leaves)
    if label.endswith(".rest"):
        covered = {child for children in shape.values() for child in children}
        return frozenset(leaves) - covered
    return _leaves_of(shape, label)
