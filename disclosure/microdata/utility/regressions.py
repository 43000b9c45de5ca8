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
        return Compare(asked, (), None, f"'{asked.outcome}' holds no numbers any more")
    columns = [column for one in on for column in _columns(one, how.least)]
    terms = [term for term, _one, _other in columns]
    sides = (np.column_stack([one for _t, one, _o in columns]), np.column_stack([other for _t, _o, other in columns]))
    kept = _independent(sides[0], outcomes[0])
    terms = [terms[place] for place in kept]
    try:
        first = _fitted(asked, outcomes[0], sides[0][:, kept], weights[0], how.least)
    except BadInputError as error:
        raise BadInputError(f"utility, regression {asked.title}: {error.message}") from None
    try:
        second = _fitted(asked, outcomes[1], sides[1][:, kept], weights[1], how.least)
    except BadInputError as error:
        return Compare(asked, tuple(terms), None, f"after protection {error.message}")
    return Compare(asked, tuple(terms), _beside(first, second))


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
    try:
        values = np.array([float(label) for label in outcome.labels])
    except ValueError:
        if len(told) != 2:
            raise BadInputError(
                f"utility, regression of '{asked.outcome}': it must hold numbers or two categories"
            ) from None
        if len(outcome.labels) > 2 or outcome.kind == "recoded":
            return _numbers(outcome.own, np.arange(len(outcome.labels), dtype=float)), None
        values = np.array([0.0, 1.0])
    if asked.family == "logit" and len(told) == 2:
        values = np.where(np.arange(len(values)) == told[1], 1.0, np.where(np.arange(len(values)) == told[0], 0.0, 0.5))
    return _numbers(outcome.before, values), _numbers(outcome.after, values)


def _numbers(codes: Codes, values: Numbers) -> Numbers:
    return np.append(values, np.nan)[codes]


def _columns(one: Variable, least: int) -> Iterator[tuple[tuple[str, str], Numbers, Numbers]]:
    """Yield the columns of one variable: itself, or one per category but the most frequent; rare ones together."""
    if one.numbers_before is not None and one.numbers_after is not None:
        yield (one.name, ""), one.numbers_before, one.numbers_after
        return
    size = len(one.labels)
    counts = np.array([np.bincount(codes[codes != MISSING], minlength=size) for codes in (one.before, one.after)])
    common = (counts >= least).all(axis=0)
    order = [int(code) for code in np.argsort(-counts[0], kind="stable") if common[code]]
    for code in order[1:]:
        only = np.arange(size) == code
        yield (one.name, one.labels[code]), _indicator(one.before, only), _indicator(one.after, only)
    if order and counts[:, ~common].sum(axis=1).min() >= least:
        yield (one.name, "rare categories"), _indicator(one.before, ~common), _indicator(one.after, ~common)


def _indicator(codes: Codes, among: NDArray[np.bool_]) -> Numbers:
    """Return 1 for the records of these categories, 0 for those of others, and NaN where none is told."""
    return _numbers(codes, among.astype(np.float64))


def _independent(columns: Matrix, outcome: Numbers) -> list[int]:
    """Return the places of the columns that are no combination of the constant and earlier ones."""
    whole = ~np.isnan(columns).any(axis=1) & ~np.isnan(outcome)
    own = columns[whole]
    if len(own) <= own.shape[1] + 1:
        return list(range(own.shape[1]))
    kept: list[int] = []
    residual = own - own.mean(axis=0)
    lengths = np.linalg.norm(residual, axis=0)
    for place in range(own.shape[1]):
        column = residual[:, place]
        size = float(np.linalg.norm(column))
        if lengths[place] <= 0 or size <= 1e-8 * lengths[place]:
            continue
        kept.append(place)
        unit = column / size
        residual = residual - np.outer(unit, unit @ residual)
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
        raise BadInputError("some columns are combinations of others") from None
    result = fit(Problem(asked.family, "classical" if weights is None else "robust", found, y, w, constant=True))
    if result.certain or not np.isfinite(result.estimates).all():
        raise BadInputError("the regression does not converge (categories tell the outcome with certainty)")
    return result


def _beside(first: Fit, second: Fit) -> Overlap:
    errors = [np.sqrt(np.maximum(np.diag(one.covariance), 0.0))[1:] for one in (first, second)]
    return Overlap(first.estimates[1:], second.estimates[1:], errors[0], errors[1])
