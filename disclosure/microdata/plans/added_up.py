"""Whether numbers that leave add up, or multiply, to one that was changed, as base and bonus do to a pay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saferoom.disclosure.microdata import columns
from saferoom.disclosure.microdata.patterns import Values

_LOOKED_AT = 5_000
_RECORDS_PER_PART = 10
_NEAR, _TOLD = 0.01, 0.9
_ROUNDS = 4


def adds_up(before: Any, after: Any, name: str, others: Sequence[str]) -> tuple[str, ...]:
    """Return the columns of `after` that together tell the numbers `name` of `before`; empty where none do.

    Parameters
    ----------
    before, after : pyarrow.Table, n records each, in one order
    others : sequence of str
        Columns of `after` that are told exactly.

    Notes
    -----
    A linear regression on all of them, in the numbers and in their logarithms, fitted to the records that it fits best
    (concentration steps of least trimmed squares: Rousseeuw, Van Driessen 2006), so that records with errors do not
    hide the others. Told is a number within a hundredth of the spread, beyond what one number for all would tell;
    columns that are not needed for it are left out. A missing part counts as nothing. Of more than 5,000 records so
    many evenly spaced ones are looked at.
    """
    numbers = _at(columns.floats(before, name))
    if numbers is None:
        return ()
    parts = {other: own for other in others if (own := _at(columns.floats(after, other))) is not None}
    told = ~np.isnan(numbers)
    parts = {other: np.nan_to_num(own[told]) for other, own in parts.items()}
    parts = {other: own for other, own in parts.items() if np.ptp(own) > 0} if told.any() else {}
    if len(parts) < 2 or told.sum() < _RECORDS_PER_PART * (len(parts) + 1):
        return ()
    whole = numbers[told]
    if found := _needed(whole, parts):
        return found
    positive = {other: np.log(own) for other, own in parts.items() if (own > 0).all()}
    return _needed(np.log(whole), positive) if len(positive) > 1 and (whole > 0).all() else ()


def _at(values: Values | None) -> Values | None:
    if values is None or np.isinf(values).any():
        return None
    return values[:: max(1, len(values) // _LOOKED_AT)]


def _needed(whole: Values, parts: dict[str, Values]) -> tuple[str, ...]:
    """Return the parts without which `whole` is not told."""
    spread = float(whole.std())
    if not spread or not _told(whole, list(parts.values()), spread):
        return ()
    needed = dict(parts)
    for name in parts:
        fewer = [own for other, own in needed.items() if other != name]
        if fewer and _told(whole, fewer, spread):
            del needed[name]
    return tuple(needed)


def _told(whole: Values, parts: list[Values], spread: float) -> bool:
    """Return whether `parts` tell `whole` of nearly all records, beyond those that its median tells."""
    design = np.column_stack([np.ones(len(whole)), *((own - own.mean()) / own.std() for own in parts)])
    among = np.ones(len(whole), dtype=bool)
    far: NDArray[np.float64] = np.abs(whole - np.median(whole))
    chance = float((far <= _NEAR * spread).mean())
    for _ in range(_ROUNDS):
        fitted = np.linalg.lstsq(design[among], whole[among], rcond=None)[0]
        far = np.abs(whole - design @ fitted)
        among = far <= np.quantile(far, 0.75)
    share = float((far <= _NEAR * spread).mean())
    return chance < 1 and (share - chance) / (1 - chance) >= _TOLD
