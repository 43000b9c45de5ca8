"""Local suppression: single values are hidden until every record shares its key with enough others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata.columns import check_k
from saferoom.disclosure.microdata.keys import MISSING, Codes, Keys
from saferoom.disclosure.microdata.patterns import Values, patterns
from saferoom.disclosure.microdata.protection.suppression.board import Bits, Board, as_flags, missing_bits
from saferoom.disclosure.microdata.protection.suppression.exact import solve_small
from saferoom.disclosure.microdata.protection.suppression.improving import hide_less
from saferoom.disclosure.microdata.protection.suppression.people import hide_for_people
from saferoom.disclosure.microdata.protection.suppression.reasons import Reason, Told, told
from saferoom.disclosure.microdata.protection.suppression.rounds import hide_in_rounds
from saferoom.disclosure.microdata.risk.frequencies import frequencies
from saferoom.errors import BadInputError

_TWO_WAYS = 5_000
"""Records at risk up to which both ways to a first solution are tried."""
_MANY_KEYS = 12
"""Key variables above which values are hidden in one order alone: other ways make too many different sets."""
_CLOSE = 1e-9


class Guarantee(Enum):
    """What is promised of every record.

    FILE: it matches k records of the protected file, where missing values match anything (as sdcMicro counts).
    PEOPLE: it fits the true values of k people, and everybody's true values fit k protected records, which is stronger.
    """

    FILE = "file"
    PEOPLE = "people"


@dataclass(frozen=True)
class Wanted:
    """That k records share each combination of the variables `names`."""

    names: tuple[str, ...]
    k: int


@dataclass(frozen=True)
class Part:
    """What was done for one demand.

    Attributes
    ----------
    at_risk : int
        Records that shared their combination with fewer than k - 1 others.
    cost : float
        Of the values hidden for this demand.
    bound : float
        No solution that hides a value in every record at risk, and none in others, costs less.
    """

    wanted: Wanted
    at_risk: int
    cost: float
    bound: float
    told: Told

    @property
    def gap(self) -> float:
        """How much of the cost could be needless at most, from 0 (the least possible is proven)."""
        return max(0.0, 1.0 - self.bound / self.cost) if self.cost > _CLOSE else 0.0


@dataclass(frozen=True)
class Suppression:
    """Protected keys, what was hidden, and why.

    Attributes
    ----------
    keys : Keys
        The protected ones.
    hidden : ndarray of bool, shape (n, m)
        Which values were hidden.
    """

    keys: Keys
    hidden: NDArray[np.bool_]
    guarantee: Guarantee
    parts: tuple[Part, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Hidden values per variable."""
        return {name: int(count) for name, count in zip(self.keys.names, self.hidden.sum(axis=0), strict=True)}

    @property
    def total(self) -> int:
        """Hidden values."""
        return int(self.hidden.sum())

    def reasons(self) -> Iterator[Reason]:
        """Yield why each record hides what it hides, demand by demand."""
        for part in self.parts:
            yield from part.told.reasons(part.wanted.names, part.wanted.k)


def suppress(
    keys: Keys,
    wanted: int | Sequence[Wanted],
    importance: Mapping[str, float] | None = None,
    guarantee: Guarantee = Guarantee.FILE,
    what: str = "local suppression",
) -> Suppression:
    """Hide as few values as possible so that every record shares its key with enough others.

    Only records that share it with too few are touched (with `Guarantee.PEOPLE` some others too), and each of them
    hides at least one value: blanking a few records wholly would make everybody "match" them, and protect nobody.

    Parameters
    ----------
    wanted : int, or sequence of Wanted
        k for all keys together, or demands on subsets of the variables, which are met the smallest first: what one
        hides only helps the others.
    importance : mapping of str to float, optional
        What hiding one value of a variable costs; 1 where it is not named. The dearer, the more it is kept.
    what : str
        What error messages begin with.

    Raises
    ------
    BadInputError
        When k is below 2 or above the number of records, a variable is unknown, or an importance not above zero.
    """
    keys.check_not_empty(what)
    demands = (
        [Wanted(keys.names, wanted)] if isinstance(wanted, int) else sorted(wanted, key=lambda one: len(one.names))
    )
    for demand in demands:
        check_k(demand.k, keys.records, what)
        _check_names(demand.names, keys, what)
    costs = _costs(keys, importance or {}, what)
    now, parts = keys, []
    for demand in demands:
        places = [keys.place(name) for name in demand.names]
        hidden, part = _meet(now.selected(demand.names), demand, costs[places], guarantee)
        codes: Codes = now.codes.copy(order="F")
        for bit, place in enumerate(places):
            codes[hidden >> bit & 1 == 1, place] = MISSING
        now = now.with_codes(codes)
        parts.append(part)
    return Suppression(now, (now.codes == MISSING) & (keys.codes != MISSING), guarantee, tuple(parts))


