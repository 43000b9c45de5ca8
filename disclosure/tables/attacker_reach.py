"""How far each group of a part can move: what tables found so far show, against what is possible at all.

Notes
-----
Most ends of intervals are the limits that single relations leave (`attacker_freedom.tightened`), and one table can
attain many of them. So large parts are first asked for tables in which as many groups as possible go as far as they
can; only what no such table settles is asked for by itself. This is the filtering of bound tightening: Gleixner,
Berthold, Müller and Weltge (2017), Three enhancements for optimization-based bound tightening, Journal of Global
Optimization 67.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from saferoom.disclosure.queries.evidence import Mask, Numbers
from saferoom.disclosure.tables.additive import Places
from saferoom.disclosure.tables.attacker_freedom import Part
from saferoom.disclosure.tables.attacker_programs import Program, ShortestMoves, is_whole

MANY = 400
"""Open ends from which tables are looked for that settle many at once."""
INTEGER_GROUPS = 1_500
"""Integer programs of larger parts are out of reach."""
_INTEGER_TIMES = 600
"""How many times the work of a linear program an integer one is, roughly."""
_CLOSE = 1e-7
_AT_ONCE = 0.15
"""Share of the open ends that are asked for together: with all of them, few could go as far as they can."""
_FEWEST_SETTLED = 0.004
"""Share of the open ends that a table has to settle, or else a few more tables end the search."""
_PATIENCE = 4
_MOST_TABLES = 200
_SEED = 20_260_329
_WHOLE = 1e-6


class Work:
    """What may be spent on programs that no demand depends on, the same on every machine.

    Parameters
    ----------
    most : float
        Programs, each times the groups in it.
    """

    def __init__(self, most: float) -> None:
        self._left = most

    def take(self, groups: int) -> bool:
        """Take a program of so many groups; False when there is not enough left."""
        if groups > self._left:
            return False
        self._left -= groups
        return True


@dataclass(frozen=True)
class Demands:
    """How far groups have to be able to move down, up, and both together, shape (groups,); zero for no demand."""

    below: Numbers
    above: Numbers
    width: Numbers

    def of(self, groups: Places) -> Demands:
        """Return those of some groups."""
        return Demands(self.below[groups], self.above[groups], self.width[groups])

    def met(self, down: Numbers, up: Numbers) -> Mask:
        """Say which are met by moves from `down` <= 0 to `up` >= 0."""
        return np.asarray((-down >= self.below) & (up >= self.above) & (up - down >= self.width))

    def met_at(self, group: int, reach: Reach) -> bool:
        """Say whether the demand on one group is met by what is shown so far."""
        down, up = float(reach.down[group]), float(reach.up[group])
        far = -down >= self.below[group] and up >= self.above[group]
        return bool(far and up - down >= self.width[group])


class Reach:
    """How far the groups of one part can move.

    Parameters
    ----------
    limits : pair of ndarray of float, shape (groups of the part,)
        Least and largest moves that are possible at all.
    work : Work, optional
        What may be spent on ends that nobody demands; without it everything is found out.

    Attributes
    ----------
    down, up : ndarray of float, shape (groups of the part,)
        Moves of tables that fit.
    exact : ndarray of bool, shape (groups of the part,)
        Whether no table goes farther; where False, none was found that does.
    """

    def __init__(self, part: Part, limits: tuple[Numbers, Numbers], *, whole: bool, work: Work | None = None) -> None:
        count = len(part.groups)
        self.down, self.up = np.zeros(count), np.zeros(count)
        self.exact = np.ones(count, dtype=bool)
        self._limits = {-1: limits[0], 1: limits[1]}
        self._whole, self._part = whole, part
        self._work = Work(np.inf) if work is None else work
        self._linear: Program | None = None
        self._short: ShortestMoves | None = None

    def find(self, groups: Places, demands: Demands | None = None) -> Iterator[float]:
        """Find the farthest moves of `groups`; yields the share that is done, again and again.

        Parameters
        ----------
        demands : Demands, optional
            What is looked for first, whatever it takes.
        """
        if self._part.matrix.shape[0] == 0:
            self.down, self.up = self._limits[-1].copy(), self._limits[1].copy()
            return
        ends = 2 * len(groups)
        for left in self._many(groups):
            yield 1 - left / ends
        left = sum(int(self._open(way)[groups].sum()) for way in (-1, 1))
        unmet = np.zeros(len(self.down), dtype=bool) if demands is None else ~demands.met(self.down, self.up)
        for group in [*groups[unmet[groups]].tolist(), *groups[~unmet[groups]].tolist()]:
            for way in (-1, 1):
                if self._is_open(way, group):
                    # Tables that were found for others may have met the demand by now.
                    demanded = demands is not None and bool(unmet[group]) and not demands.met_at(group, self)
                    if demanded or self._work.take(len(self.down)):
                        self._one(group, way, demanded=demanded)
                    else:
                        self.exact[group] = False
                    left -= 1
                    yield 1 - left / ends

    def _shown(self, way: int) -> Numbers:
        return self.down if way < 0 else self.up

    def _open(self, way: int) -> Mask:
        """Say where what is possible in a direction is not known to be attained."""
        limit = self._limits[way]
        with np.errstate(invalid="ignore"):
            far = np.abs(self._shown(way) - limit) > _CLOSE * np.maximum(1.0, np.abs(limit))
        return np.asarray(far | ~np.isfinite(limit))

    def _is_open(self, way: int, group: int) -> bool:
        limit = float(self._limits[way][group])
        return not (
            abs(limit) < np.inf and abs(float(self._shown(way)[group]) - limit) <= _CLOSE * max(1.0, abs(limit))
        )

    def _many(self, groups: Places) -> Iterator[int]:
        """Look for tables in which many of `groups` go as far as possible; yields how many ends are open."""
        asked = np.zeros(len(self.down), dtype=bool)
        asked[groups] = np.isfinite(self._limits[-1] - self._limits[1])[groups]
        rng = np.random.default_rng(_SEED)
        patience = _PATIENCE
        for turn in range(_MOST_TABLES):
            down, up = asked & self._open(-1), asked & self._open(1)
            left = int(down.sum() + up.sum())
            yield left
            if left < MANY or patience == 0:
                return
            moves = self._program.farthest_together(self._aim(down, up, turn, rng))
            if moves is not None:
                self._show(moves)
            settled = left - int((asked & self._open(-1)).sum() + (asked & self._open(1)).sum())
            patience = _PATIENCE if settled > _FEWEST_SETTLED * left else patience - 1

    def _aim(self, down: Mask, up: Mask, turn: int, rng: np.random.Generator) -> Numbers:
        """Return what a move of each group counts: first of all open ones in one direction, then of a few at random."""
        width = np.maximum(np.where(down | up, self._limits[1] - self._limits[-1], 1.0), 1e-9)
        if turn < _PATIENCE:
            return np.where(up, 1.0, 0.0) / width if turn % 2 == 0 else np.where(down, -1.0, 0.0) / width
        either = rng.choice([-1.0, 1.0], len(down))
        way = np.where(up & ~down, 1.0, np.where(down & ~up, -1.0, either)) * (down | up)
        weight = rng.random(len(down)) * (rng.random(len(down)) < _AT_ONCE)
        return np.asarray(way * weight / width)

    @property
    def _program(self) -> Program:
        if self._linear is None:
            self._linear = Program(self._part, whole=self._whole)
        return self._linear

    def _one(self, group: int, way: int, *, demanded: bool) -> None:
        """Ask for one end by itself."""
        reach, moves = self._program.farthest_of_any(group, way)
        if moves is None:
            self._shown(way)[group] = reach
        elif not self._whole or is_whole(moves):
            self._show(np.round(moves) if self._whole else moves)
        else:
            self._one_whole(group, way, float(np.floor(abs(reach) + _WHOLE)), demanded=demanded)

    def _one_whole(self, group: int, way: int, most: float, *, demanded: bool) -> None:
        """Look for a whole table in which a group goes as far as any, `most`; else for the best there is."""
        if abs(self._shown(way)[group]) >= most:
            return
        if self._short is None:
            self._short = ShortestMoves(self._part, whole=True)
        found = self._short.moves(group, way, most)
        moves: Numbers | None = None
        if found is not None:
            moves = np.zeros(len(self.down))
            moves[list(found)] = list(found.values())
        if moves is None or not is_whole(moves):
            within_reach = len(self.down) <= INTEGER_GROUPS
            affordable = within_reach and (demanded or self._work.take(_INTEGER_TIMES * len(self.down)))
            moves = self._program.farthest(group, way)[1] if affordable else None
        if moves is None:
            self.exact[group] = False
        else:
            self._show(np.round(moves))

    def _show(self, moves: Numbers) -> None:
        """Take the moves of a table that fits as evidence for all groups at once."""
        moves = np.clip(moves, self._limits[-1], self._limits[1])
        self.down = np.minimum(self.down, moves)
        self.up = np.maximum(self.up, moves)
