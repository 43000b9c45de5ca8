"""Families and households of an index's sources in the linker's engine, and what they say of doubtful pairs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb

from saferoom.errors import BadInputError
from saferoom.hub.linkage.definition import Related
from saferoom.hub.linkage.identifiers import Identifiers
from saferoom.projects.linkage.plan import LinkPlan
from saferoom.projects.linkage.relating import Relatives, entities, hear
from saferoom.projects.linkage.standardising import literal, quoted
from saferoom.projects.linkage.tables import columns_of

_FAMILIES, _HOUSEHOLDS = "families", "households"
HEARD, TOGETHER = "heard", "together"


def hear_relatives(
    connection: duckdb.DuckDBPyConnection, identifiers: Identifiers, scored: str, threshold: float, *, known: str | None
) -> tuple[str, Mapping[str, Any]]:
    """Return scored pairs as relatives decide them, and counts; the same pairs where the index asks no relatives.

    Parameters
    ----------
    known : str or None
        A spine whose entities witness, where the records compared are new ones with known ones alone.

    Raises
    ------
    BadInputError
        A present delivery has no groups, because it was ingested before they were for the linker.
    """
    asked = identifiers.index.relatives
    if asked is None:
        return scored, {}
    families = [
        f"{_selected(identifiers, one, 'family')}, {_role(one.source, one.role)} AS role FROM "
        f"{identifiers.held(one.source)}"
        for one in asked.families
    ]
    households = [
        f"{_selected(identifiers, one, 'household')} FROM {identifiers.held(one.source)}" for one in asked.households
    ]
    connection.execute(f"CREATE TABLE {_FAMILIES} AS {' UNION ALL '.join(families)}")
    connection.execute(f"CREATE TABLE {_HOUSEHOLDS} AS {' UNION ALL '.join(households)}")
    relatives = Relatives(_FAMILIES, _HOUSEHOLDS, tuple(one.source for one in asked.families if one.once))
    made = hear(connection, scored, relatives, HEARD, threshold=threshold, known=known)
    return HEARD, {"relatives": {"added": made.added, "dropped": made.dropped}}


def put_together(connection: duckdb.DuckDBPyConnection, pairs: str, plan: LinkPlan) -> str:
    """Return the table of clusters that pairs make now."""
    entities(connection, "records", pairs, TOGETHER, plan)
    return TOGETHER


def _selected(identifiers: Identifiers, one: Related, name: str) -> str:
    if one.by not in columns_of(identifiers.connection, identifiers.held(one.source), one.source):
        raise BadInputError(
            f"{one.source}: its present delivery was ingested before {one.by} was described with 'relates', so the "
            "linker does not know who belongs together; ingest it again under a new version, or leave 'relatives' out"
        )
    return f"SELECT {literal(one.source)} AS source, record_id, {quoted(one.by)} AS {name}"


def _role(source: str, field: str | None) -> str:
    if field is None:
        return literal(source)
    return f"{literal(source)} || ' ' || coalesce(upper(left(trim({quoted(field)}), 1)), '?')"
