"""What pairs of records before and after tell of the loss: standardised distances, and the information that is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata.columns import Numbers
from saferoom.disclosure.microdata.keys import MISSING, Codes
from saferoom.disclosure.microdata.patterns import group
from saferoom.disclosure.microdata.utility.variables import Variable


@dataclass(frozen=True)
class Distances:
    """Distances between numbers of the same records.

    Attributes
    ----------
    il1s : float
        The mean of |x - x'| / (sqrt(2) S), S the column's standard deviation before.
    il1s_sum : float
        The sum of the same, as published by some.
    relative : float or None
        The mean of |x - x'| / |x|, of numbers that are not 0.
    values : int
        Pairs of numbers that are both told.
    """

    il1s: float
    il1s_sum: float
    relative: float | None
    values: int

    def document(self) -> dict[str, Any]:
        """Return the numbers as JSON holds them."""
        return {"il1s": self.il1s, "il1s_sum": self.il1s_sum, "relative": self.relative, "values": self.values}


def distances(before: Numbers, after: Numbers) -> Distances | None:
    """Return the distances of columns of numbers, record i before and after; None where there are no pairs.

    Parameters
    ----------
    before, after : ndarray of float, shape (n, d)
        Missing numbers are NaN; columns of one value before play no part.

    References
    ----------
    Yancey, Winkler, Creecy (2002). Disclosure risk assessment in perturbative microdata protection. Inference Control
    in Statistical Databases, LNCS 2316, 135-152 (IL1s). Mateo-Sanz, Domingo-Ferrer, Sebe (2005).
    """
    with np.errstate(all="ignore"):
        spread = np.nanstd(before, axis=0, ddof=1)
        used = spread > 0
        away = np.abs(before - after)[:, used]
        standard = away / (np.sqrt(2.0) * spread[used])
        relative = away / np.abs(before[:, used])
    told = ~np.isnan(away)
    if not told.any():
        return None
    total = float(standard[told].sum())
    finite = told & np.isfinite(relative)
    mean = float(relative[finite].mean()) if finite.any() else None
    return Distances(total / int(told.sum()), total, mean, int(told.sum()))


def lost(variable: Variable, weights: Numbers | None = None) -> float | None:
    """Return the share of a column's information that is lost, 0 to 1; None for a column that told nothing.

    Notes
    -----
    Numbers: the share of the variance before that the values after do not explain, 1 - R^2 (by groups where they became
    categories, by the regression line where they stayed numbers; for microaggregation it is close to SSE / SST).
    Categories: H(X | X') / H(X), the entropy that is left when the category after is known. A value that went missing
    is lost wholly.

    References
    ----------
    Kooiman, Willenborg, Gouweleeuw (1997). PRAM: a method for disclosure limitation of microdata (entropy); the
    correlation as utility: Domingo-Ferrer, Torra (2001), Disclosure control methods and information loss for microdata.
    """
    told = variable.own != MISSING
    kept = told & (variable.after != MISSING)
    if not told.any():
        return None
    w = np.ones(len(told)) if weights is None else weights
    whole = float(w[told].sum())
    hidden = 1.0 - float(w[kept].sum()) / whole
    if not kept.any():
        return 1.0
    before, after = variable.numbers_before, variable.numbers_after
    if variable.kind == "number" and before is not None and after is not None:
        share = _unexplained(before[kept], after[kept], w[kept])
    else:
        share = _left_entropy(variable.own, variable.after, kept, w)
    return None if share is None else hidden + (1.0 - hidden) * share


def _unexplained(before: Numbers, after: Numbers, w: Numbers) -> float | None:
    x, y = before - np.average(before, weights=w), after - np.average(after, weights=w)
    spread, other, both = float(w @ x**2), float(w @ y**2), float(w @ (x * y))
    if spread <= 0:
        return None
    if np.array_equal(before, after):
        return 0.0
    return 1.0 if other <= 0 or both <= 0 else float(np.clip(1.0 - both**2 / (spread * other), 0.0, 1.0))


def _left_entropy(own: Codes, after: Codes, kept: NDArray[np.bool_], w: Numbers) -> float | None:
    told = own != MISSING
    whole = _entropy(_sums(own[told][:, None], w[told]))
    if whole <= 0:
        return None
    pairs = np.column_stack([own[kept], after[kept]])
    joint, known = _entropy(_sums(pairs, w[kept])), _entropy(_sums(pairs[:, 1:], w[kept]))
    return float(np.clip((joint - known) / whole, 0.0, 1.0))


def _sums(codes: Codes, w: Numbers) -> Numbers:
    sizes = [int(column.max(initial=0)) + 1 for column in codes.T]
    return np.asarray(np.bincount(group(codes, sizes)[0], w), dtype=np.float64)


def _entropy(sums: Numbers) -> float:
    p = sums[sums > 0] / sums.sum()
    return float(-(p * np.log(p)).sum())


def changed(variable: Variable) -> NDArray[np.bool_]:
    """Return which records tell something else after than before, shape (n,)."""
    before, after = variable.numbers_before, variable.numbers_after
    if before is not None and after is not None:
        return np.asarray((before != after) & ~(np.isnan(before) & np.isnan(after)))
    return np.asarray(variable.own != variable.after)
