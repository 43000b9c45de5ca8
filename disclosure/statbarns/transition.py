"""Transition matrices: how many move from each origin to each destination, and the shares of every origin.

Vocabulary
----------
row
    All cells with the same origin (and strata): the destinations of those who start there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from saferoom.disclosure.queries.evidence import Cells, Numbers
from saferoom.disclosure.statbarns.case import Case, Outcome
from saferoom.disclosure.statbarns.frequencies import Frequencies
from saferoom.disclosure.verdict import Label

_DESTINATION = 1


class Transition:
    """A frequency of origin by destination: low counts, class disclosure in rows and columns, differencing.

    Notes
    -----
    Shares are computed from the counts that leave. Next to a blank or rounded count an exact share would tell the row's
    exact total, and so what was blanked.
    """

    name = "linked tables"

    def evaluate(self, case: Case) -> Outcome:
        """Count, and apply the rules of frequencies; shares are added to whatever counts leave."""
        return replace(Frequencies().evaluate(case), derived=row_shares)


def row_shares(cells: Cells, columns: Mapping[str, Numbers]) -> dict[str, Numbers]:
    """Return the share of every cell in its row; none in a row with a blank cell.

    Parameters
    ----------
    columns : mapping
        ``count`` as it leaves, nan where it is blank.
    """
    counts = columns["count"]
    rows: dict[tuple[Label, ...], int] = {}
    place = np.array(
        [rows.setdefault((*labels[:_DESTINATION], *labels[_DESTINATION + 1 :]), len(rows)) for labels in cells.labels],
        dtype=np.int64,
    )
    totals = np.bincount(place, counts, len(rows)) if len(place) else np.zeros(0)
    below = totals[place]
    return {"row_share": np.divide(counts, below, out=np.full_like(counts, np.nan), where=below > 0)}
