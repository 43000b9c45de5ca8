"""Class disclosure in a table with margins: which cells tell too surely in which category everybody of a group is.

Notes
-----
Nobody outside knows that a blank combination holds nobody, unless it is impossible. So these cells are judged by an
attacker for whom the absent combinations may hold any number, where all other rules take them for known zeros.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from saferoom.disclosure.queries.evidence import Mask, Numbers
from saferoom.disclosure.rules.classes import Axis, Zero, impossible, is_impossible, only_possible
from saferoom.disclosure.tables.lattice import Lattice
from saferoom.policies.models import RiskAppetite

_BELOW = 1e-6


@dataclass(frozen=True)
class Groups:
    """What outsiders may not be sure of; arrays have shape (cells of the cube,).

    Attributes
    ----------
    unknown : ndarray of bool
        Absent combinations that nobody knows to hold nobody.
    empty : ndarray of bool
        Those among them by which a group would be told to lack a category.
    below : ndarray of float
        How far below its value a cell must seem possible, so that it may hold less than the policy's share of its
        group; zero where it does hold less.
    """

    unknown: Mask
    empty: Mask
    below: Numbers


def groups_of(lattice: Lattice, values: Numbers, axes: Sequence[Axis], policy: RiskAppetite, share: float) -> Groups:
    """Return the cells that hold `share` or more of a group along any dimension, and the combinations nobody has.

    Parameters
    ----------
    values : ndarray of float, shape (cells of the cube,)
        What is counted.
    """
    zeros = impossible(axes, policy)
    unknown, empty = _absent(lattice, axes, zeros)
    below = np.zeros(len(lattice))
    whole = bool((values == np.floor(values)).all())
    for i, axis in enumerate(axes):
        if axis.fixed or axis.structural:
            continue
        known = _known(lattice, i, zeros)
        for parts, totals in lattice.groups(i):
            group = values[totals]
            limit = np.ceil(share * group - _BELOW) - 1 if whole else share * group * (1 - _BELOW)
            tight = (values[parts] > limit) & (values[parts] > 0) & ~known[parts]
            below[parts[tight]] = np.maximum(below[parts], values[parts] - np.maximum(limit, 0.0))[tight]
    return Groups(unknown, empty, below)


def _absent(lattice: Lattice, axes: Sequence[Axis], zeros: Sequence[Zero]) -> tuple[Mask, Mask]:
    nobody = np.zeros(len(lattice), dtype=bool)
    if any(axis.structural for axis in axes):
        return nobody, nobody
    unknown = nobody.copy()
    for place in np.flatnonzero(lattice.cube.leaf & ~lattice.there).tolist():
        labels = lattice.cells.labels[place]
        # Nobody learns anything from the absence of "missing".
        unknown[place] = None not in labels and not is_impossible(labels, zeros)
    empty = unknown.copy()
    held = lattice.cube.added_up(unknown.astype(np.float64)) > 0
    return np.asarray(held & ~lattice.there), empty


def _known(lattice: Lattice, axis: int, zeros: Sequence[Zero]) -> Mask:
    """Return the cells to which no other category along `axis` is possible."""
    return only_possible(lattice.cells, axis, zeros) if zeros else np.zeros(len(lattice), dtype=bool)
