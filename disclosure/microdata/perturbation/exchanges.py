"""Groups made better: records go to a neighbouring group, or change places with one of it, while that loses less."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata.perturbation.grouping import Groups, Points, means

NEIGHBOURS = 8
ROUNDS = 25
_CHUNK = 1 << 17
_LEAST = 1e-12
"""Gains below this are rounding."""


def improved(points: Points, groups: Groups, k: int, rounds: int = ROUNDS) -> Groups:
    """Return groups with a smaller (or the same) sum of squared errors, of k to 2k - 1 records as before.

    Parameters
    ----------
    points : ndarray of float, shape (n, d)
        Standardised columns without missing values.
    groups : ndarray of int, shape (n,)
        Groups of k to 2k - 1 records.
    rounds : int
        Most rounds; it ends before when no exchange gains anything.

    Notes
    -----
    For x of group A with mean a and y of group B with mean b, changing places gains
    (|x - a|^2 - |x - b|^2) + (|y - b|^2 - |y - a|^2) + |x - y|^2 (1/|A| + 1/|B|); moving x from A to B gains
    |x - a|^2 |A| / (|A| - 1) - |x - b|^2 |B| / (|B| + 1). B is looked for among the groups of the records near x. In a
    round each group takes part in its best exchange alone, so that gains add up.

    References
    ----------
    The hill climbing of Hartigan and Wong (1979): Algorithm AS 136, Applied Statistics 28, kept to the sizes of
    microaggregation.
    """
    if len(points) < 2 * k or int(groups.max()) == 0:
        return groups
    order = np.argsort(groups, kind="stable")  # neighbours side by side in memory: twice as fast in large files
    state = _State.of(points[order], groups[order], k)
    near = _neighbours(state.points)
    active = np.arange(len(points))
    for _ in range(rounds):
        found = _best(state, near, active)
        if not len(found.gain):
            break
        changed = state.exchange(_apart(found, state))
        touched = np.zeros(len(state.sizes), dtype=bool)
        touched[changed] = True
        again = touched[state.groups]
        for place in range(near.shape[1]):
            again |= touched[state.groups[near[:, place]]]
        again[found.mover] = True
        active = np.flatnonzero(again)
    result = np.empty_like(groups)
    result[order] = state.groups
    return result


def _neighbours(points: Points) -> NDArray[np.int32]:
    """Return the places of records near each record, shape (n, neighbours); nearly the nearest in many columns."""
    from scipy.spatial import cKDTree

    count = min(NEIGHBOURS, len(points) - 1)
    columns = points.shape[1]
    slack = 0.0 if columns <= 5 else 1.0 if columns <= 8 else 2.0
    tree = cKDTree(points)
    found = np.empty((len(points), count), dtype=np.int32)
    for start in range(0, len(points), _CHUNK):  # distances and wide numbers of a chunk at a time
        own = points[start : start + _CHUNK]
        found[start : start + _CHUNK] = tree.query(own, count + 1, eps=slack, workers=-1)[1][:, 1:]
    return found


@dataclass(frozen=True)
class _Exchanges:
    """`mover` goes to the group `target`; `other` of that group comes back, or nobody (-1)."""

    mover: Groups
    target: Groups
    other: Groups
    gain: Points


@dataclass
class _State:
    points: Points
    groups: Groups
    k: int
    sizes: Groups
    members: NDArray[np.intp]
    centres: Points

    @classmethod
    def of(cls, points: Points, groups: Groups, k: int) -> _State:
        sizes = np.bincount(groups)
        order = np.argsort(groups, kind="stable")
        members = np.full((len(sizes), 2 * k - 1), -1, dtype=np.intp)
        within = np.arange(len(groups)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        members[groups[order], within] = order
        return cls(points, groups.copy(), k, sizes, members, means(points, groups))

    def exchange(self, accepted: _Exchanges) -> Groups:
        """Carry out exchanges that have no group in common; return the groups that changed."""
        source = self.groups[accepted.mover]
        back = accepted.other >= 0
        mover, other, here, there = accepted.mover[back], accepted.other[back], source[back], accepted.target[back]
        self.members[here, self._slot(here, mover)] = other
        self.members[there, self._slot(there, other)] = mover
        self.groups[mover], self.groups[other] = there, here
        mover, here, there = accepted.mover[~back], source[~back], accepted.target[~back]
        last = self.sizes[here] - 1
        self.members[here, self._slot(here, mover)] = self.members[here, last]
        self.members[here, last] = -1
        self.members[there, self.sizes[there]] = mover
        self.sizes[here] -= 1
        self.sizes[there] += 1
        self.groups[mover] = there
        changed = np.concatenate([source, accepted.target])
        inside = self.members[changed]
        total = np.where((inside >= 0)[:, :, None], self.points[inside], 0.0).sum(axis=1)
        self.centres[changed] = total / self.sizes[changed][:, None]
        return changed

    def _slot(self, group: Groups, record: Groups) -> Groups:
        result: Groups = (self.members[group] == record[:, None]).argmax(axis=1)
        return result


def _squared(first: Points, second: Points) -> Points:
    away = first - second
    result: Points = np.einsum("ij,ij->i", away, away)
    return result


def _best(state: _State, near: NDArray[np.int32], active: Groups) -> _Exchanges:
    """Return the best exchange of every active record that gains something."""
    parts = []
    for start in range(0, len(active), _CHUNK):
        mover = active[start : start + _CHUNK]
        gain, target, other = np.full(len(mover), _LEAST), np.full(len(mover), -1), np.full(len(mover), -1)
        targets = np.sort(state.groups[near[mover]], axis=1)
        own = state.groups[mover]
        for place, into in enumerate(targets.T):
            new = into != own if not place else (into != own) & (into != targets[:, place - 1])
            rows = np.flatnonzero(new)
            _consider(state, mover[rows], into[rows], (gain, target, other), rows)
        good = target >= 0
        parts.append((mover[good], target[good], other[good], gain[good]))
    mover, target, other, gain = (np.concatenate(part) for part in zip(*parts, strict=True))
    return _Exchanges(mover, target, other, gain)


def _consider(state: _State, mover: Groups, target: Groups, best: tuple[Points, Groups, Groups], rows: Groups) -> None:
    """Write into `best` at `rows` whatever going to `target` gains more than was found before."""
    gains, targets, others = best
    own = state.points[mover]
    source = state.groups[mover]
    here, there = state.centres[source], state.centres[target]
    sizes, room = state.sizes[source], state.sizes[target]
    out, away = _squared(own, here), _squared(own, there)
    shares = 1 / sizes + 1 / room
    found = np.where(
        (sizes > state.k) & (room < 2 * state.k - 1),
        out * sizes / np.maximum(sizes - 1, 1) - away * room / (room + 1),
        0.0,
    )
    _write(found, np.full(len(mover), -1), (gains, targets, others), rows, target)
    for place in range(int(room.max(initial=0))):
        other = state.members[target, place]
        partner = state.points[other]
        gain = out - away + _squared(partner, there) - _squared(partner, here) + _squared(own, partner) * shares
        gain[other < 0] = 0.0
        _write(gain, other, (gains, targets, others), rows, target)


def _write(gain: Points, other: Groups, best: tuple[Points, Groups, Groups], rows: Groups, target: Groups) -> None:
    gains, targets, others = best
    better = gain > gains[rows]
    where = rows[better]
    gains[where], targets[where], others[where] = gain[better], target[better], other[better]


def _apart(found: _Exchanges, state: _State) -> _Exchanges:
    """Return the exchanges that are the best of both of their groups."""
    source = state.groups[found.mover]
    order = np.argsort(-found.gain, kind="stable")
    rank = np.empty(len(order), dtype=np.intp)
    rank[order] = np.arange(len(order))
    first = np.full(len(state.sizes), len(order))
    np.minimum.at(first, source, rank)
    np.minimum.at(first, found.target, rank)
    kept = (first[source] == rank) & (first[found.target] == rank)
    return _Exchanges(found.mover[kept], found.target[kept], found.other[kept], found.gain[kept])
