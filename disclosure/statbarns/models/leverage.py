"""Leverage: how nearly a combination of a model's columns is an indicator of a few units.

Coefficients beside the columns' cross-products give ``X'y``, and with it ``z'y`` for every combination ``z = X c``. So
what can be learned about a set S of units is bounded by how much of any z can lie in S: the largest share

    max over c of  sum over S of z^2  /  sum over all of z^2

which is the largest eigenvalue of S's block of the hat matrix. It is 1 for a dummy for S, however it is disguised (a
bump inside a number, a difference of two columns, a saturated cell), and 1/t for each member of an ordinary group of t
units.

What is allowed is what a group of units at the threshold would show: a share of 1 - 1/(2 t) in any t - 1 units, and
the policy's (n,k) shares in any n. A share is *proven* small by bounds over all sets and combinations
(`Leverage.proven_below`); it is *found* large by alternating between the best set for a combination and the best
combination for a set. Between the two nothing is proven, and a person has to look.

References
----------
Gomatam, Karr, Reiter and Sanil (2005), Data dissemination and disclosure limitation in a world without microdata;
O'Keefe and Chipperfield (2013), section on leverage; Hoaglin and Welsch (1978) for the hat matrix.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from saferoom.disclosure.queries.evidence import Counts, Numbers
from saferoom.disclosure.rules.hit import Hit
from saferoom.disclosure.rules.threshold import threshold_of
from saferoom.disclosure.statbarns.models.rows import Units
from saferoom.disclosure.verdict import Risk, Verdict
from saferoom.policies.models import RiskAppetite

_STARTS = 30
_STEPS = 8
_SLACK = 1e-9

REMEDY = (
    "use the logarithm or ranks (percent_rank() in a view) of columns with extreme values, broader categories, fewer "
    "columns, or a wider filter"
)


class Leverage:
    """Shares of small sets of units in combinations of columns.

    Parameters
    ----------
    orthogonal : ndarray of float, shape (rows, columns)
        Orthonormal columns that span the design.
    triangle : ndarray of float, shape (columns, columns)
        Whose columns are the design's columns in terms of these.
    """

    def __init__(self, orthogonal: Numbers, triangle: Numbers, units: Units) -> None:
        self._orthogonal, self._units = orthogonal, units
        self._triangle = triangle
        self._traces = units.sums((orthogonal**2).sum(axis=1))
        self._order = np.argsort(-self._traces, kind="stable")

    def proven_below(self, size: int, limit: float) -> bool:
        """Say whether no set of `size` units has a share of `limit` or more."""
        if float(self._traces[self._order[:size]].sum()) < limit:
            return True
        return self._bound(size) < limit

    def found_above(self, size: int, limit: float) -> bool:
        """Say whether a set of `size` units with a share of more than `limit` is found."""
        return any(share > limit for share in self._searched(size))

    def _searched(self, size: int) -> Iterator[float]:
        firsts = np.stack([np.linalg.eigh(block)[1][:, -1] for block in self._leading()])
        columns = self._triangle.T / np.linalg.norm(self._triangle, axis=0)[:, None]
        starts = np.vstack([firsts, columns])
        for start in starts:
            vector, share = start, 0.0
            for _ in range(_STEPS):
                held = self._units.sums((self._orthogonal @ vector) ** 2)
                best = np.argpartition(-held, min(size, len(held)) - 1)[:size]
                values, vectors = np.linalg.eigh(self._block(best))
                if values[-1] <= share + 1e-6:
                    break
                share, vector = float(values[-1]), vectors[:, -1]
            yield share

    def _block(self, chosen: Counts) -> Numbers:
        rows = self._orthogonal[np.isin(self._units.index, chosen)]
        return rows.T @ rows

    def _leading(self) -> list[Numbers]:
        """Return Q'Q of each of the units with the largest leverages."""
        return [self._block(np.array([unit])) for unit in self._order[:_STARTS]]

    def _bound(self, size: int) -> float:
        """Return a bound on the share of any `size` units in any combination of the columns.

        Notes
        -----
        For a combination v of length 1 let x_a be what unit a holds, at most its leverage h_a. The sum of the `size`
        largest is at most size * theta + sum over all of (x_a - theta)+ for every theta, and because x_a <= h_a,
        (x_a - theta)+ <= (1 - theta / h_a)+ x_a. The x_a are quadratic in v, so that the largest eigenvalue of their
        weighted sum bounds it for all combinations at once; the best theta is looked for.
        """
        top = float(self._traces[self._order[0]])
        bounds = []
        for theta in top * np.array([0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]):
            kept = np.maximum(1 - theta / np.maximum(self._traces, 1e-300), 0)[self._units.index]
            chosen = kept > 0
            rows = self._orthogonal[chosen]
            inner = (rows * kept[chosen][:, None]).T @ rows
            bounds.append(size * theta + float(np.linalg.eigvalsh(inner)[-1]))
        return float(min(bounds))


def leverage_rules(
    spanned: tuple[Numbers, Numbers], units: Sequence[Units], policy: RiskAppetite, *, weighted: bool = False
) -> list[Hit]:
    """Judge how nearly combinations of the columns pick out few units, for every kind of unit.

    Parameters
    ----------
    spanned : pair of ndarray
        Orthonormal columns, and the design in terms of them.
    weighted : bool
        True where columns carry a model's working weights; then only single dominant units are looked for.
    """
    hits: list[Hit] = []
    for counted in units:
        found = Leverage(*spanned, counted)
        least = threshold_of(policy, counted.kind)
        limits = [(rule.n, rule.share_fraction) for rule in policy.dominance]
        if not weighted:
            limits.append((least - 1, 1 - 1 / (2 * least)))
        limits = [(size, limit) for size, limit in limits if size < counted.size and limit < 1]
        open_ = [(size, limit) for size, limit in limits if not found.proven_below(size, limit * (1 - _SLACK))]
        large = [size for size, limit in open_ if found.found_above(size, limit * (1 - _SLACK))]
        if large:
            hits.append(_picked_out(min(large), counted.kind))
        elif open_:
            hits.append(_unproven(counted.kind, least))
    return hits


def _picked_out(size: int, kind: str) -> Hit:
    who = f"one unit ({kind}) alone decides" if size == 1 else f"{size} units ({kind}) or fewer decide"
    return Hit(
        rule="leverage",
        risk=Risk.LOW_COUNT,
        severity=Verdict.FAIL,
        message=f"In some combination of the columns {who} nearly everything, so the coefficients tell the outcome of "
        "these few.",
        remedy=REMEDY,
    )


def _unproven(kind: str, least: int) -> Hit:
    return Hit(
        rule="leverage-unproven",
        risk=Risk.UNPROVEN,
        severity=Verdict.REVIEW,
        message=f"There are so many columns for so few units ({kind}) that it cannot be proven that no combination of "
        f"the columns picks out fewer than {least} of them, whose outcome the coefficients would tell.",
        remedy=f"{REMEDY}, or let an output checker decide",
    )
