"""The utility report: what protected or synthetic records are still good for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from saferoom.disclosure.microdata import columns
from saferoom.disclosure.microdata.utility import losses, regressions
from saferoom.disclosure.microdata.utility.asked import Compared
from saferoom.disclosure.microdata.utility.by_column import ColumnUtility, Weights, by_column
from saferoom.disclosure.microdata.utility.correlations import Relations, relations
from saferoom.disclosure.microdata.utility.propensity import Propensity, scored
from saferoom.disclosure.microdata.utility.shares import Distance, distance, joint_shares
from saferoom.disclosure.microdata.utility.variables import Variables, variables, weights_of
from saferoom.disclosure.microdata.utility.verdict import verdict

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.columns import Frame

FEW = "fewer than {} of its values changed, and what is told of it would give them away"
_MOST_PAIRED = 8
"""Categories whose two-way tables are compared where no tables and no keys are named."""
_MOST_CELLS = 1 << 22


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
    each = tuple(by_column(one, how, weights) for one in found.columns)
    told = found.only([one.variable.name for one in each if one.told], FEW.format(how.least))
    return UtilityReport(
        asked=how,
        records=sizes,
        variables=found,
        columns=each,
        distances=_distances(told) if how.corresponding else None,
        relations=_relations(told, how),
        tables=_tables(told, how, weights),
        propensity=scored(told.columns, told.left_out, corresponding=how.corresponding, seen=how.seen),
        regressions=tuple(regressions.compared(one, told, how, weights) for one in how.regressions),
    )


def _distances(found: Variables) -> losses.Distances | None:
    return losses.distances(*_stacked(found)) if found.numbers else None


def _stacked(found: Variables) -> tuple[Any, Any]:
    return (
        np.column_stack([one.numbers_before for one in found.numbers if one.numbers_before is not None]),
        np.column_stack([one.numbers_after for one in found.numbers if one.numbers_after is not None]),
    )


def _relations(found: Variables, how: Compared) -> Relations | None:
    if len(found.numbers) < 2:
        return None
    return relations(tuple(one.name for one in found.numbers), *_stacked(found), how.least)


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
