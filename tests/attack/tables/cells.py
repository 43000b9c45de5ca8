"""An attacker on tables: how many people (or how much) is in each cell, from all that was published of them.

Who is where is not known here; only which combinations there can be is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from tests.attack.history.model import Left, Step, read
from tests.benchmark.worlds import Data
from tests.support.attackers.linear import System, Vector
from tests.support.attackers.reading import Secret

from saferoom.policies.models import RiskAppetite

if TYPE_CHECKING:
    import pandas as pd

COUNT = Secret("n", of_cells=True)
SMALL = 10


@dataclass(frozen=True)
class Target:
    """A cell or margin: the combinations in it, what is in it, and how near an attacker has to come."""

    rows: tuple[int, ...]
    truth: float
    within: float


@dataclass(frozen=True)
class Attacked:
    """Tables that are asked for, and every small cell as a target.

    Attributes
    ----------
    combinations : DataFrame
        All that there can be: a number of their own, then the categories.
    known : mapping of number to bounds
        What is known beforehand: combinations that nobody has, and own values.
    """

    name: str
    kind: str
    versions: tuple[Data, ...]
    steps: tuple[Step, ...]
    combinations: pd.DataFrame = field(repr=False)
    targets: tuple[Target, ...]
    secret: Secret = COUNT
    known: Mapping[int, tuple[float, float]] = field(default_factory=dict)
    policy: RiskAppetite = field(default_factory=RiskAppetite)

    def succeeds(self, left: Sequence[Left]) -> bool:
        """Say whether any target is found out."""
        units = {number: place for place, number in enumerate(self.combinations.iloc[:, 0].tolist())}
        frames = [self.combinations] * len(self.versions)
        system = replace(self._before(units), equations=read(left, frames, self.secret, units))
        return any(
            system.bounds(self._goal(target, units)).tells(target.truth, target.within) for target in self.targets
        )

    def _before(self, units: Mapping[Any, int]) -> System:
        lowest, highest = np.zeros(len(units)), np.full(len(units), np.inf)
        for number, (low, high) in self.known.items():
            lowest[units[number]], highest[units[number]] = low, high
        return System(lowest, highest, (), whole=self.secret is COUNT)

    def _goal(self, target: Target, units: Mapping[Any, int]) -> Vector:
        goal = np.zeros(len(units))
        goal[[units[number] for number in target.rows]] = 1.0
        return goal


def combinations_of(frame: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Return every combination of the categories that there are."""
    import pandas as pd

    categories = [sorted(frame[name].dropna().unique().tolist()) for name in by]
    rows = list(product(*categories))
    return pd.DataFrame(rows, columns=list(by)).reset_index(names="number")


def small_cells(
    frame: pd.DataFrame, combinations: pd.DataFrame, tables: Sequence[Sequence[str]], measure: str | None = None
) -> Iterator[tuple[tuple[int, ...], int, float]]:
    """Yield every cell with 1 to 9 people of the tables: its combinations, how many, and what is asked for in it."""
    numbers = combinations["number"].to_numpy()
    for table in tables:
        grouped = frame.groupby(list(table))
        for labels, people in grouped:
            if len(people) < SMALL:
                chosen = np.ones(len(numbers), dtype=bool)
                for name, label in zip(table, labels, strict=True):
                    chosen &= (combinations[name] == label).to_numpy()
                total = float(len(people)) if measure is None else float(people[measure].sum())
                yield tuple(numbers[chosen].tolist()), len(people), total


def empty(frame: pd.DataFrame, combinations: pd.DataFrame) -> dict[int, tuple[float, float]]:
    """Return the combinations that nobody has, for an attacker who knows that."""
    by = list(combinations.columns[1:])
    there = set(frame[by].itertuples(index=False, name=None))
    rows = combinations.itertuples(index=False, name=None)
    return {int(row[0]): (0.0, 0.0) for row in rows if row[1:] not in there}
