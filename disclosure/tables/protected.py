"""What a protected table is, whichever way it was protected, and what is wrong with one that shows next to nothing.

Redacted cells and cells that hold nobody look the same: every combination of the table's categories is listed, and
both are left blank.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from saferoom.disclosure.history.contributors import Noise
from saferoom.disclosure.queries.evidence import Cells, Mask, Numbers
from saferoom.disclosure.rules.hit import BROADER, Hit
from saferoom.disclosure.verdict import Risk, Verdict
from saferoom.policies.models import RiskAppetite

CLASS_RULES = frozenset({"class-disclosure", "near-class-disclosure", "empty-class"})
"""What these say about the exact table is judged anew from what an outsider can be sure of."""


@dataclass(frozen=True)
class Protected:
    """A protected table.

    Attributes
    ----------
    cells : Cells
        Every combination of categories, and margins where they are released.
    columns : name to values, nan where redacted
    hits : the rules that still bite on what would leave
    visible : ndarray of bool
        Which of the outcome's own cells leave.
    exact : bool
        False where the numbers are rounded.
    noise : Noise, optional
        How the numbers were changed, where that is not conventional rounding.
    base : int
        Tells noise of one kind from other noise of that kind.
    audit : mapping, optional
        What was proven about the cells that are hidden or changed, JSON-ready; for the trusted side only.
    """

    cells: Cells
    columns: dict[str, Numbers]
    hits: tuple[Hit, ...]
    visible: Mask
    exact: bool
    audit: Mapping[str, Any] | None = None
    noise: Noise | None = None
    base: int = 0

    def released(self, rounding_base: int) -> tuple[Noise, int]:
        """Return how the released numbers differ from the exact ones, as releases are remembered.

        Parameters
        ----------
        rounding_base : int
            Of conventional rounding.
        """
        if self.noise is not None:
            return self.noise, self.base
        return (Noise.NONE, 0) if self.exact else (Noise.ROUNDING, rounding_base)


def sparse(blank: Mask, policy: RiskAppetite) -> list[Hit]:
    """Send a table to a person most of whose cells have to be blank: so fine a table is close to a list of records.

    References
    ----------
    ABS TableBuilder refuses tables with too large a share of cells with few contributors.
    """
    if len(blank) < _SPARSE_FROM or blank.mean() <= policy.sparse_fraction:
        return []
    return [_SPARSE]


_SPARSE_FROM = 20
_SPARSE = Hit(
    rule="sparse-table",
    risk=Risk.LOW_COUNT,
    severity=Verdict.REVIEW,
    message="Most cells hold too few units to be shown; a table so fine describes single people in the rest by what is "
    "left out.",
    remedy=f"{BROADER} or fewer dimensions, or let an output checker decide",
)
NOTHING_LEFT = Hit(
    rule="nothing-left",
    risk=Risk.LOW_COUNT,
    severity=Verdict.FAIL,
    message="Every cell would have to be blanked, so that nothing is left to release.",
    remedy=f"{BROADER} or fewer dimensions",
)
