"""Tables that were drawn, on their way through post-processing, and the public knowledge it may use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from saferoom.disclosure.verdict import Label, Table
from saferoom.errors import BadInputError

MARGIN = "_margin_95"
"""How the names of columns with margins of error end."""


@dataclass(frozen=True)
class Public:
    """What the catalogue makes known of a table's dimensions, by their names.

    Attributes
    ----------
    names : mapping of str to str
        What the catalogue calls a dimension.
    groups : mapping of str to mapping
        What a dimension's codes belong to.
    figures : mapping of str to mapping of str to mapping
        Numbers of a dimension's codes, by what they are.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, Mapping[Label, Label]] = field(default_factory=dict)
    figures: Mapping[str, Mapping[str, Mapping[Label, float]]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return it JSON-ready: keys of objects could not be numbers."""
        groups = {name: _pairs(known) for name, known in self.groups.items()}
        figures = {
            name: {figure: _pairs(known) for figure, known in several.items()} for name, several in self.figures.items()
        }
        return {"names": dict(self.names), "groups": groups, "figures": figures}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Public:
        """Read what `to_json` wrote; `BadInputError` for anything else."""
        try:
            return cls(
                {str(name): str(label) for name, label in document["names"].items()},
                {str(name): dict(known) for name, known in document["groups"].items()},
                {
                    str(name): {str(figure): _numbers(known) for figure, known in several.items()}
                    for name, several in document["figures"].items()
                },
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            raise BadInputError("this is no public knowledge of a table's dimensions") from None


def _pairs(known: Mapping[Label, Any]) -> list[list[Any]]:
    return [[code, value] for code, value in known.items()]


def _numbers(pairs: Any) -> dict[Label, float]:
    if not all(isinstance(value, int | float) and not isinstance(value, bool) for _, value in pairs):
        raise TypeError("not numbers")
    return dict(pairs)


@dataclass(frozen=True)
class Certified:
    """A table that was drawn, or what became of it.

    Attributes
    ----------
    labels : int
        How many of its first columns are labels.
    no_totals : str
        Why its numbers are not to be added up; empty where they are.
    used : Public
        What was taken from public knowledge.
    beside : tuple of str
        Columns with public numbers, which steps leave as they are.
    """

    table: Table
    labels: int
    no_totals: str = ""
    used: Public = field(default_factory=Public)
    beside: tuple[str, ...] = ()

    @property
    def dimensions(self) -> tuple[str, ...]:
        """The columns with labels."""
        return self.table.columns[: self.labels]

    @property
    def numbers(self) -> tuple[str, ...]:
        """The columns with numbers, those with margins of error among them."""
        return self.table.columns[self.labels :]

    def at(self, name: str, among: Sequence[str]) -> int:
        """Return the place of a column.

        Raises
        ------
        BadInputError
            It is not `among` those that the step works on.
        """
        if name not in among:
            raise BadInputError(f"steps: the table has no such column; it has {', '.join(among)}", field="steps")
        return self.table.columns.index(name)
