"""Least squares in two passes over batches of rows, so that memory does not grow with the data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.queries.evidence import Numbers
from saferoom.disclosure.verdict import Label
from saferoom.errors import BadInputError

MOST_COLUMNS = 250
Batches = Callable[[], Iterable[Mapping[str, NDArray[Any]]]]


@dataclass(frozen=True)
class Design:
    """What the columns of the design matrix are.

    Attributes
    ----------
    numbers : int
        Numeric columns, m1, m2, ... of a batch; m0 is the outcome.
    categories : per categorical column, its labels in order; the first is the reference where there is an intercept
    """

    numbers: int
    categories: tuple[list[Label], ...]
    intercept: bool

    @property
    def width(self) -> int:
        """Columns of the design matrix."""
        return int(self.intercept) + self.numbers + sum(len(labels) for labels in self._kept)

    @property
    def _kept(self) -> list[list[Label]]:
        return [
            labels if not self.intercept and position == 0 else labels[1:]
            for position, labels in enumerate(self.categories)
        ]

    def matrix(self, batch: Mapping[str, NDArray[Any]], center: Numbers, scale: Numbers) -> Numbers:
        """Return the design matrix of one batch, numeric columns centred and scaled."""
        size = len(batch["m0"])
        columns = [np.ones(size)] if self.intercept else []
        columns += [(batch[f"m{i}"].astype(np.float64) - center[i]) / scale[i] for i in range(1, self.numbers + 1)]
        for i, labels in enumerate(self._kept):
            values = batch[f"d{i}"]
            columns.extend((values == label).astype(np.float64) for label in labels)
        return np.column_stack(columns)


@dataclass(frozen=True)
class Fit:
    """A fitted model.

    Attributes
    ----------
    unexplained : float
        Residual over total sum of squares.
    leverage : float
        The largest share that a row has in its own fitted value.
    """

    estimates: Numbers
    standard_errors: Numbers
    unexplained: float
    leverage: float


def fit(design: Design, batches: Batches) -> Fit:
    """Fit by weighted least squares on centred and scaled columns; weights are scaled to a mean of 1.

    Raises
    ------
    BadInputError
        When columns are linear combinations of each other.
    """
    if design.width > MOST_COLUMNS:
        raise BadInputError(f"options.formula: the model has more than {MOST_COLUMNS} coefficients")
    rows, center, scale, mean_weight = _moments(design, batches)
    cross = np.zeros((design.width, design.width))
    outer = np.zeros(design.width)
    for batch in batches():
        x = design.matrix(batch, center, scale)
        w = _weights(batch, mean_weight)
        y = (batch["m0"].astype(np.float64) - center[0]) / scale[0]
        cross += x.T @ (x * w[:, None])
        outer += x.T @ (w * y)
    values, vectors = np.linalg.eigh(cross)
    if values[0] <= values[-1] * 1e-11:
        raise BadInputError("options.formula: columns are linear combinations of each other; leave one out")
    inverse = (vectors / values) @ vectors.T
    coefficients = inverse @ outer
    residual, total, leverage = _residuals(design, batches, (center, scale), mean_weight, coefficients, inverse)
    freedom = rows - design.width
    spread = residual / freedom if freedom > 0 else np.nan
    estimates, covariance = _original_units(design, coefficients, inverse * spread, center, scale)
    errors = np.sqrt(np.maximum(np.diag(covariance), 0))
    return Fit(estimates, errors, residual / total if total > 0 else 0.0, leverage)


def _moments(design: Design, batches: Batches) -> tuple[int, Numbers, Numbers, float]:
    rows, weight = 0, 0.0
    low = np.full(design.numbers + 1, np.inf)
    high = np.full(design.numbers + 1, -np.inf)
    total = np.zeros(design.numbers + 1)
    for batch in batches():
        size = len(batch["m0"])
        rows += size
        weight += float(batch["w"].sum()) if "w" in batch else size
        for i in range(design.numbers + 1):
            values = batch[f"m{i}"].astype(np.float64)
            if size:
                low[i], high[i] = min(low[i], values.min()), max(high[i], values.max())
                total[i] += values.sum()
    center = total / max(rows, 1) if design.intercept else np.zeros(design.numbers + 1)
    spread = np.maximum(np.abs(high - center), np.abs(low - center))
    return rows, center, np.where(spread > 0, spread, 1.0), weight / max(rows, 1)


def _weights(batch: Mapping[str, NDArray[Any]], mean: float) -> Numbers:
    return batch["w"] / mean if "w" in batch else np.ones(len(batch["m0"]))


def _residuals(
    design: Design,
    batches: Batches,
    scaling: tuple[Numbers, Numbers],
    mean_weight: float,
    coefficients: Numbers,
    inverse: Numbers,
) -> tuple[float, float, float]:
    center, scale = scaling
    residual = total = leverage = 0.0
    for batch in batches():
        if not len(batch["m0"]):
            continue
        x = design.matrix(batch, center, scale)
        w = _weights(batch, mean_weight)
        y = (batch["m0"].astype(np.float64) - center[0]) / scale[0]
        residual += float((w * (y - x @ coefficients) ** 2).sum())
        total += float((w * y**2).sum())
        leverage = max(leverage, float((w * np.einsum("ij,jk,ik->i", x, inverse, x)).max()))
    return residual, total, leverage


def _original_units(
    design: Design, coefficients: Numbers, covariance: Numbers, center: Numbers, scale: Numbers
) -> tuple[Numbers, Numbers]:
    """Undo centring and scaling: one linear map for the estimates and both sides of their covariance."""
    change = np.eye(design.width) * scale[0]
    offset = int(design.intercept)
    for i in range(design.numbers):
        column = offset + i
        change[column, column] = scale[0] / scale[i + 1]
        if design.intercept:
            change[0, column] = -scale[0] * center[i + 1] / scale[i + 1]
    estimates = change @ coefficients
    if design.intercept:
        estimates[0] += center[0]
    return estimates, change @ (covariance) @ change.T
