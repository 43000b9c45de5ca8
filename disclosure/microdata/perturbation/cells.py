"""Records in cells of neighbours: split in halves along the widest column until a cell is small enough."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata.perturbation.grouping import Groups, Points


def split(points: Points, most: int, unit: int = 1) -> list[Groups]:
    """Split the records into cells of at most `most`.

    Parameters
    ----------
    points : ndarray of float, shape (n, d)
    most : int, records, at least `unit`
    unit : int
        Every cell but one has a number of records that is a multiple of this.

    Returns
    -------
    list of ndarray of int
        The places of each cell's records.

    Notes
    -----
    A tree of k dimensions (Bentley 1975) that halves along the column of the largest variance, so that a few records
    far outside do not stretch every cell.
    """
    done: list[Groups] = []
    open_cells: list[NDArray[np.intp]] = [np.arange(len(points))]
    while open_cells:
        cell = open_cells.pop()
        half = len(cell) // unit // 2 * unit
        if len(cell) <= most or half == 0:
            done.append(cell)
            continue
        own = points[cell]
        order = np.argpartition(own[:, own.var(axis=0).argmax()], half)
        open_cells += [cell[order[:half]], cell[order[half:]]]
    return done
