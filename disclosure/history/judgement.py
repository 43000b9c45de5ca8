"""What is found beside earlier releases: findings in words, and combinations laid out for an output checker."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from saferoom.disclosure.history.memory import Release
from saferoom.disclosure.verdict import Finding, Label, Risk, Verdict
from saferoom.policies.models import RiskAppetite

Cell = tuple[Label, ...]


class How(StrEnum):
    """How an attacker combines numbers."""

    SUBTRACT = "subtract"
    WORK_OUT = "work_out"
    SOLVE = "solve"
    BOUND = "bound"
    MEASURE = "measure"
    NOISE = "noise"
    AGAIN = "again"
    AVERAGE = "average"
    COMPOSE = "compose"
    DOMINATE = "dominate"


@dataclass(frozen=True)
class Earlier:
    """Cells of an earlier release that take part; of another project's release they are not told."""

    release: str
    title: str | None
    cells: tuple[Cell, ...]

    @classmethod
    def of(cls, release: Release, cells: Iterable[Cell]) -> Earlier:
        """Return the part of `release`."""
        return cls(release.id, release.title, tuple(cells) if release.title is not None else ())


@dataclass(frozen=True)
class Combination:
    """Numbers that together tell about few units.

    Attributes
    ----------
    new : tuple of label tuples
        Cells of the new table.
    units : str
        How many units it tells about, as a band.
    """

    how: How
    new: tuple[Cell, ...]
    earlier: tuple[Earlier, ...]
    units: str

    def document(self) -> dict[str, Any]:
        """Return a JSON-ready form."""
        earlier = [
            {"release": one.release, "title": one.title, "cells": [list(cell) for cell in one.cells]}
            for one in self.earlier
        ]
        return {
            "how": self.how.value,
            "new": [list(cell) for cell in self.new],
            "earlier": earlier,
            "units": self.units,
        }


MOST_COMBINATIONS = 500
"""Combinations with earlier releases that are kept as evidence; of more, only how many there are."""


@dataclass(frozen=True)
class Judgement:
    """Everything that was found."""

    findings: tuple[Finding, ...] = ()
    combinations: tuple[Combination, ...] = ()

    def evidence(self) -> dict[str, Any]:
        """Return the combinations in the form of an evaluation's evidence; nothing when there are none."""
        found = self.combinations
        if not found:
            return {}
        return {
            "combinations": [combination.document() for combination in found[:MOST_COMBINATIONS]],
            "more_combinations": max(0, len(found) - MOST_COMBINATIONS),
        }


def band(units: int, policy: RiskAppetite) -> str:
    """Return a size as one of two bands below the policy's limit, or as at least the limit."""
    limit = policy.difference_units
    half = limit // 2
    if units >= limit:
        return f"{limit} or more"
    if units < half or half < 2:
        return f"1 to {max(half - 1, 1)}" if half > 2 else f"fewer than {limit}"
    return f"{half} to {limit - 1}"


@dataclass
class Collected:
    """Cells that collide with the same earlier release in the same way and severity."""

    cells: dict[Cell, None] = field(default_factory=dict)
    bands: dict[str, None] = field(default_factory=dict)


Key = tuple[int, How, Verdict]
"""The place of an earlier release, how it is combined with the new one, and how bad that is."""


