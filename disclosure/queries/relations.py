"""What an expression or a view can refer to: relations with their columns, and where each column comes from."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from saferoom.disclosure.queries.classification import Classification
from saferoom.disclosure.verdict import Label
from saferoom.errors import BadInputError

COUNT = "count"
"""The origin of what counts rows, and the subject of numbers that do."""


@dataclass(frozen=True)
class Column:
    """A column of a relation.

    Attributes
    ----------
    name : str
        As the relation calls it.
    sql_name : str
        As the engine knows it: the data owner's own name, or a generated one where a researcher chose the name.
    unit : str or None
        The kind of statistical unit whose ids it holds (the name of the dataset's id column), or None.
    origins : frozenset of str
        ``dataset.column`` of everything its values are computed from, and `COUNT` where rows are counted.
    owned : bool
        True where the name is the data owner's, false where a researcher chose it.
    codelist : tuple of Label or None
        Declared categories, where the column is a dataset's column unchanged.
    classification : Classification or None
        Declared parents of its categories, likewise.
    conditional : bool
        True where a view computed it with conditions (CASE, comparisons), so that it may treat somebody differently.
    stepped : bool
        True where a view computed it with a function that can act as a condition does (floor, greatest, power).
    composed : bool
        True where a view added it up from several things.
    repeats : tuple of callables
        Each says, after a look at the data, whether a join may have repeated the column's values.
    """

    name: str
    sql_name: str
    unit: str | None = None
    origins: frozenset[str] = frozenset()
    owned: bool = True
    codelist: tuple[Label, ...] | None = None
    classification: Classification | None = None
    conditional: bool = False
    stepped: bool = False
    composed: bool = False
    repeats: tuple[Callable[[], bool], ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True)
class Within:
    """Units that a view adds up within larger ones, such as the people of whole households.

    Where every such unit is in exactly one larger one, and no larger one is in two rows of the view, counting the
    larger units never counts too many of the smaller, and who they are is known from the dataset.

    Attributes
    ----------
    unit, larger : str
        The columns of the dataset that hold their ids.
    source : str
        The dataset, as the engine knows it.
    doubt : str
        What is not known for certain where the conditions above do not hold.
    """

    unit: str
    larger: str
    source: str
    doubt: str


@dataclass(frozen=True)
class Relation:
    """A dataset, a view, or a part of a view.

    Attributes
    ----------
    name : str
        As the query calls it.
    sql_name : str
        As the engine knows it: the dataset's own name, or a generated one for a view.
    doubts : tuple of str
        Why counting the units that are carried does not count everybody behind the rows; empty when it does.
    selective : bool
        True where a join's condition can repeat the rows of chosen units, and so change a total by their values.
    claimed : bool
        True where any of it was made in a room and cannot be computed again.
    within : tuple of Within
        Units that are added up in the relation's own; whether they may be counted so depends on the data.
    one_each : frozenset of str
        Unit columns of a dataset that were found, when its extract was made, to have an id in every row and none twice.
    unique : callable
        Says of a column, by its lower-case name, whether no value of it is in two rows; when in doubt it says no.
    """

    name: str
    sql_name: str
    columns: Mapping[str, Column]
    doubts: tuple[str, ...] = ()
    sources: frozenset[str] = field(default_factory=frozenset)
    selective: bool = False
    claimed: bool = False
    within: tuple[Within, ...] = ()
    one_each: frozenset[str] = frozenset()
    unique: Callable[[str], bool] = field(default=lambda _: False, compare=False, repr=False)

    @classmethod
    def of(
        cls,
        name: str,
        sql_name: str,
        columns: Iterable[Column],
        doubts: tuple[str, ...] = (),
        sources: frozenset[str] = frozenset(),
    ) -> Relation:
        """Return a relation; the engine compares names without case, so they are looked up by their lower case."""
        return cls(name, sql_name, {column.name.lower(): column for column in columns}, doubts, sources)

    def find(self, name: str) -> Column | None:
        """Return the column called `name`, whatever its case."""
        return self.columns.get(name.lower())

    @property
    def units(self) -> tuple[Column, ...]:
        """The columns that hold unit ids."""
        return tuple(column for column in self.columns.values() if column.unit is not None)


def unknown(what: str, name: str, known: Iterable[str], where: str) -> BadInputError:
    """Return the error for a `name` that is none of `known`, with the nearest ones as a suggestion."""
    names = sorted(known)
    near = difflib.get_close_matches(name.lower(), [n.lower() for n in names], n=1, cutoff=0.6)
    shown = name if len(name) <= 63 and name.isprintable() else "of that name"
    if near:
        hint = f"; did you mean {next(n for n in names if n.lower() == near[0])}?"
    else:
        hint = f"; there are {', '.join(names[:40])}{' and more' if len(names) > 40 else ''}" if names else ""
    return BadInputError(f"{where}: there is no {what} {shown}{hint}")
