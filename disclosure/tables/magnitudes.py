"""How closely a total may be told, and cell-key noise that is as large as its largest contributions need.

References
----------
Hundepool et al. (2012), Statistical Disclosure Control, section 4.2.2 (protection levels). Giessing and Tent (2019),
Concepts for generalising tools implementing the cell key method to the case of continuous variables; Hoehne and
Hoeninger (2018), Die Cell-Key-Methode, ein Geheimhaltungsverfahren; R package cellKey 1.0, ``ck_params_nums`` (type
``top_contr``, ``ck_simpleparams`` and ``ck_flexparams``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from saferoom.disclosure.queries.evidence import Numbers, UnitEvidence
from saferoom.disclosure.tables.entropy import largest_entropy
from saferoom.policies.models import RiskAppetite

_GRID = 4
"""Steps of the noise per unit of D."""


def needed(units: Sequence[UnitEvidence], policy: RiskAppetite) -> Numbers:
    """Return how far an estimate has to stay from each cell's total, shape (cells,).

    Notes
    -----
    (n,k): ``top_n / k - total``. p%: ``p/100 top_1 - (total - top_1 - top_2)``. At least ``p/100 top_1``, for cells
    that another rule names.
    """
    found = np.zeros(len(units[0].units))
    for counted in units:
        top, total = counted.contributions.top, counted.contributions.total
        if top.shape[1] == 0:
            continue
        share = policy.p_percent / 100
        found = np.maximum(found, share * top[:, 0])
        found = np.maximum(found, share * top[:, 0] - (total - top[:, :2].sum(axis=1)))
        for rule in policy.dominance:
            found = np.maximum(found, top[:, : rule.n].sum(axis=1) / rule.share_fraction - total)
    return found


@dataclass(frozen=True)
class Flex:
    """The flex function: larger contributions get relatively less noise.

    Attributes
    ----------
    point : float
        Contributions up to here get the share `small`.
    small, large : float
        Shares for small and for very large contributions; `large` at most `small`.
    power : float
        How quickly the share falls; at least 1.
    """

    point: float
    small: float
    large: float
    power: float = 3.0

    def shares(self, sizes: Numbers) -> Numbers:
        """Return the share of each contribution (the published function)."""
        base = self.large * self.point
        first = (self.small * sizes - base) / base
        second = (2 * self.point / (self.point + sizes)) ** self.power
        return np.where(sizes < self.point, self.small, self.large * (1 + first * second))


@dataclass(frozen=True)
class MagnitudeNoise:
    """Noise for totals: ``sum over j of weight_j * share * contribution_j * v_j / D``.

    Attributes
    ----------
    share : float or Flex
        Largest noise, as a share of the largest contribution.
    maximum : int
        D; v_j lies between -D and D.
    variance : float
        V, the variance of every v_j.
    weights : tuple of float
        Of the largest contributions, falling; as many as have noise of their own.
    """

    share: float | Flex
    maximum: int
    variance: float
    weights: tuple[float, ...] = (1.0, 0.5)

    def widths(self, top: Numbers) -> Numbers:
        """Return the largest noise of each cell, shape (cells,).

        Parameters
        ----------
        top : ndarray of float, shape (cells, k)
            Largest contributions, absolute, falling.
        """
        return np.asarray(self._scales(top).sum(axis=1))

    def noise(self, top: Numbers, totals: Numbers, places: Numbers) -> Numbers:
        """Return each cell's noise, shape (cells,).

        Parameters
        ----------
        totals : ndarray of float, shape (cells,)
            Where no contribution is negative: noise does not take the total below zero. Infinite elsewhere.
        places : ndarray of float, shape (cells, weights)
            In [0, 1), from the cell's key.
        """
        scales, left = self._scales(top), totals.copy()
        found = np.zeros(len(top))
        for j in range(scales.shape[1]):
            unit = scales[:, j] / self.maximum
            with np.errstate(divide="ignore", invalid="ignore"):
                room = np.where(unit > 0, left / unit, 0.0)
            room = np.floor(np.clip(room, 0.0, self.maximum) * _GRID + 1e-9) / _GRID
            room = np.where(room < self.maximum, np.maximum(room - 1 / _GRID, 0.0), room)
            values = np.zeros(len(top))
            for reach in np.unique(room).tolist():
                chosen = room == reach
                values[chosen] = self._looked_up(reach, places[chosen, j])
            found += unit * values
            left = np.maximum(left + unit * values, 0.0)
        return found

    def _scales(self, top: Numbers) -> Numbers:
        used = top[:, : len(self.weights)]
        share = self.share.shares(used) if isinstance(self.share, Flex) else self.share
        return np.asarray(used * share * np.asarray(self.weights)[: used.shape[1]])

    def _looked_up(self, reach: float, places: Numbers) -> Numbers:
        if reach <= 0:
            return np.zeros(len(places))
        support = np.arange(-round(reach * _GRID), self.maximum * _GRID + 1) / _GRID
        chances = largest_entropy(support, self.variance)
        ends = np.cumsum(chances)
        found = np.minimum(np.searchsorted(ends, places, side="right"), len(support) - 1)
        # Spread evenly over each step: on a grid, the digits of the sum would tell which step it was.
        inside = np.clip((ends[found] - places) / np.maximum(chances[found], 1e-300), 0.0, 1.0) - 0.5
        return np.asarray((support[found] + inside / _GRID) * self.maximum / (self.maximum + 0.5 / _GRID))