class Book:
    """Collects what collides, and writes it down once for every earlier release."""

    def __init__(self, releases: Sequence[Release], policy: RiskAppetite) -> None:
        self._releases = releases
        self._policy = policy
        self._found: dict[Key, Collected] = {}
        self._together: dict[tuple[How, Verdict], Collected] = {}
        self._combinations: dict[Combination, None] = {}

    @property
    def fails(self) -> bool:
        """Whether something was found for which the new table must not leave."""
        return any(key[2] is Verdict.FAIL for key in self._found) or any(
            severity is Verdict.FAIL for _, severity in self._together
        )

    def add(self, key: Key, cell: Cell, others: Iterable[Cell], units: int | None) -> None:
        """Note that a cell collides with cells of one earlier release."""
        release = self._releases[key[0]]
        said = band(units, self._policy) if units is not None else f"fewer than {self._policy.difference_units}"
        found = self._found.setdefault(key, Collected())
        found.cells[cell] = None
        found.bands[said] = None
        self._combinations[Combination(key[1], (cell,), (Earlier.of(release, others),), said)] = None

    def add_together(
        self, how: How, severity: Verdict, cells: Iterable[Cell], earlier: dict[int, list[Cell]], units: int
    ) -> None:
        """Note that cells collide with several earlier releases at once."""
        said = band(units, self._policy)
        found = self._together.setdefault((how, severity), Collected())
        new = tuple(cells)
        found.cells |= dict.fromkeys(new)
        found.bands[said] = None
        parts = tuple(Earlier.of(self._releases[place], dict.fromkeys(those)) for place, those in earlier.items())
        self._combinations[Combination(how, new, parts, said)] = None

    def judgement(self, more: Iterable[Finding] = ()) -> Judgement:
        """Return everything that was noted."""
        findings = [*self._single(), *more, *self._several()]
        return Judgement(tuple(dict.fromkeys(findings)), tuple(self._combinations))

    def _single(self) -> Iterable[Finding]:
        # One finding for all other projects' releases: their number is not told either.
        merged: dict[tuple[str | None, How, Verdict], Collected] = {}
        for (place, how, severity), found in self._found.items():
            title = self._releases[place].title
            if any((place, other, severity) in self._found for other in _SAID_BY.get(how, ())):
                continue
            known = merged.setdefault((title, how, severity), Collected())
            known.cells |= found.cells
            known.bands |= found.bands
        for (title, how, severity), found in merged.items():
            yield self._finding(title, how, severity, found)

    def _finding(self, title: str | None, how: How, severity: Verdict, found: Collected) -> Finding:
        release = "an earlier release of another project" if title is None else f"the earlier release '{title}'"
        few = f"fewer than {self._policy.difference_units} units"
        if title is not None and (size := _size(found.bands)):
            few += f" ({size})"
        message, remedy = _TEXTS[how]
        return Finding(
            rule="noise-stripped" if how is How.NOISE else "differencing",
            risk=Risk.DIFFERENCING,
            severity=severity,
            cells=tuple(found.cells),
            message=message.format(release=release, few=few),
            remedy=remedy,
        )

    def _several(self) -> Iterable[Finding]:
        for (how, severity), found in self._together.items():
            message, remedy = _TOGETHER[how]
            few = f"fewer than {self._policy.difference_units} units"
            yield Finding(
                rule="differencing",
                risk=Risk.DIFFERENCING,
                severity=severity,
                cells=tuple(found.cells),
                message=message.format(few=few),
                remedy=remedy,
            )


def _size(bands: Iterable[str]) -> str:
    known = [said for said in bands if not said.startswith("fewer")]
    return " or ".join(sorted(known)) if known else ""


_SAID_BY = {How.MEASURE: (How.SUBTRACT, How.NOISE), How.WORK_OUT: (How.SUBTRACT,)}
"""What says the same of a release, and more."""
_TEXTS = {
    How.SUBTRACT: (
        "Subtracting this from {release} tells about {few}, because the populations of the two differ by so few.",
        "use the population of the earlier release, or one that differs by more units",
    ),
    How.WORK_OUT: (
        "How many units there are can be worked out from the digits of means and the like. With {release} this tells "
        "about {few}, because the populations of the two differ by so few.",
        "use the population of the earlier release, or one that differs by more units",
    ),
    How.MEASURE: (
        "Subtracting this from {release} tells about {few}: all others add (nearly) the same to both, by the same rows "
        "or values.",
        "use the rows and the measure of the earlier release, or ones that differ for more units",
    ),
    How.AGAIN: (
        "In {release} the same people were shown with cell-key noise of another design or rounded in another table, "
        "and both numbers together tell more than either.",
        "use the protection of the earlier release with its parameters, and for controlled rounding its dimensions",
    ),
    How.AVERAGE: (
        "With {release} there are many pairs of numbers with cell-key noise that differ by the same people, {few}; the "
        "noise of all of them is another, so that their average tells about these people.",
        "use the population of the earlier release, or one that differs by more units",
    ),
    How.NOISE: (
        "Beside {release} the same cells would be known both with noise and without, so that the noise protects nobody "
        "there any more.",
        "protect it with noise as well, repeat the earlier release's kind of number, or use other cells",
    ),
}
_TOGETHER = {
    How.SOLVE: (
        "Added to and subtracted from numbers released earlier, this tells about {few}: the populations cancel out but "
        "for so few.",
        "use the populations of earlier releases, or ones that differ by more units",
    ),
    How.BOUND: (
        "With rounded and blank numbers released earlier, it can be worked out that a group holds somebody, and {few}.",
        "use the populations of earlier releases, a larger rounding base, or broader categories",
    ),
    How.DOMINATE: (
        "Added to and subtracted from numbers released earlier, this tells the total of a group of which one or two "
        "units have most, and so about {few}.",
        "use the populations of earlier releases, or broader categories",
    ),
    How.COMPOSE: (
        "For most of the people behind it, this is made up of numbers released earlier. Taking these off leaves what "
        "only few add, or what few of them dominate: it tells about {few}.",
        "use a measure of an earlier release, or broader categories in which more people add to what is left",
    ),
}
