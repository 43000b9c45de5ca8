"""A spine from version to version: who takes over which id, what the log says, and what is refused."""

from __future__ import annotations

import pytest
from tests.support.spine_world import SpineWorld, numbered

from saferoom.errors import BadInputError
from saferoom.projects.linkage.spine import Known, renumbered, settle, successors

A, B, C, D, E, F = (("s", letter) for letter in "abcdef")
_1, _2, _3, _4 = (f"{number:032x}" for number in range(4))


def test_first_version_gives_every_cluster_a_new_id_and_says_so() -> None:
    world = SpineWorld()
    made = world.settle([[A, B], [C]])
    assert world.entities() == {_1: {A, B}, _2: {C}}
    assert world.log() == [("new", _1, None, 2), ("new", _2, None, 1)]
    assert made.counts == {
        "records": 3, "entities": 2, "vanished": 0, "new": 3, "joined": 0, "merged": 0, "split": 0, "moved": 0,
    }  # fmt: skip


def test_bands_are_of_the_weight_and_lone_records_are_not_linked() -> None:
    world = SpineWorld()
    world.settle([[A, B], [C]])
    bands = world.rows("SELECT record_id, match_weight_band, match_pass, match_probability FROM spine_1 ORDER BY 1")
    assert bands == [("a", "10 to 15", "model", 0.99), ("b", "10 to 15", "model", 0.99), ("c", "not linked", None, 1.0)]


def test_merge_keeps_the_id_of_most_records_and_the_other_stays_dead() -> None:
    world = SpineWorld()
    world.settle([[A, B], [C]])
    world.settle([[A, B, C]])
    assert world.entities() == {_1: {A, B, C}}
    assert world.log() == [("merged", _1, _2, 1)]
    world.settle([[A, B], [C]])
    # The dead id does not come back: what was split off gets a new one.
    assert world.entities() == {_1: {A, B}, _3: {C}}
    assert world.log() == [("split", _3, _1, 1)]


def test_ties_go_to_the_entity_with_more_records_then_to_the_smaller_id() -> None:
    world = SpineWorld()
    world.settle([[A], [B, C], [D], [E]])
    world.settle([[A, B], [D, E]])
    # A and B tie; B's entity has one more record, which vanished and goes with it.
    assert world.entities() == {_2: {A, B, C}, _3: {D, E}}
    assert world.log() == [("merged", _2, _1, 1), ("merged", _3, _4, 1)]


def test_an_id_that_another_cluster_takes_leaves_the_next_best() -> None:
    world = SpineWorld()
    world.settle([[A, B, C, D], [E]])
    world.settle([[A, B], [C, D, E]])
    # Both clusters have two of the first entity; the one with the smaller record takes its id, the other the second.
    assert world.entities() == {_1: {A, B}, _2: {C, D, E}}
    assert world.log() == [("moved", _2, _1, 2)]


def test_records_that_disappear_keep_their_entity_and_follow_its_heir() -> None:
    world = SpineWorld()
    world.settle([[A, B], [C, D, E], [F]])
    made = world.settle([[C, D, E, A]])
    assert made.counts["vanished"] == 2
    assert world.entities() == {_2: {A, B, C, D, E}, _3: {F}}
    assert world.log() == [("merged", _2, _1, 2)]


def test_new_records_join_and_a_split_part_may_have_new_ones() -> None:
    world = SpineWorld()
    world.settle([[A, B, C]])
    world.settle([[A, B, D], [C, E]])
    assert world.entities() == {_1: {A, B, D}, _2: {C, E}}
    assert world.log() == [("joined", _1, None, 1), ("joined", _2, None, 1), ("split", _2, _1, 1)]


def test_incremental_links_never_split_what_they_did_not_compare() -> None:
    world = SpineWorld()
    world.settle([[A, B], [C]])
    world.settle([[A], [B, D], [C], [E]], together=True)
    assert world.entities() == {_1: {A, B, D}, _2: {C}, _3: {E}}
    assert world.log() == [("joined", _1, None, 1), ("new", _3, None, 1)]


