"""Covariances and correlations of all pairs of columns over the rows that have both, by matrix products."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from saferoom.disclosure.queries.evidence import Counts, Mask, Numbers
from saferoom.disclosure.statbarns.models.rows import Units


@dataclass(frozen=True)
class Pairs:
    """One stratum's columns.

    Attributes
    ----------
    values : ndarray of float, shape (rows, columns)
        nan where missing.
    weights : ndarray of float, shape (rows,)
    units : tuple of Units
        Of these rows, per kind.
    """

    values: Numbers
    weights: Numbers
    units: tuple[Units, ...]

    @cached_property
    def there(self) -> Mask:
        """Where a value is not missing."""
        return ~np.isnan(self.values)

    @cached_property
    def _sums(self) -> tuple[Numbers, Numbers, Numbers, Numbers]:
        """Weights, sums, sums of squares and of products over the rows that have both, each (columns, columns).

        Entry (i, j) of sums and squares is of column i, over the rows in which j is there too.
        """
        there = self.there.astype(np.float64)
        weighed = there * self.weights[:, None]
        filled = self.scaled
        return (
            weighed.T @ there,
            filled.T @ weighed,
            (filled**2).T @ weighed,
            filled.T @ (filled * self.weights[:, None]),
        )

    @cached_property
    def scale(self) -> Numbers:
        """What every column is divided by, so that its values are of the order of one."""
        spread = self._spread
        return np.where(spread > 0, spread, 1.0)

    @cached_property
    def center(self) -> Numbers:
        """Each column's mean."""
        counts = self.there.sum(axis=0)
        return np.asarray(np.where(self.there, self.values, 0).sum(axis=0) / np.maximum(counts, 1))

    @cached_property
    def _spread(self) -> Numbers:
        away = np.where(self.there, self.values - self.center, 0)
        return np.asarray(np.sqrt((away**2).sum(axis=0) / np.maximum(self.there.sum(axis=0), 1)))

    @cached_property
    def scaled(self) -> Numbers:
        """The columns around their means in units of their spread, 0 where missing."""
        return np.where(self.there, (self.values - self.center) / self.scale, 0)

    @cached_property
    def constant(self) -> Mask:
        """Pairs of which one column has one value only, over the rows that have both; shape (columns, columns)."""
        width = self.values.shape[1]
        found = np.zeros((width, width), dtype=bool)
        for i, j in self.each():
            both = self.values[self.both(i, j)]
            found[i, j] = found[j, i] = not len(both) or bool((np.ptp(both[:, [i, j]], axis=0) == 0).any())
        return found

    @cached_property
    def rows(self) -> Counts:
        """Rows that have both, shape (columns, columns)."""
        return np.asarray(np.rint(self.there.T.astype(np.float64) @ self.there), dtype=np.int64)

    def covariance(self) -> Numbers:
        """Return sum w (x - mean)(y - mean) / sum w * n / (n - 1) over the rows that have both."""
        return self._scaled_covariance * np.outer(self.scale, self.scale)

    @cached_property
    def _scaled_covariance(self) -> Numbers:
        weight, sums, _, products = self._sums
        with np.errstate(divide="ignore", invalid="ignore"):
            found = (products - sums * sums.T / weight) / weight * self.rows / (self.rows - 1)
            return np.where(self.rows > 1, found, np.nan)

    def correlation(self) -> Numbers:
        """Return Pearson's correlation over the rows that have both."""
        weight, sums, squares, _ = self._sums
        with np.errstate(divide="ignore", invalid="ignore"):
            variance = (squares - sums**2 / weight) / weight * self.rows / (self.rows - 1)
            found = self._scaled_covariance / np.sqrt(np.maximum(variance * variance.T, 0))
        found = np.where(self.constant, np.nan, np.clip(found, -1, 1))
        np.fill_diagonal(found, np.where(np.isnan(np.diag(found)), np.nan, 1.0))
        return found

    def each(self) -> Iterator[tuple[int, int]]:
        """Yield the pairs of columns once, each column with itself first."""
        width = self.values.shape[1]
        return ((i, j) for i in range(width) for j in range(i, width))

    def both(self, i: int, j: int) -> Mask:
        """Return the rows that have both columns."""
        return np.asarray(self.there[:, i] & self.there[:, j])

    def counts(self, units: Units) -> Counts:
        """Return distinct units that have both columns, shape (columns, columns)."""
        if units.single_rows:
            return self.rows
        held = np.zeros_like(self.rows)
        known: dict[bytes, int] = {}
        for i, j in self.each():
            both = self.both(i, j)
            key = np.packbits(both).tobytes()
            if key not in known:
                known[key] = units.count(both)
            held[i, j] = held[j, i] = known[key]
        return held

    def ranked(self) -> Iterator[tuple[int, int, Pairs]]:
        """Yield every pair of columns as ranks (ties share their mean) over the rows that have both."""
        from scipy.stats import rankdata

        complete = bool(self.there.all())
        whole = rankdata(self.values, axis=0) if complete else self.values
        for i, j in self.each():
            both = self.both(i, j)
            chosen = whole[:, [i, j]] if complete else rankdata(self.values[both][:, [i, j]], axis=0)
            units = self.units if complete else tuple(counted.only(both) for counted in self.units)
            yield i, j, Pairs(chosen, self.weights[both], units)


def spanned(values: Numbers, weights: Numbers) -> tuple[Numbers, Numbers]:
    """Return orthonormal columns that span the constant and `values`, and these in terms of them.

    Columns that repeat others add nothing.
    """
    roots = np.sqrt(weights)[:, None]
    columns = np.column_stack([np.ones(len(values)), values]) * roots
    columns /= np.maximum(np.linalg.norm(columns, axis=0), 1e-300)
    left, singular, right = np.linalg.svd(columns, full_matrices=False)
    kept = singular > 1e-10 * singular.max(initial=0)
    return left[:, kept], (singular[:, None] * right)[kept]
