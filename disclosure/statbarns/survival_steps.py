"""Where a survival curve may have its steps: how exits are gathered until each released count has its threshold.

Vocabulary
----------
exit
    The end of a row's time under observation, by the event or by censoring.
tick
    One interval of a fine grid of round times; nothing about the data is in the grid but its width.
step
    Consecutive ticks that are released together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.queries.evidence import Counts, Mask, Numbers


@dataclass(frozen=True)
class Ticks:
    """The exits of every stratum, tick by tick; arrays are sorted by stratum and time.

    Attributes
    ----------
    stratum : ndarray of int
        The place of the stratum among all strata.
    index : ndarray of int
        The tick; rising within a stratum.
    end : ndarray of float
        The tick's last moment, in the units of the time; infinite where nothing may be shown.
    moments : ndarray of int
        Different times of exits within the tick.
    events, censored : ndarray of float
        Rows, or their weight.
    kept, hazard : ndarray of float
        The product of 1 - d/n, and the sum of d/n, over the tick's times.
    greenwood, aalen : ndarray of float
        The sums of d/(n (n - d)) and of d/n^2 over the tick's times.
    event_units, censored_units : ndarray of int, shape (kinds, ticks)
        Distinct units, each counted at its first such exit alone, so that a step has at least the sum of its ticks.
    """

    stratum: Counts
    index: Counts
    end: Numbers
    moments: Counts
    events: Numbers
    censored: Numbers
    kept: Numbers
    hazard: Numbers
    greenwood: Numbers
    aalen: Numbers
    event_units: NDArray[np.int64]
    censored_units: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.stratum)


@dataclass(frozen=True)
class Steps:
    """What is released, step by step, sorted by stratum and time.

    Attributes
    ----------
    first, last : ndarray of int
        Places of the step's ticks.
    removed : ndarray of float
        Censored that are taken off after this step; those not yet enough to be told stay among those at risk.
    released : ndarray of bool
        Whether the censored up to here can be told from the numbers at risk.
    carried : ndarray of bool
        The number at risk is not exact, because some censored were not yet enough to be told.
    """

    first: Counts
    last: Counts
    removed: Numbers
    released: Mask
    carried: Mask

    def __len__(self) -> int:
        return len(self.last)


@dataclass(frozen=True)
class Demand:
    """What a step needs: per kind of unit the threshold, and whether its ids are all different."""

    least: tuple[int, ...]
    unique: tuple[bool, ...]
    weighted: bool

    def enough(self, units: Counts) -> bool:
        """Say whether every kind of unit reaches its threshold."""
        return bool((units >= np.array(self.least)).all())


_Step = tuple[int, int, float, bool, bool]


def gather_steps(ticks: Ticks, demand: Demand) -> Steps:
    """Gather ticks into steps, stratum by stratum.

    Notes
    -----
    A step ends where enough units had the event, enough are still at risk, and as many were censored meanwhile as can
    be told: none, or enough. Where few drop out over the whole time, waiting for enough of them would end the curve;
    they then stay among those at risk until they are enough (the numbers are computed accordingly).
    """
    found: list[_Step] = []
    if len(ticks) == 0:
        return _steps(found)
    starts = np.flatnonzero(np.diff(ticks.stratum, prepend=-1))
    for start, stop in zip(starts.tolist(), [*starts[1:].tolist(), len(ticks)], strict=True):
        waiting = list(_stratum(ticks, range(start, stop), demand, wait=True))
        if not demand.weighted:
            # With weights, those carried along would have an unknown weight.
            carrying = list(_stratum(ticks, range(start, stop), demand, wait=False))
            waiting = carrying if 2 * len(waiting) < len(carrying) else waiting
        found += waiting
    return _steps(found)


def fixed_steps(ticks: Ticks) -> Steps:
    """Return every tick that ends as a step of its own, whatever is in it."""
    ending = np.flatnonzero(np.isfinite(ticks.end))
    return _steps([(i, i, float(ticks.censored[i]), True, False) for i in ending.tolist()])


def _steps(found: Sequence[_Step]) -> Steps:
    first, last, removed, released, carried = zip(*found, strict=True) if found else ((), (), (), (), ())
    return Steps(
        np.array(first, dtype=np.int64),
        np.array(last, dtype=np.int64),
        np.array(removed, dtype=np.float64),
        np.array(released, dtype=bool),
        np.array(carried, dtype=bool),
    )


def _stratum(ticks: Ticks, places: range, demand: Demand, *, wait: bool) -> Iterator[_Step]:
    kinds = len(demand.least)
    events, censored = np.zeros(kinds, dtype=np.int64), np.zeros(kinds, dtype=np.int64)
    left = _left(ticks, places, demand)
    pending, first, carried = 0.0, places.start, False
    for i in places:
        events, censored = events + ticks.event_units[:, i], censored + ticks.censored_units[:, i]
        pending += float(ticks.censored[i])
        if not np.isfinite(ticks.end[i]) or not demand.enough(left[:, i - places.start]):
            return
        tellable = pending == 0 or demand.enough(censored)
        if demand.enough(events) and (tellable or not wait):
            carried = carried or not tellable
            yield first, i, pending if tellable else 0.0, tellable, carried
            events, first = np.zeros(kinds, dtype=np.int64), i + 1
            if tellable:
                pending, censored = 0.0, np.zeros(kinds, dtype=np.int64)


def _left(ticks: Ticks, places: range, demand: Demand) -> NDArray[np.int64]:
    """Return how many units are surely still at risk after each tick, shape (kinds, ticks)."""
    inside = slice(places.start, places.stop)

    def after(units: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.asarray(units.sum(axis=1, keepdims=True) - np.cumsum(units, axis=1))

    events, censored = after(ticks.event_units[:, inside]), after(ticks.censored_units[:, inside])
    unique = np.array(demand.unique)[:, None]
    # A unit with several rows can be among both.
    return np.where(unique, events + censored, np.maximum(events, censored))
