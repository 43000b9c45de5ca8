"""Patterns of cells that are hidden already and that convince all insiders at once."""

from __future__ import annotations

import numpy as np

from saferoom.disclosure.queries.evidence import Mask
from saferoom.disclosure.tables.additive import Places
from saferoom.disclosure.tables.secondary.ledger import Pattern
from saferoom.disclosure.tables.secondary.moves import Moves
from saferoom.disclosure.tables.secondary.problem import ALL_AT_ONCE, Problem
from saferoom.disclosure.tables.secondary.zones import Neighbours

_WHOLE_TABLE = 4_000
_ZONE = 1_200


class Convincer:
    """Looks for such patterns; hides nothing.

    Parameters
    ----------
    hidden : ndarray of bool, shape (cells,)
    """

    def __init__(self, problem: Problem, hidden: Mask) -> None:
        self._problem = problem
        moving = hidden & problem.free
        cells = np.flatnonzero(moving)
        self._neighbours = Neighbours(problem, moving) if len(cells) > _WHOLE_TABLE else None
        # Of the whole table, or around the cell that was asked for last.
        self._program = self._made(cells if self._neighbours is None else cells[:0])
        self._cell = -1

    def pattern(self, cell: int, amount: float) -> Pattern | None:
        """Return a pattern in which a cell moves by `amount`; None where none is found."""
        program = self._around(cell)
        place = program.place(cell)
        moves = program.cheapest(place, amount) if place >= 0 else None
        if moves is None:
            return None
        used = np.flatnonzero(moves)
        return Pattern(program.cells[used], moves[used], abs(amount))

    def _around(self, cell: int) -> Moves:
        if self._neighbours is not None and self._cell != cell:
            self._program = self._made(self._neighbours.zone(cell, _ZONE, self._problem.weight))
            self._cell = cell
        return self._program

    def _made(self, cells: Places) -> Moves:
        program = Moves(self._problem, cells)
        program.price(np.ones(len(cells)))
        program.attack(ALL_AT_ONCE)
        return program
