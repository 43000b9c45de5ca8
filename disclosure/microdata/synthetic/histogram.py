"""A histogram that is safe to tell: bins of enough units, ends that are nobody's value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata.synthetic.units import Counts, Units, rounded

Values: TypeAlias = NDArray[np.float64]
Ranks: TypeAlias = NDArray[np.floating[Any]]
"""From 0 to 1; those of all records in single precision."""
_ASIDE = 0.37
"""Share of a rounding step by which an edge moves that would be somebody's value."""
_OF_WIDTH = 4.0


@dataclass(frozen=True)
class Bins:
    """Quantile bins of numbers; within a bin numbers are taken to be evenly spread.

    Attributes
    ----------
    edges : ndarray of float, shape (b + 1,), ascending
    shares : ndarray of float, shape (b,), sums to 1
    """

    edges: Values
    shares: Values

    @property
    def _steps(self) -> Values:
        return np.concatenate([[0.0], np.cumsum(self.shares)])

    def values(self, ranks: Ranks) -> Values:
        """Return the numbers at `ranks` (0 to 1) of the distribution."""
        found: Values = np.interp(ranks, self._steps, self.edges)
        return found

    def ranks(self, values: Values) -> Values:
        """Return the ranks of numbers; those beyond the ends are at the ends."""
        found: Values = np.interp(values, self.edges, self._steps)
        return found


def safe_bins(values: Values, units: Units, threshold: int, most: int, *, lattice: bool) -> Bins | None:
    """Return a histogram of `values`, or None where they are of too few units.

    Parameters
    ----------
    values : ndarray of float, shape (n,), none missing
    units : Units of the same n records
    most : int
        The most bins.
    lattice : bool
        Whether values are whole numbers; edges are halves then, which no value is.

    Notes
    -----
    The ends are where the threshold's last unit from below and from above lies, rounded inwards: how far out the
    farthest lie is not told. Inner edges are quantiles rounded to a tenth or so of the bins' widths. Bins that rounding
    left with too few units are joined with a neighbour.
    """
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    low, high = _reached(units, order, threshold), len(order) - 1 - _reached(units, order[::-1], threshold)
    if low >= high or not ordered[low] < ordered[high]:
        return None
    total = int(units.running(order)[-1])
    number = max(1, min(most, total // (2 * threshold)))
    raw = np.unique(ordered[np.linspace(low, high, number + 1).round().astype(np.intp)])
    edges = _rounded_edges(raw, ordered, lattice=lattice)
    return None if edges is None else _joined(values, edges, units, threshold)


def _reached(units: Units, order: NDArray[np.intp], threshold: int) -> int:
    """Return the place in `order` at which the threshold is reached, or one beyond."""
    return int(np.searchsorted(units.running(order), threshold))


def _rounded_edges(raw: Values, ordered: Values, *, lattice: bool) -> Values | None:
    if len(raw) == 1:
        return None
    gaps = np.diff(raw)
    local = np.minimum(np.append(gaps, np.inf), np.insert(gaps, 0, np.inf))
    step = 10.0 ** np.floor(np.log10(local / _OF_WIDTH))
    if lattice:
        step = np.maximum(step, 1.0)
    edges = np.round(raw / step) * step
    edges[0] = np.ceil(raw[0] / step[0]) * step[0]
    edges[-1] = np.floor(raw[-1] / step[-1]) * step[-1]
    edges = np.clip(edges, edges[0], edges[-1])
    if lattice:
        edges -= 0.5
        edges[-1] += 1.0
    else:
        _move_aside(edges, step, ordered)
    edges = np.unique(edges)
    return edges if len(edges) > 1 else None


def _move_aside(edges: Values, step: Values, ordered: Values) -> None:
    """Move edges that are somebody's value, the last one downwards and all others upwards."""
    direction = np.ones(len(edges))
    direction[-1] = -1.0
    for turn in range(1, 4):
        place = np.minimum(np.searchsorted(ordered, edges), len(ordered) - 1)
        edges += np.where(ordered[place] == edges, direction * step * _ASIDE / turn, 0.0)


def _joined(values: Values, edges: Values, units: Units, threshold: int) -> Bins | None:
    while True:
        bins = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)
        counts = units.per(bins, len(edges) - 1)
        few = counts < threshold
        if not few.any():
            return _shared(bins, edges)
        if len(edges) == 2:
            return None
        edges = np.delete(edges, _dropped(few, counts))


def _dropped(few: NDArray[np.bool_], counts: Counts) -> NDArray[np.intp]:
    """Return inner edges to drop: between each bin of too few and its smaller neighbour, not two beside each other."""
    last = len(few) - 1
    chosen, before = [], -2
    for place in np.flatnonzero(few):
        left = place > 0 and (place == last or counts[place - 1] <= counts[place + 1])
        edge = int(place if left else place + 1)
        if edge > before + 1:
            chosen.append(edge)
            before = edge
    return np.array(chosen, dtype=np.intp)


def _shared(bins: NDArray[np.intp], edges: Values) -> Bins:
    counts = rounded(np.bincount(bins, minlength=len(edges) - 1)).astype(np.float64)
    counts = np.maximum(counts, 1.0)
    return Bins(edges, counts / counts.sum())
