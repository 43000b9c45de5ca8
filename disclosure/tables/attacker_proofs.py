"""Proofs that primary cells are protected: other tables that fit, in which few cells differ.

Notes
-----
A table that fits everything published proves that an attacker cannot rule it out, whoever looks for the cell's
interval. One in which as few and as small moves as possible differ from the true one also proves it against every
insider whose own cells do not move in it; only the few insiders whose own cells do are looked at by themselves. What
was found for one cell and one insider is tried for others before anything new is solved.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from saferoom.disclosure.queries.evidence import Mask, Numbers
from saferoom.disclosure.tables.additive import AdditiveTable, Insider, Needs, Progress
from saferoom.disclosure.tables.attacker_freedom import Freedom, Part, freedom, known
from saferoom.disclosure.tables.attacker_near import NearestMoves
from saferoom.disclosure.tables.attacker_programs import Limits, Program, is_whole
from saferoom.disclosure.tables.attacker_witnesses import Moved, Witnesses, believed

_SLACK = 1e-7
_NOTHING = 1e-9


@dataclass(frozen=True)
class Levels:
    """How far a cell has to be able to move down and up, and both together."""

    below: float
    above: float
    width: float

    def met(self, down: float, up: float, slack: float) -> bool:
        """Whether moves from `down` <= 0 to `up` >= 0 are far enough."""
        far = -down >= self.below - slack and up >= self.above - slack
        return far and up - down >= self.width - slack and up - down > slack

    def flipped(self) -> Levels:
        """Return the levels of a group that moves against the cell."""
        return Levels(self.above, self.below, self.width)


def slack(value: float) -> float:
    """Return by how much an end of an interval may miss its level, for the solver's accuracy."""
    return _SLACK * max(1.0, abs(value))


def levels_of(needs: Needs, cell: int) -> Levels:
    """Return what is asked for a cell."""
    return Levels(float(needs.below[cell]), float(needs.above[cell]), float(needs.width[cell]))


def exposed(
    table: AdditiveTable, hidden: Mask, needs: Needs, progress: Progress, insiders: tuple[Insider, ...] | None = None
) -> Mask:
    """Return the primary cells that are not proven to be protected from everybody and from every insider.

    Parameters
    ----------
    insiders : tuple of Insider, optional
        In place of those of `needs`.
    """
    found = needs.primary & ~hidden
    free = freedom(table, hidden)
    found |= needs.primary & (free.group < 0)
    against = _Insiders(table, hidden, free, needs.insiders if insiders is None else insiders)
    moving = np.flatnonzero(needs.primary & (free.group >= 0))
    by_part = np.argsort(free.part[free.group[moving]], kind="stable")
    cells = moving[by_part]
    number = free.part[free.group[cells]]
    done = 0
    for part_number, part in enumerate(free.parts()):
        first, last = np.searchsorted(number, [part_number, part_number + 1])
        if first == last:
            continue
        proofs = _Proofs(table, free, part, against.of_part(part_number))
        for cell in cells[first:last].tolist():
            found[cell] = not proofs.protected(cell, levels_of(needs, cell))
            done += 1
            progress("proving protection", done / len(cells))
    return found


class _Insiders:
    """What insiders know of the groups' moves, by the part in which they know it."""

    def __init__(self, table: AdditiveTable, hidden: Mask, free: Freedom, insiders: tuple[Insider, ...]) -> None:
        self._by_part: dict[int, list[_Knowledge]] = {}
        for insider in insiders:
            cells = insider.cells[hidden[insider.cells] & (free.group[insider.cells] >= 0)]
            if not len(cells):
                continue
            own = frozenset(insider.cells.tolist())
            down, up = known(table, insider)
            groups, signs = free.group[cells], free.sign[cells]
            low = np.where(signs > 0, down[cells], -up[cells])
            high = np.where(signs > 0, up[cells], -down[cells])
            bounds: dict[int, dict[int, tuple[float, float]]] = {}
            for group, least, most in zip(groups.tolist(), low.tolist(), high.tolist(), strict=True):
                here = bounds.setdefault(int(free.part[group]), {})
                before = here.get(group, (-np.inf, np.inf))
                here[group] = (max(least, before[0]), min(most, before[1]))
            for part, limits in bounds.items():
                self._by_part.setdefault(part, []).append(_Knowledge(own, limits))

    def of_part(self, part: int) -> list[_Knowledge]:
        return self._by_part.get(part, [])


@dataclass(frozen=True)
class _Knowledge:
    """An insider's own cells, and the bounds of the moves of groups (positions in `Freedom`) that she knows."""

    own: frozenset[int]
    limits: Limits


