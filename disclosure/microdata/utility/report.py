"""The utility report: what protected or synthetic records are still good for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from saferoom.disclosure.microdata import columns
from saferoom.disclosure.microdata.utility import losses, regressions
from saferoom.disclosure.microdata.utility.asked import Compared, Regression
from saferoom.disclosure.microdata.utility.by_column import ColumnUtility, Weights, by_column
from saferoom.disclosure.microdata.utility.correlations import Relations, relations
from saferoom.disclosure.microdata.utility.few import Few
from saferoom.disclosure.microdata.utility.propensity import Propensity, scored
from saferoom.disclosure.microdata.utility.shares import Distance, distance, joint_shares
from saferoom.disclosure.microdata.utility.variables import NOTHING_TOLD, Variables, variables, weights_of
from saferoom.disclosure.microdata.utility.verdict import verdict

if TYPE_CHECKING:
    from saferoom.disclosure.microdata.columns import Frame

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
    how.check_told([name for name in found.left_out if found.left_out[name] == NOTHING_TOLD])
    weights = weights_of(before, how, "before"), weights_of(after, how, "after")
    few = Few(found, how)
    each = tuple(by_column(one, how, weights, few) for one in found.columns)
    told = found.only([one.variable.name for one in each if one.told], few.reason)
    return UtilityReport(
        asked=how,
        records=sizes,
        variables=found,
        columns=each,
        distances=_distances(told) if how.corresponding else None,
        relations=_relations(told, how),
        tables=_tables(few, weights),
        propensity=_propensity(few, told),
        regressions=tuple(_regression(one, few, weights) for one in how.regressions),
    )


def _propensity(few: Few, told: Variables) -> Propensity:
    """Return propensity scores by all columns together where enough changed, and by single ones that may be told."""
    names = [one.name for one in told.columns]
    together = few.found if few.may_tell([one.name for one in few.found.columns]) else told
    return scored(together.columns, together.left_out, names, corresponding=few.how.corresponding, seen=few.how.seen)


def _regression(one: Regression, few: Few, weights: Weights) -> regressions.Compare:
    if not few.may_tell([one.outcome, *one.on]):
        return regressions.Compare(one, (), None, few.reason.replace("of its values", "records of its columns"))
    return regressions.compared(one, few.found, few.how, weights)


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


def _tables(few: Few, weights: Weights) -> dict[tuple[str, str], Distance]:
    result = {}
    for pair in few.how.tables or _pairs(few.found, few.how):
        one, other = few.found.named(pair[0]), few.found.named(pair[1])
        if not few.may_tell(pair):
            continue
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
