"""The utility report: what protected or synthetic records are still good for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from saferoom.disclosure.microdata import columns
from saferoom.disclosure.microdata.columns import Numbers
from saferoom.disclosure.microdata.utility import losses, regressions
from saferoom.disclosure.microdata.utility.asked import Compared
from saferoom.disclosure.microdata.utility.correlations import Relations, relations
from saferoom.disclosure.microdata.utility.moments import Moments, moments, overlap_of_means
from saferoom.disclosure.microdata.utility.overlap import Overlap
from saferoom.disclosure.microdata.utility.propensity import Propensity, scored
from saferoom.disclosure.microdata.utility.shares import (
    Distance,
    distance,
    joint_shares,
    overlap_of_shares,
    shares,
)
from saferoom.disclosure.microdata.utility.variables import Variable, Variables, variables, weights_of
from saferoom.disclosure.microdata.utility.verdict import verdict

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.columns import Frame

Weights = tuple[Numbers | None, Numbers | None]
_MOST_PAIRED = 8
"""Categories whose two-way tables are compared where no tables and no keys are named."""
_MOST_CELLS = 1 << 22


@dataclass(frozen=True)
class ColumnUtility:
    """One column before and after.

    Attributes
    ----------
    distance : Distance or None
        Of the shares of its categories (of numbers: of the tenths); None where categories cannot be compared.
    lost : float or None
        Share of its information that is lost; None without pairs of records.
    changed : int or None
        Records that tell something else; None without pairs.
    told : bool
        Whether moments and intervals may be told: not where so few records changed that they would give values away.
    """

    variable: Variable
    distance: Distance | None
    lost: float | None
    changed: int | None
    told: bool
    before: Moments | None
    after: Moments | None
    overlap: Overlap | None

    def document(self) -> dict[str, Any]:
        """Return what is told as JSON holds it; no category and no record's value is in it."""
        missing = self.variable.missing
        result: dict[str, Any] = {
            "kind": self.variable.kind,
            "missing_before": missing[0],
            "missing_after": missing[1],
            "changed": self.changed,
            "lost": self.lost,
            "distance": None if self.distance is None else self.distance.document(),
        }
        if self.variable.kind == "number":
            result["before"] = self.before.document() if self.before is not None and self.told else None
            result["after"] = self.after.document() if self.after is not None and self.told else None
        told = self.overlap is not None and self.told
        result["overlap"] = self.overlap.document() if told and self.overlap is not None else None
        return result


@dataclass(frozen=True)
class UtilityReport:
    """What records are still good for.

    Attributes
    ----------
    columns : tuple of ColumnUtility
    distances : losses.Distances or None
        Of all numbers that may be told; None without pairs of records.
    relations : Relations or None
        None with fewer than two columns of numbers.
    tables : mapping of a pair of columns to Distance
    """

    asked: Compared
    records: tuple[int, int]
    variables: Variables
    columns: tuple[ColumnUtility, ...]
    distances: losses.Distances | None
    relations: Relations | None
    tables: Mapping[tuple[str, str], Distance]
    propensity: Propensity
    regressions: tuple[regressions.Compare, ...]

    @property
    def lost(self) -> float | None:
        """The mean share of information lost, over all columns; a dropped column is lost wholly. None without pairs."""
        found = [one.lost for one in self.columns if one.lost is not None]
        if not self.asked.corresponding or not (found or self.variables.dropped):
            return None
        return (sum(found) + len(self.variables.dropped)) / (len(found) + len(self.variables.dropped))

    @property
    def verdict(self) -> str:
        """What changed most, in a paragraph of plain sentences without values."""
        return verdict(self)

    def document(self) -> dict[str, Any]:
        """Return the report as JSON holds it; no category and no record's value is in it."""
        return {
            "records": {"before": self.records[0], "after": self.records[1]},
            "corresponding": self.asked.corresponding,
            "weight": self.asked.weight,
            "verdict": self.verdict,
            "information_lost": self.lost,
            "columns": {one.variable.name: one.document() for one in self.columns},
            "dropped": list(self.variables.dropped),
            "added": list(self.variables.added),
            "left_out": dict(self.variables.left_out),
            "distances": None if self.distances is None else self.distances.document(),
            "relations": None if self.relations is None else self.relations.document(),
            "tables": [{"columns": list(pair), **one.document()} for pair, one in self.tables.items()],
            "propensity": self.propensity.document(),
            "regressions": [one.document() for one in self.regressions],
        }


