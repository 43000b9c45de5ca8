"""Snapshots: tables made in a room, whose ids can be checked and whose values cannot.

Any value of a snapshot may have been computed from any column of the project's data, so that it counts as made from all
of them when it is compared with earlier releases.
"""

# ruff: noqa: S608 - SQL is put together here, from checked trees and generated names only
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from saferoom.disclosure.queries.relations import COUNT, Column, Relation
from saferoom.disclosure.queries.source import Source
from saferoom.errors import BadInputError

_LONGEST_NAME = 63


def with_claims(sources: Sequence[Source], relations: Sequence[Relation]) -> tuple[Relation, ...]:
    """Return `relations` with those of snapshots marked as claimed, and their columns as made from everything."""
    anything = frozenset({COUNT}).union(
        *(
            column.origins
            for source, relation in zip(sources, relations, strict=True)
            if not source.claimed
            for column in relation.columns.values()
        )
    )
    return tuple(
        _claimed(relation, anything) if source.claimed else relation
        for source, relation in zip(sources, relations, strict=True)
    )


def _claimed(relation: Relation, anything: frozenset[str]) -> Relation:
    def doubtful(column: Column) -> Column:
        if not column.name.isprintable() or len(column.name) > _LONGEST_NAME:
            raise BadInputError(
                f"{relation.name}: the names of a snapshot's columns must be printable and at most {_LONGEST_NAME} "
                "characters long"
            )
        # The name is the researcher's own, and a codelist that it might borrow was never applied to it.
        return replace(
            column, origins=column.origins | anything, owned=column.unit is not None, codelist=None, classification=None
        )

    columns = {name: doubtful(column) for name, column in relation.columns.items()}
    return replace(relation, columns=columns, claimed=True)


def check_claimed_ids(relations: Sequence[Relation], rows: Callable[[str], Sequence[tuple[Any, ...]]]) -> None:
    """Check that every id of a snapshot is one of the project's data.

    Raises
    ------
    BadInputError
        When a snapshot has no unit column that the data have too, or an id that they do not have.
    """
    trusted = [relation for relation in relations if not relation.claimed]
    for relation in relations:
        if not relation.claimed:
            continue
        if not relation.units:
            names = sorted({column.name for other in trusted for column in other.units})
            raise BadInputError(
                f"{relation.name}: a snapshot must carry a column of unit ids as the extract has it: {', '.join(names)}"
            )
        for unit in relation.units:
            known = [
                f'SELECT CAST("{_quoted(column.sql_name)}" AS VARCHAR) FROM "{_quoted(other.sql_name)}"'
                for other in trusted
                for column in other.units
                if column.name.lower() == unit.name.lower()
            ]
            own = f'CAST("{_quoted(unit.sql_name)}" AS VARCHAR)'
            strange = f'SELECT 1 FROM "{_quoted(relation.sql_name)}" WHERE "{_quoted(unit.sql_name)}" IS NOT NULL'
            unknown = (
                f"{strange} AND {own} NOT IN (SELECT id FROM ({' UNION ALL '.join(known)}) k(id) WHERE id IS NOT NULL)"
            )
            if not known or rows(f"{unknown} LIMIT 1"):
                raise BadInputError(
                    f"{relation.name}: {unit.name} has ids that the project's extract does not have; keep the ids "
                    "unchanged (whole numbers turn into decimals when a join leaves gaps: drop these rows first)"
                )


def _quoted(name: str) -> str:
    return name.replace('"', '""')
