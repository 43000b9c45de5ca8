"""The demonstration's families through the real thing: births, census, relatives, kinship, addresses, spine."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from saferoom.hub.bench.linkage_groups import World, homes, keys, kin, model, place, relatives
from saferoom.hub.demo.population.generate import generate
from saferoom.projects.linkage.associations import associate
from saferoom.projects.linkage.families import clusters_of
from saferoom.projects.linkage.kinship import from_births, from_households, parent_child
from saferoom.projects.linkage.relating import Relatives, hear
from saferoom.projects.linkage.spine import Known, settle


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = Path(tmp_path_factory.mktemp("world")) / "world"
    generate(folder, people=3_000, seed=7)
    made = World(folder)
    yield made
    made.connection.close()


@pytest.fixture(scope="module")
def linked(world: World) -> str:
    keys(world)
    model(world)
    return relatives(world)


@pytest.fixture(scope="module")
def placed(world: World, linked: str) -> dict[str, str]:
    return place(world, linked)


def test_relatives_find_more_families_than_the_model_and_it_more_than_keys(world: World, linked: str) -> None:
    found = [kin(world, table) for table in ("key_pairs", "model_pairs", linked)]
    recall = [one["recall"] for one in found]
    assert recall[0] < recall[1] <= recall[2]
    assert recall[2] >= 0.97
    assert all(one["precision"] >= 0.995 for one in found)


def test_relatives_are_heard_in_a_linkage_as_by_themselves(world: World, linked: str) -> None:
    made = hear(
        world.connection, "model_pairs", Relatives("families", "households", ("children",)), "h", threshold=0.95
    )
    found = [kin(world, table) for table in ("model_pairs", "h")]
    assert made.added > 0
    assert found[0]["recall"] <= found[1]["recall"]
    assert found[1]["precision"] >= 0.995


def test_households_are_found_where_addresses_are_missing(world: World, placed: dict[str, str]) -> None:
    found = {name: homes(world, table) for name, table in placed.items()}
    assert found["keys"]["recall"] < found["model"]["recall"] <= found["relatives"]["recall"]
    assert found["relatives"]["recall"] >= 0.97
    assert found["relatives"]["precision"] >= 0.995


def test_links_become_entities_kinship_and_associations(world: World, linked: str, placed: dict[str, str]) -> None:
    run, connection = world.connection.execute, world.connection
    run("""
        CREATE TABLE everybody AS SELECT source, record_id FROM families
        UNION ALL SELECT source, record_id FROM households
    """)
    clusters_of(connection, "everybody", linked, "links")

    def ids(size: int) -> list[str]:
        return [secrets.token_hex(16) for _ in range(size)]

    settle(connection, Known(), "links", 1, ids, into=("person", "person_log"))
    run("""
        CREATE TABLE born_of AS SELECT 'children' AS child_source, family AS child_record, source AS parent_source,
            record_id AS parent_record, role FROM families WHERE role <> 'child'
    """)
    claimed = from_births(connection, "person", "born_of", "claims")
    assert claimed.child_unknown == 0
    run("""
        CREATE TABLE members AS SELECT p.entity_id, any_value(c.form_id) AS household,
            any_value(c.relationship) AS relationship FROM person p JOIN census c USING (record_id)
        WHERE p.source = 'census' GROUP BY p.entity_id HAVING count(*) = 1
    """)
    run("""
        CREATE TABLE born AS SELECT p.entity_id, any_value(try_cast(c.date_of_birth AS DATE)) AS born
        FROM person p JOIN census c USING (record_id) WHERE p.source = 'census' GROUP BY p.entity_id
    """)
    from_households(connection, "members", None, "claims", "household_claims")
    made = parent_child(connection, ["claims", "household_claims"], "born", "kinship")
    assert made.links > 0.9 * claimed.rows
    assert made.cyclic == 0
    assert made.own + made.too_young + made.contradicting < 0.02 * claimed.rows
    settle(connection, Known(), placed["relatives"], 1, ids, into=("address", "address_log"))
    run("""
        CREATE TABLE evidence AS SELECT p.entity_id AS person_id, a.entity_id AS address_id
        FROM person p JOIN address a USING (source, record_id)
    """)
    lives = associate(connection, ("person_id", "address_id"), ["evidence"], "lives")
    assert lives.left_missing == lives.right_missing == 0
    assert lives.pairs >= 0.99 * run("SELECT count(*) FROM census").fetchall()[0][0]
