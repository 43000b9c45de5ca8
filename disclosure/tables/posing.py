"""Poses a declared table's protection as additive tables with needs, for secondary suppression and for the audit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from saferoom.disclosure.queries.evidence import Mask, Numbers
from saferoom.disclosure.tables.additive import AdditiveTable, Insider, Needs
from saferoom.disclosure.tables.group_shares import Groups
from saferoom.disclosure.tables.lattice import Lattice
from saferoom.disclosure.tables.levels import Layer

_ADDS_UP = 1e-6


class NotAdditiveError(Exception):
    """Margins are not the sums of their cells, so that nothing can be proven."""


@dataclass(frozen=True)
class Posed:
    """One layer of a table: what adds up, and what is asked for."""

    name: str
    table: AdditiveTable
    needs: Needs


def posed(layer: Layer, lattice: Lattice, primary: Mask, cost: Numbers) -> Posed:
    """Return a layer for an attacker who knows which combinations are absent.

    Parameters
    ----------
    primary : ndarray of bool, shape (the table's cells,)
    cost : ndarray of float, shape (cells of the cube,)

    Raises
    ------
    NotAdditiveError
        When the values do not add up.
    """
    values = added_up(lattice, layer.values)
    absent = ~lattice.there
    flagged = lattice.spread(primary)
    needs = Needs(
        primary=flagged,
        below=lattice.numbers(layer.below),
        above=lattice.numbers(layer.above),
        width=np.zeros(len(lattice)),
        fixed=absent,
        cost=cost,
        insiders=_insiders(layer, lattice, flagged, values),
    )
    return Posed(layer.name, _table(lattice, values, absent, layer.lowest, layer.whole), needs)


def posed_groups(groups: Groups, lattice: Lattice, values: Numbers, cost: Numbers, room: float) -> Posed:
    """Return group shares for an attacker who does not know which combinations are absent.

    Parameters
    ----------
    values : ndarray of float, shape (cells of the cube,)
        Counts.
    room : float, units
        How many an absent combination must seem to have room for; 0 where they need no protection.
    """
    empty = groups.empty if room > 0 else np.zeros(len(lattice), dtype=bool)
    absent = ~lattice.there & ~groups.unknown
    needs = Needs(
        primary=(groups.below > 0) | empty,
        below=groups.below,
        above=np.where(empty, room, 0.0),
        width=np.zeros(len(lattice)),
        fixed=absent,
        cost=np.where(groups.unknown, 0.0, cost),
    )
    whole = bool((values == np.floor(values)).all())
    return Posed("group shares", _table(lattice, values, absent, 0.0, whole), needs)


def added_up(lattice: Lattice, values: Numbers) -> Numbers:
    """Return values of the table's cells as those of the cube's, margins exactly as the sums of their cells.

    Raises
    ------
    NotAdditiveError
        When the table's margins are others, beyond rounding errors.
    """
    given = lattice.numbers(values)
    found = lattice.cube.added_up(given)
    if (np.abs(found - given) > _ADDS_UP * max(float(np.abs(given).max(initial=0.0)), 1.0)).any():
        raise NotAdditiveError
    return found


def _table(lattice: Lattice, values: Numbers, absent: Mask, lowest: float, whole: bool) -> AdditiveTable:
    least, most = np.where(absent, 0.0, lowest), np.where(absent, 0.0, np.inf)
    return AdditiveTable(lattice.labels, values, lattice.relations, least, most, whole)


def _insiders(layer: Layer, lattice: Lattice, primary: Mask, values: Numbers) -> tuple[Insider, ...]:
    """Return contributors who know more: single units all that is theirs alone, others at least their own part.

    A contributor to a cell is one to every margin above it, where her own part is known to her as well.
    """
    alone, own = lattice.spread(layer.alone), lattice.numbers(layer.own)
    leaves = primary & lattice.cube.leaf
    # All of them, however many: it is the poorest line's contributors who are left out when only the largest count.
    largest = np.flatnonzero(leaves & ~alone & (own > 0))
    largest = largest[np.argsort(-own[largest], kind="stable")]
    found = []
    for place in [*np.flatnonzero(leaves & alone).tolist(), *largest.tolist()]:
        cells = np.array([place, *lattice.above(place).tolist()], dtype=np.int64)
        theirs = alone[cells]
        part = np.minimum(own[place], values[cells]) if layer.lowest == 0 else np.full(len(cells), layer.lowest)
        found.append(Insider(cells, np.where(theirs, values[cells], part), np.where(theirs, values[cells], np.inf)))
    return tuple(found)
