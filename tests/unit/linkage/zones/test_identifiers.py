"""Identifiers in the linker's engine: record ids over deliveries, groups made of fields, and ids that are carried."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from tests.support.zones_world import DOCUMENTS, INDEX

from saferoom.hub.linkage.definition import Index, plan_of, read_index
from saferoom.hub.linkage.identifiers import Identifiers
from saferoom.hub.linkage.opened import OpenZone
from saferoom.hub.linkage.places import delivery_place
from saferoom.hub.linkage.splitting import IDENTIFIERS, about_delivery
from saferoom.hub.linkage.zone_keys import ZoneSecret
from saferoom.projects.administration.documents import read_entries
from saferoom.projects.catalogue.model import Dataset

_FIELDS = ("given_name", "surname", "date_of_birth", "postcode", "sex")


class Desk:
    """A linker's zone with deliveries, and its engine."""

    def __init__(self, folder: Path, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        secret = ZoneSecret(secrets.token_bytes(32), "linker")
        self.zone = OpenZone("linker", folder, {"linker": secret.public}, secret)
        self.datasets = {e.key: e.record for e in read_entries([(DOCUMENTS, "d")]) if isinstance(e.record, Dataset)}
        self.number = 0
        connection.execute(
            "CREATE TABLE keys (delivery VARCHAR, source VARCHAR, r1 VARCHAR, record_id VARCHAR, record_key VARCHAR)"
        )

    def identifiers(self, index: Index) -> Identifiers:
        return Identifiers(self.zone, self.connection, index, self.datasets, plan_of(index, self.datasets))

    def deliver(self, dataset: str, rows: list[dict[str, Any]], **state: bool) -> dict[str, Any]:
        self.number += 1
        named = {"id": chr(96 + self.number) * 24, "dataset": dataset, "version": str(self.number)}
        stamp = self.zone.write(
            delivery_place(named["id"], IDENTIFIERS), pa.Table.from_pylist(rows), about_delivery(IDENTIFIERS, named)
        )
        stamps = {IDENTIFIERS: stamp.to_json()}
        return {**named, "number": self.number, "stamps": stamps, "new": True, "current": True, **state}

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query).fetchall()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with duckdb.connect() as connection:
        yield Desk(tmp_path, connection)


def row(r1: str, key: str | None, **values: str | None) -> dict[str, Any]:
    return {"r1": r1, "record_key": key} | dict.fromkeys(_FIELDS, "x") | values


def test_record_keeps_its_id_over_deliveries_by_the_hash_of_its_owners_id(desk: Desk) -> None:
    found = desk.identifiers(read_index(INDEX, "i"))
    found.load(
        [
            desk.deliver("pupils", [row("p1", "A"), row("p2", "B"), row("p3", None)], current=False),
            desk.deliver("taxpayers", [row("t1", "A")]),
            desk.deliver("pupils", [row("q2", "B"), row("q9", "C"), row("q3", None), row("q4", "B")]),
        ]
    )
    assert set(desk.rows("SELECT source, r1, record_id FROM keys")) == {
        ("pupils", "p1", "p1"),
        ("pupils", "p2", "p2"),
        ("pupils", "p3", "p3"),
        ("taxpayers", "t1", "t1"),  # another source's key says nothing
        ("pupils", "q2", "p2"),
        ("pupils", "q9", "q9"),
        ("pupils", "q3", "q3"),
        ("pupils", "q4", "q4"),  # of two with one key, one is known by it
    }
    assert desk.rows("SELECT record_id FROM records WHERE source = 'pupils' ORDER BY 1") == [
        ("p2",),
        ("q3",),
        ("q4",),
        ("q9",),
    ]


