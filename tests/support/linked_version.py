"""A version of a dataset that is linked, with real quality packs, on record as the hub records them; no zone is run."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import duckdb
from tests.support.airlock_world import NOW, World
from tests.support.linkage_pairs import world as pairs_world

from saferoom.hub.linkage.definition import Index
from saferoom.hub.linkage.ingesting import store_of
from saferoom.hub.linkage.records import Delivery, Linkage
from saferoom.hub.linkage.sealed import Stamp
from saferoom.hub.store.tables import IngestedVersionRow
from saferoom.ids import DatasetName
from saferoom.projects.catalogue.versions import Version
from saferoom.projects.linkage.quality import About, LinkedTables, quality_pack

SURVEY, REGISTER = DatasetName("survey"), DatasetName("register")
ACTOR = "admin:root"
_LOST = {"white": 0.04, "asian": 0.05, "black": 0.3}
_MODEL = {
    "comparisons": [
        {
            "output_column_name": "surname",
            "comparison_levels": [
                {"label_for_charts": "the same", "m_probability": 0.9, "u_probability": 0.001},
                {"label_for_charts": "<another>", "m_probability": 0.1, "u_probability": 0.999},
            ],
        }
    ]
}


@cache
def packs() -> Mapping[str, Any]:
    """Return packs of the survey and the register in which one group is lost more, and one is hardly there."""
    con = pairs_world(3000, seed=2, lost=_LOST).connection
    for table, column in (
        ("records", "source"),
        ("clusters", "source"),
        ("pairs", "source_l"),
        ("pairs", "source_r"),
    ):
        con.execute(f"UPDATE {table} SET {column} = CASE {column} WHEN 'schools' THEN 'survey' ELSE 'register' END")
    con.execute("UPDATE records SET region = 'region 6' WHERE record_id IN ('s1', 's2', 's3', 't1', 't2', 't3')")
    known = {str(name): {"region": [f"region {n}" for n in range(7)]} for name in (SURVEY, REGISTER)}
    about = About("person", ("region",), one_partner=(SURVEY, REGISTER), threshold=0.9, model=_MODEL, known=known)
    identifiers = quality_pack(con, LinkedTables("records", "pairs", "clusters"), about).pack
    return {"identifiers": identifiers.document(), "attributes": {SURVEY: _attributes(con)}}


def _attributes(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    con.execute("""
        CREATE TABLE rated AS SELECT 'survey' source, record_id, ethnicity, cluster_id LIKE 'c%' AS linked
        FROM records JOIN clusters USING (source, record_id) WHERE source = 'survey'
    """)
    return quality_pack(con, LinkedTables("rated"), About("person", ("ethnicity",))).pack.document()


def linked(place: World, version: str, *, index: str = "person", number: int = 1, afresh: bool = True) -> Linkage:
    """Record a linkage of the survey and the register; the survey's `version` came in, or comes in now.

    The packs are the same every time, but for the index's name in them.
    """
    definition = Index(name=index, title="People", sources=(SURVEY, REGISTER))
    quality = {part: dict(pack) for part, pack in packs().items()}
    quality["identifiers"]["version"] = f"{index}@{number}"
    with store_of(place.instance).transaction() as tx:
        if tx.session.get(IngestedVersionRow, (SURVEY, version)) is None:
            came = Version(dataset=SURVEY, version=version, sha256="0" * 64, rows=3000, ingested_at=NOW)
            tx.record_version(came, ACTOR)
        if tx.delivery(SURVEY, version) is None:
            tx.add_delivery(_delivery(version, len(tx.deliveries(SURVEY)) + 1))
        if tx.index(index) is None:
            tx.save_index(definition, ACTOR)
        made = Linkage(
            index=definition,
            number=number,
            deliveries=tuple(one.name for one in tx.deliveries(SURVEY)),
            afresh=afresh,
            passes=(),
            stamps={"model": Stamp("a" * 64, 1)},
            queue=(),
            counts={},
            quality=quality,
            at=NOW,
            by=ACTOR,
        )
        tx.add_linkage(made)
        tx.note_linkage(SURVEY, version, made)
    return made


def _delivery(version: str, number: int) -> Delivery:
    identifier = "abcdefghijklmnopqrstuvwxyz"[number] * 24
    return Delivery(identifier, SURVEY, number, version, None, 3000, "0" * 64, {}, None, NOW, ACTOR)
