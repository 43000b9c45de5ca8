"""Steps back to an older version's tables, which are refused where something that must be kept would be lost.

A migration goes back only over what it added and nobody used. Everything else has one way back: a backup.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from saferoom.errors import WrongStateError

_EMPTY = ("null", "", '""', "[]", "{}", "0", "false")
"""Values that say no more than that nothing was said."""


def refuse(what: str, rows: int) -> None:
    """Refuse to go back where there are `rows` of something.

    Raises
    ------
    WrongStateError
    """
    if rows:
        raise WrongStateError(
            f"going back would drop {rows:,} {'row' if rows == 1 else 'rows'} of {what}, which must be kept; restore "
            "the backup from before the upgrade"
        )


def counted(query: str) -> int:
    """Return the number that a query of this migration counts."""
    return int(op.get_bind().execute(sa.text(query)).scalar_one())


def drop_tables(*tables: str) -> None:
    """Drop tables without a row, in this order; nothing is dropped when one has rows."""
    for table in tables:
        refuse(table, counted(f"SELECT count(*) FROM {quoted(table)}"))  # noqa: S608 - our own names
    for table in tables:
        op.drop_table(table)


def drop_columns(table: str, *columns: str, usual: tuple[str, ...] = ()) -> None:
    """Drop columns in which nothing was said, or what is `usual`; nothing is dropped when one of them says more."""
    for column in columns:
        refuse(f"{table}.{column}", counted(said(table, column, usual)))
    for column in columns:
        op.drop_column(table, column)


def said(table: str, column: str, usual: tuple[str, ...] = ()) -> str:
    """Return the query of how many rows say something in a column."""
    told = f"CAST({quoted(column)} AS VARCHAR)"
    listed = ", ".join("'" + one.replace("'", "''") + "'" for one in (*_EMPTY, *usual))
    return f"SELECT count(*) FROM {quoted(table)} WHERE {quoted(column)} IS NOT NULL AND {told} NOT IN ({listed})"  # noqa: S608 - our own names


def quoted(name: str) -> str:
    """Return a name of ours as SQL writes it."""
    return f'"{name}"'
