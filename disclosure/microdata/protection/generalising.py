"""Full-domain generalisation: the least loss with which every variable, told equally broadly in all records, reaches k.

Every choice of a rung per variable is a node of a lattice. A node above one that reaches k reaches it, too, and the
loss only grows upwards; so nodes are looked at in the order of their loss, and the first that reaches k is the best.
What is below a node that fails need not be counted.

References
----------
LeFevre, DeWitt, Ramakrishnan (2005). Incognito: Efficient Full-Domain k-Anonymity. SIGMOD, 49-60.
El Emam et al. (2009). A Globally Optimal k-Anonymity Method for the De-Identification of Health Data. JAMIA 16(5).
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata.columns import check_k
from saferoom.disclosure.microdata.keys import MISSING, Keys
from saferoom.disclosure.microdata.patterns import Patterns, of_arrays, patterns
from saferoom.disclosure.microdata.protection.ladders import Ladder
from saferoom.disclosure.microdata.risk.frequencies import frequencies
from saferoom.errors import BadInputError

_MOST_NODES = 500_000
_MOST_FAILED = 2_000
"""Failed nodes that are kept to spare those below them."""

Node = tuple[int, ...]


@dataclass(frozen=True)
class Generalised:
    """The best node.

    Attributes
    ----------
    rungs : mapping of a variable to its rung
    loss : float, 0 to 1
        Mean share of the variables' entropy that is lost, weighted by importance.
    below : int
        Records that still share their key with fewer than k - 1 others, at most as many as were allowed.
    tried, nodes : int
        Nodes counted, and nodes there are.
    """

    keys: Keys
    rungs: Mapping[str, int]
    loss: float
    below: int
    tried: int
    nodes: int


def generalise(
    keys: Keys,
    k: int,
    ladders: Sequence[Ladder],
    allowed: int = 0,
    importance: Mapping[str, float] | None = None,
    what: str = "generalisation",
) -> Generalised:
    """Find the rungs with the least loss at which at most `allowed` records share their key with too few others.

    Parameters
    ----------
    ladders : sequence of Ladder
        One per variable of `keys`, in their order.

    Raises
    ------
    BadInputError
        When k is impossible, or the lattice has more than half a million nodes.
    """
    check_k(k, keys.records, what)
    keys.check_not_empty(what)
    nodes = math.prod(ladder.top + 1 for ladder in ladders)
    if nodes > _MOST_NODES:
        raise BadInputError(f"{what}: the hierarchies make {nodes:,} combinations; {_MOST_NODES:,} can be searched")
    lattice = _Lattice(keys, k, ladders, importance or {})
    heap: list[tuple[float, Node]] = [(0.0, (0,) * len(ladders))]
    seen, failed, tried = {heap[0][1]}, list[Node](), 0
    while heap:
        loss, node = heapq.heappop(heap)
        if not any(all(low <= high for low, high in zip(node, other, strict=True)) for other in failed):
            tried += 1
            below = lattice.below(node)
            if below <= allowed:
                for ladder, rung in zip(ladders, node, strict=True):
                    keys = ladder.climbed(keys, rung)
                rungs = {ladder.name: rung for ladder, rung in zip(ladders, node, strict=True)}
                return Generalised(keys, rungs, loss, below, tried, nodes)
            failed = [*failed[-_MOST_FAILED:], node]
        for place, ladder in enumerate(ladders):
            above = (*node[:place], node[place] + 1, *node[place + 1 :])
            if node[place] < ladder.top and above not in seen:
                seen.add(above)
                heapq.heappush(heap, (lattice.loss(above), above))
    raise AssertionError("the top of the lattice tells nothing, and k is at most the number of records")


class _Lattice:
    """Counts and losses of nodes."""

    def __init__(self, keys: Keys, k: int, ladders: Sequence[Ladder], importance: Mapping[str, float]) -> None:
        self._found, self._k, self._ladders = patterns(keys), k, ladders
        weights = np.array([importance.get(ladder.name, 1.0) for ladder in ladders])
        self._losses = [_losses(keys, ladder) for ladder in ladders]
        self._weights = weights / weights.sum()

    def loss(self, node: Node) -> float:
        return float(sum(w * own[rung] for w, own, rung in zip(self._weights, self._losses, node, strict=True)))

    def below(self, node: Node) -> int:
        """Return how many records share their key with fewer than k - 1 others at `node`."""
        rows = self._found.rows.copy()
        for place, (ladder, rung) in enumerate(zip(self._ladders, node, strict=True)):
            table = np.append(ladder.rungs[rung], np.int32(MISSING))
            rows[:, place] = table[rows[:, place]]
        sizes = [len(ladder.labels[rung]) for ladder, rung in zip(self._ladders, node, strict=True)]
        return frequencies(_merged(rows, self._found, sizes), sizes).records_below(self._k)


def _merged(rows: np.ndarray[tuple[int, int], np.dtype[np.int32]], found: Patterns, sizes: Sequence[int]) -> Patterns:
    from saferoom.disclosure.microdata.patterns import group

    inverse, first = group(rows, sizes)
    counts = np.bincount(inverse, found.counts, len(first)).astype(np.int64)
    return of_arrays(rows[first], counts, counts.astype(np.float64))


def _losses(keys: Keys, ladder: Ladder) -> list[float]:
    """Return the share of the variable's entropy that every rung loses."""
    codes = keys.codes[:, keys.place(ladder.name)]
    counts = np.bincount(codes[codes != MISSING], minlength=keys.sizes[keys.place(ladder.name)])
    entropies = [_entropy(np.bincount(rung, counts)) for rung in ladder.rungs]
    whole = entropies[0]
    # A rung that loses nothing by the counts still tells less.
    return [1.0 - entropy / whole if whole > 0 else rung / ladder.top for rung, entropy in enumerate(entropies)]


def _entropy(counts: NDArray[Any]) -> float:
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log(shares)).sum())
