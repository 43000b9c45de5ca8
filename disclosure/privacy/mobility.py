"""Rank-rank mobility from five noisy sums per cell: n, children's and parents' ranks, their squares and products.

All five are taken from the middle of the ranks and drawn in one query, after the sufficient statistics of a line:
D. Alabi, A. McMillan, J. Sarathy, A. Smith and S. Vadhan, "Differentially Private Simple Linear Regression", PoPETs
2022 (NoisyStats). With x the parents' and y the children's distances from the middle:

``slope = (sum xy - sum x sum y / n) / (sum xx - (sum x)^2 / n)``, ``expected rank at p = mean y + slope (p - mean x)``
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from saferoom.disclosure.privacy.noisy import Drawn, Floats, Shown
from saferoom.disclosure.privacy.statistics import COUNT, PARENT_SQUARES, PARENTS, PRODUCTS, RANKS, SUM, Ask


def lines(ask: Ask, drawn: Mapping[str, Drawn]) -> list[Shown]:
    """Return slope, intercept and the expected ranks; NaN where noise leaves no spread of the parents' ranks."""
    low, high = ask.bounds or RANKS
    middle = drawn[SUM].origin
    with np.errstate(invalid="ignore", divide="ignore"):
        n = np.where(drawn[COUNT].values >= 1, drawn[COUNT].values, np.nan)
        x, y = drawn[PARENTS].values / n, drawn[SUM].values / n
        spread = drawn[PARENT_SQUARES].values + drawn[PARENT_SQUARES].origin * n - x * x * n
        spread = np.where(spread > 0, spread, np.nan)
        slope = (drawn[PRODUCTS].values - x * y * n) / spread

    def at(rank: float) -> Floats:
        return np.asarray(middle + y + slope * (rank - middle - x), dtype=np.float64)

    expected = [Shown(f"expected_rank_p{100 * p:g}", at(low + p * (high - low)), None) for p in ask.at]
    return [Shown("slope", slope, None), Shown("intercept", at(0.0), None), *expected]
