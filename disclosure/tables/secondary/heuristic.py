"""The heuristic: for one primary cell after the other the cheapest pattern that protects it, hidden cells for free.

Notes
-----
Cells are taken in falling order of what they need. A pattern that is found proves all it can, for every primary cell
in it, at any scale and either way round; most cells need no program of their own. Tables of many cells are worked
through by zones (`zones`), wider ones where a zone does not suffice, at last the whole table.
"""

from __future__ import annotations

import numpy as np

from saferoom.disclosure.queries.evidence import Mask, Numbers
from saferoom.disclosure.tables.secondary.convincing import Convincer
from saferoom.disclosure.tables.secondary.ledger import Ledger, Pattern
from saferoom.disclosure.tables.secondary.moves import Moves
from saferoom.disclosure.tables.secondary.problem import EVERYBODY, Key, Problem, Unprotectable
from saferoom.disclosure.tables.secondary.watch import Watch
from saferoom.disclosure.tables.secondary.zones import Neighbours

_WHOLE_TABLE = 4_000
_FAILURES = 3
"""After so many cells near another one that a zone cannot settle, the rest of them is left to zones of their own."""
_ZONE, _WIDER = 1_200, 6
_FOR_FREE = 1e-4


class Chooser:
    """Hides cells until every demand is met.

    Parameters
    ----------
    hidden : ndarray of bool, shape (cells,)
        Where to start; changed in place.
    discount : ndarray of float, shape (cells,), optional
        Factors on what hiding costs.
    """

    def __init__(self, problem: Problem, hidden: Mask, ledger: Ledger, watch: Watch) -> None:
        self.hidden, self.ledger = hidden, ledger
        self._problem = problem
        self._watch = watch
        self._whole: Moves | None = None
        self._prices: Numbers = problem.weight
        self._free = problem.free
        self._zoned = int(self._free.sum()) > _WHOLE_TABLE
        self._neighbours: Neighbours | None = None

    def protect(self) -> None:
        """Hide cells until everybody and every insider is kept from all they must not know.

        Raises
        ------
        Unprotectable
            When hiding everything would not do.
        """
        order = self._order()
        for done, cell in enumerate(order):
            self._watch.report("choosing secondary cells", done / len(order))
            if self.ledger.lacking(EVERYBODY, cell):
                self._settle_zone(EVERYBODY, cell)
        while doubtful := self.ledger.doubtful():
            self._convince(doubtful)
            for cell, attackers in _by_cell(doubtful).items():
                for attacker in attackers:
                    self._watch.report("choosing secondary cells against insiders", 1.0)
                    if self.ledger.lacking(attacker, cell):
                        self._settle(attacker, cell)
                        self.ledger.pass_on(attacker, cell, attackers)

    def _convince(self, doubtful: list[tuple[int, int]]) -> None:
        """Look for patterns that convince all insiders at once and hide nothing more."""
        seeker = Convincer(self._problem, self.hidden)
        doubted = {Key(EVERYBODY, cell, direction) for _, cell in doubtful for direction in (1, -1)}
        for key in sorted(doubted):
            self._watch.report("choosing secondary cells against insiders", 1.0)
            shown = self.ledger.own(key)
            if shown is None or key not in doubted:
                continue
            pattern = seeker.pattern(key.cell, key.direction * shown.amount)
            if pattern is not None:
                self.ledger.record(key, pattern)
                doubted -= self.ledger.convince(pattern, doubted)

    def _order(self) -> list[int]:
        primary = self._problem.primary
        need = np.maximum(self._problem.above[primary] + self._problem.below[primary], self._problem.width[primary])
        return [int(cell) for cell in primary[np.lexsort((primary, -need))]]

    def _settle_zone(self, attacker: int, cell: int) -> None:
        """Settle a cell, and with the same program those near it."""
        if not self._zoned:
            self._settle(attacker, cell)
            return
        program = self._program(cell, _ZONE)
        if not self._try(program, attacker, cell):
            self._settle(attacker, cell, _ZONE * _WIDER)
        near = self._around().ring(np.array([cell]))
        failures = 0
        for other in near[self._problem.needs.primary[near]].tolist():
            if failures < _FAILURES and self.ledger.lacking(attacker, other):
                failures += not self._try(program, attacker, other)

    def _settle(self, attacker: int, cell: int, size: int | None = None) -> None:
        size = _ZONE if size is None else size
        while self._zoned and size < int(self._free.sum()):
            if self._try(self._program(cell, size), attacker, cell):
                return
            size *= _WIDER
        if self._try(self._program(cell, len(self._free)), attacker, cell):
            return
        # A refusal is not left to a program that has gone a long way: a fresh one is asked.
        self._whole = None
        if not self._try(self._program(cell, len(self._free)), attacker, cell):
            raise self._refusal(attacker)

    def _around(self) -> Neighbours:
        if self._neighbours is None:
            self._neighbours = Neighbours(self._problem, self._free)
        return self._neighbours

    def _program(self, cell: int, size: int) -> Moves:
        if self._zoned and size < int(self._free.sum()):
            return Moves(self._problem, self._around().zone(cell, size, self._price()))
        if self._whole is None:
            self._whole = Moves(self._problem, np.flatnonzero(self._free))
        return self._whole

    def _price(self) -> Numbers:
        return np.where(self.hidden, 0.0, self._prices)

    def _try(self, program: Moves, attacker: int, cell: int) -> bool:
        """Settle a cell by patterns within a program; says whether it is settled."""
        program.attack(attacker)
        place = program.place(cell)
        if place < 0:
            return False
        for direction in (1, -1):
            amount = self._problem.amount(cell, direction)
            if self.ledger.reach(attacker, cell, direction) < amount * (1 - 1e-9) and not self._take(
                Key(attacker, cell, direction), self._find(program, place, direction * amount)
            ):
                return False
        return not self.ledger.lacking(attacker, cell) or self._widen(program, attacker, cell)

    def _widen(self, program: Moves, attacker: int, cell: int) -> bool:
        """Make the interval wide enough, in the direction that costs less."""
        place = program.place(cell)
        found = []
        for direction in (1, -1):
            pattern = self._find(program, place, direction * self.ledger.wanted(attacker, cell, direction))
            if pattern is not None:
                found.append((self._cost(pattern), direction, pattern))
        if found:
            _, direction, pattern = min(found, key=lambda option: (option[0], -option[1]))
            return self._take(Key(attacker, cell, direction), pattern)
        return self._stretch(program, attacker, cell)

    def _stretch(self, program: Moves, attacker: int, cell: int) -> bool:
        """Use both directions where neither suffices alone: up as far as it goes, down for the rest."""
        place, width = program.place(cell), float(self._problem.width[cell])
        up = program.farthest(place, 1, width) * (1 - 1e-7)
        up = float(np.floor(up + 1e-6)) if self._problem.table.whole else up
        least = max(self._problem.amount(cell, 1), width - self._problem.limit(attacker, cell, -1))
        if up < least * (1 - 1e-6) or up <= 0:
            return False
        if not self._take(Key(attacker, cell, 1), self._find(program, place, up)):
            return False
        down = self.ledger.wanted(attacker, cell, -1)
        return self._take(Key(attacker, cell, -1), self._find(program, place, -down))

    def _find(self, program: Moves, place: int, amount: float) -> Pattern | None:
        price = self._price()[program.cells]
        program.price(price + _FOR_FREE * float(self._prices.min()))
        moves = program.cheapest(place, amount)
        if moves is None:
            return None
        used = np.flatnonzero(moves)
        return Pattern(program.cells[used], moves[used], abs(amount))

    def _cost(self, pattern: Pattern) -> float:
        return float(self._price()[pattern.cells].sum())

    def _take(self, key: Key, pattern: Pattern | None) -> bool:
        if pattern is None:
            return False
        self.hidden[pattern.cells] = True
        self.ledger.record(key, pattern)
        if key.attacker == EVERYBODY:
            self.ledger.share(pattern)
        return True

    def _refusal(self, attacker: int) -> Unprotectable:
        whom = "everybody" if attacker == EVERYBODY else "one of its contributors"
        if self._problem.needs.fixed.any():
            why = "cells that have to be published leave it no freedom; publish fewer of them, or merge categories"
        else:
            why = "the table leaves it no freedom; merge categories, or lower the protection level"
        return Unprotectable(
            f"hiding every cell that may be hidden does not protect a cell that a rule names against {whom}: {why}"
        )


def _by_cell(doubtful: list[tuple[int, int]]) -> dict[int, list[int]]:
    """Return the insiders of each cell that they doubt, cells in rising order."""
    found: dict[int, list[int]] = {}
    for attacker, cell in sorted(doubtful, key=lambda pair: (pair[1], pair[0])):
        found.setdefault(cell, []).append(attacker)
    return found


def hide(problem: Problem, start: Mask, watch: Watch) -> tuple[Mask, Ledger]:
    """Return cells to hide, with the proofs that they protect, beginning with those of `start` hidden."""
    chooser = Chooser(problem, start | problem.needs.primary, Ledger(problem), watch)
    chooser.protect()
    return chooser.hidden, chooser.ledger


def hidden_cost(problem: Problem, hidden: Mask) -> float:
    """Return what hiding costs: of all hidden cells that are not primary."""
    return float(np.maximum(problem.needs.cost, 0.0)[hidden & ~problem.needs.primary].sum())
