"""What is documented of derived data: every measure there is, with formula, source and version."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from saferoom.errors import BadInputError
from saferoom.hub.notebook.errors import RoomError
from saferoom.hub.notebook.markup import words_html
from saferoom.projects.measures.model import Step, Value
from saferoom.projects.measures.steps import STEPS, step
from saferoom.projects.measures.views import IN_ROOMS, view


@dataclass(frozen=True)
class Measure:
    """A documented step: `sql` is what it computes where data are derived, `view` the same over extracts."""

    step: Step

    @property
    def sql(self) -> str:
        """The step's query; empty where it depends on its settings."""
        return "\n".join(line.strip() for line in self.step.sql.strip().splitlines())

    def view(self, inputs: Mapping[str, str], **settings: Value | str) -> str:
        """Return the measure as a SELECT for `views`, to be declared over the project's extracts.

        Parameters
        ----------
        inputs : mapping of str to str
            Of every input that the view reads: a dataset or an earlier view with the input's columns, or a SELECT that
            gives them. Keep the ids of units in them, and they are kept in the view.
        **settings
            The measure's settings; a date may be a text, as ``2021-03-21``.

        Examples
        --------
        >>> ranked = saferoom.measures("income-ranks").view(
        ...     {"incomes": "SELECT *, person_id AS person, born_in AS cohort, pay AS income FROM earners"}
        ... )  # doctest: +SKIP
        >>> saferoom.frequency("region", source="ranked", views={"ranked": ranked})  # doctest: +SKIP
        """
        try:
            values = {name: date.fromisoformat(v) if isinstance(v, str) else v for name, v in settings.items()}
        except ValueError:
            raise RoomError(f"{self.step.name}: a setting that is a text must be a date, as 2021-03-21") from None
        try:
            return view(self.step, inputs, values)
        except BadInputError as error:
            raise RoomError(error.message) from None

    def _lines(self) -> list[tuple[str, str]]:
        known = self.step
        reads = "; ".join(f"{one.name} ({', '.join(c.name for c in one.columns)})" for one in known.inputs)
        makes = "; ".join(f"{column.name}: {column.meaning}" for column in known.output)
        room = IN_ROOMS[known.name]
        said = f"{room.said} It reads {', '.join(room.reads)}." if room.reads else room.said
        return [
            ("formula", known.formula),
            ("source", known.source),
            ("reads", reads),
            ("makes", makes),
            ("in a room", said),
        ]

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
