"""Why each value was hidden, record by record, in counts and sentences that name variables but no values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata.patterns import Counts, Places
from saferoom.disclosure.microdata.protection.suppression.board import Bits, Board, as_flags


@dataclass(frozen=True)
class Reason:
    """Why one record hides what it hides.

    Attributes
    ----------
    record : int
        Where the record is in the table, from 0.
    hidden : tuple of str
        The variables whose values are hidden in it.
    names : tuple of str
        The key variables that were looked at together.
    k : int
    before, after : int
        Records that it matched on `names` before and after, itself among them.
    with_one_told : tuple of int
        Records that it would match if that one of `hidden` were told again.
    """

    record: int
    hidden: tuple[str, ...]
    names: tuple[str, ...]
    k: int
    before: int
    after: int
    with_one_told: tuple[int, ...]

    def sentence(self) -> str:
        """Return the reason in words."""
        every = " x ".join(self.names)
        hides = f"record {self.record + 1:,} hides {_and(self.hidden)}"
        if self.before >= self.k:
            return (
                f"{hides}: {self.before:,} records had its combination of {every}, enough for itself; it hides so that "
                f"people who share all else, and would be found in fewer than {self.k} records, may be this one too"
            )
        had = "no other record" if self.before == 1 else f"only {self.before - 1:,} other{'s' * (self.before > 2)}"
        text = f"{hides}: {had} had its combination of {every} (wanted: {self.k}); now {self.after:,} match"
        if len(self.hidden) > 1:
            text += "; with one told again: " + ", ".join(
                f"{name} {count:,}" for name, count in zip(self.hidden, self.with_one_told, strict=True)
            )
        return text


def _and(words: tuple[str, ...]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


@dataclass(frozen=True)
class Told:
    """What is needed to give reasons: who hides what, and the matches with and without it.

    Attributes
    ----------
    records : ndarray of int, shape (r,)
    hidden : ndarray of int, shape (r,)
        Bits of the values hidden by us.
    before, after : ndarray of int, shape (r,)
    told_again : ndarray of int, shape (r, m)
        Matches if that one value were told again; 0 where it is not hidden.
    """

    records: Places
    hidden: Bits
    before: Counts
    after: Counts
    told_again: NDArray[np.int64]

    def reasons(self, names: tuple[str, ...], k: int) -> Iterator[Reason]:
        """Yield a reason per record that hides something."""
        flags = as_flags(self.hidden, len(names))
        for row, record in enumerate(self.records):
            places = np.flatnonzero(flags[row])
            yield Reason(
                int(record),
                tuple(names[place] for place in places),
                names,
                k,
                int(self.before[row]),
                int(self.after[row]),
                tuple(int(count) for count in self.told_again[row, places]),
            )


def told(board: Board) -> Told:
    """Return what the records on `board` hide, and why."""
    every = np.arange(len(board))
    own = board.hidden & ~board.given
    told_again = np.zeros((len(board), board.variables), dtype=np.int64)
    for variable in range(board.variables):
        rows = np.flatnonzero(own >> variable & 1)
        told_again[rows, variable] = board.matches(rows, board.hidden[rows] & ~np.int64(1 << variable))
    return Told(board.records, own, board.before, board.matches(every, board.hidden), told_again)
