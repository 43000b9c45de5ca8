"""What is expected of links without knowing the truth: precision and recall from match probabilities.

If probabilities are right, the mean over the links is their precision, and the sum over the links out of the sum over
all pairs (with the pairs that blocking missed added) is their recall. By group, and with intervals, the quality pack
has them.
"""

# ruff: noqa: S608 - SQL is put together from names of our own and quoted ones
from __future__ import annotations

from typing import TYPE_CHECKING

from saferoom.projects.linkage.linked import Estimates

if TYPE_CHECKING:
    import duckdb


def estimate(connection: duckdb.DuckDBPyConnection, pairs: str, missed_share: float) -> Estimates:
    """Return what is expected of the links in the relation `pairs`.

    Parameters
    ----------
    missed_share : float
        Share of true matches that blocking missed.
    """
    row = connection.execute(
        f"select sum(match_probability) filter (linked), count(*) filter (linked), sum(match_probability) from {pairs}"
    ).fetchall()[0]
    accepted, links, everything = (float(value or 0) for value in row)
    missed = everything * missed_share / (1 - missed_share) if missed_share < 1 else 0.0
    return Estimates(_ratio(accepted, links), _ratio(accepted, everything + missed), missed)


def _ratio(part: float, whole: float) -> float | None:
    return min(part / whole, 1.0) if whole > 0 else None
