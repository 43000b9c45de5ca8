"""Attacks with a trick of their own: order statistics, deviations, and measures that are subtracted as a whole."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from tests.attack.history.model import Left, OverPeople
from tests.benchmark.worlds import Data
from tests.support.attackers.linear import NOTHING, Interval, System, exactly


def single_numbers(left: Sequence[Left]) -> list[float] | None:
    """Return the only number of every table, or None when one of them did not leave."""
    found = [None if item.rows is None else item.rows[0][-1] for item in left]
    return None if any(number is None for number in found) else [float(number) for number in found]  # type: ignore[arg-type]


@dataclass(frozen=True)
class BetweenQuantiles:
    """Somebody who leaves moves all quantiles below up and all above down: where that turns, there the value is."""

    def __call__(self, left: Sequence[Left], versions: Sequence[Data]) -> Interval:  # noqa: ARG002 - an `Attack`
        """Return the bounds of the victim's value."""
        if any(item.rows is None for item in left):
            return NOTHING
        more, less = (item.rows[0] for item in left if item.rows is not None)
        # A quantile at fraction p is at place (n - 1) p: one fewer above it moves it down, one fewer below it up. It is
        # drawn between two people, so that the victim may be one person beyond.
        low = max((float(a) for a, b in zip(more, less, strict=True) if b < a), default=-math.inf)
        high = min((float(a) for a, b in zip(more, less, strict=True) if b > a), default=math.inf)
        return Interval(0.99 * low, 1.01 * high) if low < high else NOTHING


@dataclass(frozen=True)
class FromDeviations:
    """A mean, a standard deviation, and the standard deviation without the victim: a quadratic equation.

    Attributes
    ----------
    count : int
        How many people there are; the victim is known to have more than most.
    """

    count: int

    def __call__(self, left: Sequence[Left], versions: Sequence[Data]) -> Interval:  # noqa: ARG002 - an `Attack`
        """Return the larger solution."""
        numbers = single_numbers(left)
        if numbers is None:
            return NOTHING
        mean, deviation, without = numbers
        # Taking x away lowers the sum of squares about the mean by n / (n - 1) (x - mean)^2.
        lost = (self.count - 1) * deviation**2 - (self.count - 2) * without**2
        if lost < 0:
            return NOTHING
        value = mean + math.sqrt(lost * (self.count - 1) / self.count)
        return Interval(value, value)


@dataclass(frozen=True)
class DifferenceOfMeasures:
    """Two totals over the same people: their difference is the total of what was added.

    Attributes
    ----------
    added : OverPeople
        The attack on what was added.
    count : int
        What two means have to be multiplied with; 1 for sums.
    """

    added: OverPeople
    count: int = 1

    def __call__(self, left: Sequence[Left], versions: Sequence[Data]) -> Interval:
        """Return the bounds of the target's part."""
        numbers = single_numbers(left)
        if numbers is None:
            return NOTHING
        units = {unit: i for i, unit in enumerate(versions[0].frame.iloc[:, 0].tolist())}
        number = abs(numbers[1] - numbers[0]) * self.count
        known = self.added.system(units)
        whole = exactly(np.ones(len(units)), number)
        return System(known.lowest, known.highest, (whole,)).bounds(self.added.goal(units))


@dataclass(frozen=True)
class Averaging:
    """The same number, asked for in many words: noise that is drawn anew averages out.

    Attributes
    ----------
    reach : float
        How far a single number can be from the true one, as everybody knows.
    """

    reach: float

    def __call__(self, left: Sequence[Left], versions: Sequence[Data]) -> Interval:  # noqa: ARG002 - an `Attack`
        """Return the mean and two standard errors around it."""
        numbers = [float(item.rows[0][-1]) for item in left if item.rows is not None and item.rows[0][-1] is not None]
        if not numbers:
            return NOTHING
        if len(set(numbers)) == 1:
            # The noise belongs to the people, not to the question: nothing is gained by asking again.
            return Interval(max(0.0, numbers[0] - self.reach), numbers[0] + self.reach)
        error = 2 * float(np.std(numbers, ddof=1)) / math.sqrt(len(numbers))
        return Interval(float(np.mean(numbers)) - error, float(np.mean(numbers)) + error)


@dataclass(frozen=True)
class StripsNoise:
    """An exact table beside the same with noise: what the noise was in a cell.

    Attributes
    ----------
    cell : tuple of labels
    """

    cell: tuple[object, ...]

    def __call__(self, left: Sequence[Left], versions: Sequence[Data]) -> Interval:  # noqa: ARG002 - an `Attack`
        """Return the difference, noisy less exact."""
        found: dict[bool, float] = {}
        for item in left:
            for row in item.rows or ():
                if row[:-1] == self.cell:
                    found[item.step.noise > 0] = float(row[-1])
        if len(found) < 2:
            return NOTHING
        return Interval(found[True] - found[False], found[True] - found[False])


@dataclass(frozen=True)
class MadeUp:
    """Numbers of several measures, added up with factors that everybody can look up: what is left is somebody's.

    Attributes
    ----------
    factors : tuple of float or mapping
        Per released table; of a mapping, per cell.
    cell : tuple of labels
        The cell of each table that is taken where there is one factor.
    others : float
        What all others have at most of what is left, as is known of them.
    """

    factors: tuple[float | Mapping[tuple[object, ...], float], ...]
    cell: tuple[object, ...] = ()
    others: float = 0.0

    def __call__(self, left: Sequence[Left], versions: Sequence[Data]) -> Interval:  # noqa: ARG002 - an `Attack`
        """Return the bounds of what the victim has of what is left."""
        whole = 0.0
        for item, factors in zip(left, self.factors, strict=True):
            if item.rows is None:
                return NOTHING
            by_cell = factors if isinstance(factors, Mapping) else {self.cell: factors}
            numbers = {row[:-1]: float(row[-1]) for row in item.rows}
            whole += sum(by_cell[cell] * number for cell, number in numbers.items() if cell in by_cell)
        return Interval(whole - self.others, whole)
