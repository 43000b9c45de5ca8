"""The stronger promise: who knows a person's true values finds at least k records that may be that person's.

With missing values that match anything, records may match k others although no k *people* fit them: what is hidden in
one is taken for anything. Here two things hold instead, which together are stronger than k matches within the file:

- every protected record fits the true values of k people of the file ((k, 1)-anonymity);
- the true values of every person fit k protected records ((1, k)-anonymity).

The first is each record's own affair and is done at the least cost; for the second, other records hide values as well.

References
----------
Gionis, Mazza, Tassa (2008). k-Anonymization Revisited. IEEE 24th International Conference on Data Engineering, 744-753.
"""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np

from saferoom.disclosure.microdata.keys import Codes, Keys
from saferoom.disclosure.microdata.patterns import Counts, Places, group
from saferoom.disclosure.microdata.protection.suppression.board import Bits, Board, as_flags, bits_of, missing_bits

_MOST_SETS = 1_100
"""Sets of variables that are looked at; beyond it the larger ones are left out, all but the whole."""
_NEARLY = 0.7
"""Groups are dealt with together whose gain is at least this share of the best one's."""


def hide_for_people(board: Board, keys: Keys) -> tuple[Bits, float]:
    """Hide values until both promises hold.

    Parameters
    ----------
    board : Board
        Of these keys, with nothing hidden yet. What its records at risk hide is on it afterwards.

    Returns
    -------
    ndarray of int, shape (n,)
        What is not told in every record of the table, those that were not at risk among them.
    float
        What the first promise alone costs at least.
    """
    sets = _sets(board)
    _fit_people(board, sets)
    least = board.cost() if len(sets) == (1 << board.variables) - 1 else 0.0
    table = _Table(board, keys)
    promise = dict.fromkeys(sets, np.inf)  # people helped for its cost, at most
    while len(table.short):
        best = max(promise, key=lambda chosen: promise[chosen])
        bar = max((promise[chosen] for chosen in sets if chosen != best), default=0.0)
        promise[best] = table.enlist(best, _NEARLY * bar if np.isfinite(bar) else np.inf)
    return table.hidden, least


def _sets(board: Board) -> list[int]:
    """Return sets of variables, the cheapest first; among equals those with the most categories."""
    m = board.variables
    sets: list[tuple[int, ...]] = [tuple(range(m))]
    for size in range(1, m):
        if len(sets) + comb(m, size) > _MOST_SETS:
            break
        sets += combinations(range(m), size)
    sets.sort(key=lambda chosen: (board.costs[list(chosen)].sum(), [-board.sizes[j] for j in chosen]))
    return [bits_of(chosen) for chosen in sets]


def _fit_people(board: Board, sets: list[int]) -> None:
    """Hide in each record at risk the cheapest set with which it fits the true values of k people."""
    waiting, whole = np.arange(len(board)), bits_of(range(board.variables))
    for chosen in sets:
        if chosen == whole or not len(waiting):
            continue
        able = waiting[board.given[waiting] & chosen == 0]
        hidden = board.given[able] | chosen
        enough = _fits(board, able, hidden) >= board.k
        board.hidden[able[enough]] = hidden[enough]
        waiting = np.setdiff1d(waiting, able[enough], assume_unique=True)
    # Larger sets than were tried: one variable after another. With everything hidden a record fits anybody.
    for variable in sorted(range(board.variables), key=lambda j: (board.costs[j], -board.sizes[j])):
        board.hidden[waiting] |= 1 << variable
        waiting = waiting[_fits(board, waiting, board.hidden[waiting]) < board.k]


def _fits(board: Board, rows: Places, hidden: Bits) -> Counts:
    """Return how many people's true values each of `rows` would fit with just `hidden` not told."""
    return board.safe_matches(rows, hidden) + board.matches_among(rows, hidden, np.arange(len(board)), board.given)


class _Table:
    """The whole table, of which any record may be enlisted to be found for the people at risk.

    Attributes
    ----------
    hidden : ndarray of int, shape (n,)
    short : ndarray of int
        Places on the board of the people who are found in too few records.
    """

    def __init__(self, board: Board, keys: Keys) -> None:
        self._board, self._codes, self._sizes = board, keys.codes, keys.sizes
        self.hidden = missing_bits(keys.codes)
        self._at_risk = np.zeros(len(keys.codes), dtype=bool)
        self._at_risk[board.records] = True
        self.hidden[board.records] = board.hidden
        people = np.arange(len(board))
        self._found: Counts = board.safe_matches(people, board.given)
        self._found += board.matches_among(people, board.given, people, board.hidden)
        self.short = self._still_short()

    def _still_short(self) -> Places:
        return np.flatnonzero(self._found < self._board.k)

    def enlist(self, chosen: int, least: float) -> float:
        """Hide the set `chosen` in one record of each group of people that share what it leaves, where that helps most.

        Returns
        -------
        float
            People that were helped for its cost in the best group, or could have been when it is below `least`.
        """
        people, groups = self._groups(chosen)
        records, told_apart = self._partners(people, groups)
        cost = float(self._board.costs_of(np.array([chosen]))[0])
        able, first = np.unique(told_apart, return_index=True)
        if not len(able):
            return 0.0
        gain = np.bincount(groups[: len(people)], minlength=int(groups.max()) + 1)[able] / cost
        if gain.max() < least:
            return float(gain.max())
        large = gain >= _NEARLY * gain.max()
        self._hide(records[first[large]], chosen)
        return float(gain.max())

    def _groups(self, chosen: int) -> tuple[Places, Places]:
        """Return the people to help, and the group of each of them and then of every record outside `chosen`."""
        people = self.short
        told = np.flatnonzero(~as_flags(np.array([chosen]), self._board.variables)[0])
        codes: Codes = np.concatenate([self._board.codes[people], self._codes])[:, told]
        if not len(told):
            return people, np.zeros(len(codes), dtype=np.intp)
        return people, group(codes, [self._sizes[j] for j in told])[0]

    def _partners(self, people: Places, groups: Places) -> tuple[Places, Places]:
        """Return records that would help the first person of a group, the best of each first, and their groups."""
        own, of_records = groups[: len(people)], groups[len(people) :]
        example = np.full(int(groups.max()) + 1, -1)
        example[own[::-1]] = people[::-1]
        records = np.flatnonzero(example[of_records] >= 0)
        person = example[of_records[records]]
        differ = np.zeros(len(records), dtype=np.int64)
        for j in range(self._board.variables):
            apart = self._codes[records, j] != self._board.codes[person, j]
            differ |= apart.astype(np.int64) << j
        differ &= ~self.hidden[records] & ~self._board.given[person]
        helps = differ != 0
        records = records[helps]
        touched = self.hidden[records] != missing_bits(self._codes[records])
        order = np.lexsort([touched, self._at_risk[records], of_records[records]])
        records = records[order]
        return records, of_records[records]

    def _hide(self, records: Places, chosen: int) -> None:
        board, people = self._board, np.arange(len(self._board))
        old, new = self.hidden[records], self.hidden[records] | chosen
        codes, ones = self._codes[records], np.ones(len(records), dtype=np.int64)
        self._found += board.sums(people, board.given, codes, new, ones)
        self._found -= board.sums(people, board.given, codes, old, ones)
        self.hidden[records] = new
        place = np.full(len(self.hidden), -1)
        place[board.records] = people
        mine = place[records]
        board.hidden[mine[mine >= 0]] = new[mine >= 0]
        self.short = self._still_short()
