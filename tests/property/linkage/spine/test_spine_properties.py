"""Whatever the versions: entities partition records, ids stand for one entity for ever, and the log adds up."""

from __future__ import annotations

import random
import secrets

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.spine_world import Record, SpineWorld, model

from saferoom.projects.linkage.spine import sizes_sql, successors

_QUICK = settings(max_examples=10, deadline=None)
_RECORDS = [(source, str(number)) for source in ("a", "b") for number in range(6)]
# A version says for every record which cluster it is in, or that it is not delivered.
_VERSION = st.lists(st.one_of(st.none(), st.integers(0, 5)), min_size=len(_RECORDS), max_size=len(_RECORDS))
_HISTORY = st.lists(st.tuples(_VERSION, st.booleans()), min_size=1, max_size=4)


def _clusters(version: list[int | None]) -> list[list[Record]]:
    found: dict[int, list[Record]] = {}
    for record, cluster in zip(_RECORDS, version, strict=True):
        if cluster is not None:
            found.setdefault(cluster, []).append(record)
    return list(found.values())


def _world() -> SpineWorld:
    return SpineWorld(lambda size: [secrets.token_hex(16) for _ in range(size)])


@_QUICK
@given(history=_HISTORY)
def test_a_history_of_versions_keeps_every_promise(history: list[tuple[list[int | None], bool]]) -> None:
    world = _world()
    dead: set[str] = set()
    for version, together in history:
        before = world.spine() if world.version else {}
        clusters = _clusters(version)
        wanted = model(before, clusters, together=together)
        world.settle(clusters, together=together)
        after = world.entities()
        # The partition is right: every record that ever was is in one entity, and entities are what the rule says.
        assert sorted(map(sorted, after.values())) == sorted(map(sorted, wanted))
        assert world.spine().keys() == before.keys() | {record for members in clusters for record in members}
        # An id that died stays dead; one that lives on shares a record with what it was.
        dead |= set(before.values()) - after.keys()
        assert not dead & after.keys()
        was: dict[str, set[Record]] = {}
        for record, entity in before.items():
            was.setdefault(entity, set()).add(record)
        assert all(after[entity] & was[entity] for entity in after.keys() & was.keys())
        # The log replays to the state, and tells of every dead id who stands for it.
        replayed = {entity: size for entity, size in world.rows(sizes_sql(str(world.known.log))) if size}
        assert replayed == {entity: len(records) for entity, records in after.items()}
        successors(world.connection, str(world.known.log), f"heirs_{world.version}")
        heirs = dict(world.rows(f"FROM heirs_{world.version}"))
        assert heirs.keys() == dead
        assert set(heirs.values()) <= after.keys()


@_QUICK
@given(first=_VERSION, second=_VERSION, together=st.booleans(), seed=st.integers(0, 99))
def test_the_same_links_again_in_any_order_change_nothing(
    first: list[int | None], second: list[int | None], together: bool, seed: int
) -> None:
    world = _world()
    world.settle(_clusters(first))
    world.settle(_clusters(second), together=together)
    spine = world.rows(f"FROM {world.known.spine}")
    clusters = _clusters(second)
    order = list(range(sum(map(len, clusters))))
    random.Random(seed).shuffle(order)
    made = world.settle(clusters, together=together, order=order)
    assert world.rows(f"FROM {made.spine}") == spine
    assert world.log() == []


@_QUICK
@given(first=_VERSION, second=_VERSION, seed=st.integers(0, 99))
def test_the_order_of_rows_and_the_names_of_clusters_do_not_matter(
    first: list[int | None], second: list[int | None], seed: int
) -> None:
    found = []
    for shuffled in (False, True):
        world = SpineWorld()
        for version in (first, second):
            clusters = _clusters(version)
            order = list(range(sum(map(len, clusters))))
            if shuffled:
                random.Random(seed).shuffle(order)
                clusters = [list(reversed(members)) for members in reversed(clusters)]
            world.settle(clusters, order=order)
        found.append((world.rows(f"FROM {world.known.spine}"), world.rows(f"FROM {world.known.log}")))
    assert found[0] == found[1]
