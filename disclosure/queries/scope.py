"""What the names inside one SELECT mean: its tables, merged columns, and which ids are equal to each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlglot import exp

from saferoom.disclosure.queries.relations import Column, Relation, unknown
from saferoom.errors import BadInputError

UnitColumn = tuple[str, str]
"""A table's alias and the name of one of its unit columns."""


@dataclass(frozen=True)
class Scan:
    """One relation of a FROM clause, under the name it is given there."""

    alias: str
    sql_alias: str
    relation: Relation


@dataclass
class Scope:
    """What the names inside one SELECT mean."""

    where: str
    scans: list[Scan] = field(default_factory=list)
    merged: dict[str, list[tuple[Scan, Column]]] = field(default_factory=dict)
    """Columns joined with USING: lower-case name to the columns that became one."""
    told: list[tuple[UnitColumn, UnitColumn]] = field(default_factory=list)
    """Pairs of unit columns: wherever the second has an id, the first has the same one."""
    permitted: set[int] = field(default_factory=set)
    """Column nodes that may refer to a unit."""
    doubts: list[str] = field(default_factory=list)
    selective: bool = False
    """A join's condition can repeat the rows of chosen units."""
    keys: dict[str, set[str]] = field(default_factory=dict)
    """By table alias, its columns (lower case) that a join equates with a column of another table."""
    selected: list[str] = field(default_factory=list)
    """Names of the selected columns, as the researcher calls them."""

    def resolve(self, node: exp.Column) -> list[tuple[Scan, Column]]:
        """Return what a column node means: one column, or those merged by USING."""
        name = node.name.lower()
        if not node.table and name in self.merged:
            return self.merged[name]
        scans = [scan for scan in self.scans if not node.table or scan.alias.lower() == node.table.lower()]
        if node.table and not scans:
            raise unknown("table", node.table, [scan.alias for scan in self.scans], self.where)
        found = [(scan, column) for scan in scans if (column := scan.relation.find(name)) is not None]
        if not found:
            names = {column.name for scan in scans for column in scan.relation.columns.values()}
            raise unknown("column", node.name, names, self.where)
        if len(found) > 1:
            aliases = " or ".join(f"{scan.alias}.{column.name}" for scan, column in found)
            raise BadInputError(f"{self.where}: a column name stands for several tables; write {aliases}")
        return found

    def keyed(self, found: Iterable[tuple[Scan, Column]]) -> None:
        """Record columns that a join equates."""
        for scan, column in found:
            self.keys.setdefault(scan.alias, set()).add(column.name.lower())

    def units_of(self, node: exp.Expression) -> list[tuple[Scan, Column]]:
        """Return the unit columns that `node` is a bare reference to; empty when it is anything else."""
        if not isinstance(node, exp.Column) or isinstance(node.this, exp.Star):
            return []
        found = self.resolve(node)
        return found if all(column.unit is not None for _, column in found) else []

    def equate(self, left: set[UnitColumn], right: set[UnitColumn], side: str) -> None:
        """Record that a join equates unit columns; several on one side are columns that became one by USING.

        Where a row of the preserved side finds no match, the other side is null: so only the preserved side's id stands
        for the other's, and in a full join neither does.
        """
        if side in {"", "LEFT"}:
            self.told.extend((one, other) for one in self._never_missing(left) for other in right)
        if side in {"", "RIGHT"}:
            self.told.extend((other, one) for other in self._never_missing(right) for one in left)

    def _never_missing(self, columns: set[UnitColumn]) -> list[UnitColumn]:
        """Return those of merged columns that are there whenever any of them is."""
        return [column for column in columns if columns <= self.known_from({column})]

    def known_from(self, columns: set[UnitColumn]) -> set[UnitColumn]:
        """Return `columns` and every unit column whose id one of them always repeats."""
        known = set(columns)
        pending = list(columns)
        while pending:
            column = pending.pop()
            for one, other in self.told:
                if one == column and other not in known:
                    known.add(other)
                    pending.append(other)
        return known


class Rewritten:
    """Looks up columns after they were rewritten to generated aliases."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._scans = {scan.sql_alias: scan for scan in scope.scans}

    def columns(self, node: exp.Column) -> list[tuple[Scan, Column]]:
        """Return what a rewritten column node means."""
        if not node.table:
            return next(found for found in self._scope.merged.values() if found[0][1].sql_name == node.name)
        scan = self._scans[node.table]
        return [(scan, column) for column in scan.relation.columns.values() if column.sql_name == node.name]
