"""Cleaning: secondary cells that are not needed any more are published again, the costliest first."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from saferoom.disclosure.queries.evidence import Mask, Numbers
from saferoom.disclosure.tables.additive import Places
from saferoom.disclosure.tables.secondary.ledger import Ledger, Pattern
from saferoom.disclosure.tables.secondary.moves import Moves
from saferoom.disclosure.tables.secondary.problem import ALL_AT_ONCE, EVERYBODY, Key, Problem
from saferoom.disclosure.tables.secondary.watch import Watch
from saferoom.disclosure.tables.secondary.zones import Neighbours

_WHOLE_TABLE = 1_200
_ZONE = 400
_FOR_FREE = 1e-3
_FEW_PROOFS = 60
"""In large tables only cells in at most so many proofs are tried: others are seldom needless and cost most time."""


class Cleaner:
    """Publishes hidden cells while every demand stays met.

    Parameters
    ----------
    hidden : ndarray of bool, shape (cells,)
        Changed in place, and `ledger` with it.
    """

    def __init__(self, problem: Problem, hidden: Mask, ledger: Ledger, watch: Watch) -> None:
        self._problem, self._hidden, self._ledger, self._watch = problem, hidden, ledger, watch
        by_relation: Any = problem.relations
        self._relations, self._columns = by_relation, problem.columns
        self._most_proofs = len(hidden) if int(hidden.sum()) <= _WHOLE_TABLE else _FEW_PROOFS
        # It looks at `hidden` as it is whenever it is asked.
        self._neighbours = Neighbours(problem, hidden)
        self._count = np.asarray((abs(by_relation) > 0) @ hidden.astype(np.int64))

    def clean(self) -> None:
        """Try to publish every secondary cell once."""
        order = self._costliest_first(np.flatnonzero(self._hidden & ~self._problem.needs.primary))
        tried = np.zeros(len(self._hidden), dtype=bool)
        for done, seed in enumerate(order):
            if tried[seed] or not self._hidden[seed]:
                continue
            program, inside = self._around(seed)
            tried[seed] = True
            for cell in [seed, *self._costliest_first(inside[~tried[inside]])]:
                self._watch.report_spare("publishing cells that need not be hidden", done / len(order))
                tried[cell] = True
                if self._hidden[cell]:
                    self._try(cell, program)

    def _costliest_first(self, cells: Places) -> list[int]:
        return [int(cell) for cell in cells[np.lexsort((cells, -self._problem.weight[cells]))]]

    def _try(self, cell: int, program: Moves) -> bool:
        fallen = self._fallen(cell)
        if fallen is None:
            return False
        keys = sorted({key for one in fallen for key in self._ledger.using(one)})
        if len(keys) > self._most_proofs:
            return False
        if keys and not self._prove(program, fallen, keys):
            return False
        for one in fallen:
            self._hidden[one] = False
            self._count[self._rows(one)] -= 1
        return True

    def _rows(self, cell: int) -> Any:
        return self._columns.indices[self._columns.indptr[cell] : self._columns.indptr[cell + 1]]

    def _fallen(self, cell: int) -> list[int] | None:
        """Return the cells that are known once `cell` is published; None when a primary cell would be one of them."""
        fallen, seen = [cell], {cell}
        fewer: Counter[int] = Counter()
        for one in fallen:
            for row in self._rows(one).tolist():
                fewer[row] += 1
                if self._count[row] - fewer[row] != 1:
                    continue
                members = self._relations.indices[self._relations.indptr[row] : self._relations.indptr[row + 1]]
                last = next((other for other in members.tolist() if self._hidden[other] and other not in seen), None)
                if last is None:
                    continue
                if self._problem.needs.primary[last]:
                    return None
                fallen.append(last)
                seen.add(last)
        return fallen

    def _prove(self, program: Moves, fallen: list[int], keys: list[Key]) -> bool:
        """Find proofs without the fallen cells for all demands that used one; nothing changes when there is none."""
        places = np.array([place for one in fallen if (place := program.place(one)) >= 0], dtype=np.int64)
        program.close(places)
        before = {key: self._ledger.own(key) for key in keys}
        if self._prove_each(program, keys, before):
            return True
        program.close(places, closed=False)
        for key, pattern in before.items():
            self._ledger.drop(key)
            if pattern is not None:
                self._ledger.record(key, pattern)
        return False

    def _prove_each(self, program: Moves, keys: list[Key], before: dict[Key, Pattern | None]) -> bool:
        found: list[Pattern] = []
        amounts = {key: pattern.amount for key, pattern in before.items() if pattern is not None}
        for key in keys:
            pattern = self._known(found, key, amounts[key]) or self._find(program, key, amounts[key])
            if pattern is None:
                return False
            found.append(pattern)
            self._ledger.record(key, pattern)
        for key, pattern in zip(keys, found, strict=True):
            if key.attacker != EVERYBODY or not (doubting := self._ledger.doubting(pattern, key.cell)):
                continue
            proof = self._find(program, key, amounts[key], ALL_AT_ONCE)
            if proof is not None:
                self._ledger.record(key, proof)
                doubting = self._ledger.doubting(proof, key.cell)
            for attacker in doubting:
                own = Key(attacker, key.cell, key.direction)
                before.setdefault(own, self._ledger.own(own))
                proof = self._find(program, own, amounts[key])
                if proof is None:
                    return False
                self._ledger.record(own, proof)
        return True

    def _known(self, found: list[Pattern], key: Key, amount: float) -> Pattern | None:
        """Return a pattern found a moment ago for another demand, scaled, where it will do."""
        for pattern in reversed(found):
            at = int(np.searchsorted(pattern.cells, key.cell))
            if at == len(pattern.cells) or pattern.cells[at] != key.cell:
                continue
            scaled = Pattern(pattern.cells, pattern.moves * (key.direction * amount / pattern.moves[at]), amount)
            if self._ledger.fits(key.attacker, scaled):
                return scaled
        return None

    def _find(self, program: Moves, key: Key, amount: float, attacker: int | None = None) -> Pattern | None:
        program.attack(key.attacker if attacker is None else attacker)
        place = program.place(key.cell)
        if place < 0:
            return None
        moves = program.cheapest(place, key.direction * amount)
        if moves is None:
            return None
        used = np.flatnonzero(moves)
        return Pattern(program.cells[used], moves[used], amount)

    def _around(self, cell: int) -> tuple[Moves, Places]:
        """Return a program of hidden cells around `cell`, and the secondary ones that lie well inside of it."""
        if int(self._hidden.sum()) <= _WHOLE_TABLE:
            cells = np.flatnonzero(self._hidden & self._problem.free)
            inside = cells
        else:
            cells = self._neighbours.zone(cell, _ZONE, self._problem.weight)
            inside = self._neighbours.inside(cells)
        return self._priced(cells), inside[~self._problem.needs.primary[inside]]

    def _priced(self, cells: Any) -> Moves:
        program = Moves(self._problem, cells)
        secondary = ~self._problem.needs.primary[cells]
        weight: Numbers = self._problem.weight[cells]
        program.price(np.where(secondary, weight, 0.0) + _FOR_FREE * float(self._problem.weight.min()))
        return program
