"""The attack suite's vocabulary: a sequence of queries, the attack on what they release, and what it is to succeed.

Vocabulary
----------
scenario
    Queries that a researcher hands in one after another, and the attacker who afterwards has what was released.
danger
    The same attack on the numbers as they were asked for. It must succeed, or the scenario proves nothing.
unprotected
    The numbers as a tool without memory gives them: small cells are blank where suppression was asked for (and margins
    are not), each number is rounded by itself where rounding was asked for, and all others are exact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from tests.benchmark.worlds import Data
from tests.support.attackers.linear import NOTHING, Equation, Interval, System, Vector
from tests.support.attackers.reading import Rows, Secret, Seen, equations

from saferoom.policies.models import RiskAppetite

if TYPE_CHECKING:
    import pandas as pd

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Step:
    """One query; `version` says of which version of the data.

    Attributes
    ----------
    read_as : mapping or None
        What the attacker makes of the query who knows more than it says, e.g. for whom a condition holds.
    plainly : bool
        Whether a tool without memory would give the numbers exactly, also where protection was asked for.
    noise : float
        Scale of the noise with which the privacy lane releases the table; 0 where it is an ordinary query.
    """

    document: Document
    version: int = 0
    read_as: Document | None = None
    plainly: bool = False
    noise: float = 0.0


@dataclass(frozen=True)
class Left:
    """What one step released: rows of labels and numbers, or None.

    Attributes
    ----------
    apart : bool
        See `tests.support.attackers.reading.Seen`.
    """

    step: Step
    rows: Rows | None
    apart: bool = False

    @property
    def document(self) -> Document:
        """The query as an attacker reads it."""
        said = self.step.read_as or self.step.document
        if not (self.apart and self.step.plainly):
            return said
        return {key: value for key, value in said.items() if key != "protect"}


class Dangerous(Protocol):
    """A sequence of queries, and whether an attack on what they release succeeds."""

    @property
    def name(self) -> str:
        """Its own in the suite."""
        ...

    @property
    def kind(self) -> str:
        """Under which it is counted."""
        ...

    @property
    def versions(self) -> tuple[Data, ...]:
        """The data, oldest first."""
        ...

    @property
    def steps(self) -> tuple[Step, ...]:
        """What is handed in."""
        ...

    @property
    def policy(self) -> RiskAppetite:
        """What it is judged by."""
        ...

    def succeeds(self, left: Sequence[Left]) -> bool:
        """Run the attack on what left."""
        ...


class Attack(Protocol):
    """Works something out from what left."""

    def __call__(self, left: Sequence[Left], versions: Sequence[Data]) -> Interval:
        """Return what the attacker is sure of."""
        ...


@dataclass(frozen=True)
class Scenario:
    """A sequence and an attack on it.

    Attributes
    ----------
    truth : float
        What the attack is about, as the population says.
    within : float
        An attack succeeds when what it is sure of lies no further than this from the truth, on either side.
    """

    name: str
    kind: str
    versions: tuple[Data, ...]
    steps: tuple[Step, ...]
    attack: Attack
    truth: float
    within: float
    policy: RiskAppetite = field(default_factory=RiskAppetite)

    def succeeds(self, left: Sequence[Left]) -> bool:
        """Run the attack on what left."""
        return self.attack(left, self.versions).tells(self.truth, self.within)


@dataclass(frozen=True)
class Safe:
    """A sequence that ordinary work consists of: every step should pass."""

    name: str
    versions: tuple[Data, ...]
    steps: tuple[Step, ...]
    policy: RiskAppetite = field(default_factory=RiskAppetite)


@dataclass(frozen=True)
class OverPeople:
    """Equations about a confidential column of people.

    Attributes
    ----------
    target : tuple of ids
        Whose sum the attacker is after.
    known : mapping of id to bounds
        What an insider knows: own values, those of people who tell, and about what some people can have.
    lowest, highest : float
        What is known of everybody's value.
    """

    secret: Secret
    target: tuple[Any, ...]
    known: Mapping[Any, tuple[float, float]] = field(default_factory=dict)
    lowest: float = 0.0
    highest: float = float("inf")

    def __call__(self, left: Sequence[Left], versions: Sequence[Data]) -> Interval:
        """Return the bounds of the target's sum."""
        units: dict[Any, int] = {}
        for data in versions:
            for unit in data.frame.iloc[:, 0].tolist():
                units.setdefault(unit, len(units))
        found = read(left, [data.frame for data in versions], self.secret, units)
        if not found:
            return NOTHING
        known = self.system(units)
        return replace(known, equations=found).bounds(self.goal(units))

    def system(self, units: Mapping[Any, int]) -> System:
        """Return what is known beforehand."""
        import numpy as np

        lowest, highest = np.full(len(units), self.lowest), np.full(len(units), self.highest)
        for unit, (low, high) in self.known.items():
            lowest[units[unit]], highest[units[unit]] = low, high
        return System(lowest, highest, (), whole=self.highest == 1)

    def goal(self, units: Mapping[Any, int]) -> Vector:
        """Return what the target is made of."""
        from tests.support.attackers.linear import total_of

        return total_of([units[unit] for unit in self.target], len(units))


def read(
    left: Sequence[Left], frames: Sequence[pd.DataFrame], secret: Secret, units: Mapping[Any, int]
) -> tuple[Equation, ...]:
    """Read everything that left as equations about the units' secrets."""
    return tuple(
        equation
        for item in left
        if item.rows is not None
        for equation in equations(Seen(item.document, item.rows, frames[item.step.version], item.apart), secret, units)
    )