def test_successors_follow_merges_to_who_lives() -> None:
    world = SpineWorld()
    world.settle([[A], [B, C], [D, E, F, ("s", "g")]])
    world.settle([[A, B, C], [D, E, F, ("s", "g")]])
    world.settle([[A, B, C, D, E, F, ("s", "g")]])
    successors(world.connection, "log_3", "heirs")
    assert sorted(world.rows("FROM heirs")) == [(_1, _3), (_2, _3)]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("INSERT INTO links SELECT * FROM links LIMIT 1", "several rows for 1 of its source and record_id"),
        ("UPDATE links SET cluster_id = NULL", "has 3 records without a cluster"),
        ("UPDATE links SET record_id = NULL WHERE record_id = 'a'", "has 1 rows without source and record_id"),
        ("ALTER TABLE links DROP match_weight", "has no column 'match_weight'"),
    ],
)
def test_links_that_are_no_clustering_are_refused_and_make_nothing(change: str, said: str) -> None:
    world = SpineWorld()
    world.links([[A, B], [C]])
    world.connection.execute(change)
    with pytest.raises(BadInputError, match=said):
        settle(world.connection, Known(), "links", 1, numbered())
    assert world.rows("SELECT table_name FROM information_schema.tables") == [("links",)]


def test_a_changed_spine_or_log_is_refused() -> None:
    world = SpineWorld()
    world.settle([[A, B], [C]])
    world.connection.execute(f"UPDATE spine_1 SET entity_id = '{_2}' WHERE record_id = 'b'")
    with pytest.raises(BadInputError, match="does not add up to the known spine for 2 entities"):
        world.settle([[A, B], [C]])


def test_versions_and_tables_that_exist_are_refused() -> None:
    world = SpineWorld()
    world.settle([[A, B], [C]])
    links = world.links([[A]])
    with pytest.raises(BadInputError, match="not after the last one"):
        settle(world.connection, world.known, links, 1, numbered(9), into=("x", "y"))
    with pytest.raises(BadInputError, match="there is a table of that name"):
        settle(world.connection, world.known, links, 2, numbered(9), into=("spine_1", "y"))
    with pytest.raises(BadInputError, match="give both or neither"):
        settle(world.connection, Known("spine_1"), links, 2, numbered(9), into=("x", "y"))
    with pytest.raises(BadInputError, match="there is no such table"):
        settle(world.connection, world.known, "nowhere", 2, numbered(9), into=("x", "y"))


@pytest.mark.parametrize(
    ("ids", "said"),
    [(["0" * 32], "as many as asked"), (["0" * 32] * 2, "all different"), (["X" * 32, "0" * 32], "32 hexadecimal")],
)
def test_ids_that_are_no_ids_are_refused(ids: list[str], said: str) -> None:
    world = SpineWorld(lambda _: ids)
    with pytest.raises(ValueError, match=said):
        world.settle([[A], [B]])


def test_an_id_that_was_given_before_is_refused_even_when_it_is_dead() -> None:
    world = SpineWorld()
    world.settle([[A, B], [C]])
    world.settle([[A, B, C]])
    world.new_ids = lambda _: [_2]
    with pytest.raises(ValueError, match="was given before"):
        world.settle([[A, B, C], [D]])


def test_new_numbers_of_the_same_records_change_no_entity() -> None:
    world = SpineWorld()
    world.settle([[A, B], [C]])
    world.connection.execute(
        "CREATE TABLE same AS FROM (VALUES ('s', 'a', 'x'), ('s', 'b', 'a')) t(source, record_id, new_record_id)"
    )
    assert renumbered(world.connection, "spine_1", "same", "spine_new") == 2
    world.known = Known("spine_new", "log_1")
    made = world.settle([[("s", "x"), A, D], [C]])
    assert world.entities() == {_1: {("s", "x"), A, D}, _2: {C}}
    assert (made.counts["joined"], made.counts["vanished"]) == (1, 0)


def test_new_numbers_that_clash_are_refused() -> None:
    world = SpineWorld()
    world.settle([[A, B], [C]])
    world.connection.execute("CREATE TABLE same AS FROM (VALUES ('s', 'a', 'b')) t(source, record_id, new_record_id)")
    with pytest.raises(BadInputError, match="1 new numbers would stand for several"):
        renumbered(world.connection, "spine_1", "same", "spine_new")


def test_columns_of_another_type_are_refused_without_their_values() -> None:
    world = SpineWorld()
    world.links([[A, B], [C]])
    world.connection.execute("ALTER TABLE links ALTER match_weight TYPE TEXT")
    world.connection.execute("UPDATE links SET match_weight = 'topsecret'")
    with pytest.raises(BadInputError, match="a column may be of another type") as caught:
        settle(world.connection, Known(), "links", 1, numbered())
    assert "topsecret" not in caught.value.message
    assert world.rows("SELECT table_name FROM information_schema.tables") == [("links",)]
