"""The same regression fitted before and after: whether its coefficients would be read in the same way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata.columns import Numbers
from saferoom.disclosure.microdata.keys import MISSING, Codes
from saferoom.disclosure.microdata.utility.asked import Compared, Regression
from saferoom.disclosure.microdata.utility.overlap import Overlap
from saferoom.disclosure.microdata.utility.variables import Variable, Variables
from saferoom.errors import BadInputError

if TYPE_CHECKING:
    from saferoom.disclosure.statbarns.models.families import Fit

Matrix = NDArray[np.float64]
Weights = tuple[Numbers | None, Numbers | None]
_DEPENDENT = 1e-10
"""Share of a column's variance that no other explains, below which it repeats them."""


@dataclass(frozen=True)
class Compare:
    """One regression before and after.

    Attributes
    ----------
    terms : tuple of pairs of str
        Column and category of every coefficient, without the constant; categories are for the data owner's eyes only.
    coefficients : Overlap or None
        Without the constant; None where the regression cannot be fitted to both.
    reason : str
        Why it cannot be.
    """

    asked: Regression
    terms: tuple[tuple[str, str], ...]
    coefficients: Overlap | None
    reason: str = ""

    def document(self) -> dict[str, Any]:
        """Return the comparison as JSON holds it: neither an estimate nor a category is in it."""
        result: dict[str, Any] = {
            "outcome": self.asked.outcome,
            "on": list(self.asked.on),
            "family": self.asked.family,
            "reason": self.reason or None,
        }
        return result | (self.coefficients.document() if self.coefficients is not None else {})


def compared(asked: Regression, found: Variables, how: Compared, weights: Weights) -> Compare:
    """Fit one regression to both tables.

    Raises
    ------
    BadInputError
        When it cannot be fitted to the records before: the regression itself is wrong.
    """
    chosen = [found.named(name) for name in (asked.outcome, *asked.on)]
    for name, one in zip((asked.outcome, *asked.on), chosen, strict=True):
        if one is None or not one.comparable:
            return Compare(asked, (), None, _why_not(name, found))
    outcome, *on = [one for one in chosen if one is not None]
    outcomes = _outcomes(outcome, asked)
    if outcomes[1] is None:
        return Compare(asked, (), None, f"'{asked.outcome}' holds other values than before")
    columns = [column for one in on for column in _columns(one, how.least)]
    first = np.column_stack([one.values(0) for one in columns])
    kept = _independent(first, outcomes[0])
    columns = [columns[place] for place in kept]
    terms = tuple(one.term for one in columns)
    try:
        before = _fitted(asked, outcomes[0], first[:, kept], weights[0], how.least)
    except BadInputError as error:
        raise BadInputError(f"utility, regression {asked.title}: {error.message}") from None
    del first  # large, and the other side is to come
    try:
        sides = [np.empty((len(outcomes[1]), 0)), *(one.values(1)[:, None] for one in columns)]
        after = _fitted(asked, outcomes[1], np.concatenate(sides, axis=1), weights[1], how.least)
    except BadInputError as error:
        return Compare(asked, terms, None, f"after protection {error.message}")
    return Compare(asked, terms, _beside(before, after))


def _why_not(name: str, found: Variables) -> str:
    if name in found.dropped:
        return f"'{name}' was dropped"
    if found.named(name) is not None:
        return f"'{name}' has other categories than before"
    return f"'{name}' is not compared ({found.left_out.get(name, 'it is the weight')})"


def _outcomes(outcome: Variable, asked: Regression) -> tuple[Numbers, Numbers | None]:
    """Return the outcome as numbers on both sides; two categories are 0 and 1."""
    if outcome.numbers_before is not None:
        return outcome.numbers_before, outcome.numbers_after
    told = np.unique(outcome.own[outcome.own != MISSING])
    values = np.array([_as_number(label) for label in outcome.labels])
    if np.isnan(values[told]).any():  # categories
        if len(told) != 2:
            raise BadInputError(f"utility, regression of '{asked.outcome}': it must hold numbers or two categories")
        values = np.where(np.arange(len(values)) == told[1], 1.0, np.nan)
        values[told[0]] = 0.0
    elif asked.family == "logit" and len(told) == 2:
        values = (values - values[told].min()) / np.ptp(values[told])
    before, after = _numbers(outcome.own, values), _numbers(outcome.after, values)
    lost = (outcome.after != MISSING) & np.isnan(after)
    return before, None if lost.any() else after


def _as_number(label: str) -> float:
    try:
        return float(label)
    except ValueError:
        return np.nan


