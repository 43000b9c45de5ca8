"""The columns by which propensity scores tell two tables apart, made of one variable of both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata.keys import MISSING, Codes
from saferoom.disclosure.microdata.utility.variables import Variable

Matrix = NDArray[np.float64]
Places = NDArray[np.intp]
_MOST_LEVELS = 20
_FEW = 10
"""Records that a category must have for a column of its own."""
_FARTHEST = 6.0
"""Standard deviations beyond which a number tells no more: one outlier must not carry the model."""


@dataclass(frozen=True)
class Design:
    """The columns of one variable, the records of the first table above those of the second.

    Attributes
    ----------
    columns : ndarray of float, shape (n, width)
        Of numbers: the number, its square, and whether it is missing; of categories: one per frequent category but the
        most frequent one, one for all rare ones together, and one for missing values.
    few : ndarray of float, shape (n, at most 3)
        Those that products with other variables are made of.
    """

    columns: Matrix
    few: Matrix


def design(variable: Variable, first: Places, second: Places) -> Design:
    """Return the columns of `variable` for the records at these places of the two tables."""
    codes = np.concatenate([variable.before[first], variable.after[second]])
    missing = [(codes == MISSING).astype(np.float64)] if (codes == MISSING).sum() >= _FEW else []
    if variable.kind == "number" and variable.numbers_before is not None and variable.numbers_after is not None:
        numbers = np.concatenate([variable.numbers_before[first], variable.numbers_after[second]])
        z = _scaled(numbers, variable.numbers_before)
        return Design(np.column_stack([z, z**2, *missing]), z[:, None])
    own = _indicators(codes, len(variable.labels))
    return Design(np.column_stack([own, *missing]), own[:, :3])


def _scaled(numbers: Matrix, reference: Matrix) -> Matrix:
    """Return numbers in standard deviations from the mean of the `reference`; 0 where missing."""
    middle, spread = float(np.nanmean(reference)), float(np.nanstd(reference))
    away = (numbers - middle) / (spread if spread > 0 else 1.0)
    result: Matrix = np.clip(np.nan_to_num(away, nan=0.0), -_FARTHEST, _FARTHEST)
    return result


def _indicators(codes: Codes, size: int) -> Matrix:
    """Return a 0/1 column for every frequent category but the most frequent, and one for all the rare ones."""
    counts = np.bincount(codes[codes != MISSING], minlength=size)
    order = np.argsort(-counts, kind="stable")
    frequent = [int(code) for code in order[1 : _MOST_LEVELS + 1] if counts[code] >= _FEW]
    rare = np.ones(size + 1, dtype=bool)
    rare[[*frequent, int(order[0]), -1]] = False  # the last entry stands for missing values
    columns = [codes == code for code in frequent]
    if rare[codes].any():
        columns.append(rare[codes])
    return np.column_stack(columns).astype(np.float64) if columns else np.empty((len(codes), 0))
