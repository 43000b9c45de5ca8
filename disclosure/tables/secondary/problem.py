"""What secondary suppression has to achieve: how far every primary cell must be able to move, against whom.

Vocabulary
----------
move
    The difference between a cell's value in another table that fits all an attacker knows, and its true value.
pattern
    Moves of several cells that keep every relation: shows that the cells in it can be so for all that is published.
demand
    That a cell can move up, or down, by an amount, for everybody or for one insider.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from saferoom.disclosure.queries.evidence import Mask, Numbers
from saferoom.disclosure.tables.additive import AdditiveTable, Needs, Places
from saferoom.disclosure.tables.attacker_freedom import known
from saferoom.errors import BadInputError

if TYPE_CHECKING:
    from scipy.sparse import csc_array, csr_array

EVERYBODY = -1
ALL_AT_ONCE = -2
"""An attacker made up of all insiders together: a pattern that she believes convinces each of them."""
_SLACK = 1e-7
_LEAST = 1e-5


class Unprotectable(BadInputError):  # noqa: N818  (the name that the callers of this package know)
    """Even hiding every cell that may be hidden does not protect what has to be protected."""


class Key(NamedTuple):
    """A demand: the attacker (position among the insiders, or `EVERYBODY`), the cell, and 1 or -1 for up or down."""

    attacker: int
    cell: int
    direction: int


@dataclass(frozen=True)
class Knower:
    """What an attacker knows of moves: their bounds in `cells`, in rising order."""

    cells: Places
    down: Numbers
    up: Numbers


@dataclass(frozen=True)
class Problem:
    """A table and its needs, as bounds and amounts of moves.

    Attributes
    ----------
    down, up : ndarray of float, shape (cells,)
        The bounds of moves that everybody knows; both zero where a cell has to be published.
    below, above, width : ndarray of float, shape (cells,)
        The amounts that primary cells have to be able to move; zero elsewhere. Whole in tables of whole numbers.
    weight : ndarray of float, shape (cells,)
        What hiding costs, never quite nothing, so that nothing is hidden for no use.
    knowers : tuple of Knower
        Of every insider.
    together : Knower
        What all of them know, of all cells.
    unit : float
        Programs are in this unit, so that the solver's tolerances suit small and large values.
    """

    table: AdditiveTable
    needs: Needs
    down: Numbers
    up: Numbers
    below: Numbers
    above: Numbers
    width: Numbers
    weight: Numbers
    knowers: tuple[Knower, ...]
    together: Knower
    unit: float
    columns: csc_array

    @property
    def primary(self) -> Places:
        """Positions of the primary cells."""
        return np.flatnonzero(self.needs.primary)

    @property
    def relations(self) -> csr_array:
        """The table's relations."""
        return self.table.relations

    @property
    def free(self) -> Mask:
        """Cells whose values could be other ones if they were hidden."""
        return np.asarray(self.down < self.up)

    def amount(self, cell: int, direction: int) -> float:
        """Return how far a cell has to be able to move in a direction, whatever it does in the other one."""
        return float(self.above[cell] if direction > 0 else self.below[cell])

    def limit(self, attacker: int, cell: int, direction: int) -> float:
        """Return how far an attacker would believe a cell to move in a direction, were everything hidden."""
        down, up = self.bounds(attacker, np.array([cell]))
        return float(up[0] if direction > 0 else -down[0])

    def bounds(self, attacker: int, cells: Places) -> tuple[Numbers, Numbers]:
        """Return the bounds of the moves of `cells` (in rising order) for an attacker."""
        if attacker == ALL_AT_ONCE:
            return self.together.down[cells], self.together.up[cells]
        down, up = self.down[cells], self.up[cells]
        if attacker == EVERYBODY:
            return down, up
        knower = self.knowers[attacker]
        if len(cells):
            # Asked hundreds of thousands of times, mostly for many cells of which an insider knows few.
            here = np.searchsorted(cells, knower.cells)
            here[here == len(cells)] = 0
            there = cells[here] == knower.cells
            here = here[there]
            down[here], up[here] = knower.down[there], knower.up[there]
        return down, up

    def determined(self, attacker: int, cell: int) -> bool:
        """Whether the cell is an insider's own, for which its levels are made (see `Needs.insiders`)."""
        return attacker != EVERYBODY and bool((self.needs.insiders[attacker].cells == cell).any())


def make_problem(table: AdditiveTable, needs: Needs) -> Problem:
    """Turn needs into amounts of moves.

    Raises
    ------
    Unprotectable
        When a primary cell has to be published, or a level is wider than what everybody knows beforehand.
    """
    if (needs.primary & needs.fixed).any():
        raise Unprotectable(
            "a cell that a rule names is also one that has to be published; take it out of the fixed cells or merge it"
        )
    down, up = known(table)
    down[needs.fixed], up[needs.fixed] = 0.0, 0.0
    below, above, width = _amounts(table, needs, down, up)
    cost = np.maximum(needs.cost, 0.0)
    knowers = tuple(_knower(table, needs, number) for number in range(len(needs.insiders)))
    little = 1e-6 * max(float(cost.mean()) if len(cost) else 1.0, 1e-9)
    return Problem(
        table,
        needs,
        down,
        up,
        below,
        above,
        width,
        np.maximum(cost, little),
        knowers,
        _together(down, up, knowers),
        _unit(np.maximum(np.maximum(below, above), width)),
        table.relations.tocsc(),
    )


def _amounts(table: AdditiveTable, needs: Needs, down: Numbers, up: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    primary = needs.primary
    scale = np.maximum(np.abs(table.values), 1.0)
    least = np.ones(len(table)) if table.whole else np.minimum(_LEAST * scale, np.where(up > down, up - down, np.inf))
    below, above = (np.where(primary, np.maximum(level, 0.0), 0.0) for level in (needs.below, needs.above))
    width = np.where(primary, np.maximum(needs.width, least), 0.0)
    if table.whole:
        below, above, width = (np.ceil(amount - 1e-6) for amount in (below, above, width))
    slack = _SLACK * scale
    wide = (below > -down + slack) | (above > up + slack) | (width > up - down + slack)
    if (wide & primary).any():
        raise Unprotectable(
            "a protection level asks for an interval wider than what everybody knows of the cell beforehand allows "
            "(for example below zero in a table of counts); lower the level or give wider bounds"
        )
    return np.minimum(below, -down), np.minimum(above, up), np.minimum(width, up - down)


def _knower(table: AdditiveTable, needs: Needs, number: int) -> Knower:
    insider = needs.insiders[number]
    down, up = known(table, insider)
    down[needs.fixed], up[needs.fixed] = 0.0, 0.0
    cells = np.unique(insider.cells)
    return Knower(cells, down[cells], up[cells])


def _together(down: Numbers, up: Numbers, knowers: tuple[Knower, ...]) -> Knower:
    down, up = down.copy(), up.copy()
    for knower in knowers:
        down[knower.cells] = np.maximum(down[knower.cells], knower.down)
        up[knower.cells] = np.minimum(up[knower.cells], knower.up)
    return Knower(np.arange(len(down)), down, up)


def _unit(amounts: Numbers) -> float:
    asked = amounts[amounts > 0]
    if not len(asked):
        return 1.0
    return float(max(asked.min(), asked.max() * 1e-6))
