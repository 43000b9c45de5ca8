"""Rates by attributes, told by the provisioner's process: over who was linked, which is all it knows of the linkage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb
import pyarrow as pa

from saferoom.hub.linkage.engine import load
from saferoom.hub.linkage.opened import OpenZone
from saferoom.hub.linkage.places import about_memory, delivery_place, memory_place
from saferoom.hub.linkage.provisioner import MapRef, read_map
from saferoom.hub.linkage.rating import RATED, rate_attributes
from saferoom.hub.linkage.sealed import Stamp
from saferoom.hub.linkage.splitting import ATTRIBUTES, CROSSWALK, about_delivery
from saferoom.policies.models import RiskAppetite
from saferoom.projects.linkage.settling import UNLINKED
from saferoom.projects.linkage.standardising import quoted


def rate(zone: OpenZone, document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Rate the links of sources by groups that are attributes; answer with each one's pack and the memory's stamp.

    The map itself is checked whole, so that none is taken over that could not be used.
    """
    ref = MapRef.from_json(document["map"])
    policy = RiskAppetite.model_validate(document["policy"], strict=False)
    answers: dict[str, Any] = {}
    with duckdb.connect(config={"autoinstall_known_extensions": False}) as connection:
        table = read_map(zone, connection, ref)
        for one in document["sources"]:
            zone.progress("rating by attributes", len(answers) / len(document["sources"]))
            answers[one["delivery"]["dataset"]] = _rate(zone, connection, (ref, table), one, policy)
    return {"packs": answers}


def _rate(
    zone: OpenZone,
    connection: duckdb.DuckDBPyConnection,
    linked: tuple[MapRef, str],
    document: Mapping[str, Any],
    policy: RiskAppetite,
) -> Mapping[str, Any]:
    (ref, table), delivery = linked, document["delivery"]
    for kind in (ATTRIBUTES, CROSSWALK):
        place, stamp = delivery_place(delivery["id"], kind), Stamp.from_json(delivery["stamps"][kind])
        load(connection, kind, zone.read(place, about_delivery(kind, delivery), stamp))
    listed = "".join(f", a.{quoted(column)} AS {quoted(name)}" for name, column in document["groups"].items())
    connection.execute(f"""
        CREATE OR REPLACE TABLE {RATED} AS
        SELECT '{delivery["dataset"]}' AS source, c.r2 AS record_id, m.entity_id AS unit_id,
            m.match_weight_band <> '{UNLINKED}' AS linked{listed}
        FROM {ATTRIBUTES} a JOIN {CROSSWALK} c USING (r2) JOIN {table} m USING (r1)
        WHERE m.delivery = '{delivery["id"]}'
    """)  # noqa: S608
    memory = None
    if document["before"] is not None:
        number, stamp = document["before"]["number"], Stamp.from_json(document["before"]["stamp"])
        about = about_memory(ref.index, number, delivery["dataset"])
        found = zone.read(memory_place(ref.index, number, delivery["dataset"]), about, stamp).read_all()
        memory = bytes(found.column("bytes")[0].as_py())
    source, near = (delivery["dataset"], document["known"]), bool(document["near_everybody"])
    pack, shown = rate_attributes(connection, ref.index, source, policy, memory, near_everybody=near)
    place, about = (
        memory_place(ref.index, ref.number, delivery["dataset"]),
        about_memory(ref.index, ref.number, delivery["dataset"]),
    )
    written = zone.write(place, pa.table({"bytes": pa.array([shown], pa.large_binary())}), about)
    return {"pack": pack, "memory": written.to_json()}
