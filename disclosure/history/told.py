"""Counts that numbers tell which are none, as they are remembered; see `worked_out`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pyroaring import BitMap

from saferoom.disclosure.history.contributors import Contributors, Noise, Told
from saferoom.disclosure.queries.forms import FORMS, Statistic, UnitsTold
from saferoom.disclosure.queries.relations import COUNT


def absent_units(contributors: Contributors, unit: str) -> tuple[BitMap, BitMap]:
    """Return who is absent from a table for certain, and who perhaps is."""
    return _joined(contributors, unit, Told.ABSENT), _joined(contributors, unit, Told.UNSURE)


def _joined(contributors: Contributors, unit: str, told: Told) -> BitMap:
    sets = (s for part in contributors.parts if part.told is told for s in part.units if s.unit == unit)
    return BitMap().union(*(cell for found in sets for cell in found.cells))


def told_before(contributors: Contributors, query: Mapping[str, Any]) -> Contributors:
    """Return contributors that were written before it was remembered what numbers tell of counts.

    Who was absent is not known, nor whose values were alike: nobody, and everybody's.
    """
    statistic = query.get("statistic")
    known = statistic in {one.value for one in Statistic}
    counted = known and FORMS[Statistic(str(statistic))].units in {UnitsTold.SHOWN, UnitsTold.NOTHING}
    if counted or contributors.noise not in {Noise.NONE, Noise.SIGNIFICANT}:
        return contributors
    counts = (replace(part, subjects=frozenset({COUNT}), told=Told.ALL) for part in contributors.parts[:1])
    return replace(contributors, parts=(*contributors.parts, *counts))
