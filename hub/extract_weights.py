"""Linkage weights of an extract, made of nothing that the extract does not hold.

A weight that depended on a variable would tell it, value by value, to a project that was not approved for it; one that
depended on other rows than the approved ones would tell of them. So chances of being linked are estimated here, after
columns and rows were chosen.
"""

# ruff: noqa: S608 - SQL is put together from numbers of columns
from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from saferoom.projects.catalogue.model import Variable
from saferoom.projects.extracts.matching import Weighing
from saferoom.projects.linkage.settling import UNLINKED
from saferoom.projects.linkage.tables import number
from saferoom.projects.linkage.weights import linkage_weights

if TYPE_CHECKING:
    import duckdb


def weigh_rows(
    connection: duckdb.DuckDBPyConnection, variables: Sequence[Variable], weighings: Iterable[Weighing]
) -> None:
    """Fill in the weights of ``raw``; nobody has one where nobody is linked.

    Parameters
    ----------
    variables : sequence of Variable
        The columns ``v0``, ``v1`` ... of ``raw``.

    Raises
    ------
    BadInputError
        What weights depend on has too many combinations.
    """
    column = {variable.name: f"v{position}" for position, variable in enumerate(variables)}
    for one in weighings:
        linked = f"{column[one.band]} <> '{UNLINKED}'"
        if not number(connection, f"SELECT count(*) FROM raw WHERE {linked}"):
            continue
        weight = column[one.weight]
        connection.execute(f"CREATE TEMP VIEW unweighed AS SELECT * EXCLUDE ({weight}), {linked} AS linked FROM raw")
        linkage_weights(connection, "unweighed", [column[name] for name in one.by], "weighed")
        connection.execute(f"""
            DROP VIEW unweighed;
            DROP TABLE raw;
            ALTER TABLE weighed DROP COLUMN linked;
            ALTER TABLE weighed RENAME linkage_weight TO {weight};
            ALTER TABLE weighed RENAME TO raw
        """)
