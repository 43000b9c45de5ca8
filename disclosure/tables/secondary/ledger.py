"""Which demands are met so far, each shown by a pattern."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from saferoom.disclosure.queries.evidence import Numbers
from saferoom.disclosure.tables.additive import Places
from saferoom.disclosure.tables.secondary.problem import ALL_AT_ONCE, EVERYBODY, Key, Problem

_CLOSE = 1e-9


@dataclass(frozen=True)
class Pattern:
    """Moves of `cells` (in rising order) that keep every relation, and how far the demanded cell moves in it."""

    cells: Places
    moves: Numbers
    amount: float


class Ledger:
    """The patterns found so far, and which of them use a cell."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._patterns: dict[Key, Pattern] = {}
        self._uses: dict[int, set[Key]] = {}
        self._knowing: dict[int, list[int]] = {}
        for number, knower in enumerate(problem.knowers):
            for cell in knower.cells.tolist():
                self._knowing.setdefault(cell, []).append(number)

    def record(self, key: Key, pattern: Pattern) -> None:
        """Take a pattern as the proof of a demand, in place of an earlier one."""
        self.drop(key)
        self._patterns[key] = pattern
        for cell in pattern.cells.tolist():
            self._uses.setdefault(cell, set()).add(key)

    def drop(self, key: Key) -> None:
        """Forget a proof."""
        old = self._patterns.pop(key, None)
        if old is not None:
            for cell in old.cells.tolist():
                self._uses[cell].discard(key)

    def own(self, key: Key) -> Pattern | None:
        """Return the proof of a demand."""
        return self._patterns.get(key)

    def using(self, cell: int) -> list[Key]:
        """Return the demands whose proofs use a cell, in rising order."""
        return sorted(self._uses.get(cell, ()))

    def reach(self, attacker: int, cell: int, direction: int) -> float:
        """Return how far a cell can move for an attacker, as far as is shown."""
        shown = self._patterns.get(Key(attacker, cell, direction))
        if shown is None and attacker != EVERYBODY:
            shown = self._patterns.get(Key(EVERYBODY, cell, direction))
            if shown is not None and not self.fits(attacker, shown):
                shown = None
        return 0.0 if shown is None else shown.amount

    def fits(self, attacker: int, pattern: Pattern) -> bool:
        """Whether an attacker would believe a pattern."""
        down, up = self._problem.bounds(attacker, pattern.cells)
        slack = _CLOSE * np.maximum(np.abs(pattern.moves), self._problem.unit)
        return bool((pattern.moves >= down - slack).all() and (pattern.moves <= up + slack).all())

    def lacking(self, attacker: int, cell: int) -> bool:
        """Whether the demands on a primary cell are not shown to be met."""
        reached = {direction: self.reach(attacker, cell, direction) for direction in (1, -1)}
        problem = self._problem
        if any(reached[way] < problem.amount(cell, way) * (1 - _CLOSE) for way in (1, -1)):
            return True
        return reached[1] + reached[-1] < float(problem.width[cell]) * (1 - _CLOSE)

    def wanted(self, attacker: int, cell: int, direction: int) -> float:
        """Return the move in this direction that would settle the cell, given what it can do in the other one."""
        other = max(self.reach(attacker, cell, -direction), self._problem.amount(cell, -direction))
        return max(self._problem.amount(cell, direction), float(self._problem.width[cell]) - other)

    def doubtful(self) -> list[tuple[int, int]]:
        """Return the insiders, each with a primary cell, who would not believe what everybody believes of it."""
        found: list[tuple[int, int]] = []
        for number, knower in enumerate(self._problem.knowers):
            keys = {key for cell in knower.cells.tolist() for key in self._uses.get(cell, ())}
            cells = {key.cell for key in keys if key.attacker in (EVERYBODY, number)}
            found += [(number, cell) for cell in sorted(cells) if self._doubts(number, cell)]
        return found

    def doubting(self, pattern: Pattern, cell: int) -> list[int]:
        """Return the insiders against whom a primary cell is without proof now that everybody's is `pattern`."""
        who = {number for used in pattern.cells.tolist() for number in self._knowing.get(used, ())}
        return [number for number in sorted(who) if self._doubts(number, cell)]

    def _doubts(self, attacker: int, cell: int) -> bool:
        return not self._problem.determined(attacker, cell) and self.lacking(attacker, cell)

    def share(self, pattern: Pattern) -> None:
        """Take a pattern, at any scale and either way round, as proof for every primary cell in it."""
        needs = self._problem.needs.primary
        moving = np.flatnonzero(needs[pattern.cells])
        if not len(moving):
            return
        farthest = {way: self._farthest(pattern, way) for way in (1, -1)}
        for at in moving.tolist():
            cell, move = int(pattern.cells[at]), float(pattern.moves[at])
            for way in (1, -1):
                self._offer(cell, pattern, move * way, farthest[way])

    def convince(self, pattern: Pattern, doubted: set[Key]) -> set[Key]:
        """Take a pattern that convinces all insiders, scaled, as everybody's proof of other demands, too.

        Returns
        -------
        set of Key
            Those of `doubted` that it proves.
        """
        down, up = self._problem.bounds(ALL_AT_ONCE, pattern.cells)
        proven = set()
        for at in np.flatnonzero(self._problem.needs.primary[pattern.cells]).tolist():
            for direction in (1, -1):
                key = Key(EVERYBODY, int(pattern.cells[at]), direction)
                shown = self.own(key)
                if key not in doubted or shown is None:
                    continue
                moves = pattern.moves * (direction * shown.amount / pattern.moves[at])
                slack = _CLOSE * np.maximum(np.abs(moves), self._problem.unit)
                believed = (moves >= down - slack) & (moves <= up + slack)
                believed[at] = shown.amount <= self._problem.limit(EVERYBODY, key.cell, direction) * (1 + _CLOSE)
                if believed.all():
                    self.record(key, Pattern(pattern.cells, moves, shown.amount))
                    proven.add(key)
        return proven

    def pass_on(self, attacker: int, cell: int, others: list[int]) -> None:
        """Take an insider's proofs for a cell as those of others who believe them and have none as good."""
        for direction in (1, -1):
            pattern = self.own(Key(attacker, cell, direction))
            if pattern is None:
                continue
            for other in others:
                if self.reach(other, cell, direction) < pattern.amount and self.fits(other, pattern):
                    self.record(Key(other, cell, direction), pattern)

    def _offer(self, cell: int, pattern: Pattern, move: float, farthest: float) -> None:
        if not self.lacking(EVERYBODY, cell):
            return
        direction = 1 if move > 0 else -1
        reached = self.reach(EVERYBODY, cell, direction)
        for amount in (self.wanted(EVERYBODY, cell, direction), self._problem.amount(cell, direction)):
            if reached < amount <= farthest * abs(move):
                scale = amount / float(pattern.moves[np.searchsorted(pattern.cells, cell)]) * direction
                self.record(Key(EVERYBODY, cell, direction), Pattern(pattern.cells, pattern.moves * scale, amount))
                return

    def _farthest(self, pattern: Pattern, way: int) -> float:
        """Return the largest scale at which a pattern, or its opposite, stays within what everybody knows."""
        down, up = self._problem.bounds(EVERYBODY, pattern.cells)
        moves = way * pattern.moves
        room = np.where(moves > 0, up, -down)
        return float((room / np.abs(moves)).min(initial=np.inf)) * (1 + _CLOSE)
