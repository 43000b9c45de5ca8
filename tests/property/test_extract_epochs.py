"""Epochs of ids: the first is what it always was, none tells of another, and the engine agrees with Python."""

from __future__ import annotations

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from saferoom.hub.sealed_parquet import Seal
from saferoom.ids import ProjectSlug
from saferoom.projects.extracts.pseudonyms import PseudonymKey, chain, chained, chained_sql

MASTER, MOB = bytes(range(32)), ProjectSlug("mob")
IDS = st.lists(st.text(st.characters(codec="utf-8"), max_size=20), min_size=1, max_size=20, unique=True)


@given(IDS)
def test_first_epoch_is_the_pseudonym_that_it_always_was(ids: list[str]) -> None:
    key = PseudonymKey.derive(MASTER, MOB, "person_id")
    assert [chained(chain(MASTER, MOB, "person_id", 1), id_) for id_ in ids] == [key.pseudonym(id_) for id_ in ids]


@given(IDS, st.integers(1, 5), st.integers(1, 5))
def test_new_ids_follow_from_old_ones_wherever_the_change_began(ids: list[str], first: int, more: int) -> None:
    keys = chain(MASTER, MOB, "person_id", first + more)
    for id_ in ids:
        old = chained(keys[:first], id_)
        assert chained(keys[first:], str(old)) == chained(keys, id_)


@given(IDS, st.integers(1, 6))
def test_epochs_have_no_id_and_no_key_in_common(ids: list[str], epochs: int) -> None:
    keys = chain(MASTER, MOB, "person_id", epochs)
    assert len({key.secret for key in keys}) == epochs
    made = [chained(keys[: epoch + 1], id_) for epoch in range(epochs) for id_ in ids]
    assert len(set(made)) == epochs * len(ids)


@settings(max_examples=25, deadline=None)
@given(IDS, st.integers(1, 3))
def test_engine_computes_the_ids_that_python_does(ids: list[str], epochs: int) -> None:
    keys = chain(MASTER, MOB, "person_id", epochs)
    pads = {f"{side}{n}": pad for n, key in enumerate(keys) for side, pad in zip("io", key.pads(), strict=True)}
    sql = chained_sql("id", [(f"$i{n}", f"$o{n}") for n in range(epochs)])
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"SELECT id, {sql} FROM (SELECT unnest($ids::VARCHAR[]) AS id)",
            {"ids": ids, **pads},
        ).fetchall()
    assert dict(rows) == {id_: chained(keys, id_) for id_ in ids}


@given(
    st.lists(st.tuples(*[st.from_regex(r"[a-z0-9_.-]{1,6}", fullmatch=True)] * 3), min_size=2, max_size=8, unique=True)
)
def test_no_two_files_have_a_key_or_a_name_in_common(places: list[tuple[str, str, str]]) -> None:
    seals = [Seal.of(MASTER, *place, salt="00" * 32) for place in places]
    assert len({seal.key for seal in seals}) == len({seal.about for seal in seals}) == len(places)
