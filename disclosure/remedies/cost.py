"""What a variant of a table costs: the share of the table's detail that it no longer shows.

Notes
-----
A cell that is shown says of each of its units that it is described at all, and in which part of the table it is: a unit
in a cell with share p of all units is placed with ``log2(1 / p)`` bits. So a table's detail is

    sum over shown cells of  p * (1 + log2(1 / p))

which is 1 + the entropy of the table's partition when every cell is shown; the entropy-based measure of information
loss of Hundepool et al. (2012), Statistical Disclosure Control, section 3.9, with the 1 added so that a table without
dimensions can lose something too. Blank cells count nothing; merged categories make the partition coarser; a changed
number keeps ``1 - E|error| / number`` of its cell; and a statistic in another's place counts half. The loss is 1 less
the ratio of the variant's detail to that of the table asked for. Errors are those to be expected of a method, never
those that were made, so that a loss tells nothing about the numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from saferoom.disclosure.queries.evidence import Counts, Mask, Numbers
from saferoom.disclosure.queries.forms import FORMS, Measure
from saferoom.disclosure.queries.model import Method, Query
from saferoom.policies.models import RiskAppetite

ANOTHER_STATISTIC = 0.5
"""How much of the detail a number tells that is not the one that was asked for."""


@dataclass(frozen=True)
class Error:
    """How far changed numbers are from the exact ones, on the average.

    Attributes
    ----------
    units : float
        In units, for counts.
    fraction : float
        As a share of the number, for sums and means.
    """

    units: float = 0.0
    fraction: float = 0.0


EXACT = Error()


def error_of(query: Query, policy: RiskAppetite, least: int) -> Error:
    """Return the error to be expected of the way in which a query is protected.

    Parameters
    ----------
    least : int, units
        The threshold, which bases are at least where nothing else is asked for.

    Notes
    -----
    Rounding to the nearest multiple is off by a quarter of the base on the average; rounding to either neighbour, the
    nearer one more likely, by a third; noise of variance V by ``sqrt(2 V / pi)`` where it is nearly normal. Keeping d
    digits of a number ``m 10^e``, whose m is spread by Benford's law, is off by ``10^(1 - d) / (4 m)`` of it.
    """
    protect, counted = query.protect, FORMS[query.statistic].measure is Measure.NONE
    base = float(protect.base or policy.rounding_base)
    if protect.method is Method.ROUND:
        return Error(units=base / 4)
    if protect.method in {Method.CONTROLLED_ROUNDING, Method.RANDOM_ROUNDING}:
        return Error(units=float(protect.base or max(policy.rounding_base, least)) / 3)
    if protect.method is Method.CELL_KEY:
        variance = protect.variance or policy.cell_key_variance
        return Error(units=math.sqrt(2 * variance / math.pi)) if counted else Error(fraction=_NOISE)
    if protect.method is Method.SIGNIFICANT:
        digits = min(protect.digits or policy.significant_digits, policy.significant_digits)
        return Error(fraction=_ROUNDED * 10.0 ** (1 - digits))
    return EXACT


_NOISE = 0.05
"""Noise of a sum or mean under cell_key depends on its largest contribution, which is not to be told."""
_ROUNDED = 0.0977
"""Mean of 1 / (4 m) over first digits and what follows, m between 1 and 10, logarithmically spread."""


def detail(units: Counts, shown: Mask, whole: float, error: Error = EXACT) -> float:
    """Return the detail of a table.

    Parameters
    ----------
    units : ndarray of int, units
        Distinct units per inner cell.
    shown : ndarray of bool
        Which of them are shown.
    whole : float, units
        All units of the table that was asked for.
    error : Error
        How far the numbers shown are from the exact ones, on the average.

    >>> float(detail(np.array([50, 50]), np.array([True, True]), 100.0))
    2.0
    """
    share = np.clip(units[shown] / max(whole, 1.0), 0.0, 1.0)
    bits = np.log2(1 / share, out=np.zeros_like(share), where=share > 0)
    return float((share * (1 + bits) * _precision(units[shown], error)).sum())


def _precision(units: Counts, error: Error) -> Numbers:
    off = np.maximum(error.units / np.maximum(units, 1), error.fraction)
    return np.asarray(np.clip(1 - off, 0.0, 1.0), dtype=np.float64)


def loss(variant: float, asked: float) -> float:
    """Return the share of the detail `asked` for that a variant's detail lacks."""
    return 0.0 if asked <= 0 else min(max(1 - variant / asked, 0.0), 1.0)
