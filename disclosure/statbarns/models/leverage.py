"""Leverage: how nearly a combination of a model's columns is an indicator of a few units.

Coefficients beside the columns' cross-products give ``X'y``, and with it ``z'y`` for every combination ``z = X c``. So
what can be learned about a set S of units is bounded by how much of any z can lie in S: the largest share

    max over c of  sum over S of z^2  /  sum over all of z^2

which is the largest eigenvalue of S's block of the hat matrix. It is 1 for a dummy for S, however it is disguised (a
bump inside a number, a difference of two columns, a saturated cell), and 1/t for each member of an ordinary group of t
units.

What is allowed is what a group of units at the threshold would show: a share of 1 - 1/(2 t) in any t - 1 units, and
the policy's (n,k) shares in any n. A share is *proven* small by bounds over all sets (sums of leverages, then
Gershgorin's circles); it is *found* large by alternating between the best set for a combination and the best
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

_MOST_UNITS = 1_500
_MOST_NUMBERS = 10_000_000
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
        self._blocks: Numbers | None = None

    def proven_below(self, size: int, limit: float) -> bool:
        """Say whether no set of `size` units has a share of `limit` or more."""
        if float(self._traces[self._order[:size]].sum()) < limit:
            return True
        return self._circles(size) < limit

    def found_above(self, size: int, limit: float) -> bool:
        """Say whether a set of `size` units with a share of more than `limit` is found."""
        return any(share > limit for share in self._searched(size))

    def _searched(self, size: int) -> Iterator[float]:
        blocks = self._leading()
        firsts = np.stack([np.linalg.eigh(block)[1][:, -1] for block in blocks[:30]])
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

    def _leading(self) -> Numbers:
        """Return Q'Q of each of the units with the largest leverages, shape (units, columns, columns)."""
        if self._blocks is None:
            width = max(self._orthogonal.shape[1], 1)
            chosen = self._order[: min(_MOST_UNITS, max(_MOST_NUMBERS // width**2, 30))]
            rows = np.flatnonzero(np.isin(self._units.index, chosen))
            rank = np.empty(self._units.size, dtype=np.int64)
            rank[chosen] = np.arange(len(chosen))
            places = rank[self._units.index[rows]]
            order = np.argsort(places, kind="stable")
            parts = np.split(self._orthogonal[rows[order]], np.cumsum(np.bincount(places))[:-1])
            self._blocks = np.stack([part.T @ part for part in parts])
        return self._blocks

    def _circles(self, size: int) -> float:
        """Return Gershgorin's bound on the largest eigenvalue of any `size` units' block of the hat matrix."""
        blocks = self._leading()
        flat = blocks.reshape(len(blocks), -1)
        near = np.sqrt(np.maximum(flat @ flat.T, 0))
        own = np.linalg.eigvalsh(blocks)[:, -1] if not self._units.single_rows else np.diag(near).copy()
        np.fill_diagonal(near, 0)
        rest = self._traces[self._order[len(blocks) :]]
        others = min(size - 1, len(self._traces) - 1)
        if rest.size:
            # Nobody beyond the leading ones can be nearer than their leverages allow.
            furthest = np.sqrt(self._traces[self._order[: len(blocks)]] * rest[0])
            near = np.column_stack([near, *[furthest] * others])
        bound = 0.0
        if others and near.shape[1]:
            bound = float((own + -np.sort(-near, axis=1)[:, :others].sum(axis=1)).max())
        else:
            bound = float(own.max(initial=0))
        if rest.size:
            roots = np.sqrt(self._traces[self._order[:others]]).sum()
            bound = max(bound, float(rest[0] + np.sqrt(rest[0]) * roots))
        return bound


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