def subsets(names: Sequence[str], size: int, k: int) -> list[Wanted]:
    """Return the demand that k records share each combination of any `size` of the variables `names`."""
    return [Wanted(chosen, k) for chosen in combinations(names, size)]


def still_below(suppression: Suppression) -> int:
    """Return how many records match fewer than k others after all, counted anew from the protected keys: 0."""
    below = 0
    for part in suppression.parts:
        chosen = suppression.keys.selected(part.wanted.names)
        below += frequencies(patterns(chosen), chosen.sizes).records_below(part.wanted.k)
    return below


def _check_names(names: Sequence[str], keys: Keys, what: str) -> None:
    for name in names:
        if name not in keys.names:
            raise BadInputError(f"{what}: '{name}' is not one of the key variables {', '.join(keys.names)}")
    if not names or len(set(names)) < len(names):
        raise BadInputError(f"{what}: a subset names key variables, each of them once")


def _costs(keys: Keys, importance: Mapping[str, float], what: str) -> Values:
    _check_names(list(importance) or keys.names, keys, f"{what}, importance")
    for name, cost in importance.items():
        if not (np.isfinite(cost) and cost > 0):
            raise BadInputError(f"{what}: the importance of '{name}' must be a number above zero")
    return np.array([importance.get(name, 1.0) for name in keys.names], dtype=np.float64)


def _meet(keys: Keys, demand: Wanted, costs: Values, guarantee: Guarantee) -> tuple[Bits, Part]:
    """Return what each record hides in all (bits of the demand's variables), and what it took."""
    board = Board(keys, demand.k, costs)
    bound = _least(board)
    at_risk = len(board)
    if guarantee is Guarantee.PEOPLE:
        hidden, least = hide_for_people(board, keys)
        bound = max(bound, least)
        board = Board(keys, demand.k, costs, np.flatnonzero(hidden != missing_bits(keys.codes)))
        board.hidden = hidden[board.records]
    else:
        bound = max(bound, _hide_in_file(board, bound))
        hidden = np.zeros(keys.records, dtype=np.int64)
        hidden[board.records] = board.hidden
    return hidden, Part(demand, at_risk, board.cost(), bound, told(board))


def _least(board: Board) -> float:
    """Return what it costs at least that every record at risk hides a value that is told."""
    if not len(board):
        return 0.0
    costs = np.where(as_flags(board.given, board.variables), np.inf, board.costs)
    return float(costs.min(axis=1).sum())


def _hide_in_file(board: Board, bound: float) -> float:
    """Hide as little as can be found so that all match k records; return a proven lower bound of the cost."""
    equal = bool((board.costs == board.costs[0]).all())
    many = board.variables > _MANY_KEYS
    ways = (False, True) if len(board) <= _TWO_WAYS and not many else (equal or many,)
    best: tuple[int, float] | None = None
    kept = board.hidden
    for nested in ways:
        board.hidden = board.given.copy()
        hide_in_rounds(board, nested=nested)
        hide_less(board)
        found = int(as_flags(board.hidden & ~board.given, board.variables).sum()), board.cost()
        if best is None or found < best:
            best, kept = found, board.hidden
        if board.cost() <= bound + _CLOSE:
            break
    board.hidden = kept
    if board.cost() <= bound + _CLOSE:
        return bound
    return solve_small(board) or bound
