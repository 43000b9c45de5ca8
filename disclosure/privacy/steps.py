"""Steps of post-processing: what may be done to a certified table without asking for its data again.

As documents each is a mapping with one key, as ``{"round": 10}``; see `saferoom.disclosure.privacy.step_documents`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from saferoom.disclosure.queries.model import Chart
from saferoom.disclosure.queries.obstacles import significant
from saferoom.disclosure.verdict import Label
from saferoom.policies.models import ReleaseRoute


@dataclass(frozen=True)
class Round:
    """Round to multiples of `to`; of all numbers, or those of `columns`."""

    to: float
    columns: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """Return the step as it is declared."""
        return {"round": {"to": self.to} | _columns_of(self.columns)}


@dataclass(frozen=True)
class Clip:
    """Put numbers below `least` to it, and those above `most`."""

    least: float | None
    most: float | None
    columns: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """Return the step as it is declared."""
        bounds = {name: one for name, one in (("least", self.least), ("most", self.most)) if one is not None}
        return {"clip": bounds | _columns_of(self.columns)}


@dataclass(frozen=True)
class Drop:
    """Leave columns of numbers out, with their margins of error."""

    columns: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """Return the step as it is declared."""
        return {"drop": list(self.columns)}


@dataclass(frozen=True)
class Rows:
    """Keep the rows with certain codes."""

    codes: Mapping[str, tuple[Label, ...]]

    def document(self) -> dict[str, Any]:
        """Return the step as it is declared."""
        return {"rows": {name: list(codes) for name, codes in self.codes.items()}}


@dataclass(frozen=True)
class Totals:
    """Add counts and sums up over dimensions, which are then gone."""

    over: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """Return the step as it is declared."""
        return {"totals": list(self.over)}


@dataclass(frozen=True)
class Join:
    """Put beside dimensions what the catalogue's classification says their codes belong to."""

    to: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """Return the step as it is declared."""
        return {"join": list(self.to)}


@dataclass(frozen=True)
class Figures:
    """Put beside the numbers what the catalogue makes public of dimensions' codes, such as areas' populations."""

    of: Mapping[str, tuple[str, ...]]

    def document(self) -> dict[str, Any]:
        """Return the step as it is declared."""
        return {"figures": {name: list(figures) for name, figures in self.of.items()}}


@dataclass(frozen=True)
class Rename:
    """Call dimensions what the catalogue calls them."""

    def document(self) -> dict[str, Any]:
        """Return the step as it is declared."""
        return {"rename": "catalogue"}


@dataclass(frozen=True)
class Picture:
    """Draw a chart of the table."""

    chart: Chart

    def document(self) -> dict[str, Any]:
        """Return the step as it is declared."""
        return {"chart": self.chart.model_dump(mode="json", exclude_defaults=True)}


Step = Round | Clip | Drop | Rows | Totals | Join | Figures | Rename | Picture


def literals_of(steps: Sequence[Step]) -> Iterator[Label]:
    """Yield every number and code that somebody chose freely; 0 is no choice, and neither is a base of rounding."""
    for step in steps:
        if isinstance(step, Clip):
            yield from (one for one in (step.least, step.most) if one)
        if isinstance(step, Rows):
            yield from (code for codes in step.codes.values() for code in codes)


def obstacles(steps: Sequence[Step], route: ReleaseRoute) -> tuple[str, ...]:
    """Return why a person has to look at what `steps` make: which codes and numbers were chosen can say something."""
    chosen = list(literals_of(steps))
    digits = [significant(repr(one)) for one in chosen if isinstance(one, int | float) and not isinstance(one, bool)]
    found = []
    if any(count > route.literal_digits for count in digits):
        found.append(f"A number in the steps has more than {route.literal_digits} significant digits.")
    if len(chosen) > route.literals:
        found.append(f"The steps choose more than {route.literals} numbers and codes.")
    return tuple(found)


def words_of(steps: Sequence[Step]) -> str:
    """Say what was done, for a title; nothing that somebody chose freely is in it but numbers."""
    return ", ".join(_words(step) for step in steps)


def _words(step: Step) -> str:
    match step:
        case Round():
            return f"rounded to {step.to:g}"
        case Clip():
            return "clipped"
        case Drop():
            return "with fewer columns"
        case Rows():
            return "with fewer rows"
        case Totals():
            return f"added up over {', '.join(step.over)}"
        case Join():
            return f"with groups of {', '.join(step.to)}"
        case Figures():
            return f"with figures of {', '.join(step.of)}"
        case Rename():
            return "with the catalogue's names"
        case Picture():
            return f"with a {step.chart.kind.value} chart"


def _columns_of(columns: tuple[str, ...]) -> dict[str, Any]:
    return {"columns": list(columns)} if columns else {}
