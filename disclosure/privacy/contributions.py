"""How much of a table one unit can change, from the bounds on its contributions.

Vocabulary
----------
unit of privacy
    What may be added or removed: a person, a household, a school, with all its rows.
contribution bounds
    How many rows of one unit count at all, in one cell, and in how many cells. The dataset's policy sets them; rows
    beyond are left out before anything is added up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

MOST = 2**20
"""Beyond every bound that leaves anything of a statistic."""


@dataclass(frozen=True)
class Contributions:
    """Bounds on one unit's rows.

    Attributes
    ----------
    rows : int
        In the whole table.
    per_cell : int
        In one cell.
    cells : int
        Cells that any of them are in.
    """

    rows: int = 1
    per_cell: int = 1
    cells: int = 1

    def __post_init__(self) -> None:
        if any(type(one) is not int or not 1 <= one <= MOST for one in (self.rows, self.per_cell, self.cells)):
            raise ValueError(f"contribution bounds are whole numbers from 1 to {MOST:,}")

    @property
    def worst(self) -> tuple[int, ...]:
        """The rows per cell of a unit that changes a table most, the fullest cell first.

        The sum of squares (and every sum of a convex function that is 0 at 0) is largest when as many cells as
        possible are full, because the bounds are those of a polymatroid, whose vertices these are.
        """
        full, rest = divmod(self.rows, self.per_cell)
        if full >= self.cells:
            return (self.per_cell,) * self.cells
        return (self.per_cell,) * full + ((rest,) if rest else ())

    @property
    def together(self) -> Contributions:
        """The bounds in a margin of the table, where cells that one unit is in may all be the same."""
        rows = min(self.rows, self.per_cell * self.cells)
        return Contributions(rows, rows, self.cells)

    @property
    def l0(self) -> int:
        """Most cells of a count that one unit changes."""
        return min(self.cells, self.rows)

    @property
    def l1(self) -> int:
        """Most by which one unit changes a count's cells, added up."""
        return sum(self.worst)

    @property
    def l2(self) -> float:
        """Most by which one unit changes a count's cells, as a Euclidean length; rounded up."""
        return root_above(sum(one * one for one in self.worst))

    @property
    def largest(self) -> int:
        """Most by which one unit changes one cell of a count."""
        return min(self.per_cell, self.rows)


def root_above(square: int) -> float:
    """Return the square root of a whole number, rounded up to a float."""
    root = math.isqrt(square)
    return float(root) if root * root == square and root < 2**53 else math.nextafter(math.sqrt(square), math.inf)
