"""Risk of perturbed numbers: intervals, outliers and record linkage together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from saferoom.disclosure.microdata import columns
from saferoom.disclosure.microdata.risk.intervals import interval_disclosed, outlying_disclosed, rank_disclosed
from saferoom.disclosure.microdata.risk.nearest import linked_by_distance, linked_by_rank
from saferoom.errors import BadInputError

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.columns import Frame


@dataclass(frozen=True)
class PerturbedRisk:
    """Shares of records, 0 to 1, whose original numbers a perturbed file gives away, each in another way.

    Attributes
    ----------
    records, left_out : int
        Records with all numbers in both files, and those without.
    interval, rank_interval : float
        All original values are near the perturbed ones, by spread and by rank.
    outlying, outlying_alone, outlying_weighted : float
        The same with intervals that grow for outliers; those nobody else is near; weighted by how far out they are.
    linked_by_distance, linked_by_rank : float
        Linked to the right record by similarity of values or of ranks.
    linkage_tried : int
        Records that linkage looked for.
    """

    records: int
    left_out: int
    interval: float
    rank_interval: float
    outlying: float
    outlying_alone: float
    outlying_weighted: float
    linked_by_distance: float
    linked_by_rank: float
    linkage_tried: int

    @property
    def linked(self) -> float:
        """The share that the better of both ways of linking finds."""
        return max(self.linked_by_distance, self.linked_by_rank)


def perturbed_risk(original: Frame, masked: Frame, names: Sequence[str], what: str = "numbers") -> PerturbedRisk:
    """Compare the columns `names` of a perturbed file with the original one, record by record.

    Raises
    ------
    BadInputError
        When the files differ in their number of records, a column is not there or holds no numbers, or no record has
        all of them.
    """
    if not names:
        raise BadInputError(f"{what}: name at least one column of numbers")
    if columns.length(original) != columns.length(masked):
        raise BadInputError(
            f"{what}: the original has {columns.length(original):,} records and the perturbed file "
            f"{columns.length(masked):,}; both must have the same records in the same order"
        )
    before = np.column_stack([columns.numbers(original, name, f"{what} (original)") for name in names])
    after = np.column_stack([columns.numbers(masked, name, what) for name in names])
    whole = ~(np.isnan(before).any(axis=1) | np.isnan(after).any(axis=1))
    before, after = before[whole], after[whole]
    if not len(before):
        raise BadInputError(f"{what}: no record has a number in all of {', '.join(names)} in both files")
    outlying = outlying_disclosed(before, after)
    near, ranked = linked_by_distance(before, after), linked_by_rank(before, after)
    return PerturbedRisk(
        records=len(before),
        left_out=int((~whole).sum()),
        interval=float(interval_disclosed(before, after).mean()),
        rank_interval=float(rank_disclosed(before, after).mean()),
        outlying=float(outlying.disclosed.mean()),
        outlying_alone=float(outlying.alone.mean()),
        outlying_weighted=outlying.weighted,
        linked_by_distance=near.share,
        linked_by_rank=ranked.share,
        linkage_tried=near.tried,
    )