def test_known_and_new_records_are_told_apart(desk: Desk) -> None:
    found = desk.identifiers(read_index(INDEX, "i"))
    found.load([desk.deliver("pupils", [row("p1", "A"), row("p2", "B")]), desk.deliver("taxpayers", [row("t1", "A")])])
    desk.connection.execute("CREATE TABLE known_spine AS SELECT 'pupils' AS source, 'p1' AS record_id")
    assert desk.rows(f"SELECT record_id FROM {found.part('pupils', new=True)}") == [("p2",)]
    assert desk.rows(f"SELECT record_id FROM {found.part('pupils', new=False)}") == [("p1",)]
    assert desk.rows(f"SELECT record_id FROM {found.part('taxpayers', new=False)}") == []


def test_groups_are_made_of_fields(desk: Desk) -> None:
    found = desk.identifiers(read_index(INDEX.replace("[sex, region]", "[birth_decade, postcode_area]"), "i"))
    rows = [
        row("p1", "A", date_of_birth="1987-03-04", postcode=" qx1 2ab"),
        row("p2", "B", date_of_birth="04/03/2001", postcode="M1 1AA"),
        row("p3", "C", date_of_birth=None, postcode=None),
    ]
    found.load([desk.deliver("pupils", rows), desk.deliver("taxpayers", [row("t1", "A")])])
    assert desk.rows(
        "SELECT record_id, birth_decade, postcode_area FROM records WHERE source = 'pupils' ORDER BY 1"
    ) == [("p1", "1980s", "QX"), ("p2", "2000s", "M"), ("p3", None, None)]


@pytest.mark.parametrize("own", [True, False])
def test_carried_id_is_looked_up_and_never_compared(desk: Desk, own: bool) -> None:
    """By a source's own column of that name, or by the index's ids."""
    carrier = "register_id" if own else "entity_ref"
    if own:
        variables = [v.model_dump(mode="json") for v in desk.datasets["pupils"].variables]
        variables.append({"name": carrier, "type": "text", "role": "direct", "identifies": "id"})
        document = desk.datasets["pupils"].model_dump(mode="json") | {"variables": variables}
        desk.datasets["pupils"] = Dataset.model_validate(document, strict=False)
    document = desk.datasets["meals"].model_dump(mode="json")
    document["units"] = [*document["units"], "person_id"]
    document["variables"] += [
        {"name": carrier, "type": "text", "role": "direct", "carries": "person"},
        {"name": "person_id", "type": "text", "role": "id", "linked_through": "person"},
    ]
    desk.datasets["meals"] = Dataset.model_validate(document, strict=False)
    found = desk.identifiers(read_index(INDEX.replace("[pupils, taxpayers]", "[pupils, taxpayers, meals]"), "i"))
    entity = "e" * 32
    known = {carrier: "R7"} if own else {}
    carried = "R7" if own else entity
    found.load(
        [
            desk.deliver("pupils", [row("p1", "A", **known)]),
            desk.deliver("taxpayers", [row("t1", "A")]),
            desk.deliver(
                "meals",
                [{"r1": f"m{n}", "record_key": f"{n}", carrier: ref} for n, ref in enumerate([carried, "R8", None])],
            ),
        ]
    )
    desk.connection.execute(f"""
        CREATE TABLE s AS SELECT source, record_id, '{entity}' AS entity_id, 1.0::DOUBLE AS match_probability,
            'by a key' AS match_weight_band, 'model' AS match_pass FROM records;
        CREATE TABLE l (at_version BIGINT, event VARCHAR, entity_id VARCHAR, other_entity_id VARCHAR, records BIGINT);
    """)
    assert found.carry("s", "l") == {"meals": {"records": 3, "linked": 1, "unknown": 1}}
    assert desk.rows("SELECT record_id, entity_id, match_pass FROM spine WHERE match_pass = 'carried'") == [
        ("m0", entity, "carried")
    ]
    strangers = desk.rows("SELECT record_id, entity_id FROM spine WHERE match_weight_band = 'not linked' ORDER BY 1")
    assert [record for record, _ in strangers] == ["m1", "m2"]
    assert len({entity, *(one for _, one in strangers)}) == 3
    assert desk.rows("SELECT DISTINCT source FROM records ORDER BY 1") == [("pupils",), ("taxpayers",)]
