"""Where the ids behind a table's rows are read: of its units, of units within them, and of the rows themselves."""

# ruff: noqa: S608 - SQL is put together here, from generated and quoted names only
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from saferoom.disclosure.history.plain_ids import ambiguous
from saferoom.disclosure.queries.base import Base
from saferoom.disclosure.queries.engine import Engine
from saferoom.disclosure.queries.relations import Within


@dataclass(frozen=True)
class Ids:
    """Where the ids of one kind of unit are read: an expression over the rows ``b``, and what has to be joined to them.

    Attributes
    ----------
    unique : bool
        Whether no id is in two rows.
    named : bool
        Whether they are ids that the data name units by, of which there may be a crosswalk.
    """

    unit: str
    expression: str
    join: str
    unique: bool
    named: bool = True


def own_ids(base: Base) -> list[Ids]:
    """Return the ids of the rows' own kinds of unit."""
    return [Ids(unit, f"b.u{j}", "", base.unique[j]) for j, unit in enumerate(base.units)]


def row_ids(base: Base, engine: Engine) -> list[Ids]:
    """Return the rows themselves where every kind of unit has several.

    Notes
    -----
    The same units can be behind sums of different rows, so that sets of units cancel out and what one row adds is left.
    """
    if (
        not base.units
        or any(base.unique)
        or "row_id" not in engine.columns(f"{base.with_sql}SELECT * FROM {base.sql} b LIMIT 0")
    ):
        return []
    return [Ids(f"rows of {base.units[0]}", "b.row_id", "", unique=True, named=False)]


def ids_within(base: Base, within: Sequence[Within]) -> list[Ids]:
    """Return the ids of units that were added up within the rows' own."""
    found = []
    for item in within:
        if item.larger in base.units:
            unit, larger, source = (_quoted(text) for text in (item.unit, item.larger, item.source))
            join = f" JOIN {source} s ON s.{larger} = b.u{base.units.index(item.larger)}"
            found.append(Ids(item.unit, f"s.{unit}", join, unique=False))
    return found


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def ambiguous_ids(engine: Engine, unit: str) -> str:
    """Return SQL for the ids that would be taken for others if they were written plainly; nothing where none would."""
    texts = [
        f"SELECT CAST({_quoted(column.sql_name)} AS VARCHAR) AS id FROM {_quoted(relation.sql_name)}"
        for relation in engine.relations
        for column in relation.columns.values()
        if column.unit is not None and column.unit.lower() == unit.lower()
    ]
    if not texts:
        return ""
    found = ambiguous(" UNION ALL ".join(texts))
    return found if len(engine.remembered(f"{found} LIMIT 1")["id"]) else ""
