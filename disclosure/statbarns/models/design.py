"""The design matrix of a formula: which columns it has and what they are called.

Categories are coded by treatment: the first is the reference wherever what is left out can be told from other terms,
and else all have a column. So ``C(a):C(b)`` alone has a column for every combination but the first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations, product

import numpy as np

from saferoom.disclosure.queries.evidence import Numbers
from saferoom.disclosure.queries.formula import Formula
from saferoom.disclosure.statbarns.models.rows import MOST_NUMBERS, Rows, too_large
from saferoom.disclosure.verdict import Label
from saferoom.errors import BadInputError

MOST_COLUMNS = 250
INTERCEPT = "(intercept)"
Coding = tuple[frozenset[str], frozenset[str]]
"""Categories coded without their first one, and categories coded in full."""


@dataclass(frozen=True)
class Column:
    """One column of the design matrix.

    Attributes
    ----------
    names : tuple of str
        The columns it is the product of; empty for the intercept.
    numbers : tuple of int
        Positions in `Rows.numbers`.
    levels : tuple of pairs of int
        Categories as (position in `Rows.codes`, code).
    category : Label
        What it is called beside its names.
    """

    names: tuple[str, ...]
    numbers: tuple[int, ...]
    levels: tuple[tuple[int, int], ...]
    category: Label

    @property
    def row(self) -> tuple[Label, ...]:
        """The row of the table: term and category."""
        return (":".join(self.names) or INTERCEPT, self.category)

    def values(self, rows: Rows) -> Numbers:
        """Return the column."""
        found = np.ones(len(rows))
        for position in self.numbers:
            found *= rows.numbers[:, position]
        for position, code in self.levels:
            found *= rows.codes[:, position] == code
        return found


@dataclass(frozen=True)
class Design:
    """All columns of a model."""

    columns: tuple[Column, ...]

    @property
    def width(self) -> int:
        """Columns of the design matrix."""
        return len(self.columns)

    @property
    def has_constant(self) -> bool:
        """Whether some of the columns add up to 1 in every row."""
        return any(not column.numbers and all(code == 0 for _, code in column.levels) for column in self.columns)

    def matrix(self, rows: Rows) -> Numbers:
        """Return the design matrix, shape (rows, columns)."""
        if len(rows) * self.width > MOST_NUMBERS:
            raise too_large()
        return np.column_stack([column.values(rows) for column in self.columns])


def make_design(formula: Formula, labels: Sequence[Sequence[Label]], *, intercept: bool) -> Design:
    """Return the columns of a formula's terms.

    Parameters
    ----------
    labels : per category of the formula, its labels in order
    intercept : bool
        Whether there is a column of ones; the Cox model's is dropped by its caller.

    Raises
    ------
    BadInputError
        When there are too many.
    """
    places = {name: i for i, name in enumerate(formula.categories)}
    numbers = {name: i + 1 for i, name in enumerate(formula.numbers)}
    columns = [Column((), (), (), None)] if intercept else []
    width = len(columns)
    for term, coding in _codings(formula, intercept):
        kept = [name for name in term if name in numbers or name in coding[0] or name in coding[1]]
        ranges = [range(name in coding[0], len(labels[places[name]])) for name in kept if name in places]
        width += int(np.prod([len(found) for found in ranges]))
        if width > MOST_COLUMNS:
            raise BadInputError(f"options.formula: the model has more than {MOST_COLUMNS} coefficients")
        columns += _block(kept, ranges, numbers, places, labels)
    return Design(tuple(columns))


def _block(
    names: Sequence[str],
    ranges: Sequence[range],
    numbers: Mapping[str, int],
    places: Mapping[str, int],
    labels: Sequence[Sequence[Label]],
) -> Iterator[Column]:
    categories = [places[name] for name in names if name in places]
    factors = tuple(numbers[name] for name in names if name in numbers)
    for codes in product(*ranges):
        levels = tuple(zip(categories, codes, strict=True))
        shown = [labels[position][code] for position, code in levels]
        category = shown[0] if len(shown) == 1 else ":".join(map(str, shown)) or None
        yield Column(tuple(names), factors, levels, category)


def _codings(formula: Formula, intercept: bool) -> Iterator[tuple[tuple[str, ...], Coding]]:
    """Yield blocks of columns: a term's names and how its categories are coded, without repeating other terms' columns.

    References
    ----------
    The rule of R and patsy: patsy documentation, "Redundancy and categorical factors".
    """
    used: dict[frozenset[str], set[frozenset[str]]] = {frozenset(): {frozenset()} if intercept else set()}
    for term in formula.terms:
        categories = [name for name in term if name in formula.categories]
        spanned = used.setdefault(frozenset(term) - frozenset(categories), set())
        subsets = chain.from_iterable(combinations(categories, size) for size in range(len(categories) + 1))
        fresh: list[Coding] = [(found, frozenset()) for found in map(frozenset, subsets) if found not in spanned]
        spanned |= {reduced for reduced, _ in fresh}
        for coding in _merged(fresh):
            yield term, coding


def _merged(codings: list[Coding]) -> list[Coding]:
    """Merge blocks: reference-coded ``a`` and what leaves ``a`` out are ``a`` in full."""
    for short, long in product(codings, codings):
        extra = long[0] - short[0]
        if len(extra) == 1 and short[0] < long[0] and short[1] == long[1]:
            rest = [coding for coding in codings if coding is not short and coding is not long]
            return _merged([*rest, (long[0] - extra, long[1] | extra)])
    return codings