class _Proofs:
    """Proofs for the cells of one part."""

    def __init__(self, table: AdditiveTable, free: Freedom, part: Part, insiders: list[_Knowledge]) -> None:
        self._whole = table.whole
        self._values = table.values
        self._free = free
        self._part = part
        self._place = {group: place for place, group in enumerate(part.groups.tolist())}
        limits = [
            _Knowledge(who.own, {self._place[group]: bounds for group, bounds in who.limits.items()})
            for who in insiders
        ]
        self._insiders = limits
        self._knowing: dict[int, list[int]] = {}
        self._together: dict[int, tuple[float, float]] = {}
        for number, who in enumerate(limits):
            for place, (least, most) in who.limits.items():
                self._knowing.setdefault(place, []).append(number)
                before = self._together.get(place, (-np.inf, np.inf))
                self._together[place] = (max(least, before[0]), min(most, before[1]))
        self._witnesses = Witnesses(whole=table.whole)
        self._shortest = NearestMoves(part, whole=table.whole)
        self._program: Program | None = None

    def protected(self, cell: int, levels: Levels) -> bool:
        """Say whether the cell is proven to be able to move far enough, for everybody and for every insider."""
        place = self._place[int(self._free.group[cell])]
        if self._free.sign[cell] < 0:
            levels = levels.flipped()
        near = slack(float(self._values[cell]))
        # Tables that convince all insiders at once save asking for each of them.
        together = {at: bounds for at, bounds in self._together.items() if at != place}
        shown = self._shown(place, levels, near, together) if together else None
        if shown is None:
            shown = self._shown(place, levels, near, {})
        if shown is None and not self._far(place, levels, near, {}):
            return False
        if shown is None:
            doubted = list(range(len(self._insiders)))
        else:
            doubted = sorted({who for moved in shown for at in moved for who in self._knowing.get(at, ())})
        return all(self._protected_from(who, cell, place, levels, near, shown or ()) for who in doubted)

    def _protected_from(
        self, who: int, cell: int, place: int, levels: Levels, near: float, shown: tuple[Moved, ...]
    ) -> bool:
        insider = self._insiders[who]
        if cell in insider.own:
            return True
        limits = insider.limits
        if shown and all(believed(moved, limits, near) for moved in shown):
            return True
        return self._shown(place, levels, near, limits) is not None or self._far(place, levels, near, limits)

    def _shown(self, place: int, levels: Levels, near: float, limits: Limits) -> tuple[Moved, ...] | None:
        """Return tables that fit in which a group moves as far as it has to; None where none are found.

        The width is asked for upwards, or else downwards.
        """
        least = 1.0 if self._whole else 2 * near
        width = max(levels.width, least)
        tried: tuple[tuple[float, float], ...] = ((levels.below, max(levels.above, width - levels.below)),)
        if levels.below + levels.above < width:
            tried += ((max(levels.below, width - levels.above), levels.above),)
        for ends in tried:
            found: list[Moved] = []
            for amount, direction in zip(ends, (-1, 1), strict=True):
                if amount <= 0:
                    continue
                asked = float(np.ceil(amount - near)) if self._whole else amount
                table = self._table(place, direction, asked, limits, near)
                if table is None:
                    break
                found.append(table)
            else:
                return tuple(found)
        return None

    def _table(self, place: int, direction: int, asked: float, limits: Limits, near: float) -> Moved | None:
        """Return a table in which a group moves so far: one that was found for another, or the nearest one."""
        if not asked < np.inf or asked > self._room(place, direction, limits) + near:
            return None
        table = self._witnesses.of(place, direction, asked, limits, near)
        if table is None:
            table = self._shortest.moves(place, direction, asked, limits)
            if table is not None and self._whole and not is_whole(np.array(list(table.values()))):
                table = self._moved(self._farther.some_whole(place, direction, asked, limits))
            if table is not None:
                self._witnesses.add(table)
        return table

    def _moved(self, moves: Numbers | None) -> Moved | None:
        if moves is None:
            return None
        moving = np.flatnonzero(np.abs(moves) > _NOTHING)
        return dict(zip(moving.tolist(), moves[moving].tolist(), strict=True))

    def _room(self, place: int, direction: int, limits: Limits) -> float:
        """Return how far a group can move at most for what is known beforehand."""
        least, most = limits.get(place, (float(self._part.down[place]), float(self._part.up[place])))
        return most if direction > 0 else -least

    def _far(self, place: int, levels: Levels, near: float, limits: Limits) -> bool:
        """Say the same from the farthest moves."""
        ends = []
        for direction in (-1, 1):
            reach, moves = self._farther.farthest(place, direction, limits)
            ends.append(reach)
            table = self._moved(moves)
            if table is not None:
                self._witnesses.add(table)
        return levels.met(ends[0], ends[1], near)

    @property
    def _farther(self) -> Program:
        if self._program is None:
            self._program = Program(self._part, whole=self._whole)
        return self._program
