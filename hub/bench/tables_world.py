"""The tables of the `tables` benchmark: turnover of businesses by area, branch and size, made up from a seed.

Vocabulary
----------
shape
    Per dimension how many nodes hang under each node of the level above, the grand total being the first node.
business
    One record: its smallest area, its smallest branch, its size class and its turnover. As in life a few areas and
    branches hold most businesses, and a few businesses most of the turnover.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

TOTAL = "Total"
NAMES = ("area", "branch", "size")
LETTERS = ("a", "b", "s")
MEASURE = "turnover"
PERCENT = 10
"""p of the p% rule: nobody may come to know another's value to within so many percent."""
FEWEST = 5
"""A cell of fewer businesses is hidden too."""
RANGE_PERCENT = 20
"""How far from its value, in percent, the interval of such a cell has to reach."""

Values = NDArray[np.float64]
Codes = NDArray[np.int64]
Hierarchy = Mapping[str, Sequence[str]]
"""Parent to children; the grand total is nobody's child."""


@dataclass(frozen=True)
class World:
    """Hierarchies and businesses.

    Attributes
    ----------
    hierarchies : per dimension its parents and their children
    leaves : per dimension its categories without children
    codes : ndarray of int, shape (businesses, dimensions)
        Positions in `leaves`.
    turnover : ndarray of float, shape (businesses,)
        Whole numbers.
    """

    hierarchies: tuple[Hierarchy, ...]
    leaves: tuple[tuple[str, ...], ...]
    codes: Codes
    turnover: Values

    @property
    def cells(self) -> int:
        """How many cells the table has, with every margin."""
        return int(np.prod([len(nodes(hierarchy)) for hierarchy in self.hierarchies]))


SHAPES: Mapping[int, tuple[tuple[tuple[int, ...], ...], ...]] = {
    1_000: (((4,), (4, 4, 4, 3)), ((3,), (2, 2, 2)), ((4,),)),
    10_000: (((7,), (6,) * 7), ((4,), (4, 4, 4, 3)), ((3,), (2, 2, 2))),
    100_000: (((3,), (4,) * 3, (7,) * 12), ((7,), (6,) * 7), ((4,), (4, 4, 4, 3))),
}
"""Number of cells and, level by level, how many children each node of the level above has."""
_RECORDS_PER_INNER_CELL = 14
_SEED = 20_260_401


def make(cells: int, seed: int = _SEED) -> World:
    """Return the world whose table has `cells` cells, one of `SHAPES`."""
    hierarchies = tuple(_hierarchy(letter, levels) for letter, levels in zip(LETTERS, SHAPES[cells], strict=True))
    leaves = tuple(_leaves(hierarchy) for hierarchy in hierarchies)
    rng = np.random.default_rng(seed)
    count = _RECORDS_PER_INNER_CELL * int(np.prod([len(names) for names in leaves]))
    codes = np.empty((count, len(leaves)), dtype=np.int64)
    for i, names in enumerate(leaves):
        weights = 1 / np.arange(1, len(names) + 1)
        codes[:, i] = rng.choice(len(names), count, p=rng.permutation(weights / weights.sum()))
    # The larger the size class the larger, and the more alike, the businesses in it.
    turnover = np.ceil(rng.lognormal(4 + codes[:, -1] * 0.8, 1.2))
    return World(hierarchies, leaves, codes, turnover)


def nodes(hierarchy: Hierarchy) -> list[str]:
    """Return every node, each before its children, the grand total first."""
    found, waiting = [], [TOTAL]
    while waiting:
        node = waiting.pop()
        found.append(node)
        waiting += reversed(hierarchy.get(node, ()))
    return found


def _hierarchy(letter: str, levels: Sequence[Sequence[int]]) -> Hierarchy:
    hierarchy: dict[str, list[str]] = {}
    above = [TOTAL]
    for depth, counts in enumerate(levels):
        below: list[str] = []
        for parent, count in zip(above, counts, strict=True):
            hierarchy[parent] = [f"{letter}{depth}{len(below) + i:03d}" for i in range(count)]
            below += hierarchy[parent]
        above = below
    return hierarchy


def _leaves(hierarchy: Hierarchy) -> tuple[str, ...]:
    return tuple(node for node in nodes(hierarchy) if node not in hierarchy)


def write(world: World, folder: Path) -> None:
    """Write the businesses as CSV and the hierarchies as JSON and in the files that pytauargus reads."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "businesses.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow([*NAMES, MEASURE])
        for record, value in zip(world.codes.tolist(), world.turnover.tolist(), strict=True):
            rows.writerow([*(names[code] for names, code in zip(world.leaves, record, strict=True)), int(value)])
    hierarchies = dict(zip(NAMES, world.hierarchies, strict=True))
    (folder / "hierarchies.json").write_text(json.dumps(hierarchies), encoding="utf-8")
    rules = {"percent": PERCENT, "fewest": FEWEST, "range_percent": RANGE_PERCENT}
    (folder / "rules.json").write_text(json.dumps(rules), encoding="utf-8")
    for name, hierarchy in hierarchies.items():
        lines = [f"{'@' * depth}{node}" for node, depth in _depths(hierarchy)]
        (folder / f"{name}.hrc").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _depths(hierarchy: Hierarchy) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []

    def walk(node: str, depth: int) -> None:
        for child in hierarchy.get(node, ()):
            found.append((child, depth))
            walk(child, depth + 1)

    walk(TOTAL, 0)
    return found
