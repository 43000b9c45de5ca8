"""What a variant of a table costs: the share of the table's detail that it no longer shows.

Notes
-----
A cell that is shown says of each of its units that it is described at all, and in which part of the table it is: a unit
in a cell with share p of all units is placed with ``log2(1 / p)`` bits. So a table's detail is

    sum over shown cells of  p * (1 + log2(1 / p))

which is 1 + the entropy of the table's partition when every cell is shown; the entropy-based measure of information
loss of Hundepool et al. (2012), Statistical Disclosure Control, section 3.9, with the 1 added so that a table without
dimensions can lose something too. Blank cells count nothing; merged categories make the partition coarser; a rounded
count keeps ``1 - E|error| / count`` of its cell, with an expected error of a quarter of the base; and a statistic in
another's place counts half. The loss is 1 less the ratio of the variant's detail to that of the table asked for.
"""

from __future__ import annotations

import numpy as np

from saferoom.disclosure.queries.evidence import Counts, Mask, Numbers

ANOTHER_STATISTIC = 0.5
"""How much of the detail a number tells that is not the one that was asked for."""


def detail(units: Counts, shown: Mask, whole: float, base: int = 0) -> float:
    """Return the detail of a table.

    Parameters
    ----------
    units : ndarray of int, units
        Distinct units per inner cell.
    shown : ndarray of bool
        Which of them are shown.
    whole : float, units
        All units of the table that was asked for.
    base : int
        Rounding base of the counts; 0 for exact numbers.

    >>> float(detail(np.array([50, 50]), np.array([True, True]), 100.0))
    2.0
    """
    share = np.clip(units[shown] / max(whole, 1.0), 0.0, 1.0)
    bits = np.log2(1 / share, out=np.zeros_like(share), where=share > 0)
    return float((share * (1 + bits) * _precision(units[shown], base)).sum())


def _precision(units: Counts, base: int) -> Numbers:
    return np.asarray(np.clip(1 - base / 4 / np.maximum(units, 1), 0.0, 1.0), dtype=np.float64)


def loss(variant: float, asked: float) -> float:
    """Return the share of the detail `asked` for that a variant's detail lacks."""
    return 0.0 if asked <= 0 else min(max(1 - variant / asked, 0.0), 1.0)