def _numbers(codes: Codes, values: Numbers) -> Numbers:
    return np.append(values, np.nan)[codes]


@dataclass(frozen=True)
class _Column:
    """One column of the design: a number, or whether a record is of some categories.

    Attributes
    ----------
    among : ndarray of bool or None
        The categories; None for a number.
    """

    variable: Variable
    category: str = ""
    among: NDArray[np.bool_] | None = None

    @property
    def term(self) -> tuple[str, str]:
        return self.variable.name, self.category

    def values(self, side: int) -> Numbers:
        """Return the column before (0) or after (1); NaN where the record does not tell it."""
        if self.among is not None:
            return _numbers((self.variable.before, self.variable.after)[side], self.among.astype(np.float64))
        found = (self.variable.numbers_before, self.variable.numbers_after)[side]
        if found is None:
            raise AssertionError("a column of numbers has numbers on both sides")
        return found


def _columns(one: Variable, least: int) -> Iterator[_Column]:
    """Yield the columns of one variable: itself, or one per category but the most frequent; rare ones together."""
    if one.kind == "number":
        yield _Column(one)
        return
    size = len(one.labels)
    counts = np.array([np.bincount(codes[codes != MISSING], minlength=size) for codes in (one.before, one.after)])
    common: NDArray[np.bool_] = np.asarray((counts >= least).all(axis=0))
    order = [int(code) for code in np.argsort(-counts[0], kind="stable") if common[code]]
    for code in order[1:]:
        yield _Column(one, one.labels[code], np.arange(size) == code)
    if order and counts[:, ~common].sum(axis=1).min() >= least:
        yield _Column(one, "rare categories", ~common)


def _independent(columns: Matrix, outcome: Numbers) -> list[int]:
    """Return the places of the columns that are no combination of the constant and earlier ones.

    Notes
    -----
    By a Cholesky decomposition of the correlations, column by column: what is left of a column's variance.
    """
    own = columns[~np.isnan(columns).any(axis=1) & ~np.isnan(outcome)]
    if len(own) <= own.shape[1] + 1:
        return list(range(own.shape[1]))
    spread = own.std(axis=0)
    own = own - own.mean(axis=0)
    gram = own.T @ own / len(own) / np.outer(*[np.where(spread > 0, spread, 1.0)] * 2)
    kept: list[int] = []
    rows = np.zeros(gram.shape)
    for place in range(len(gram)):
        row = np.zeros(len(gram))
        for number, earlier in enumerate(kept):
            row[number] = (gram[place, earlier] - row[:number] @ rows[earlier, :number]) / rows[earlier, number]
        left = gram[place, place] - row @ row
        if spread[place] > 0 and left > _DEPENDENT:
            row[len(kept)] = np.sqrt(left)
            rows[place] = row
            kept.append(place)
    return kept


def _fitted(asked: Regression, outcome: Numbers, columns: Matrix, weights: Numbers | None, least: int) -> Fit:
    from saferoom.disclosure.statbarns.least_squares import basis
    from saferoom.disclosure.statbarns.models.families import Problem, check_outcome, fit

    whole = ~np.isnan(columns).any(axis=1) & ~np.isnan(outcome)
    y = outcome[whole]
    if len(y) - columns.shape[1] - 1 < least or not columns.shape[1]:
        raise BadInputError(f"it has fewer than {least} residual degrees of freedom, or no column that varies")
    if not np.ptp(y):
        raise BadInputError(f"'{asked.outcome}' has the same value in every record")
    try:
        check_outcome(asked.family, y, None)
    except BadInputError:
        values = "0 or 1, or two categories" if asked.family == "logit" else "whole numbers from 0 on"
        raise BadInputError(f"'{asked.outcome}' must hold {values} for {asked.family}") from None
    w = np.ones(len(y)) if weights is None else weights[whole] / weights[whole].mean()
    design = np.column_stack([np.ones(len(y)), columns[whole]])
    try:
        found = basis(design, w)
    except BadInputError:
        raise BadInputError("some columns do not vary any more, or are combinations of others") from None
    result = fit(Problem(asked.family, "classical" if weights is None else "robust", found, y, w, constant=True))
    if result.certain or not np.isfinite(result.estimates).all():
        raise BadInputError("the regression does not converge (categories tell the outcome with certainty)")
    return result


def _beside(first: Fit, second: Fit) -> Overlap:
    errors = [np.sqrt(np.maximum(np.diag(one.covariance), 0.0))[1:] for one in (first, second)]
    return Overlap(first.estimates[1:], second.estimates[1:], errors[0], errors[1])
