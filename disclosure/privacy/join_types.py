"""Which columns a join can compare as they are, without converting one for every row."""

# ruff: noqa: S608 - SQL is put together here, from checked trees and generated names only
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set

from sqlglot import exp

from saferoom.disclosure.queries import language
from saferoom.disclosure.queries.engine import Engine
from saferoom.disclosure.queries.relations import Column, Relation

_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER")
_FLOATS = ("FLOAT", "DOUBLE")

Columns = tuple[str, ...]
Scans = Mapping[str, Columns]
"""Generated name of a table of FROM to its columns."""


class Types:
    """The types of the columns that a join can compare."""

    def __init__(self, engine: Engine, before: Sequence[str], sources: Sequence[exp.Expression], scans: Scans) -> None:
        columns = [(alias, name) for alias, names in scans.items() for name in names]
        items = ", ".join(language.write(_reference(*column)) for column in columns)
        head = f"WITH {', '.join(before)} " if before else ""
        tables = ", ".join(language.write(source) for source in sources)
        found = engine.types(f"{head}SELECT {items} FROM {tables}")
        self._of = {(a.lower(), n.lower()): kind for (a, n), kind in zip(columns, found, strict=True)}

    def having(self, name: str) -> list[tuple[str, str]]:
        """Return the columns called `name`."""
        return [column for column in self._of if column[1] == name.lower()]

    def alike(self, columns: Iterable[tuple[str, str]]) -> bool:
        """Say whether columns can be compared as they are: no text has to become a number first."""
        return comparable({self._of.get(column, "") for column in columns})

    def matches(self, part: exp.Expression) -> bool:
        """Say whether a condition is an equality of two columns that can be compared as they are."""
        sides = [part.this, part.expression] if isinstance(part, exp.EQ) else []
        if not sides or not all(isinstance(side, exp.Column) and side.table for side in sides):
            return False
        return self.alike([(side.table.lower(), side.name.lower()) for side in sides])


def comparable(kinds: Set[str]) -> bool:
    """Say whether values of these types can be compared without becoming another value first."""
    return len(kinds) == 1 or all(kind in _NUMBERS for kind in kinds) or all(kind in _FLOATS for kind in kinds)


def type_in(relation: Relation, column: Column, engine: Engine) -> str:
    """Return the engine's type of a dataset's column."""
    table = language.write(exp.to_identifier(relation.sql_name, quoted=True))
    return engine.types(f"SELECT {language.write(language.reference(column))} FROM {table}")[0]


def _reference(alias: str, name: str) -> exp.Column:
    return exp.column(exp.to_identifier(name, quoted=True), table=exp.to_identifier(alias, quoted=True))
