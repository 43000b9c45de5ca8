"""What a statbarn is given and what it returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from saferoom.disclosure.history.contributors import Part
from saferoom.disclosure.queries.base import Base
from saferoom.disclosure.queries.engine import Engine
from saferoom.disclosure.queries.evidence import Cells, Mask, Numbers, Shares, UnitEvidence
from saferoom.disclosure.queries.plan import Plan
from saferoom.disclosure.rules.classes import Axis
from saferoom.disclosure.rules.hit import Hit
from saferoom.disclosure.verdict import Label
from saferoom.policies.models import RiskAppetite


@dataclass(frozen=True)
class Case:
    """A planned query beside the data and the policy.

    Attributes
    ----------
    secret : bytes or None
        What noise is made with; None where there is none, and then there is no noise either.
    """

    plan: Plan
    engine: Engine
    policy: RiskAppetite
    secret: bytes | None = None

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The dimensions as the class rules see them."""
        structural = self.plan.structural(self.policy.structural)
        dimensions = zip(self.plan.dimensions, structural, strict=True)
        return tuple(
            Axis(dimension.name, dimension.fixed, known, dimension.codelist or (), dimension.column)
            for dimension, known in dimensions
        )


@dataclass(frozen=True)
class Total:
    """Values that add up over cells and from which published numbers follow: a mean from a sum and a weight.

    Attributes
    ----------
    name : str
        What is added up, in words.
    values : ndarray of float, shape (cells,)
    shares : sequence of Shares
        Per kind of unit, how each cell's value is spread over units.
    signed : bool
        Whether any contribution is negative; if none is, everybody is taken to know it.
    counts : bool
        Whether rows or their weights are counted.
    """

    name: str
    values: Numbers
    shares: Sequence[Shares]
    signed: bool = False
    counts: bool = False


@dataclass(frozen=True)
class Outcome:
    """A computed table and every rule that bit.

    Attributes
    ----------
    cells : Cells
        Which cells there are.
    columns : mapping of name to values, one per cell
        The numbers.
    subjects : frozenset of str
        What the numbers are made from; see `Contributors.subjects`.
    units : sequence of UnitEvidence
        Of the (first) measure, per kind of unit.
    base : Base
        The rows behind the cells, for contributors.
    text_dimensions : tuple of bool
        Per dimension, whether its categories are texts.
    disguised_counts : tuple of str
        Conditions on the rows whose counts can be read from the numbers (a measure with two values).
    row_names : tuple of label tuples, optional
        Where the table's rows are not its cells (a regression's terms, a matrix of correlations).
    row_header : tuple of str
        The names of the columns that `row_names` fill.
    added : tuple of Axis
        Dimensions after the query's own that the statbarn itself made (a histogram's bins). The base's rows have them
        too, and every cell's labels end with their categories.
    derived : callable, optional
        Columns computed from those that leave, after protection (shares of a row).
    parts : callable, optional
        The units behind the numbers of the visible cells, where they are not simply the units of each cell.
    named : tuple of frozenset of Label, optional
        Per dimension, the categories that the rows name, where these are not plainly its labels.
    totals : tuple of Total
        What adds up over the cells and is told by the numbers, beside how many units there are.
    alike : ndarray of bool, shape (cells,), optional
        Of sums and their ratios: where all values are so much alike that a sum tells how many there are.
    """

    cells: Cells
    columns: Mapping[str, Numbers]
    hits: Sequence[Hit]
    subjects: frozenset[str]
    units: Sequence[UnitEvidence]
    base: Base
    text_dimensions: tuple[bool, ...]
    disguised_counts: tuple[str, ...] = ()
    row_names: tuple[tuple[Label, ...], ...] | None = None
    row_header: tuple[str, ...] = ("term", "category")
    added: tuple[Axis, ...] = ()
    derived: Callable[[Cells, Mapping[str, Numbers]], Mapping[str, Numbers]] | None = None
    parts: Callable[[Engine, Mask], tuple[Part, ...]] | None = None
    named: tuple[frozenset[Label], ...] | None = None
    totals: tuple[Total, ...] = ()
    alike: Mask | None = None

    def categories(self, dimension: int, name: str) -> set[Label]:
        """Return the categories of a dimension that the table shows; missing is none of them."""
        if self.named is not None:
            return set(self.named[dimension]) - {None}
        if self.row_names is not None:
            return {row[1] for row in self.row_names if row[0] == name} - {None}
        return {labels[dimension] for labels in self.cells.labels} - {None}


class Statbarn(Protocol):
    """One group of statistics that share evidence and rules."""

    name: str

    def evaluate(self, case: Case) -> Outcome:
        """Compute the table and its evidence, and apply the rules."""
        ...
