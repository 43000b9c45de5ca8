"""Crosswalks are made with the extracts: everybody in them, the same people the same in every project."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest
from tests.support.extract_world import ROWS, Workshop, csv_of
from tests.support.registry_world import MOB, approval, dataset

from saferoom.disclosure.history.crosswalk import keys_of_numbers
from saferoom.errors import IntegrityError
from saferoom.hub import extracts as making
from saferoom.hub.crosswalks import Crosswalks
from saferoom.ids import ProjectSlug
from saferoom.projects.extracts.pseudonyms import LineageKey, PseudonymKey

OTHER = ProjectSlug("other")
MASTER = b"m" * 32


def lineage_of(shop: Workshop, slug: ProjectSlug = MOB) -> dict[int, int]:
    walk = shop.maker.crosswalks.read(slug, "person_id")
    return dict(zip(walk.known.tolist(), walk.lineage.tolist(), strict=True))


def expected(rows: list[dict[str, Any]], slug: ProjectSlug = MOB) -> dict[int, int]:
    pseudonyms, lineage = PseudonymKey.derive(MASTER, slug, "person_id"), LineageKey.derive(MASTER, "person_id")
    ids = {str(row["person_id"]) for row in rows}
    numbers = np.array([pseudonyms.pseudonym(id_) for id_ in ids], dtype=np.int64)
    return dict(zip(keys_of_numbers(numbers).tolist(), (lineage.key(id_) for id_ in ids), strict=True))


def test_crosswalk_holds_everybody_and_nobody_else(shop: Workshop) -> None:
    shop.registry.granted[OTHER, "htv"] = approval(project=OTHER)
    shop.provision()
    shop.provision(OTHER)
    assert lineage_of(shop) == expected(ROWS)
    assert lineage_of(shop, OTHER) == expected(ROWS, OTHER)
    assert set(lineage_of(shop).values()) == set(lineage_of(shop, OTHER).values())
    assert set(lineage_of(shop)) & set(lineage_of(shop, OTHER)) == set()


def test_people_of_a_new_version_keep_their_lineage(shop: Workshop) -> None:
    shop.provision()
    before = lineage_of(shop)
    shop.csv(csv_of([*ROWS[1:], {**ROWS[0], "person_id": 999}]))
    shop.provision()
    after = lineage_of(shop)
    assert len(before.items() & after.items()) == len(before) - 1
    assert len(after) == len(before)


def test_kinds_of_unit_have_lineages_of_their_own() -> None:
    assert LineageKey.derive(MASTER, "person_id").key("1") != LineageKey.derive(MASTER, "household_id").key("1")
    assert LineageKey.derive(MASTER, "person_id").secret not in repr(LineageKey.derive(MASTER, "person_id")).encode()


@pytest.mark.parametrize("step", ["_install", "widen", "write"])
def test_interrupted_provision_leaves_everybody_who_is_in_an_extract_known(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    shop.provision()
    shop.csv(csv_of([*ROWS[1:], {**ROWS[0], "person_id": 999}]))

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    where = making.Extracts if step == "_install" else Crosswalks
    with monkeypatch.context() as patched:
        patched.setattr(where, step, die)
        with pytest.raises(KeyboardInterrupt):
            shop.provision()
    known = set(lineage_of(shop))
    numbers = np.array([row["person_id"] for row in shop.read()], dtype=np.int64)
    assert set(keys_of_numbers(numbers).tolist()) <= known
    shop.provision()
    assert len(lineage_of(shop)) == len({row["person_id"] for row in ROWS})


def test_extract_without_a_crosswalk_counts_as_lacking(shop: Workshop) -> None:
    shop.provision()
    assert shop.maker.lacking(MOB) == ()
    for path in (shop.folder / "crosswalks" / MOB).iterdir():
        path.unlink()
    assert shop.maker.lacking(MOB) == ("htv",)
    with pytest.raises(IntegrityError, match="has no crosswalk for person_id"):
        lineage_of(shop)


def test_crosswalk_sealed_under_a_lost_key_is_made_anew(shop: Workshop) -> None:
    shop.provision()
    path = next((shop.folder / "crosswalks" / MOB).iterdir())
    path.write_bytes(os.urandom(len(path.read_bytes())))
    with pytest.raises(IntegrityError):
        lineage_of(shop)
    shop.provision()
    assert lineage_of(shop) == expected(ROWS)


def test_crosswalks_go_with_the_last_extract(shop: Workshop) -> None:
    shop.provision()
    shop.add(dataset(), variables=("wage",))  # narrower than the extract
    assert shop.maker.prune(MOB) == ("htv",)
    assert not (shop.folder / "crosswalks" / MOB).exists()
