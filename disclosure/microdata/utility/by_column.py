"""One column before and after: what is told of it, and what is not because it would tell of a few records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from saferoom.disclosure.microdata.columns import Numbers
from saferoom.disclosure.microdata.utility import losses
from saferoom.disclosure.microdata.utility.asked import Compared
from saferoom.disclosure.microdata.utility.few import Few
from saferoom.disclosure.microdata.utility.moments import Moments, moments, overlap_of_means
from saferoom.disclosure.microdata.utility.overlap import Overlap
from saferoom.disclosure.microdata.utility.shares import Distance, distance, overlap_of_shares, shares
from saferoom.disclosure.microdata.utility.variables import Variable

Weights = tuple[Numbers | None, Numbers | None]


@dataclass(frozen=True)
class ColumnUtility:
    """One column before and after.

    Attributes
    ----------
    changed : int or None
        Records that tell something else; None without pairs.
    told : bool
        False where so few records changed that numbers before and after would give their values away to whoever has the
        protected records; then everything below is None but `lost`, which is the share of changed records.
    distance : Distance or None
        Of the shares of its categories (of numbers: of the tenths); None where categories cannot be compared.
    lost : float or None
        Share of its information that is lost; None without pairs.
    before, after : Moments or None
        Of numbers.
    overlap : Overlap or None
        Of the means of numbers, of the shares of categories.
    """

    variable: Variable
    changed: int | None
    told: bool
    distance: Distance | None = None
    lost: float | None = None
    before: Moments | None = None
    after: Moments | None = None
    overlap: Overlap | None = None

    def document(self) -> dict[str, Any]:
        """Return what is told as JSON holds it; no category and no record's value is in it."""
        missing = self.variable.missing
        result: dict[str, Any] = {
            "kind": self.variable.kind,
            "missing_before": missing[0],
            "missing_after": missing[1],
            "changed": self.changed,
            "told": self.told,
            "lost": self.lost,
        }
        parts: dict[str, Distance | Overlap | Moments | None] = {"distance": self.distance, "overlap": self.overlap}
        if self.variable.kind == "number":
            parts |= {"before": self.before, "after": self.after}
        return result | {name: None if one is None else one.document() for name, one in parts.items()}


def by_column(one: Variable, how: Compared, weights: Weights, few: Few) -> ColumnUtility:
    """Compare one column."""
    count = few.count([one.name])
    if count is not None and not few.may_tell([one.name]):
        return ColumnUtility(one, count, False, lost=count / len(one.own))
    first = second = overlap = None
    if one.numbers_before is not None and one.numbers_after is not None:
        first = moments(one.numbers_before, weights[0], how.least)
        second = moments(one.numbers_after, weights[1], how.least)
        overlap = None if first is None or second is None else overlap_of_means(first, second)
    elif one.comparable:
        sides = (one.before, weights[0]), (one.after, weights[1])
        overlap = overlap_of_shares(*sides, len(one.labels), how.least)
    lost = losses.lost(one, weights[0]) if how.corresponding else None
    return ColumnUtility(one, count, True, _distance(one, weights), lost, first, second, overlap)


def _distance(one: Variable, weights: Weights) -> Distance | None:
    if not one.comparable:
        return None
    sides = [shares(codes, len(one.labels), w) for codes, w in zip((one.before, one.after), weights, strict=True)]
    return None if sides[0] is None or sides[1] is None else distance(sides[0], sides[1])
