"""Where a warning begins and where a version is refused. The same numbers stand in docs/explanation/catalogue.md."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bound:
    """How much of something is worth a warning, and how much a refusal.

    Attributes
    ----------
    warn, fail : int
        Fewest rows.
    warn_share, fail_share : float
        Least share of the rows that have a value; count and share must both be reached.
    """

    warn: int = 1
    fail: int = 1
    warn_share: float = 0.0
    fail_share: float = 0.0

    def warns(self, count: int, of: int) -> bool:
        """Tell whether `count` rows of `of` are worth a warning."""
        return count >= self.warn and count >= self.warn_share * of

    def fails(self, count: int, of: int) -> bool:
        """Tell whether `count` rows of `of` are a reason to refuse."""
        return count >= self.fail and count >= self.fail_share * of


@dataclass(frozen=True)
class Drift:
    """How far a version may be from the last one.

    Attributes
    ----------
    rows_warn, rows_fail : float
        Change of the number of rows, as the larger over the smaller, less 1.
    missing_warn, missing_fail : float
        Rise of a variable's share of missing values.
    psi_warn, psi_fail : float
        Population stability index of a variable's distribution. .1 and .25 are the usual marks for "some" and "much";
        real variables reach .25 by a year's change, so that is where a warning begins, and no version is refused
        before the distribution is another one altogether.
    """

    rows_warn: float = 0.2
    rows_fail: float = 1.0
    missing_warn: float = 0.05
    missing_fail: float = 0.5
    psi_warn: float = 0.25
    psi_fail: float = 2.0


DRIFT = Drift()
IMPOSSIBLE_DATES = Bound()
"""Days before 1800 or after 2200: no value of a day, whatever the variable."""
UNLIKELY_BIRTHS = Bound(warn=1, fail=10, fail_share=0.01)
"""Dates that identify and are no date, in the future, or of somebody over 130."""
DANGLING = Bound(warn=1, fail=1, fail_share=0.001)
"""Values that another dataset should have and does not: one in a thousand is late, more is another file."""
