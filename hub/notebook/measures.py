"""What is documented of derived data: every measure there is, with formula, source and version."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

from saferoom.errors import BadInputError
from saferoom.hub.notebook.errors import RoomError
from saferoom.hub.notebook.markup import words_html
from saferoom.projects.measures.model import Step
from saferoom.projects.measures.steps import STEPS, step


@dataclass(frozen=True)
class Measure:
    """A documented step that makes derived data; `sql` is what it computes, over its inputs' names."""

    step: Step

    @property
    def sql(self) -> str:
        """The step's query; empty where it depends on its settings."""
        return "\n".join(line.strip() for line in self.step.sql.strip().splitlines())

    def _lines(self) -> list[tuple[str, str]]:
        known = self.step
        reads = "; ".join(f"{one.name} ({', '.join(c.name for c in one.columns)})" for one in known.inputs)
        makes = "; ".join(f"{column.name}: {column.meaning}" for column in known.output)
        return [("formula", known.formula), ("source", known.source), ("reads", reads), ("makes", makes)]

    def __repr__(self) -> str:
        """Return formula, source, and what is read and made, as text."""
        head = f"{self.step.name}, version {self.step.version}: {self.step.title}"
        return "\n".join([head, *(f"  {name}: {said}" for name, said in self._lines())])

    def _repr_html_(self) -> str:
        head = f"{self.step.name}, version {self.step.version}: {self.step.title}"
        return f"<p><b>{html.escape(head)}</b></p>{words_html(['', ''], self._lines())}"


@dataclass(frozen=True)
class Measures:
    """Every measure there is."""

    steps: Sequence[Step]

    def _rows(self) -> list[tuple[str, str, str]]:
        return [(one.name, str(one.version), one.title) for one in self.steps]

    def __repr__(self) -> str:
        """Return names, versions and titles as text."""
        width = max(len(one.name) for one in self.steps)
        return "\n".join(f"{name:<{width}}  {version}  {title}" for name, version, title in self._rows())

    def _repr_html_(self) -> str:
        return words_html(["measure", "version", "makes"], self._rows())


def measures(name: str | None = None) -> Measure | Measures:
    """Show the measures that derived datasets are made with, or one of them with its formula and source."""
    if name is None:
        return Measures(STEPS)
    try:
        return Measure(step(name))
    except BadInputError as error:
        raise RoomError(error.message) from None
