"""Whom linkage finds and whom it loses, told by groups: in each zone by what the zone knows, past the checker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import duckdb

from saferoom.disclosure.history.memory import Memory
from saferoom.hub.linkage.definition import known_labels
from saferoom.policies.models import RiskAppetite
from saferoom.projects.linkage.quality import About, LinkedTables, quality_pack

if TYPE_CHECKING:
    from saferoom.hub.linkage.identifiers import Identifiers
    from saferoom.hub.linkage.incremental import Clusters

RATED = "rated"


def rate_linked(
    connection: duckdb.DuckDBPyConnection,
    identifiers: Identifiers,
    made: Clusters,
    policy: RiskAppetite,
    memory: bytes | None,
) -> tuple[Mapping[str, Any], bytes]:
    """Return the quality pack by groups that identify, and the memory of everything that packs showed.

    Precision and recall are told where everything was compared anew; a refresh tells rates alone.
    """
    groups = identifiers.plan.groups
    listed = "".join(f', r."{name}"' for name in groups)
    connection.execute(f"""
        CREATE TABLE {RATED} AS
        WITH shared AS (
            SELECT entity_id, count(DISTINCT source) > 1 AS linked FROM spine GROUP BY entity_id
        )
        SELECT r.source, r.record_id, s.entity_id AS unit_id, h.linked{listed}
        FROM records r JOIN spine s USING (source, record_id) JOIN shared h ON h.entity_id = s.entity_id
    """)  # noqa: S608
    known = {source: known_labels(identifiers.datasets[source], groups) for source in identifiers.sources}
    tables, about = LinkedTables(RATED), About(identifiers.index.name, groups=groups, known=known)
    if made.linked is not None:
        tables = LinkedTables(RATED, made.pairs, made.links, made.reviewed)
        # Probabilities compete already where a record has one partner.
        about = replace(
            About.of(identifiers.plan, made.linked, identifiers.sources, identifiers.index.name),
            one_partner=(),
            known=known,
        )
    about = replace(about, near_everybody=identifiers.index.near_everybody)
    return _pack(connection, tables, about, policy, memory)


def rate_attributes(
    connection: duckdb.DuckDBPyConnection,
    index: str,
    known: tuple[str, Mapping[str, Sequence[str]]],
    policy: RiskAppetite,
    memory: bytes | None,
    *,
    near_everybody: bool,
) -> tuple[Mapping[str, Any], bytes]:
    """Return the rates of `rated` (source, record_id, unit_id, linked and the groups), and the memory as above.

    Parameters
    ----------
    known : tuple of str and mapping
        The source, and its groups with the labels that are public.
    """
    source, groups = known
    about = About(index, groups=tuple(groups), known={source: groups}, near_everybody=near_everybody)
    return _pack(connection, LinkedTables(RATED), about, policy, memory)


def _pack(
    connection: duckdb.DuckDBPyConnection,
    tables: LinkedTables,
    about: About,
    policy: RiskAppetite,
    memory: bytes | None,
) -> tuple[Mapping[str, Any], bytes]:
    before = None if memory is None else Memory.from_bytes(memoryview(memory))
    made = quality_pack(connection, tables, about, policy, before)
    return made.pack.document(), bytes(made.memory.to_bytes())