def compare(before: Frame, after: Frame, asked: Compared | None = None) -> UtilityReport:
    """Compare records before and after protection, or original and synthetic ones.

    Parameters
    ----------
    before, after : pandas frame or Arrow table
        Columns of one name are compared; the numbers of records may differ unless `asked.corresponding`.

    Raises
    ------
    BadInputError
        When a table has no records, they have no column in common, or what is asked cannot be.
    """
    how = asked or Compared()
    sizes = columns.length(before), columns.length(after)
    how.check_columns(columns.names_of(before), columns.names_of(after), sizes)
    found = variables(before, after, how)
    weights = weights_of(before, how, "before"), weights_of(after, how, "after")
    by_column = tuple(_column(one, how, weights) for one in found.columns)
    told = [one.variable for one in by_column if one.variable.kind == "number" and one.told]
    return UtilityReport(
        asked=how,
        records=sizes,
        variables=found,
        columns=by_column,
        distances=_distances(told) if how.corresponding else None,
        relations=_relations(told, how),
        tables=_tables(found, how, weights),
        propensity=scored(found.columns, found.left_out, corresponding=how.corresponding, seen=how.seen),
        regressions=tuple(regressions.compared(one, found, how, weights) for one in how.regressions),
    )


def _column(one: Variable, how: Compared, weights: Weights) -> ColumnUtility:
    paired = how.corresponding
    size = len(one.labels)
    apart = None
    if one.comparable:
        p, q = shares(one.before, size, weights[0]), shares(one.after, size, weights[1])
        apart = None if p is None or q is None else distance(p, q)
    first = second = overlap = None
    if one.numbers_before is not None and one.numbers_after is not None:
        first = moments(one.numbers_before, weights[0], how.least)
        second = moments(one.numbers_after, weights[1], how.least)
        overlap = None if first is None or second is None else overlap_of_means(first, second)
    elif one.comparable:
        overlap = overlap_of_shares((one.before, weights[0]), (one.after, weights[1]), size, how.least)
    count = losses.changed(one) if paired else None
    lost = losses.lost(one, weights[0]) if paired else None
    return ColumnUtility(one, apart, lost, count, not _few(count, how), first, second, overlap)


def _few(changed: int | None, how: Compared) -> bool:
    """Return whether so few records changed that means before and after would give their values away."""
    return changed is not None and 0 < changed < how.least


def _distances(told: list[Variable]) -> losses.Distances | None:
    if not told:
        return None
    return losses.distances(*_stacked(told))


def _stacked(told: list[Variable]) -> tuple[Any, Any]:
    return (
        np.column_stack([one.numbers_before for one in told if one.numbers_before is not None]),
        np.column_stack([one.numbers_after for one in told if one.numbers_after is not None]),
    )


def _relations(told: list[Variable], how: Compared) -> Relations | None:
    if len(told) < 2:
        return None
    return relations(tuple(one.name for one in told), *_stacked(told), how.least)


def _tables(found: Variables, how: Compared, weights: Weights) -> dict[tuple[str, str], Distance]:
    result = {}
    for pair in how.tables or _pairs(found, how):
        one, other = found.named(pair[0]), found.named(pair[1])
        if one is None or other is None or not (one.comparable and other.comparable):
            continue
        sizes = len(one.labels), len(other.labels)
        if sizes[0] * sizes[1] > _MOST_CELLS:
            continue
        p = joint_shares((one.before, sizes[0]), (other.before, sizes[1]), weights[0])
        q = joint_shares((one.after, sizes[0]), (other.after, sizes[1]), weights[1])
        if p is not None and q is not None:
            result[pair] = distance(p, q)
    return result


def _pairs(found: Variables, how: Compared) -> list[tuple[str, str]]:
    names = how.keys or tuple(one.name for one in found.columns)
    return list(combinations([name for name in names if found.named(name) is not None][:_MOST_PAIRED], 2))
